"""`leadgenius auth`: log in, see what is there, log out."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from leadgenius_async import _settings
from leadgenius_async._credentials_file import Saved
from leadgenius_async._http.auth import read_claims
from leadgenius_async._settings import Settings
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection, Flag, Json
from leadgenius_async.cli.output import SHOW, Show
from leadgenius_async.cli.passwords import read_password
from leadgenius_async.errors import ConfigurationError, CredentialsMissing

app: App = App(
    name="auth",
    help="Log in, see what is there, log out.",
    help_epilogue=examples("auth login --email ada@sample.example", "auth status", "auth logout"),
)


@app.default
@app.command(
    help_epilogue=examples(
        "auth login --email ada@sample.example",
        "auth login --email ada@sample.example --profile acme",
        "auth login --email ada@sample.example --password-stdin",
    )
)
async def login(
    *,
    email: Annotated[str | None, Parameter(name=["--email", "--username"])] = None,
    password_stdin: Flag = False,
    no_input: Flag = False,
    connection: Connection = DEFAULT,
) -> None:
    """Log in, and save the login in ~/.leadgenius_auth.json, or in the profile that is named.

    The password comes from LEADGENIUS_PASSWORD, from stdin, or from a prompt.

    Args:
        email: Username or e-mail address.
        password_stdin: Read the password from stdin.
        no_input: Never ask.
    """
    from leadgenius_async._client import save_tokens  # noqa: PLC0415 - loads aiohttp

    saved = _settings.place(connection.profile, new=True)
    base_url = _settings.load(
        profile=connection.profile, new=True, base_url=connection.base_url
    ).base_url
    _keep_keys_apart(saved, base_url)
    name = email or os.environ.get("LEADGENIUS_USERNAME") or _ask("E-mail: ", no_input=no_input)
    password = read_password(from_stdin=password_stdin, no_input=no_input)
    # Without the profile: it may be a new one, and nothing that it has is needed for a login.
    there = replace(connection, profile="", base_url=base_url)
    async with there.open(username=name, password=password) as lg:
        login = await lg.auth.login(name, password)
    save_tokens(saved, login.tokens, email=name, base_url=base_url)
    sys.stdout.write(f"logged in as {name} (user id {login.user_id}); saved in {saved}\n")


@app.command(help_epilogue=examples("auth refresh"))
async def refresh(*, connection: Connection = DEFAULT) -> None:
    """Get new tokens by the saved refresh token."""
    async with connection.open() as lg:
        login = await lg.auth.refresh()
    sys.stdout.write(f"refreshed; {_expiry(login.expires_at)}\n")


@app.command(help_epilogue=examples("auth status", "auth status --json"))
def status(
    *,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> None:
    """Show which credentials are at hand; no request is sent.

    Args:
        json: Print one JSON object.
    """
    settings = _settings.load(profile=connection.profile, base_url=connection.base_url)
    facts = _facts(settings)
    if json:
        sys.stdout.write(msgspec.json.encode(facts).decode() + "\n")
    else:
        sys.stdout.write("".join(f"{name}: {value}\n" for name, value in facts.items()))
    if settings.api_key and not settings.user_id:
        raise CredentialsMissing("an API key needs its user id: set LEADGENIUS_USER_ID")
    if not (settings.api_key or settings.access_token or (settings.username and settings.password)):
        raise CredentialsMissing(
            "there are no credentials: set LEADGENIUS_API_KEY and LEADGENIUS_USER_ID, or run "
            "`leadgenius auth login`"
        )


@app.command(help_epilogue=examples("auth logout", "auth logout --profile acme"))
def logout(*, connection: Connection = DEFAULT) -> None:
    """Forget the saved login; a saved API key stays."""
    saved = _settings.place(connection.profile)
    saved.update({"token": None, "id_token": None, "refresh_token": None})
    sys.stdout.write(f"logged out; {saved} holds no login\n")


@app.command(help_epilogue=examples("auth profiles", "auth profiles --json"))
def profiles(*, show: Show = SHOW) -> None:
    """List the profiles and the services that they are for."""
    listed = [{"profile": name, "base_url": url} for name, url in _settings.profiles().items()]
    show.rows(listed, ("profile", "base_url"))


def _keep_keys_apart(saved: Saved, base_url: str) -> None:
    """Refuse to save a login beside the API key of another server, which would then get the key."""
    home = _settings.home_of(saved)
    if saved.read().get("api_key") and home != base_url:
        raise ConfigurationError(
            f"{saved} holds an API key of {home}: a login to {base_url} would send that key "
            "there; move the file away first, or give a --profile of its own"
        )


def _facts(settings: Settings) -> dict[str, str | None]:
    token = settings.access_token
    claims = read_claims(token) if token else None
    return {
        "base_url": settings.base_url,
        "api_key": settings.api_key.hint() if settings.api_key else None,
        "user_id": settings.user_id or (claims.sub if claims else None),
        "username": settings.username,
        "login": _expiry(claims.exp) if claims else None,
    }


def _expiry(expires_at: float | None) -> str:
    if expires_at is None:
        return "the login does not say when it ends"
    left = expires_at - time.time()
    return f"ends in {left / 60:.0f} minutes" if left > 0 else "ended; it is refreshed on use"


def _ask(prompt: str, *, no_input: bool) -> str:
    if no_input or not sys.stdin.isatty():
        raise CredentialsMissing("who is logging in? give --email, or set LEADGENIUS_USERNAME")
    sys.stderr.write(prompt)
    sys.stderr.flush()
    return sys.stdin.readline().strip()
