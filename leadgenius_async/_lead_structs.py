"""The rows of the two bulk lists as structs, made from the one table of fields.

Their types stand in `_lead_structs.pyi`, which is generated from the same table and held equal
to it by a test.
"""

from __future__ import annotations

from typing import Any

import msgspec

from leadgenius_async._fields import ENRICH_LEAD_FIELDS, SOURCE_LEAD_FIELDS, Field


class _Lead(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """What both kinds of leads share: the rules of reading and writing them."""


def _lead_struct(name: str, fields: tuple[Field, ...], doc: str) -> type[msgspec.Struct]:
    types = {"text": str, "number": float}
    members: list[tuple[str, Any, Any]] = [
        (field.name, types[field.type] | None, None) for field in fields
    ]
    extra = (
        "extra",
        dict[str, object],
        msgspec.field(default_factory=dict, name="_leadgenius_extra"),
    )
    return msgspec.defstruct(
        name,
        [*members, extra],
        bases=(_Lead,),
        forbid_unknown_fields=True,  # so that the reader puts them into `extra`
        module=__name__,
        namespace={"__doc__": doc},
    )


EnrichLead = _lead_struct(
    "EnrichLead",
    ENRICH_LEAD_FIELDS,
    "A lead of the EnrichLeads table. `extra` holds fields that nobody declared.",
)
SourceLead = _lead_struct(
    "SourceLead",
    SOURCE_LEAD_FIELDS,
    "A lead of the SourceLeads table. `extra` holds fields that nobody declared.",
)
