"""A tenant: whose leads are taken out, and where the credentials for that are."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from leadgenius_async import _settings
from leadgenius_async._client import LeadGenius, account_of
from leadgenius_async._http.limiter import parse_rate
from leadgenius_async._http.origin import normalize_base_url
from leadgenius_async._secret import Secret
from leadgenius_async.errors import ConfigurationError, CredentialsMissing

#: What stands beside the tenants' folders, and is no tenant's name.
REPORT = "tenants.json"

#: Fields that say where credentials are.
REFERENCES = ("profile", "api_key_env", "api_key_file")
_USERS = ("user_id", "user_id_env")

#: Names of folders everywhere: Windows drops a dot at the end, and has devices of some names.
_NAME = re.compile(
    r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$))"
    r"[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9_-])?",
    re.IGNORECASE | re.ASCII,
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: A key that was put where its variable's name belongs; and a token.
_KEY = re.compile(r"lgp_[0-9a-f]{16,}|eyJ[\w-]+\.[\w-]+\.")

NO_KEYS = (
    "a key does not belong here, where whoever reads this would have it: put it into an "
    "environment variable and name that (api_key_env), into a file of its own (api_key_file), or "
    "into a profile (leadgenius auth login --profile NAME)"
)


class Tenant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose leads are taken out, and where the credentials for it are.

    It holds no credentials: they are looked up where the work is done. One of `profile`,
    `api_key_env` and `api_key_file` says where they are; a key needs `user_id` or `user_id_env`.

    ```python
    Tenant(name="acme", api_key_env="ACME_KEY", user_id_env="ACME_USER", clients=["acme-corp"])
    ```

    Attributes:
        name: Names the tenant's folder: letters, digits, `.`, `_` and `-`.
        profile: Name of an entry in `profiles.json`.
        api_key_env: Name of the environment variable that holds the API key.
        api_key_file: Path of a file that holds the API key and nothing else.
        user_id: The user that the key belongs to.
        user_id_env: Name of the environment variable that holds it.
        company_id: The company; the account's own if not given.
        clients: `client_id`s to take; all rows of the company if empty.
        fields: Fields to ask for; all if not given.
        rate: As for `LeadGenius`: `standard`, `premium`, `off`, or requests per minute.
        base_url: Origin of the service; the profile's or the usual one if not given.

    Raises:
        ValueError: A value is of no use, or a key stands where its place belongs.
        TypeError: `clients` or `fields` is one string and not a list of them.
        ConfigurationError: `base_url` is no URL that keys may be sent to.
    """

    name: str
    profile: str | None = None
    api_key_env: str | None = None
    api_key_file: str | None = None
    user_id: str | None = None
    user_id_env: str | None = None
    company_id: str | None = None
    clients: Sequence[str] = ()
    fields: Sequence[str] | None = None
    rate: str | float | None = None
    base_url: str | None = None

    def __post_init__(self) -> None:
        """Refuse what could only fail later."""
        self._refuse_keys()
        if not _NAME.fullmatch(self.name) or self.name.lower() == REPORT:
            raise ValueError(
                f"name is {self.name!r}: it names a folder, so give letters, digits, '.', '_' and "
                f"'-', a letter or digit first, no '.' last, and neither {REPORT} nor a device of "
                "Windows, such as con"
            )
        self._check_credentials()
        for name in ("clients", "fields"):
            if isinstance(getattr(self, name), str):
                raise TypeError(f"{name} is one string: give a list of names")
        if self.company_id == "":
            raise ValueError("company_id is empty: leave it out for the account's own company")
        parse_rate(self.rate)
        if self.base_url is not None:
            normalize_base_url(self.base_url)

    @property
    def reference(self) -> str:
        """Where the credentials are, in words: tenants of one reference are of one account."""
        if self.profile is not None:
            return f"profile {self.profile!r}"
        if self.api_key_env is not None:
            return f"the variable {self.api_key_env}"
        return f"the file {self.api_key_file}"

    def open(self) -> LeadGenius:
        """Return a client with this tenant's credentials and no others, as this process finds them.

        Raises:
            CredentialsMissing: They are not where they were said to be.
            ConfigurationError: A setting is unusable, or there is no such profile.
        """
        return LeadGenius(
            profile=self.profile,
            api_key=self._key(),
            user_id=self._user(),
            base_url=self.base_url,
            rate=self._rate,
            isolated=True,
        )

    def account(self) -> str:
        """Return a digest of service and account, as this process finds them.

        It is the same for two tenants of one key, wherever that stands, and gives nobody the key.

        Raises:
            CredentialsMissing: They are not where they were said to be.
            ConfigurationError: A setting is unusable, or there is no such profile.
        """
        settings = _settings.load(
            profile=self.profile,
            api_key=self._key(),
            user_id=self._user(),
            base_url=self.base_url,
            isolated=True,
        )
        if (account := account_of(settings)) is None:
            raise CredentialsMissing(
                f"{self.reference} holds no credentials for {settings.base_url}: neither a key "
                "with its user id, nor a login"
            )
        key, service = account.reveal().encode(), settings.base_url.encode()
        return hmac.new(key, service, hashlib.sha256).hexdigest()[:40]

    @property
    def _rate(self) -> str | None:
        return None if self.rate is None else str(self.rate)

    def _refuse_keys(self) -> None:
        for name, value in msgspec.structs.asdict(self).items():
            texts = [value] if isinstance(value, str) else value or ()
            if isinstance(texts, Sequence) and any(is_key(text) for text in texts):
                raise ValueError(f"{name}: {NO_KEYS}")

    def _check_credentials(self) -> None:
        given = [name for name in REFERENCES if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            raise ValueError(f"give one of {', '.join(REFERENCES)}, and not {found}")
        for name in (*REFERENCES, *_USERS):
            if getattr(self, name) == "":
                raise ValueError(f"{name} is empty")
        for name in ("api_key_env", "user_id_env"):
            if not _VARIABLE.fullmatch(getattr(self, name) or "none"):
                raise ValueError(f"{name} is to name an environment variable, such as ACME_KEY")
        users = [name for name in _USERS if getattr(self, name) is not None]
        if self.profile is None and len(users) != 1:
            raise ValueError("a key needs its user: give one of user_id and user_id_env")
        if self.profile is not None and users:
            raise ValueError(f"profile says whose it is: leave {users[0]} out")

    def _key(self) -> Secret | None:
        if self.api_key_env is not None:
            return _key_in_variable(self.api_key_env)
        if self.api_key_file is not None:
            return _key_in_file(self.api_key_file)
        return None

    def _user(self) -> str | None:
        return self.user_id if self.user_id_env is None else _variable(self.user_id_env)


def is_key(value: object) -> bool:
    """Return whether a key or a token stands in a text."""
    return isinstance(value, str) and _KEY.search(value) is not None


def check_tenants(tenants: Iterable[Tenant]) -> list[Tenant]:
    """Return the tenants as a list, each of a name of its own.

    Raises:
        ValueError: There is none, or two names are the same, which some file systems do not tell
            apart by case.
    """
    listed = list(tenants)
    if not listed:
        raise ValueError("there is no tenant")
    seen: set[str] = set()
    for tenant in listed:
        if tenant.name.lower() in seen:
            raise ValueError(f"tenant {tenant.name!r}: the name is given twice, case apart")
        seen.add(tenant.name.lower())
    return listed


def _variable(name: str) -> str:
    if not os.environ.get(name):
        raise CredentialsMissing(f"the environment variable {name} is not set here")
    return os.environ[name]


# Of a key, nothing but its `Secret` has a name here: tracebacks may show locals.


def _key_in_variable(name: str) -> Secret:
    try:
        return Secret(_variable(name))
    except ValueError as error:
        raise ConfigurationError(f"the environment variable {name}: {error}") from None


def _key_in_file(path: str) -> Secret:
    try:
        key = Secret(Path(path).expanduser().read_text(encoding="utf-8-sig").strip())
    except RuntimeError:  # of `expanduser`
        raise CredentialsMissing(f"{path} cannot be read: there is no such user's home") from None
    except OSError as error:
        raise CredentialsMissing(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:  # no text, or several lines
        raise ConfigurationError(f"{path} is to hold an API key and nothing else") from None
    if not key:
        raise CredentialsMissing(f"{path} is empty")
    return key
