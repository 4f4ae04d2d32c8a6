"""The three settings over plain HTTP."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator

PATHS = ["/api/settings/url", "/api/settings/agent", "/api/settings/sdr-ai"]
FIELD = {PATHS[0]: "companyUrl", PATHS[1]: "projectId", PATHS[2]: "message1AgentId"}


async def _send(
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    method: str,
    path: str,
    body: Any = None,
) -> tuple[int, Any]:
    async with session.request(method, path, json=body, headers=headers) as response:
        return response.status, await response.json()


async def _log_in(emulator: Emulator, session: aiohttp.ClientSession) -> dict[str, str]:
    login = {"username": emulator.ready.username, "password": emulator.ready.password}
    async with session.post("/api/auth", json=login) as response:
        tokens = (await response.json())["tokens"]
    return {"Authorization": f"Bearer {tokens['accessToken']}"}


@pytest.mark.parametrize("path", PATHS)
async def test_create_read_update(
    session: aiohttp.ClientSession, by_jwt: dict[str, str], by_other: dict[str, str], path: str
) -> None:
    """One document a company: null clears a field, the absent stay, the other company has none."""
    field = FIELD[path]
    assert (await _send(session, by_jwt, "GET", path))[1] == {"success": True, "settings": None}
    status, body = await _send(session, by_jwt, "POST", path, {field: "one", "unknown": "x"})
    assert (status, body["settings"][field]) == (201, "one")
    assert "unknown" not in body["settings"]
    status, body = await _send(session, by_jwt, "PUT", path, {})
    assert (status, body["settings"][field]) == (200, "one")
    _, body = await _send(session, by_jwt, "PUT", path, {field: None})
    assert body["settings"][field] is None
    assert (await _send(session, by_jwt, "GET", path))[1]["settings"] == body["settings"]
    assert (await _send(session, by_other, "GET", path))[1]["settings"] is None


@pytest.mark.parametrize(("strict", "created", "updated"), [(True, 409, 404), (False, 201, 200)])
async def test_strict_or_not(
    started: Any,
    strict: bool,  # noqa: FBT001 - a parameter
    created: int,
    updated: int,
) -> None:
    """A second create and an update of nothing are refused, or do what the other would."""
    async with started(settings_strict=strict) as (emulator, session):
        jwt = await _log_in(emulator, session)
        status, body = await _send(session, jwt, "PUT", PATHS[1], {"projectId": "p"})
        assert status == updated
        assert strict or body["settings"]["projectId"] == "p"
        await _send(session, jwt, "POST", PATHS[0], {"companyUrl": "one"})
        status, body = await _send(session, jwt, "POST", PATHS[0], {"emailFinder": "two"})
        assert status == created
        _, body = await _send(session, jwt, "GET", PATHS[0])
        assert body["settings"].get("emailFinder") == (None if strict else "two")
        assert body["settings"]["companyUrl"] == "one"


@pytest.mark.parametrize("path", PATHS)
async def test_a_login_is_needed(
    session: aiohttp.ClientSession, by_key: dict[str, str], path: str
) -> None:
    """An API key is refused (documented)."""
    for method in ("GET", "POST", "PUT"):
        assert (await _send(session, by_key, method, path, {FIELD[path]: "x"}))[0] == 401


@pytest.mark.parametrize("path", PATHS)
async def test_a_field_is_a_text(
    session: aiohttp.ClientSession, by_jwt: dict[str, str], path: str
) -> None:
    """A number is not."""
    for method in ("POST", "PUT"):
        status, body = await _send(session, by_jwt, method, path, {FIELD[path]: 7})
        assert (status, body["errorType"]) == (400, "invalid_value")
