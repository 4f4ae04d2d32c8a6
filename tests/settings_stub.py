"""Writes `_settings_structs.pyi` from the table of fields: `python tests/settings_stub.py`."""

from __future__ import annotations

from pathlib import Path

import leadgenius_async
from leadgenius_async._fields import SETTINGS

_CLASSES = {"Url": "url", "Agent": "agent", "Sdr": "sdr-ai"}
_HEAD = """\
# Generated from _fields.py by tests/settings_stub.py; a test holds the two equal.

from typing import TypedDict

from leadgenius_async._http.record import Record
from leadgenius_async._secret import Secret
"""


def render() -> str:
    """Return the text of the stub."""
    structs = [_struct(f"{name}Settings", SETTINGS[key]) for name, key in _CLASSES.items()]
    dicts = [_dict(f"{name}Fields", SETTINGS[key]) for name, key in _CLASSES.items()]
    return _HEAD + "".join([*structs, *dicts])


def _struct(name: str, fields: tuple[str, ...]) -> str:
    members = [
        f"    {field}: str | None = None" for field in ("id", "createdAt", "updatedAt", *fields)
    ]
    return "\n".join(["", f"class {name}(Record, kw_only=True):", *members, ""])


def _dict(name: str, fields: tuple[str, ...]) -> str:
    members = [f"    {field}: {_type(field)}" for field in fields]
    return "\n".join(["", f"class {name}(TypedDict, total=False):", *members, ""])


def _type(field: str) -> str:
    return "str | Secret | None" if field.endswith("_Apikey") else "str | None"


if __name__ == "__main__":
    package = Path(leadgenius_async.__file__).parent
    (package / "_settings_structs.pyi").write_text(render())
