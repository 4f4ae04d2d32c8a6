"""The three settings as structs, and what they are written with, made from the table of fields.

Their types stand in `_settings_structs.pyi`, which is generated from the same table and held
equal to it by a test.
"""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec

from leadgenius_async._fields import SETTINGS
from leadgenius_async._http.record import Record
from leadgenius_async._secret import Secret

_KEY = "_Apikey"
#: Shown for any key, whatever it holds.
_MASK = Secret("")


class _Settings(Record, omit_defaults=True, kw_only=True):
    """What the three share: API keys that are in them never print."""

    id: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None

    def __repr__(self) -> str:
        members = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({members})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        # `extra` is left out too: a service that is new here would bring its key there.
        return [
            (name, _MASK if name.endswith(_KEY) else value)
            for name in self.__struct_fields__
            if name != "extra" and (value := getattr(self, name)) is not None
        ]


def _struct(name: str, fields: tuple[str, ...], doc: str) -> Any:
    members: list[tuple[str, Any, Any]] = [(field, str | None, None) for field in fields]
    return msgspec.defstruct(
        name,
        members,
        bases=(_Settings,),
        module=__name__,
        namespace={"__doc__": doc},
        kw_only=True,
        omit_defaults=True,
    )


def _fields(name: str, fields: tuple[str, ...]) -> Any:
    types = {field: str | Secret | None if field.endswith(_KEY) else str | None for field in fields}
    return TypedDict(name, types, total=False)  # type: ignore[operator] # made at run time


UrlSettings = _struct(
    "UrlSettings", SETTINGS["url"], "Enrichment services, and the API key of each (documented)."
)
AgentSettings = _struct(
    "AgentSettings", SETTINGS["agent"], "The agents of the copyright processes (documented)."
)
SdrSettings = _struct(
    "SdrSettings", SETTINGS["sdr-ai"], "The agents of the messages and AI fields (documented)."
)
UrlFields = _fields("UrlFields", SETTINGS["url"])
AgentFields = _fields("AgentFields", SETTINGS["agent"])
SdrFields = _fields("SdrFields", SETTINGS["sdr-ai"])
