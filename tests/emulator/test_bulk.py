"""The bulk lists."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import Counter
from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator
from leadgenius_async.emulator.store import Store

PATHS = {"enrich_leads": "/api/enrich-leads/list", "source_leads": "/api/source-leads/list"}
both_tables = pytest.mark.parametrize("table", list(PATHS))


async def _page(
    session: aiohttp.ClientSession, headers: dict[str, str], table: str, **query: str
) -> Any:
    params = {"companyId": "company-1", **query}
    async with session.get(PATHS[table], params=params, headers=headers) as response:
        body = await response.json()
        assert response.status == 200, body
        return body


async def _chain(
    session: aiohttp.ClientSession, headers: dict[str, str], table: str, **query: str
) -> list[Any]:
    pages = [await _page(session, headers, table, **query)]
    while token := pages[-1]["nextToken"]:
        pages.append(await _page(session, headers, table, **query, nextToken=token))
    return pages


def _rows(pages: list[Any]) -> list[Any]:
    return [row for page in pages for row in page["data"]]


@both_tables
async def test_chain_serves_the_truth(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str], table: str
) -> None:
    """A chain read to its end serves every row once, in order, byte for byte."""
    served: list[bytes] = []
    token = ""
    while True:
        query = {"companyId": "company-1", "limit": "1", **({"nextToken": token} if token else {})}
        async with session.get(PATHS[table], params=query, headers=by_key) as response:
            raw = await response.read()
        data, _, rest = raw.removeprefix(b'{"success":true,"data":[').partition(b'],"nextToken":')
        served += [data] if data else []
        token = json.loads(b'{"nextToken":' + rest)["nextToken"]
        if token is None:
            break

    assert served == list(emulator.rows(table))


@both_tables
async def test_page(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str], table: str
) -> None:
    """A page has the documented envelope, and counts its rows in all and per client."""
    pages = await _chain(session, by_key, table, limit="50")

    for page in pages:
        assert list(page) == ["success", "data", "nextToken", "meta"]
        assert page["success"] is True
        assert page["meta"] == {
            "totalReturned": len(page["data"]),
            "queryMethod": "company_id-GSI",
            "clientSummary": Counter(row["client_id"] for row in page["data"]),
        }
    assert len(_rows(pages)) == emulator.ready.rows[table]


async def test_default_limit(started: Any) -> None:
    """Without a limit a page has up to 1,000 rows."""
    async with started(leads=1_001, habits=False) as (emulator, session):
        headers = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        page = await _page(session, headers, "enrich_leads")
        assert page["meta"]["totalReturned"] == 1_000


@pytest.mark.parametrize("limit", ["0", "5001", "-1", "1.5", "abc", "", "٣", "9" * 5_000])
async def test_bad_limit(
    session: aiohttp.ClientSession, by_key: dict[str, str], limit: str
) -> None:
    """A limit that is no whole number from 1 to 5,000 is a 400."""
    query = {"companyId": "company-1", "limit": limit}
    async with session.get(PATHS["enrich_leads"], params=query, headers=by_key) as response:
        assert response.status == 400
        assert (await response.json())["errorType"] == "invalid_value"


@both_tables
async def test_company_is_required(
    session: aiohttp.ClientSession, by_key: dict[str, str], table: str
) -> None:
    """Without a companyId the answer is a 400."""
    async with session.get(PATHS[table], headers=by_key) as response:
        assert response.status == 400
        assert (await response.json())["errorType"] == "missing_required_field"


@both_tables
async def test_foreign_company(
    emulator: Emulator,
    session: aiohttp.ClientSession,
    by_key: dict[str, str],
    other_key: dict[str, str],
    table: str,
) -> None:
    """Another's company is a 403; each company's rows name it and nobody else."""
    async with session.get(
        PATHS[table], params={"companyId": "company-2"}, headers=by_key
    ) as response:
        assert response.status == 403
        assert (await response.json())["errorType"] == "owner_mismatch"

    theirs = _rows(await _chain(session, other_key, table, companyId="company-2"))
    assert len(theirs) == emulator.other.rows[table]
    assert {(row["company_id"], row["owner"]) for row in theirs} == {
        ("company-2", emulator.other.user_id)
    }
    foreign_client = emulator.ready.clients[0].client_id
    pages = await _chain(session, other_key, table, companyId="company-2", clientId=foreign_client)
    assert _rows(pages) == []


async def test_foreign_company_by_switch(started: Any) -> None:
    """Where the switch says so, another's company is an empty list."""
    async with started(leads=5, foreign_company="empty") as (emulator, session):
        headers = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        page = await _page(session, headers, "enrich_leads", companyId="company-2")
        assert (page["data"], page["nextToken"]) == ([], None)


@pytest.mark.parametrize("everyone", ["ALL", "DEFAULT", ""])
async def test_all_clients(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str], everyone: str
) -> None:
    """`ALL`, `DEFAULT` and nothing are the same filter."""
    pages = await _chain(session, by_key, "source_leads", clientId=everyone)

    assert len(_rows(pages)) == emulator.ready.rows["source_leads"]
    assert pages[0]["meta"]["queryMethod"] == "company_id-GSI"


