"""The companies of a territory, over plain HTTP: figures of the stored leads."""

from __future__ import annotations

from collections import Counter
from typing import Any

import aiohttp
import msgspec
import pytest

from leadgenius_async.emulator import Emulator

PATH = "/api/territory-workbench/companies"
CLIENT = "client-t"
LEADS: list[dict[str, object]] = [
    {"companyName": "Alder", "status": "qualified", "aiLeadScore": "80", "industry": "Retail",
     "country": "Norway", "lastEngagementAt": "2026-03-01T00:00:00.000Z",
     "updatedAt": "2026-01-05T00:00:00.000Z"},
    {"companyName": "ALDER ", "status": "new", "aiLeadScore": {"ai_score": 70},
     "updatedAt": "2026-02-05T00:00:00.000Z"},
    {"companyName": "Birch", "status": "qualified", "aiLeadScore": 31.5, "industry": "Energy",
     "updatedAt": "2026-02-01T00:00:00.000Z"},
    {"companyName": "Birch", "status": "qualified", "aiLeadScore": None,
     "updatedAt": "2026-01-01T00:00:00.000Z"},
    {"companyName": "Birch", "status": "lost", "aiLeadScore": "high", "lastEngagementAt": {"a": 1},
     "updatedAt": "2026-01-02T00:00:00.000Z"},
    {"companyName": "Cedar", "status": "won", "updatedAt": "2026-01-31T23:59:00.000Z"},
    {"companyName": "", "status": "qualified"},
    {"status": "qualified"},
]  # fmt: skip


async def _send(
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    method: str,
    body: Any = None,
    **query: str,
) -> tuple[int, Any]:
    async with session.request(method, PATH, params=query, json=body, headers=headers) as response:
        return response.status, await response.json()


async def _names(
    session: aiohttp.ClientSession, headers: dict[str, str], **query: str
) -> list[str]:
    _, body = await _send(session, headers, "GET", client_id=CLIENT, **query)
    return [company["companyName"] for company in body["companies"]]


@pytest.fixture
def leads(emulator: Emulator) -> None:
    emulator.insert("enrich_leads", [{"client_id": CLIENT, **lead} for lead in LEADS])


@pytest.mark.usefixtures("leads")
async def test_figures(session: aiohttp.ClientSession, by_jwt: dict[str, str]) -> None:
    """Counts, mean score and last activity are those of the leads that name the company."""
    status, body = await _send(session, by_jwt, "GET", client_id=CLIENT)
    assert (status, body["success"], body["nextToken"]) == (200, True, None)
    alder, birch, cedar = body["companies"]
    assert alder == {
        "id": alder["id"],
        "companyName": "Alder",
        "industry": "Retail",
        "country": "Norway",
        "totalLeads": 2,
        "qualifiedLeads": 1,
        "averageLeadScore": 75.0,
        "lastActivityDate": "2026-03-01T00:00:00.000Z",
        "client_id": CLIENT,
    }
    assert (birch["totalLeads"], birch["qualifiedLeads"], birch["averageLeadScore"]) == (3, 2, 31.5)
    assert birch["lastActivityDate"] == "2026-02-01T00:00:00.000Z"
    assert (cedar["qualifiedLeads"], cedar["averageLeadScore"], cedar["country"]) == (0, None, None)


async def test_the_figures_of_the_sample_add_up(
    emulator: Emulator, session: aiohttp.ClientSession, by_jwt: dict[str, str]
) -> None:
    """All leads of a client are counted once, and a change is seen at once."""
    client_id = emulator.ready.clients[0].client_id
    rows = [msgspec.json.decode(row) for row in emulator.rows("enrich_leads", client_id=client_id)]
    _, body = await _send(session, by_jwt, "GET", client_id=client_id, limit="1000")
    figures = {each["companyName"]: each["totalLeads"] for each in body["companies"]}
    assert figures == Counter(row["companyName"] for row in rows)

    change = {"id": rows[0]["id"], "companyName": "Brand New"}
    async with session.put("/api/leads", json=change, headers=by_jwt) as response:
        assert response.status == 200
    _, body = await _send(session, by_jwt, "GET", client_id=client_id, search="brand n")
    assert [each["totalLeads"] for each in body["companies"]] == [1]


@pytest.mark.usefixtures("leads")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"sortDirection": "desc"}, ["Cedar", "Birch", "Alder"]),
        ({"sortBy": "totalLeads"}, ["Cedar", "Alder", "Birch"]),
        ({"sortBy": "averageLeadScore", "sortDirection": "desc"}, ["Alder", "Birch", "Cedar"]),
        ({"sortBy": "industry"}, ["Cedar", "Birch", "Alder"]),
        ({"industry": "retail"}, ["Alder"]),
        ({"minLeads": "2"}, ["Alder", "Birch"]),
        ({"maxLeads": "2"}, ["Alder", "Cedar"]),
        ({"minLeads": "3", "maxLeads": "2"}, []),
        ({"search": "R"}, ["Alder", "Birch", "Cedar"]),
        ({"search": "dar"}, ["Cedar"]),
        ({"startDate": "2026-02-01"}, ["Alder", "Birch"]),
        ({"endDate": "2026-01-31"}, ["Cedar"]),
        ({"startDate": "2026-01-31", "endDate": "2026-02-01"}, ["Birch", "Cedar"]),
    ],
)
async def test_filters_and_order(
    session: aiohttp.ClientSession,
    by_jwt: dict[str, str],
    query: dict[str, str],
    names: list[str],
) -> None:
    """Each filter narrows, bounds included; days are those of the last activity."""
    assert await _names(session, by_jwt, **query) == names


