"""The settings of companies: what processing goes by."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.documents import Documents


class Settings(msgspec.Struct):
    """One of a company's settings, as it is kept.

    Attributes:
        id: Last part of its path.
        fields: What was set, None where it was cleared.
    """

    id: str
    fields: dict[str, str | None]
    createdAt: str
    updatedAt: str


def configured(documents: Documents, company_id: str, name: str) -> dict[str, str]:
    """What a company has set and not emptied."""
    kept = documents.get(Settings, company_id, name)
    return {} if kept is None else {field: text for field, text in kept.fields.items() if text}


def write(
    documents: Documents,
    company_id: str,
    name: str,
    changes: Mapping[str, str | None],
    now: float,
) -> Settings:
    """Change a company's settings, or make them where there are none; the rest stays."""
    kept = documents.get(Settings, company_id, name)
    if kept is None:
        made = Settings(name, dict(changes), timestamp(now), timestamp(now))
        documents.add(company_id, made)
        return made
    kept.fields |= changes
    kept.updatedAt = timestamp(now)
    documents.put(company_id, kept)
    return kept
