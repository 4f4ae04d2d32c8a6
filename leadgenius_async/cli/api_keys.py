"""`leadgenius generate-key`, and `leadgenius api-keys`: keys of the signed-in user."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import msgspec
from cyclopts import App

from leadgenius_async import _settings
from leadgenius_async._credentials_file import Saved
from leadgenius_async._http.auth import read_claims
from leadgenius_async._secret import Secret
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.notes import note
from leadgenius_async.cli.options import DEFAULT, Connection, Flag, Json
from leadgenius_async.cli.output import SHOW, Show
from leadgenius_async.errors import ConfigurationError

app: App = App(
    name="api-keys",
    help="API keys of the signed-in user: list.",
    help_epilogue=examples("api-keys list"),
)
generate: App = App(
    name="generate-key",
    help_epilogue=examples(
        "generate-key", 'generate-key --name etl --desc "Nightly export" --json'
    ),
)

_COLUMNS = ("id", "name", "keyPrefix", "description", "createdAt")
#: What a saved login consists of, besides its user id.
_LOGIN = ("token", "id_token", "refresh_token", "email")


@app.command(name="list", help_epilogue=examples("api-keys list", "api-keys list --json"))
async def list_keys(
    *, limit: int | None = None, show: Show = SHOW, connection: Connection = DEFAULT
) -> None:
    """List the user's API keys, without the keys themselves.

    Args:
        limit: Most keys to show; all if not given.
    """
    async with connection.open() as lg:
        await show.many(lg.api_keys.list(limit=limit), _COLUMNS)


@generate.default
async def generate_key(
    *,
    name: str = "leadgenius",
    desc: str | None = None,
    replace: Flag = False,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> None:
    """Make an API key, save it beside the login, and print it, this once.

    It is saved with its user id in ~/.leadgenius_auth.json, or in the profile that is named.

    Args:
        name: What it is called in the list of keys.
        desc: What it is for.
        replace: Overwrite saved credentials of another user or service.
        json: Print one JSON object, with the user id.
    """
    saved = _settings.place(connection.profile)
    async with connection.open() as lg:
        user_id = (await lg.auth.current()).user_id
        if user_id is None:
            raise ConfigurationError("the login does not say whose it is: a key needs its user id")
        # Before the key is made: one that cannot be saved would be lost.
        changes = _make_room(saved, lg.base_url, user_id, replace=replace)
        made = await lg.api_keys.create(name, desc)
    key = made.apiKey.reveal()
    try:
        saved.update({**changes, "api_key": key, "user_id": user_id, "base_url": lg.base_url})
    finally:
        answer = {"apiKey": key, "user_id": user_id}
        sys.stdout.write((msgspec.json.encode(answer).decode() if json else key) + "\n")
    note(f"saved with its user id {user_id} in {saved}")


def _make_room(saved: Saved, base_url: str, user_id: str, *, replace: bool) -> dict[str, None]:
    """Return what must go from where the key is saved: the login of another account."""
    others = _others(saved.read(), _settings.home_of(saved), base_url, user_id)
    if others is None:
        return {}
    if not replace:
        raise ConfigurationError(
            f"{saved} holds {others}: --replace overwrites it, --profile saves the key elsewhere"
        )
    return dict.fromkeys(_LOGIN)


def _others(stored: Mapping[str, object], home: str, base_url: str, user_id: str) -> str | None:
    """Return what of another user or service is saved."""
    if home != base_url and (stored.get("api_key") or stored.get("token")):
        return f"credentials of {home}"
    if stored.get("api_key") and stored.get("user_id") != user_id:
        return "another user's API key"
    token = stored.get("token")
    if isinstance(token, str) and read_claims(Secret(token)).sub not in {None, user_id}:
        return "another user's login"
    return None
