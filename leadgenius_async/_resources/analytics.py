"""Figures over the leads of a company."""

from __future__ import annotations

from datetime import date

import msgspec

from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
from leadgenius_async._resources.section import Section

_PIPELINE = ("pipeline", "data")


class Pipeline(Record):
    """How many leads stand where. The shape is assumed.

    Attributes:
        startDate: The first day that counts.
        endDate: The last one.
        total: Leads in all.
        byStatus: Leads by their status.
        byClient: Leads by their client_id.
    """

    startDate: str | None = None
    endDate: str | None = None
    total: int | None = None
    byStatus: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    byClient: dict[str, int] = msgspec.field(default_factory=dict[str, int])


class Analytics(Section):
    """Calls of `/api/analytics`. Takes a login or an API key (assumed)."""

    async def pipeline(
        self, *, start: date | str | None = None, end: date | str | None = None
    ) -> Pipeline:
        """Count the leads that were created in a span of days.

        Args:
            start: The first day, as a date or as text like 2026-01-31; without it all days
                before `end` count.
            end: The last day, which counts too (assumed).

        Raises:
            ValueError: One is no day of the calendar, or they are reversed.

        ```python
        pipeline = await lg.analytics.pipeline(start="2026-01-01", end="2026-02-08")
        print(pipeline.total, pipeline.byStatus)
        ```
        """
        first, last = checks.days(start, end)
        query = {"startDate": first, "endDate": last}
        return await self._ask("GET", "/analytics/pipeline", Pipeline, _PIPELINE, query=query)
