"""Figures over the stored leads."""

from __future__ import annotations

from collections import Counter
from typing import Any

import aiohttp
import msgspec
import pytest

from leadgenius_async.emulator import Emulator

Session = aiohttp.ClientSession
Headers = dict[str, str]


async def _ask(session: Session, headers: Headers, **query: str) -> tuple[int, Any]:
    path = "/api/analytics/pipeline"
    async with session.get(path, params=query, headers=headers) as response:
        body = await response.json()
        return response.status, body.get("pipeline", body)


async def test_all_leads(
    emulator: Emulator, session: Session, by_jwt: Headers, other_key: Headers
) -> None:
    """Without days all of a company's leads count, and none of another's."""
    status, found = await _ask(session, by_jwt)
    rows = [msgspec.json.decode(row) for row in emulator.rows("enrich_leads")]

    assert status == 200
    assert found["total"] == len(rows) == 600
    assert found["byStatus"] == Counter(row["status"] for row in rows)
    assert found["byClient"] == Counter(row["client_id"] for row in rows)
    assert (found["startDate"], found["endDate"]) == (None, None)
    _, theirs = await _ask(session, other_key)
    assert theirs["total"] == emulator.other.rows["enrich_leads"]
    assert not theirs["byClient"].keys() & found["byClient"].keys()


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({"startDate": "2026-01-01"}, 3),
        ({"endDate": "2026-01-31"}, 2),
        ({"startDate": "2026-01-31", "endDate": "2026-02-01"}, 2),
        ({"startDate": "2026-01-31", "endDate": "2026-01-31"}, 1),
        ({"startDate": "2026-02-02", "endDate": "2026-02-02"}, 0),
        ({"startDate": "2026-02-01", "endDate": "2026-01-01"}, 0),
    ],
)
async def test_a_span_of_days(started: Any, query: dict[str, str], total: int) -> None:
    """Both ends count; a reversed span has no days, so no leads."""
    async with started() as (emulator, session):
        client_id = emulator.ready.clients[0].client_id
        times = ("2026-01-01T00:00:00.000Z", "2026-01-31T23:59:59.999Z", "2026-02-01T00:00:00.000Z")
        emulator.insert("enrich_leads", [{"client_id": client_id, "createdAt": t} for t in times])
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        status, found = await _ask(session, key, **query)

    assert (status, found["total"]) == (200, total)
    assert found["byStatus"] == ({"unknown": total} if total else {})
    assert found["byClient"] == ({client_id: total} if total else {})
    assert found["startDate"] == query.get("startDate")


@pytest.mark.parametrize("day", ["", "yesterday", "2026-02-30", "2026-1-1"])
async def test_what_is_no_day(session: Session, by_key: Headers, day: str) -> None:
    """A 400, and without credentials a 401."""
    status, body = await _ask(session, by_key, endDate=day)
    assert (status, body["success"]) == (400, False)
    assert (await _ask(session, {}))[0] == 401
