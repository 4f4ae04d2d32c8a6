"""Figures over the stored leads."""

from __future__ import annotations

from collections import Counter
from datetime import date

import msgspec

from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, call

_FIELDS = ("createdAt", "status", "client_id")
_NO_STATUS = "unknown"


class PipelineQuery(msgspec.Struct):
    """The span of days, both ends in it; each end may be open."""

    startDate: date | msgspec.UnsetType = msgspec.UNSET
    endDate: date | msgspec.UnsetType = msgspec.UNSET


class Pipeline(msgspec.Struct):
    """How many leads were created in it, in all and by what they have in common."""

    startDate: str | None
    endDate: str | None
    total: int
    byStatus: dict[str, int]
    byClient: dict[str, int]


class PipelineAnswer(msgspec.Struct):
    """`GET /api/analytics/pipeline`."""

    pipeline: Pipeline
    success: bool = True


@call("GET", "/api/analytics/pipeline", Credentials.KEY_TOO)
async def pipeline(ask: Ask[PipelineQuery, None]) -> PipelineAnswer:
    """The company's leads by status and by client."""
    start, end = _text(ask.query.startDate), _text(ask.query.endDate)
    statuses: Counter[str] = Counter()
    clients: Counter[str] = Counter()
    for lead in ask.service.leads.each(ask.company_id, None, _FIELDS):
        created = str(lead.get("createdAt") or "")[:10]
        if (start and created < start) or (end and created > end):
            continue
        statuses[str(lead.get("status") or _NO_STATUS)] += 1
        clients[str(lead["client_id"])] += 1
    return PipelineAnswer(Pipeline(start, end, statuses.total(), statuses, clients))


ENDPOINTS = (pipeline,)


def _text(day: date | msgspec.UnsetType) -> str | None:
    return None if day is msgspec.UNSET else day.isoformat()