@pytest.mark.usefixtures("leads")
async def test_pages(session: aiohttp.ClientSession, by_jwt: dict[str, str]) -> None:
    """A token goes on where the page ended, for the same filters alone."""
    _, first = await _send(session, by_jwt, "GET", client_id=CLIENT, limit="2")
    token = first["nextToken"]
    assert len(first["companies"]) == 2
    assert await _names(session, by_jwt, limit="2", nextToken=token) == ["Cedar"]
    status, body = await _send(
        session, by_jwt, "GET", client_id=CLIENT, nextToken=token, search="a"
    )
    assert (status, body["errorType"]) == (400, "invalid_format")


@pytest.mark.usefixtures("leads")
async def test_save(session: aiohttp.ClientSession, by_jwt: dict[str, str]) -> None:
    """A new company is listed without leads; one that leads name keeps its id and figures."""
    _, body = await _send(session, by_jwt, "GET", client_id=CLIENT, search="alder")
    before = body["companies"][0]
    change = {"client_id": CLIENT, "companyName": "alder", "industry": "Timber"}
    status, body = await _send(session, by_jwt, "POST", change)
    assert (status, body["success"]) == (200, True)
    assert body["company"] == {**before, "companyName": "alder", "industry": "Timber"}

    clearing = {"client_id": CLIENT, "companyName": "Alder", "country": None}
    _, body = await _send(session, by_jwt, "POST", clearing)
    assert body["company"] == {**before, "industry": "Timber", "country": None}

    new = {"client_id": CLIENT, "companyName": "Dogwood"}
    _, body = await _send(session, by_jwt, "POST", new)
    assert (body["company"]["totalLeads"], body["company"]["averageLeadScore"]) == (0, None)
    assert await _names(session, by_jwt) == ["Alder", "Birch", "Cedar", "Dogwood"]
    assert await _names(session, by_jwt, endDate="2030-01-01") == ["Alder", "Birch", "Cedar"]


@pytest.mark.parametrize(
    ("method", "body", "query"),
    [
        ("GET", None, {}),
        ("GET", None, {"client_id": ""}),
        ("GET", None, {"client_id": "c", "sortBy": "size"}),
        ("GET", None, {"client_id": "c", "sortDirection": "up"}),
        ("GET", None, {"client_id": "c", "minLeads": "-1"}),
        ("GET", None, {"client_id": "c", "startDate": "soon"}),
        ("GET", None, {"client_id": "c", "limit": "1001"}),
        ("POST", {"companyName": "x"}, {}),
        ("POST", {"client_id": "c", "companyName": ""}, {}),
        ("POST", {"client_id": "c", "companyName": "x", "industry": 7}, {}),
    ],
)
async def test_what_is_wrong_is_a_400(
    session: aiohttp.ClientSession,
    by_jwt: dict[str, str],
    method: str,
    body: Any,
    query: dict[str, str],
) -> None:
    """A client is needed, and each parameter is of its kind."""
    status, answer = await _send(session, by_jwt, method, body, **query)
    assert (status, answer["success"]) == (400, False)


async def test_credentials(
    session: aiohttp.ClientSession, by_key: dict[str, str], by_jwt: dict[str, str]
) -> None:
    """A login alone is taken."""
    body = {"client_id": "c", "companyName": "x"}
    assert (await _send(session, by_key, "GET", client_id="c"))[0] == 401
    assert (await _send(session, by_key, "POST", body))[0] == 401
    assert (await _send(session, by_jwt, "POST", body))[0] == 200


async def test_another_company_sees_nothing(
    emulator: Emulator, session: aiohttp.ClientSession, by_jwt: dict[str, str]
) -> None:
    """Neither its leads nor what it saved, not even under its own client_id."""
    other = emulator.other
    login = {"username": other.username, "password": other.password}
    async with session.post("/api/auth", json=login) as response:
        theirs = {"Authorization": f"Bearer {(await response.json())['tokens']['accessToken']}"}
    client_id = other.clients[0].client_id
    await _send(session, theirs, "POST", {"client_id": client_id, "companyName": "Hidden"})
    _, seen = await _send(session, theirs, "GET", client_id=client_id)
    assert "Hidden" in [company["companyName"] for company in seen["companies"]]
    assert len(seen["companies"]) > 1
    _, body = await _send(session, by_jwt, "GET", client_id=client_id)
    assert body["companies"] == []
