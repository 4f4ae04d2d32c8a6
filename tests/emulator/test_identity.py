"""Which credentials each call takes, and in which order they are tried."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator

ENRICH = "/api/enrich-leads/list?companyId=company-1&limit=1"
SOURCE = "/api/source-leads/list?companyId=company-1&limit=1"


async def _status(session: aiohttp.ClientSession, path: str, headers: dict[str, str]) -> int:
    async with session.get(path, headers=headers) as response:
        return response.status


async def _error(
    session: aiohttp.ClientSession, path: str, headers: dict[str, str]
) -> tuple[int, str]:
    async with session.get(path, headers=headers) as response:
        return response.status, (await response.json())["errorType"]


@pytest.mark.parametrize(
    ("path", "with_key", "with_jwt"),
    [
        (ENRICH, 200, 401),
        (SOURCE, 200, 401),
        ("/api/clients", 200, 200),
        ("/api/company", 401, 200),
        ("/api/agent-api-keys", 401, 200),
    ],
)
async def test_what_a_call_takes(
    *,
    session: aiohttp.ClientSession,
    by_key: dict[str, str],
    by_jwt: dict[str, str],
    path: str,
    with_key: int,
    with_jwt: int,
) -> None:
    """Bulk lists take the API key, company and keys the JWT, clients both, and none nothing."""
    assert await _status(session, path, by_key) == with_key
    assert await _status(session, path, by_jwt) == with_jwt
    assert await _error(session, path, {}) == (401, "no_valid_credentials")


async def test_bulk_with_jwt_by_switch(started: Any) -> None:
    """The bulk lists take a JWT where the switch says so."""
    async with started(bulk_accepts_jwt=True) as (emulator, session):
        login = {"username": emulator.ready.username, "password": emulator.ready.password}
        async with session.post("/api/auth", json=login) as response:
            token = (await response.json())["tokens"]["accessToken"]
        assert await _status(session, ENRICH, {"Authorization": f"Bearer {token}"}) == 200


async def test_cookies(session: aiohttp.ClientSession, by_jwt: dict[str, str]) -> None:
    """A browser's cookie is as good as the bearer token."""
    cookie = f"accessToken={by_jwt['Authorization'].removeprefix('Bearer ')}"
    assert await _status(session, "/api/company", {"Cookie": cookie}) == 200


async def test_key_without_user(emulator: Emulator, session: aiohttp.ClientSession) -> None:
    """An API key without the user's id is a 401."""
    key = {"x-api-key": emulator.ready.api_key}
    assert await _error(session, ENRICH, key) == (401, "no_valid_credentials")


async def test_key_of_another_user(emulator: Emulator, session: aiohttp.ClientSession) -> None:
    """An API key with somebody else's id, or an unknown key, is a 401."""
    mixed = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.other.user_id}
    unknown = {"x-api-key": "lgp_unknown", "x-user-id": emulator.ready.user_id}
    assert await _error(session, ENRICH, mixed) == (401, "authentication_error")
    assert await _error(session, ENRICH, unknown) == (401, "authentication_error")


@pytest.mark.parametrize(
    "token", ["", "garbage", "a.b.c", "é.é.é", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."]
)
async def test_bad_token(session: aiohttp.ClientSession, token: str) -> None:
    """Anything that the emulator has not signed is a 401."""
    headers = {"Authorization": f"Bearer {token}"}
    assert await _error(session, "/api/company", headers) == (401, "no_valid_tokens")


async def test_id_token(emulator: Emulator, session: aiohttp.ClientSession) -> None:
    """An id token does not stand for an access token."""
    login = {"username": emulator.ready.username, "password": emulator.ready.password}
    async with session.post("/api/auth", json=login) as response:
        token = (await response.json())["tokens"]["idToken"]
    headers = {"Authorization": f"Bearer {token}"}
    assert await _error(session, "/api/company", headers) == (401, "no_valid_tokens")


async def test_expired_token(started: Any) -> None:
    """An expired access token is a 401 that says so."""
    async with started(access_token_life=1e-9) as (emulator, session):
        login = {"username": emulator.ready.username, "password": emulator.ready.password}
        async with session.post("/api/auth", json=login) as response:
            token = (await response.json())["tokens"]["accessToken"]
        headers = {"Authorization": f"Bearer {token}"}
        status, error_type = await _error(session, "/api/company", headers)
        assert (status, error_type) == (401, "token_expired")


async def test_next_credentials_are_tried(
    session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """Where the first credentials are bad and others good, the call goes through."""
    mixed = {"Authorization": "Bearer garbage", **by_key}
    assert await _status(session, "/api/clients", mixed) == 200


async def test_first_error_is_told(session: aiohttp.ClientSession) -> None:
    """Where all credentials are bad, the error is that of the first."""
    both = {"Authorization": "Bearer garbage", "x-api-key": "lgp_unknown", "x-user-id": "nobody"}
    assert await _error(session, "/api/clients", both) == (401, "no_valid_tokens")
