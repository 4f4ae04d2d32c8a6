"""API keys of the signed-in user."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator

PATH = "/api/agent-api-keys"


async def test_create_and_use(
    emulator: Emulator, session: aiohttp.ClientSession, by_jwt: dict[str, str]
) -> None:
    """A new key comes with status 200, is listed without its secret, and works at once."""
    body = {"name": "nightly", "description": "for the export"}
    async with session.post(PATH, json=body, headers=by_jwt) as response:
        assert response.status == 200
        created = await response.json()
    assert set(created) == {"success", "apiKey"}
    assert created["apiKey"].startswith("lgp_")

    async with session.get(PATH, headers=by_jwt) as response:
        text = await response.text()
        keys = (await response.json())["keys"]
    assert created["apiKey"] not in text
    assert set(keys[-1]) == {"id", "name", "description", "keyPrefix", "createdAt"}
    assert (keys[-1]["name"], keys[-1]["description"]) == ("nightly", "for the export")
    assert created["apiKey"].startswith(keys[-1]["keyPrefix"])

    used = {"x-api-key": created["apiKey"], "x-user-id": emulator.ready.user_id}
    async with session.get("/api/clients", headers=used) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        ({}, "missing_required_field"),
        ({"name": ""}, "missing_required_field"),
        ({"name": "a", "description": 7}, "invalid_value"),
        ([], "invalid_format"),
    ],
)
async def test_create_refused(
    session: aiohttp.ClientSession, by_jwt: dict[str, str], body: Any, error_type: str
) -> None:
    """A key needs a name; a body of another shape is a 400."""
    async with session.post(PATH, json=body, headers=by_jwt) as response:
        assert response.status == 400
        assert (await response.json())["errorType"] == error_type
