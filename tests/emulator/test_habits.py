"""Short and empty pages, and the cap on an answer's size."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec
import pytest

from leadgenius_async.emulator.habits import BODY_CAP, Habits
from leadgenius_async.emulator.tokens import Cursor

START = Cursor(table="enrich_leads", company_id="company-1", client_id=None)


def _sizes(seed: int, pages: int = 10_000) -> list[int]:
    habits = Habits(seed, on=True)
    return [
        habits.page_rows(msgspec.structs.replace(START, after=after), 1_000)
        for after in range(pages)
    ]


def test_shares() -> None:
    """About 2 % of pages are empty and 10 % short, of any size from 1 to the limit."""
    sizes = _sizes(0)
    short = [size for size in sizes if 0 < size < 1_000]

    assert 150 < sizes.count(0) < 250
    assert 900 < len(short) < 1_100
    assert min(short) < 20
    assert max(short) > 980
    assert 450 < sum(short) / len(short) < 550


def test_seeded() -> None:
    """The same seed decides the same, another seed otherwise."""
    assert _sizes(1, 500) == _sizes(1, 500)
    assert _sizes(1, 500) != _sizes(2, 500)


def test_order_of_asking_does_not_matter() -> None:
    """A decision is a matter of the place in the listing, not of what was asked before."""
    habits = Habits(0, on=True)
    places = [msgspec.structs.replace(START, after=after) for after in range(200)]
    forwards = [habits.page_rows(place, 100) for place in places]
    backwards = [habits.page_rows(place, 100) for place in reversed(places)]

    assert forwards == backwards[::-1]


def test_listings_differ() -> None:
    """Tables and filters have habits of their own."""
    habits = Habits(0, on=True)
    for change in ({"table": "source_leads"}, {"client_id": "a"}, {"company_id": "b"}):
        places = [msgspec.structs.replace(START, after=after) for after in range(300)]
        others = [msgspec.structs.replace(place, **change) for place in places]
        assert [habits.page_rows(place, 100) for place in places] != [
            habits.page_rows(place, 100) for place in others
        ]


def test_off() -> None:
    """Without habits each page has its limit, and no answer is too large."""
    habits = Habits(0, on=False)

    assert {habits.page_rows(msgspec.structs.replace(START, after=n), 9) for n in range(999)} == {9}
    assert habits.body_cap is None


async def _statuses_and_sizes(
    session: aiohttp.ClientSession, emulator: Any, limit: int
) -> tuple[int, str, int]:
    headers = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
    query = {"companyId": "company-1", "limit": str(limit)}
    async with session.get("/api/enrich-leads/list", params=query, headers=headers) as response:
        return response.status, response.content_type, len(await response.read())


async def test_cap(started: Any) -> None:
    """An answer over 6 MiB is a 413 with the gateway's HTML; a smaller limit then succeeds."""
    async with started(leads=2_500) as (emulator, session):
        status, content_type, _ = await _statuses_and_sizes(session, emulator, 2_500)
        assert (status, content_type) == (413, "text/html")
        status, content_type, size = await _statuses_and_sizes(session, emulator, 1_250)
        assert (status, content_type) == (200, "application/json")
        assert size < BODY_CAP


async def test_no_cap_without_habits(started: Any) -> None:
    """Without habits an answer may be of any size."""
    async with started(leads=2_500, habits=False) as (emulator, session):
        status, _, size = await _statuses_and_sizes(session, emulator, 2_500)
        assert status == 200
        assert size > BODY_CAP


@pytest.mark.parametrize("client", [None, 0])
async def test_empty_page_goes_on(started: Any, client: int | None) -> None:
    """An empty page carries a token, and the chain behind it is whole."""
    async with started(leads=300) as (emulator, session):
        headers = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        client_id = None if client is None else emulator.ready.clients[client].client_id
        query = {"companyId": "company-1", "limit": "2", "clientId": client_id or ""}
        rows: list[str] = []
        empties = 0
        while True:
            async with session.get(
                "/api/enrich-leads/list", params=query, headers=headers
            ) as response:
                page = await response.json()
            rows += [row["id"] for row in page["data"]]
            if page["nextToken"] is None:
                break
            empties += not page["data"]
            query["nextToken"] = page["nextToken"]

        truth = emulator.rows("enrich_leads", client_id=client_id)
        assert rows == [msgspec.json.decode(row)["id"] for row in truth]
        assert empties > 0
