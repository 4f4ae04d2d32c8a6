"""Looks whether the service shows leads as updates and deletes have left them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from typing import Protocol

from leadgenius_async._lead_structs import EnrichLead
from leadgenius_async._writes.members import struct_fields

#: Seconds before each look at what was written: reads may lag behind writes.
LOOKS = (0.0, 1.0, 3.0, 9.0, 27.0)
#: Up to so many leads are read back one by one, more by the list of all.
_FEW = 50


class Reader(Protocol):
    """Reads leads back."""

    async def get(self, lead_id: str) -> EnrichLead | None:
        """Return a lead by its id, None if there is none."""
        ...

    def listing(self, fields: Collection[str]) -> AsyncIterator[EnrichLead]:
        """Give all leads of the company, with these fields."""
        ...


class ReadBack:
    """Compares leads with what they should be.

    Args:
        reader: Reads them.
        updates: Whether they were changed; else they were deleted.
    """

    def __init__(self, reader: Reader, *, updates: bool) -> None:
        self._reader = reader
        self._updates = updates

    async def off(self, expected: Mapping[str, dict[str, object]]) -> dict[str, dict[str, object]]:
        """Return those of the leads that are not shown as they should be."""
        if len(expected) <= _FEW:
            shown = {lead: await self._reader.get(lead) for lead in expected}
        else:
            shown = dict.fromkeys(expected)
            names = {"id"}.union(*expected.values())
            async for lead in self._reader.listing(names):
                if lead.id in shown:
                    shown[lead.id] = lead
        return {
            lead: fields
            for lead, fields in expected.items()
            if not self._is_right(shown[lead], fields)
        }

    def _is_right(self, lead: EnrichLead | None, fields: Mapping[str, object]) -> bool:
        if lead is None or not self._updates:
            return lead is None and not self._updates
        members = struct_fields(lead)
        return all(members.get(name) == value for name, value in fields.items())
