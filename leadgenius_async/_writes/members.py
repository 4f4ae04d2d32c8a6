"""What may stand for a lead: a mapping by the service's field names, or a struct."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from leadgenius_async._lead_structs import EnrichLead, SourceLead


def struct_fields(lead: msgspec.Struct) -> dict[str, object]:
    """Return a struct's fields by their names in JSON; of leads also those that nobody declared.

    Raises:
        TypeError: A value is of a type that JSON cannot hold.
    """
    plain: dict[str, object] = msgspec.to_builtins(lead)
    if isinstance(lead, EnrichLead | SourceLead):
        plain.pop("_leadgenius_extra", None)
        plain |= lead.extra
    return plain


def as_row(item: object) -> Mapping[str, object] | None:
    """Return what an iterable of leads gave as a mapping, None if it is no lead.

    Raises:
        TypeError: A struct has a value of a type that JSON cannot hold.
    """
    if isinstance(item, Mapping):
        return item
    return struct_fields(item) if isinstance(item, msgspec.Struct) else None
