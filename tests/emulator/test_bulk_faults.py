"""What may go wrong with the bulk lists: switches, the clock, and rows that change meanwhile."""

from __future__ import annotations

import asyncio
import json
import time
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator
from leadgenius_async.emulator.habits import Habits
from leadgenius_async.emulator.tokens import Cursor

PATHS = {"enrich_leads": "/api/enrich-leads/list", "source_leads": "/api/source-leads/list"}
both_tables = pytest.mark.parametrize("table", list(PATHS))


class Reader:
    """Reads the bulk lists of an emulator's first company, ids alone."""

    def __init__(
        self, emulator: Emulator, session: aiohttp.ClientSession, table: str = "enrich_leads"
    ) -> None:
        self._session = session
        self._path = PATHS[table]
        self._key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}

    async def ask(self, limit: int, token: str | None = None, **query: str) -> tuple[int, Any]:
        """Ask for a page; its status, and its JSON or its text."""
        params = {"companyId": "company-1", "limit": str(limit), "fields": "id", **query}
        if token is not None:
            params["nextToken"] = token
        async with self._session.get(self._path, params=params, headers=self._key) as response:
            if response.content_type == "application/json":
                return response.status, await response.json()
            return response.status, await response.text()

    async def page(self, limit: int, token: str | None = None, **query: str) -> Any:
        """A page that succeeds."""
        status, page = await self.ask(limit, token, **query)
        assert status == 200, page
        return page

    async def chain(self, limit: int, most: int = 1_000, **query: str) -> list[Any]:
        """Pages up to the listing's end, or up to `most`."""
        pages = [await self.page(limit, **query)]
        while len(pages) < most and (token := pages[-1]["nextToken"]):
            pages.append(await self.page(limit, token, **query))
        return pages


def _ids(page: Any) -> list[str]:
    return [row["id"] for row in page["data"]]


def _truth(emulator: Emulator, table: str = "enrich_leads") -> list[str]:
    return [json.loads(row)["id"] for row in emulator.rows_projected(table, ["id"])]


def _overlaps(pages: list[Any]) -> list[bool]:
    """Whether each page with rows begins with the last row of the one before."""
    filled = [_ids(page) for page in pages if page["data"]]
    return [one[-1] == two[0] for one, two in pairwise(filled)]


@both_tables
@pytest.mark.parametrize("habits", [False, True])
@pytest.mark.parametrize("limit", [2, 7])
async def test_every_page_overlaps(started: Any, table: str, limit: int, *, habits: bool) -> None:
    """With a share of 1 each page of several rows ends with the next one's first row."""
    options = {"leads": 60, "source_leads": 60, "habits": habits, "repeat_share": 1}
    async with started(**options) as (emulator, session):
        pages = await Reader(emulator, session, table).chain(limit)
        truth = _truth(emulator, table)

    filled = [page for page in pages if page["data"]]
    assert _overlaps(filled) == [len(page["data"]) > 1 for page in filled[:-1]]
    assert all(len(page["data"]) <= limit for page in pages)
    assert all(page["meta"]["totalReturned"] == len(page["data"]) for page in pages)
    assert list(dict.fromkeys(i for page in pages for i in _ids(page))) == truth
    assert sum(len(page["data"]) for page in pages) == len(truth) + sum(_overlaps(pages))


async def test_some_pages_overlap(started: Any) -> None:
    """A share of them does, the same ones each time, and none if nothing is asked for."""
    async with started(leads=300, habits=False, repeat_share=0.3) as (emulator, session):
        reader = Reader(emulator, session)
        pages, again = await reader.chain(3), await reader.chain(3)
        [client, *_] = emulator.ready.clients
        of_client = await reader.chain(3, clientId=client.client_id)
    async with started(leads=300, habits=False) as (emulator, session):
        plain = await Reader(emulator, session).chain(3)

    assert 0.15 < sum(_overlaps(pages)) / len(pages) < 0.45
    assert any(_overlaps(of_client))
    assert [page["data"] for page in pages] == [page["data"] for page in again]
    assert not any(_overlaps(plain))


