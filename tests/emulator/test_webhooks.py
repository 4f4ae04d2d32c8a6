"""Webhooks, over plain HTTP."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator

PATH = "/api/webhook-workbench"
MADE = {
    "name": "Replies",
    "platform": "heyreach",
    "description": "From the campaign",
    "platformConfig": '{"campaignId":7}',
    "client_id": "client-x",
}


async def _send(
    session: aiohttp.ClientSession, headers: dict[str, str], method: str, body: Any = None
) -> tuple[int, Any]:
    async with session.request(method, PATH, json=body, headers=headers) as response:
        return response.status, await response.json()


async def test_create_and_list(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """A webhook keeps what it was made of; its URL, with a secret of its own, comes once."""
    status, body = await _send(session, by_key, "POST", MADE)
    assert (status, body["success"]) == (201, True)
    webhook = body["webhook"]
    assert webhook == {
        **MADE,
        "id": webhook["id"],
        "owner": emulator.ready.user_id,
        "company_id": "company-1",
        "createdAt": webhook["createdAt"],
        "updatedAt": webhook["createdAt"],
    }
    place, _, secret = body["webhookUrl"].partition("?secret=")
    assert place == f"{emulator.base_url}/api/webhooks/heyreach/{webhook['id']}"
    assert len(secret) == 32

    _, second = await _send(session, by_key, "POST", {"name": "x", "platform": "generic"})
    assert secret not in second["webhookUrl"]
    assert second["webhook"]["description"] is None
    status, body = await _send(session, by_key, "GET")
    assert (status, body["success"]) == (200, True)
    assert body["webhooks"] == [webhook, second["webhook"]]


async def test_lists_may_show_the_urls() -> None:
    """Whether they do is not documented: `list_webhook_urls`."""
    async with (
        Emulator(leads=0, source_leads=0, clients=1, list_webhook_urls=True) as emulator,
        aiohttp.ClientSession(emulator.base_url) as session,
    ):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        _, made = await _send(session, key, "POST", MADE)
        _, listed = await _send(session, key, "GET")
    assert [each["webhookUrl"] for each in listed["webhooks"]] == [made["webhookUrl"]]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": None},
        {"platform": "smartlead"},
        {"platformConfig": {"campaignId": 7}},
    ],
)
async def test_what_is_wrong_is_a_400(
    session: aiohttp.ClientSession, by_key: dict[str, str], change: dict[str, Any]
) -> None:
    """A name, a known platform, and settings as text."""
    status, body = await _send(session, by_key, "POST", {**MADE, **change})
    assert (status, body["success"]) == (400, False)
    assert (await _send(session, by_key, "GET"))[1]["webhooks"] == []


async def test_credentials(
    session: aiohttp.ClientSession, by_key: dict[str, str], by_jwt: dict[str, str]
) -> None:
    """Both calls take a key or a login."""
    for headers in (by_key, by_jwt):
        assert (await _send(session, headers, "POST", MADE))[0] == 201
        assert (await _send(session, headers, "GET"))[0] == 200
    assert (await _send(session, {}, "POST", MADE))[0] == 401
    assert (await _send(session, {}, "GET"))[0] == 401


async def test_another_company_sees_nothing(
    session: aiohttp.ClientSession, by_key: dict[str, str], other_key: dict[str, str]
) -> None:
    """Each company lists its own."""
    await _send(session, other_key, "POST", MADE)
    assert (await _send(session, by_key, "GET"))[1]["webhooks"] == []
    assert len((await _send(session, other_key, "GET"))[1]["webhooks"]) == 1
