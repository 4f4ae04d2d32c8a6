"""Figures over the leads, from the SDK."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest
from wire import Wire, reply

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Pipeline


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, api_key="lgp_1", user_id="u", rate="off")


async def test_the_emulator_counts(emulator: Emulator, lg: LeadGenius) -> None:
    """Every lead stands under one status and one client."""
    found = await lg.analytics.pipeline()
    assert found.total == emulator.ready.rows["enrich_leads"]
    assert found.total == sum(found.byStatus.values()) == sum(found.byClient.values())
    nobody = await lg.analytics.pipeline(end="1999-12-31")
    assert nobody == Pipeline(None, "1999-12-31", 0)


@pytest.mark.parametrize("key", ["pipeline", "data"])
async def test_figures_are_found_in_any_envelope(key: str) -> None:
    """A day may be a date, a time or a text; what is new is in `extra`."""
    body = {key: {"total": 2, "byStatus": {"brand-new": 2}, "value": 9.5}}
    async with Wire(reply(body=msgspec.json.encode(body))) as wire, client_of(wire) as lg:
        found = await lg.analytics.pipeline(
            start=date(2026, 1, 1), end=datetime(2026, 2, 8, 12, tzinfo=UTC)
        )
        await lg.analytics.pipeline(start="2026-01-01")
    assert found == Pipeline(total=2, byStatus={"brand-new": 2}, extra={"value": 9.5})
    assert [request.target for request in wire.requests] == [
        "/api/analytics/pipeline?startDate=2026-01-01&endDate=2026-02-08",
        "/api/analytics/pipeline?startDate=2026-01-01",
    ]


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ("2026-02-08", "2026-01-01", "start 2026-02-08 comes after end 2026-01-01"),
        (date(2026, 2, 8), "2026-01-01", "comes after"),
        ("yesterday", None, "start is 'yesterday'"),
        (None, "2026-02-30", "end is '2026-02-30'"),
    ],
)
async def test_what_is_no_span_is_not_sent(
    start: date | str | None, end: date | str | None, says: str
) -> None:
    """The message names the end that is wrong, and what a day looks like."""
    async with Wire(reply()) as wire, client_of(wire) as lg:
        with pytest.raises(ValueError, match=says):
            await lg.analytics.pipeline(start=start, end=end)
    assert not wire.requests
