"""Where settings come from: argument > environment > profile > credentials file > default."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadgenius_async._credentials_file import CredentialsFile, Profile, Saved
from leadgenius_async._http import origin
from leadgenius_async._http.limiter import Rate, Windows, parse_rate
from leadgenius_async._secret import Secret
from leadgenius_async.errors import ConfigurationError

#: Settings and the environment variables that hold them, best first.
_ENVIRONMENT = {
    "base_url": ("LEADGENIUS_BASE_URL",),
    "api_key": ("LEADGENIUS_API_KEY", "LGP_API_KEY"),
    "user_id": ("LEADGENIUS_USER_ID", "LGP_USER_ID"),
    "access_token": ("LEADGENIUS_ACCESS_TOKEN",),
    "refresh_token": ("LEADGENIUS_REFRESH_TOKEN",),
    "username": ("LEADGENIUS_USERNAME",),
    "password": ("LEADGENIUS_PASSWORD",),
    "rate": ("LEADGENIUS_RATE",),
    "proxy": ("LEADGENIUS_PROXY",),
    "share_rate": ("LEADGENIUS_SHARE_RATE",),
}
#: Settings and their names in the credentials file, which other tools of the platform share.
_IN_FILE = {
    "base_url": "base_url",
    "api_key": "api_key",
    "user_id": "user_id",
    "access_token": "token",
    "id_token": "id_token",
    "refresh_token": "refresh_token",
    "username": "email",
}
#: Of the environment, what belongs to no account in particular.
_OF_NO_ACCOUNT = {"base_url", "rate", "proxy", "share_rate"}
_SECRET = {"api_key", "access_token", "id_token", "refresh_token", "password", "proxy"}
_LOGIN = ("access_token", "id_token", "refresh_token")

_Source = Mapping[str, str | float | Secret]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a `LeadGenius` works with, from all sources.

    Attributes:
        base_url: Origin of the service, without `/api`.
        rate: Tier, `off`, requests per minute, windows, or None to follow the service's headers.
        proxy: URL of the proxy that all requests go through.
        share_rate: Whether all processes of this host are paced together.
        saved: The file or profile that the login's tokens came from, to which new ones are written.
    """

    base_url: str = origin.DEFAULT_BASE_URL
    api_key: Secret | None = None
    user_id: str | None = None
    access_token: Secret | None = None
    id_token: Secret | None = None
    refresh_token: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    rate: Rate | Windows | None = None
    proxy: Secret | None = None
    share_rate: bool = True
    saved: Saved | None = None


def place(profile: str | None = None, *, new: bool = False) -> Saved:
    """Return where logins and keys are saved: the profile's entry, else the credentials file.

    Args:
        profile: Name of an entry in `profiles.json`; `LEADGENIUS_PROFILE` if not given.
        new: Whether the profile may be one that is still to be made.

    Raises:
        ConfigurationError: There is no such profile.
    """
    name = os.environ.get("LEADGENIUS_PROFILE") if profile is None else profile
    if not name:
        return CredentialsFile.default()
    found = Profile.named(name)
    if not new:
        _check_there(found)
    return found


def home_of(saved: Saved) -> str:
    """Return the origin that the credentials which are saved there belong to.

    Raises:
        ConfigurationError: The saved URL is unusable.
    """
    return _base_url({}, _stored_in(saved))


def profiles() -> dict[str, str]:
    """Return the names of all profiles and the URLs of their services, as they are saved."""
    file = Profile.named("").file
    return {
        name: str(_stored_in(Profile(name, file)).get("base_url", origin.DEFAULT_BASE_URL))
        for name in Profile("", file).entries()
    }


def load(
    *,
    profile: str | None = None,
    new: bool = False,
    isolated: bool = False,
    **given: str | float | Secret | None,
) -> Settings:
    """Return the settings from all sources.

    A profile is an account of its own: where there is one, the credentials file says which
    service is meant at the most, and its login and key are not used.

    Args:
        profile: Name of an entry in `profiles.json`; `LEADGENIUS_PROFILE` if not given.
        new: Whether the profile may be one that is still to be made.
        isolated: Whether credentials are those that are given or in the profile named, and no
            others.
        given: Settings by name; None means not given.

    Raises:
        ConfigurationError: A URL, a rate, a profile or the credentials file is unusable.
    """
    direct = {name: value for name, value in given.items() if value is not None}
    if isolated:
        return _load_isolated(profile, direct)
    saved = place(profile, new=new)
    return _resolved({**_from_environment(), **direct}, saved, _stored_in(saved))