@both_tables
async def test_one_client(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str], table: str
) -> None:
    """A chain of one client has its rows alone; all clients' chains miss the invisible leads."""
    clients = emulator.ready.clients
    seen: list[str] = []
    for client in clients:
        pages = await _chain(session, by_key, table, clientId=client.client_id)
        assert {row["client_id"] for row in _rows(pages)} <= {client.client_id}
        assert pages[0]["meta"]["queryMethod"] == "client_id-GSI"
        seen += [row["id"] for row in _rows(pages)]
    hidden: list[str] = []
    for client in clients:
        pages = await _chain(session, by_key, table, clientId=client.id)
        hidden += [row["id"] for row in _rows(pages)]

    everyone = [json.loads(row)["id"] for row in emulator.rows(table)]
    assert len(hidden) == 2
    assert sorted(seen + hidden) == sorted(everyone)


@both_tables
async def test_projection(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str], table: str
) -> None:
    """`fields` serves the named fields that a row has, `id` always, unknown names never."""
    asked = ("email", "companyValueProp", "notes", "rawData", "state", "nobodyKnows", "email")
    pages = await _chain(session, by_key, table, fields=f" {' , '.join(asked)},,")

    truth = [json.loads(row) for row in emulator.rows(table)]
    assert _rows(pages) == [
        {name: row[name] for name in ("id", *asked) if name in row} for row in truth
    ]
    projected = emulator.rows_projected(table, asked)
    assert [json.loads(row) for row in projected] == _rows(pages)


async def test_projection_on_an_undeclared_field(
    session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """A field that nobody declared is served where a row has it and its name is asked for."""
    rows = _rows(await _chain(session, by_key, "enrich_leads", fields="intentTopic"))

    assert [row["intentTopic"] for row in rows if "intentTopic" in row] == [
        {"topic": "data quality", "weight": 0.7}
    ]


async def test_projection_of_nothing(
    session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """An empty `fields` asks for all fields."""
    page = await _page(session, by_key, "enrich_leads", fields=" ,", limit="1")
    assert len(page["data"][0]) > 50


async def test_tokens_go_with_their_listing(
    session: aiohttp.ClientSession, by_key: dict[str, str], emulator: Emulator
) -> None:
    """A token is good under another limit and projection, and for no other listing."""
    first = await _page(session, by_key, "enrich_leads", limit="5")
    token = first["nextToken"]
    again = await _page(session, by_key, "enrich_leads", limit="9", fields="id", nextToken=token)
    truth = [json.loads(row) for row in emulator.rows_projected("enrich_leads", ["id"])]
    served = len(first["data"])
    assert again["data"] == truth[served : served + len(again["data"])]

    client = emulator.ready.clients[0].client_id
    for table, query in [
        ("source_leads", {}),
        ("enrich_leads", {"clientId": client}),
    ]:
        params = {"companyId": "company-1", "nextToken": token, **query}
        async with session.get(PATHS[table], params=params, headers=by_key) as response:
            assert response.status == 400
            assert (await response.json())["errorType"] == "invalid_format"


async def test_token_of_another_company(
    session: aiohttp.ClientSession, by_key: dict[str, str], other_key: dict[str, str]
) -> None:
    """A token of another company opens nothing."""
    token = (await _page(session, by_key, "enrich_leads", limit="5"))["nextToken"]
    query = {"companyId": "company-2", "nextToken": token}
    async with session.get(PATHS["enrich_leads"], params=query, headers=other_key) as response:
        assert response.status == 400


@pytest.mark.parametrize("token", ["x", "é", "AAAA", base64.b64encode(b"x" * 200).decode()])
async def test_garbled_token(
    session: aiohttp.ClientSession, by_key: dict[str, str], token: str
) -> None:
    """A token that is none is a 400."""
    query = {"companyId": "company-1", "nextToken": token}
    async with session.get(PATHS["enrich_leads"], params=query, headers=by_key) as response:
        assert response.status == 400
        assert (await response.json())["errorType"] == "invalid_format"


async def test_page_timer(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """The emulator's own timer has one figure per page, in seconds."""
    await _page(session, by_key, "enrich_leads", limit="5")
    [seconds] = emulator.page_timer
    assert 0 < seconds < 1


async def test_latency(started: Any) -> None:
    """A bulk page is answered after the latency, in seconds, and no sooner."""
    async with started(latency=0.02) as (emulator, session):
        headers = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        began = time.perf_counter()
        await _page(session, headers, "enrich_leads")
        assert time.perf_counter() - began >= 0.02


async def test_latency_holds_the_building(started: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latency counts from the request's arrival: what building took is not waited for again."""
    async with started(latency=600.0) as (emulator, session):
        read = Store.page

        def slow(*args: Any) -> Any:
            emulator.clock.advance(600.0)
            return read(*args)

        monkeypatch.setattr(Store, "page", slow)
        headers = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        async with asyncio.timeout(30):
            await _page(session, headers, "enrich_leads")
