"""Campaigns, over plain HTTP."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator

PATH = "/api/campaigns"
MADE = {
    "name": "Q3 Expansion",
    "campaignType": "demand_gen",
    "description": "North",
    "status": "active",
    "client_id": "client-x",
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


async def test_create_and_list(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """A campaign keeps what it was made of, begins as a draft, and has its id at the top."""
    status, body = await _send(session, by_key, "POST", MADE)
    campaign = body["campaign"]
    assert (status, body["success"], body["id"]) == (201, True, campaign["id"])
    assert campaign == {
        **MADE,
        "id": body["id"],
        "owner": emulator.ready.user_id,
        "company_id": "company-1",
        "createdAt": campaign["createdAt"],
        "updatedAt": campaign["createdAt"],
    }
    _, second = await _send(session, by_key, "POST", {"name": "x", "campaignType": "abm"})
    assert second["campaign"]["status"] == "draft"
    status, body = await _send(session, by_key, "GET")
    assert (status, body["success"]) == (200, True)
    assert body["campaigns"] == [campaign, second["campaign"]]


async def test_filters_and_pages(session: aiohttp.ClientSession, by_key: dict[str, str]) -> None:
    """Pages go by number and say how many there are; filters count with them."""
    for number in range(5):
        type_ = "nurture" if number % 2 else "abm"
        await _send(session, by_key, "POST", {"name": f"c{number}", "campaignType": type_})
    _, body = await _send(session, by_key, "GET", page="2", pageSize="2", campaignType="abm")
    assert [each["name"] for each in body["campaigns"]] == ["c4"]
    assert body["pagination"] == {"page": 2, "pageSize": 2, "totalItems": 3, "totalPages": 2}
    _, body = await _send(session, by_key, "GET", page="3")
    assert body["campaigns"] == []
    _, body = await _send(session, by_key, "GET", status="archived")
    assert body["pagination"] == {"page": 1, "pageSize": 20, "totalItems": 0, "totalPages": 0}


@pytest.mark.parametrize(
    ("method", "body", "query"),
    [
        ("POST", {"campaignType": "abm"}, {}),
        ("POST", {"name": "x"}, {}),
        ("POST", {"name": "", "campaignType": "abm"}, {}),
        ("POST", {"name": "x", "campaignType": "webinar"}, {}),
        ("POST", {"name": "x", "campaignType": "abm", "status": "paused"}, {}),
        ("GET", None, {"status": "done"}),
        ("GET", None, {"campaignType": "webinar"}),
        ("GET", None, {"pageSize": "101"}),
        ("GET", None, {"page": "0"}),
    ],
)
async def test_what_is_wrong_is_a_400(
    session: aiohttp.ClientSession,
    by_key: dict[str, str],
    method: str,
    body: Any,
    query: dict[str, str],
) -> None:
    """A name, a known type, and one of the states that there are."""
    status, answer = await _send(session, by_key, method, body, **query)
    assert (status, answer["success"]) == (400, False)
    assert (await _send(session, by_key, "GET"))[1]["campaigns"] == []


async def test_credentials(
    session: aiohttp.ClientSession, by_key: dict[str, str], by_jwt: dict[str, str]
) -> None:
    """Either is taken, which is assumed."""
    for headers in (by_key, by_jwt):
        assert (await _send(session, headers, "POST", MADE))[0] == 201
        assert (await _send(session, headers, "GET"))[0] == 200
    assert (await _send(session, {}, "POST", MADE))[0] == 401
    assert (await _send(session, {}, "GET"))[0] == 401


async def test_keys_may_be_refused() -> None:
    """Without `keys_everywhere` a login alone is taken."""
    async with (
        Emulator(leads=0, source_leads=0, clients=1, keys_everywhere=False) as emulator,
        aiohttp.ClientSession(emulator.base_url) as session,
    ):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        assert (await _send(session, key, "GET"))[0] == 401


async def test_another_company_sees_nothing(
    session: aiohttp.ClientSession, by_key: dict[str, str], other_key: dict[str, str]
) -> None:
    """Each company lists its own."""
    await _send(session, other_key, "POST", MADE)
    assert (await _send(session, by_key, "GET"))[1]["campaigns"] == []
    assert len((await _send(session, other_key, "GET"))[1]["campaigns"]) == 1