async def test_pages_of_one_row_do_not_overlap(started: Any) -> None:
    """Otherwise the listing would never get on."""
    async with started(leads=9, habits=False, repeat_share=1.0) as (emulator, session):
        pages = await Reader(emulator, session).chain(1)
        assert [_ids(page) for page in pages] == [[row] for row in _truth(emulator)]


def test_repeats_leave_the_habits_alone() -> None:
    """Which pages are short or empty is a matter of the place alone, whatever else is on."""
    places = [
        Cursor(table="enrich_leads", company_id="company-1", client_id=None, after=after, pages=n)
        for after in range(300)
        for n in (0, 5)
    ]
    plain, overlapping = Habits(0, on=True), Habits(0, on=True, repeat_share=0.5)

    sizes = [plain.page_rows(place, 100) for place in places]
    assert sizes == [overlapping.page_rows(place, 100) for place in places]
    assert sizes[::2] == sizes[1::2]


async def test_slow_above(started: Any) -> None:
    """A page of more rows is a 504 in HTML; a smaller limit and a short last page succeed."""
    async with started(leads=25, habits=False, slow_above=10) as (emulator, session):
        reader = Reader(emulator, session)
        status, body = await reader.ask(11)
        assert (status, body[:6]) == (504, "<html>")
        assert "504 Gateway Timeout" in body
        pages = await reader.chain(10)
        assert [len(page["data"]) for page in pages] == [10, 10, 5]
        assert len((await reader.page(1_000, pages[1]["nextToken"]))["data"]) == 5
        assert (await reader.ask(1_000, pages[0]["nextToken"]))[0] == 504


@both_tables
@pytest.mark.parametrize("habits", [False, True])
async def test_loop(started: Any, table: str, *, habits: bool) -> None:
    """After so many pages with rows it begins again, by the same tokens, without an end."""
    async with started(leads=200, source_leads=200, habits=habits, loop_pages=5) as (
        emulator,
        session,
    ):
        reader = Reader(emulator, session, table)
        pages = await reader.chain(3, most=40)
        truth = _truth(emulator, table)
        emulator.clock.advance(1_000_000)
        later = await reader.page(3, pages[0]["nextToken"])

    filled = [(_ids(page), page["nextToken"]) for page in pages if page["data"]]
    assert len(pages) == 40
    assert filled[5:10] == filled[:5]
    once = [row for ids, _ in filled[:5] for row in ids]
    assert once == truth[: len(once)]
    assert later == pages[1]


async def test_a_listing_may_end_before_it_loops(started: Any) -> None:
    """A listing of fewer pages ends; one of as many does not."""
    async with started(leads=9, habits=False, loop_pages=3) as (emulator, session):
        reader = Reader(emulator, session)
        assert len(await reader.chain(5)) == 2
        assert len(await reader.chain(3, most=20)) == 20


@both_tables
@pytest.mark.parametrize("habits", [False, True])
async def test_endless_empty(started: Any, table: str, *, habits: bool) -> None:
    """From the second page on there are no rows, and always another token."""
    async with started(leads=20, source_leads=20, habits=habits, endless_empty=True) as (
        emulator,
        session,
    ):
        pages = await Reader(emulator, session, table).chain(5, most=30)

    assert pages[0]["data"]
    assert not any(page["data"] for page in pages[1:])
    assert {page["meta"]["totalReturned"] for page in pages[1:]} == {0}
    assert len({page["nextToken"] for page in pages}) == 30


async def test_the_clock_ends_page_tokens(started: Any) -> None:
    """Tokens given out live to the end of their life, however the time passes."""
    async with started(leads=20, habits=False) as (emulator, session):
        reader = Reader(emulator, session)
        token = (await reader.page(5))["nextToken"]
        emulator.clock.advance(86_000)
        newer = (await reader.page(5, token))["nextToken"]
        emulator.clock.advance(400)
        status, body = await reader.ask(5, token)
        assert (status, body["errorType"]) == (400, "invalid_format")
        assert "expired" in body["details"]
        assert (await reader.page(5, newer))["data"]