def _load_isolated(profile: str | None, direct: _Source) -> Settings:
    """Return the settings of one account among several; its own service outranks the usual one."""
    environment = _from_environment()
    usual = {name: value for name, value in environment.items() if name in _OF_NO_ACCOUNT}
    if not profile:
        return _resolved({**usual, **direct}, None, {})
    saved = place(profile)
    # What the credentials file says is one more usual one, which the environment's outranks.
    own = {name: value for name, value in _renamed(saved.read()).items() if name == "base_url"}
    return _resolved({**usual, **own, **direct}, saved, _stored_in(saved))


def _resolved(asked: _Source, saved: Saved | None, stored: _Source) -> Settings:
    base_url = _base_url(asked, stored)
    if not _belongs_to(stored, base_url):
        stored = {}
    found = _merged([stored, asked])
    token = found.get("access_token")
    is_stored = token is not None and token is stored.get("access_token")
    return _build(found, base_url, saved if is_stored else None)


def _merged(sources: Sequence[_Source]) -> dict[str, str | float | Secret]:
    """Return all settings; a later source outranks those before it.

    A login's tokens stay together: neither another login's refresh token nor another user's
    password is used beside them.
    """
    found: dict[str, str | float | Secret] = {}
    for source in sources:
        user = found.get("username")
        another = user is not None and source.get("username", user) != user
        if another or source.keys() & {"access_token", "refresh_token"}:
            for name in _LOGIN:
                found.pop(name, None)
        found |= source
    return found


def _build(
    found: Mapping[str, str | float | Secret], base_url: str, saved: Saved | None
) -> Settings:
    def text(name: str) -> str | None:
        value = found.get(name)
        return None if value is None else str(value)

    def secret(name: str) -> Secret | None:
        value = found.get(name)
        if not value:
            return None
        return value if isinstance(value, Secret) else Secret(str(value))

    try:
        rate = found.get("rate")
        return Settings(
            base_url=base_url,
            api_key=secret("api_key"),
            user_id=text("user_id"),
            access_token=secret("access_token"),
            id_token=secret("id_token"),
            refresh_token=secret("refresh_token"),
            username=text("username"),
            password=secret("password"),
            rate=parse_rate(None if isinstance(rate, Secret) else rate),
            proxy=origin.check_proxy(secret("proxy")),
            share_rate=_yes_or_no("share_rate", found.get("share_rate", True)),
            saved=saved,
        )
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _yes_or_no(name: str, value: object) -> bool:
    match str(value).lower():
        case "1" | "true" | "yes" | "on":
            return True
        case "0" | "false" | "no" | "off":
            return False
        case _:
            raise ValueError(f"{name} is {value!r}: give true or false")


def _from_environment() -> dict[str, str | Secret]:
    found: dict[str, str | Secret] = {}
    for name, variables in _ENVIRONMENT.items():
        for variable in variables:
            if os.environ.get(variable):
                found[name] = _wrapped(name, os.environ[variable])
                break
    return found


def _renamed(stored: Mapping[str, object]) -> dict[str, str | Secret]:
    return {
        name: _wrapped(name, value)
        for name, key in _IN_FILE.items()
        if isinstance(value := stored.get(key), str) and value
    }


def _wrapped(name: str, value: str) -> str | Secret:
    """Return a setting, as a `Secret` from the start if it is one: tracebacks may show locals."""
    if name not in _SECRET:
        return value
    try:
        return Secret(value)
    except ValueError as error:
        problem = f"{name}: {error}"
    del value
    raise ConfigurationError(problem)


def _stored_in(saved: Saved) -> dict[str, str | Secret]:
    stored = _renamed(saved.read())
    if isinstance(saved, Profile) and "base_url" not in stored:
        in_file = _renamed(CredentialsFile.default().read())
        stored |= {name: value for name, value in in_file.items() if name == "base_url"}
    return stored


def _check_there(profile: Profile) -> None:
    entries = profile.entries()
    if profile.name not in entries:
        known = ", ".join(sorted(entries)) or "none"
        raise ConfigurationError(
            f"there is no profile {profile.name!r} in {profile.path}; it has: {known}"
        )


def _base_url(asked: _Source, stored: _Source) -> str:
    text = asked.get("base_url") or stored.get("base_url") or origin.DEFAULT_BASE_URL
    return origin.normalize_base_url(str(text))


def _belongs_to(stored: _Source, base_url: str) -> bool:
    """Return whether stored credentials were made for this origin; others are not sent there."""
    try:
        home = origin.normalize_base_url(str(stored.get("base_url") or origin.DEFAULT_BASE_URL))
    except ConfigurationError:
        return False
    return home == base_url
