"""The tenants file: TOML, with a table for each tenant and what holds for all of them."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from leadgenius_async._accounts.tenant import (
    NO_KEYS,
    REFERENCES,
    Tenant,
    check_tenants,
    is_key,
)
from leadgenius_async.errors import ConfigurationError

_FIELDS = Tenant.__struct_fields__
#: Of `[defaults]`, what a tenant that has credentials of its own does not take.
_OF_CREDENTIALS = {*REFERENCES, "user_id", "user_id_env"}
#: What other files call a key, or a login.
_KEYS = {
    "api_key", "apikey", "key", "password", "token", "access_token", "refresh_token", "id_token",
    "secret",
}  # fmt: skip


def read_tenants(path: str | Path) -> list[Tenant]:
    """Return the tenants that a file names.

    The file is TOML: a `[[tenant]]` table for each, with the fields of `Tenant`, and `[defaults]`
    with those that hold where a tenant has none of its own. A relative `api_key_file` is one
    beside the tenants file.

    ```toml
    [defaults]
    fields = ["id", "email"]

    [[tenant]]
    name = "acme"
    api_key_env = "ACME_KEY"
    user_id_env = "ACME_USER"
    ```

    Args:
        path: The file.

    Raises:
        ConfigurationError: It cannot be read, or a tenant in it is of no use; the message names
            the tenant. A key that stands in it is refused.
    """
    path = Path(path)
    try:
        return check_tenants(_read(path))
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read: {error.strerror if isinstance(error, OSError) else 'no UTF-8'}"
    except ValueError as error:
        problem = str(error)
    raise ConfigurationError(f"{path}: {problem}")


def _read(path: Path) -> list[Tenant]:
    content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    _check_names(content, "the file", ["defaults", "tenant"])
    defaults = _table(content.get("defaults", {}), "defaults")
    _check_names(defaults, "defaults", [name for name in _FIELDS if name != "name"])
    tables = content.get("tenant", [])
    if not isinstance(tables, list):
        raise ValueError("write [[tenant]], once for each")  # noqa: TRY004 - of the file, not of a caller
    folder = path.parent.absolute()
    return [_tenant(table, n, defaults, folder) for n, table in enumerate(tables, 1)]


def _tenant(value: object, number: int, defaults: Mapping[str, Any], folder: Path) -> Tenant:
    table = _table(value, f"tenant {number}")
    name = table.get("name")
    where = f"tenant {name!r}" if isinstance(name, str) else f"tenant {number}, which has no name"
    if is_key(name):
        where = f"tenant {number}, which has a key for its name"
    _check_names(table, where, _FIELDS)
    if _OF_CREDENTIALS & table.keys():
        defaults = {name: defaults[name] for name in defaults if name not in _OF_CREDENTIALS}
    found = {**defaults, **table}
    if isinstance(file := found.get("api_key_file"), str) and not file.startswith("~"):
        found["api_key_file"] = os.fspath(folder / file)
    try:
        return msgspec.convert(found, Tenant)
    except (msgspec.ValidationError, ConfigurationError) as error:
        raise ValueError(f"{where}: {error}") from None


def _table(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is to be a table")  # noqa: TRY004 - of the file, not of a caller
    return value


def _check_names(table: Mapping[str, object], where: str, known: Sequence[str]) -> None:
    for name in table:
        if name in known:
            continue
        if is_key(name):
            raise ValueError(f"{where} has a key for a name: {NO_KEYS}")
        if name.lower() in _KEYS:
            raise ValueError(f"{where} has {name}: {NO_KEYS}")
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it may have {', '.join(known)}"
        raise ValueError(f"{where} has {name}, which means nothing here; {hint}")