@both_tables
async def test_update_while_a_chain_is_read(started: Any, table: str) -> None:
    """An updated row comes again at the end: old values first, new ones later."""
    async with started(leads=6, source_leads=6, habits=False) as (emulator, session):
        reader, truth = Reader(emulator, session, table), _truth(emulator, table)
        first = await reader.page(3, fields="id,notes,email")
        emulator.update(table, truth[1], {"notes": "changed meanwhile", "intent": {"a": 1}})
        rest = await reader.page(9, first["nextToken"], fields="id,notes,email")

        assert _ids(first) == truth[:3]
        assert _ids(rest) == [*truth[3:], truth[1]]
        assert first["data"][1].get("notes") != "changed meanwhile"
        assert rest["data"][-1] == {**first["data"][1], "notes": "changed meanwhile"}
        assert _truth(emulator, table) == [truth[0], *truth[2:], truth[1]]


@both_tables
async def test_update_changes_what_it_names(started: Any, table: str) -> None:
    """All other members stay as they are served; the row may go to another client."""
    async with started(leads=6, source_leads=6, habits=False) as (emulator, _):
        before = {(row := json.loads(raw))["id"]: row for raw in emulator.rows(table)}
        [*_, row_id] = before
        client = emulator.ready.clients[-1].client_id
        emulator.update(table, row_id, {"client_id": client, "intent": {"a": 1}})
        emulator.update(table, row_id, {"updatedAt": "2030-01-01T00:00:00.000Z"})

        [changed] = [
            row for raw in emulator.rows(table) if (row := json.loads(raw))["id"] == row_id
        ]
        assert changed == before[row_id] | {
            "client_id": client, "intent": {"a": 1}, "updatedAt": "2030-01-01T00:00:00.000Z",
        }  # fmt: skip
        of_client = [json.loads(raw)["id"] for raw in emulator.rows(table, client_id=client)]
        assert of_client[-1] == row_id
        emulator.update(table, row_id, {"notes": "now"})
        [*_, last] = emulator.rows(table)
        assert json.loads(last)["updatedAt"] < "2030"


async def test_the_last_row_moves_too(started: Any) -> None:
    """A row that is the last already gets a new place: a chain that has passed it sees it again."""
    async with started(leads=3, habits=False) as (emulator, session):
        reader, truth = Reader(emulator, session), _truth(emulator)
        first = await reader.page(2)
        emulator.delete("enrich_leads", truth[2:])
        emulator.update("enrich_leads", truth[1], {"notes": "changed meanwhile"})
        assert _ids(await reader.page(2, first["nextToken"])) == [truth[1]]


@both_tables
async def test_delete_while_a_chain_is_read(started: Any, table: str) -> None:
    """Deleted rows are gone from the pages to come, and the chain goes on."""
    async with started(leads=6, source_leads=6, habits=False) as (emulator, session):
        reader, truth = Reader(emulator, session, table), _truth(emulator, table)
        first = await reader.page(2)
        emulator.delete(table, [truth[1], truth[3]])
        rest = await reader.page(9, first["nextToken"])
        assert _ids(rest) == [truth[2], *truth[4:]]
        assert _truth(emulator, table) == [truth[0], truth[2], *truth[4:]]


async def test_rows_that_are_not_there(started: Any) -> None:
    """A wrong id, table or member is a mistake of the test, and named."""
    async with started(leads=2) as (emulator, _):
        [row_id, _] = _truth(emulator)
        with pytest.raises(ValueError, match="id='x' is no row of enrich_leads"):
            emulator.update("enrich_leads", "x", {})
        with pytest.raises(ValueError, match="id='x' is no row of source_leads"):
            emulator.delete("source_leads", ["x"])
        with pytest.raises(ValueError, match="table='leads' is not one of"):
            emulator.update("leads", row_id, {})
        with pytest.raises(ValueError, match="table='leads' is not one of"):
            emulator.delete("leads", [row_id])
        with pytest.raises(ValueError, match="changes has company_id, id: a row keeps its own"):
            emulator.update("enrich_leads", row_id, {"id": "x", "company_id": "company-2"})


async def test_chains_wait_side_by_side(started: Any) -> None:
    """The latency of one chain holds up no other."""
    async with started(leads=5, latency=0.2) as (emulator, session):
        reader = Reader(emulator, session)
        began = time.perf_counter()
        await asyncio.gather(*(reader.page(5) for _ in range(10)))
        assert 0.2 <= time.perf_counter() - began < 1.0
