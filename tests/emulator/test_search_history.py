"""The history of searches, over plain HTTP."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator

PATH = "/api/search-history"
MADE = {
    "searchName": "Heads of data",
    "searchDescription": "In the north",
    "searchCriteria": {"titles": ["Head of Data"]},
    "searchFilters": {"country": ["Norway"]},
    "client_id": "client-x",
    "clientName": "Client X",
    "icpId": "icp-1",
    "icpName": "Data people",
    "apifyActorId": "actor-1",
    "category": "outbound",
    "tags": ["q3", "north"],
}


async def _send(
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    method: str,
    body: Any = None,
    **query: str,
) -> tuple[int, Any]:
    async with session.request(method, PATH, params=query, json=body, headers=headers) as response:
        return response.status, await response.json()


async def test_create_update_list(
    emulator: Emulator, session: aiohttp.ClientSession, by_jwt: dict[str, str]
) -> None:
    """A search keeps every field of its create; an update changes status and metrics alone."""
    status, body = await _send(session, by_jwt, "POST", MADE)
    made = body["item"]
    assert (status, body["success"]) == (201, True)
    assert made == {
        **MADE,
        "id": made["id"],
        "status": "initiated",
        "owner": emulator.ready.user_id,
        "company_id": "company-1",
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
    }

    emulator.clock.advance(60)
    change = {"id": made["id"], "status": "completed", "leadsFound": 7, "owner": "me"}
    status, body = await _send(session, by_jwt, "PUT", change)
    changed = body["item"]
    assert status == 200
    assert changed == {
        **made,
        "status": "completed",
        "leadsFound": 7,
        "updatedAt": changed["updatedAt"],
    }
    assert changed["updatedAt"] > made["updatedAt"]

    status, body = await _send(session, by_jwt, "GET")
    assert (status, body) == (200, {"success": True, "items": [changed], "cursor": None})


async def test_filters_and_pages(session: aiohttp.ClientSession, by_jwt: dict[str, str]) -> None:
    """Each filter narrows; the cursor goes on where the page ended, for these filters alone."""
    for number in range(5):
        made = {**MADE, "searchName": f"s{number}", "icpId": f"icp-{number % 2}"}
        await _send(session, by_jwt, "POST", made)
    names: list[str] = []
    query, cursors = {"icpId": "icp-0", "limit": "2"}, []
    while True:
        _, body = await _send(session, by_jwt, "GET", **query)
        names += [item["searchName"] for item in body["items"]]
        if body["cursor"] is None:
            break
        query["cursor"] = body["cursor"]
        cursors.append(body["cursor"])
    assert names == ["s0", "s2", "s4"]
    for name, value in {"status": "failed", "category": "inbound", "client_id": "other"}.items():
        assert (await _send(session, by_jwt, "GET", **{name: value}))[1]["items"] == []
    status, body = await _send(session, by_jwt, "GET", icpId="icp-1", cursor=cursors[0])
    assert (status, body["errorType"]) == (400, "invalid_format")


@pytest.mark.parametrize(
    ("method", "body", "query"),
    [
        ("POST", {"searchName": ""}, {}),
        ("POST", {"category": "x"}, {}),
        ("POST", {"searchName": "x", "searchCriteria": "titles"}, {}),
        ("PUT", {"status": "failed"}, {}),
        ("PUT", {"id": "s1", "status": "done"}, {}),
        ("GET", None, {"status": "done"}),
        ("GET", None, {"limit": "0"}),
        ("GET", None, {"cursor": "garbled"}),
    ],
)
async def test_what_is_wrong_is_a_400(
    session: aiohttp.ClientSession,
    by_jwt: dict[str, str],
    method: str,
    body: Any,
    query: dict[str, str],
) -> None:
    """Names, states, objects and numbers are held to what is documented."""
    status, answer = await _send(session, by_jwt, method, body, **query)
    assert (status, answer["success"]) == (400, False)


async def test_credentials(
    session: aiohttp.ClientSession, by_key: dict[str, str], by_jwt: dict[str, str]
) -> None:
    """A create takes a key or a login, the rest a login alone."""
    assert (await _send(session, by_key, "POST", MADE))[0] == 201
    assert (await _send(session, by_jwt, "POST", MADE))[0] == 201
    assert (await _send(session, by_key, "GET"))[0] == 401
    assert (await _send(session, by_key, "PUT", {"id": "x"}))[0] == 401
    assert (await _send(session, {}, "POST", MADE))[0] == 401


async def test_another_company_sees_nothing(
    session: aiohttp.ClientSession, by_jwt: dict[str, str], other_key: dict[str, str]
) -> None:
    """What another company made is neither listed nor changed."""
    _, body = await _send(session, other_key, "POST", MADE)
    theirs = body["item"]["id"]
    assert (await _send(session, by_jwt, "GET"))[1]["items"] == []
    status, body = await _send(session, by_jwt, "PUT", {"id": theirs, "status": "failed"})
    assert (status, body["errorType"]) == (404, "not_found")
