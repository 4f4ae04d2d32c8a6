"""Fixtures of the emulator's tests: plain HTTP, nothing of the SDK."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator
from leadgenius_async.emulator.structs import Member, Tenant

Started = Callable[..., AbstractAsyncContextManager[tuple[Emulator, aiohttp.ClientSession]]]


@asynccontextmanager
async def _started(**options: Any) -> AsyncGenerator[tuple[Emulator, aiohttp.ClientSession], None]:
    small: dict[str, Any] = {"leads": 0, "source_leads": 0, "clients": 3, "rate": "off"}
    async with (
        Emulator(**{**small, **options}) as emulator,
        aiohttp.ClientSession(emulator.base_url) as session,
    ):
        yield emulator, session


@pytest.fixture
def started() -> Started:
    """Start an emulator of one's own options; without rows unless some are asked for."""
    return _started


@pytest.fixture
async def session(emulator: Emulator) -> AsyncGenerator[aiohttp.ClientSession, None]:
    """Plain HTTP to the emulator, without credentials."""
    async with aiohttp.ClientSession(emulator.base_url) as session:
        yield session


@pytest.fixture
def by_key(emulator: Emulator) -> dict[str, str]:
    """Headers of the first company's API key."""
    return {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}


@pytest.fixture
def other_key(emulator: Emulator) -> dict[str, str]:
    """Headers of the second company's API key."""
    return {"x-api-key": emulator.other.api_key, "x-user-id": emulator.other.user_id}


@pytest.fixture
async def by_jwt(emulator: Emulator, session: aiohttp.ClientSession) -> dict[str, str]:
    """Headers of the first company's signed-in user."""
    return await _sign_in(session, emulator.ready)


@pytest.fixture
async def by_admin(emulator: Emulator, session: aiohttp.ClientSession) -> dict[str, str]:
    """Headers of the first company's signed-in admin."""
    return await _sign_in(session, emulator.ready.admin)


@pytest.fixture
async def by_member(emulator: Emulator, session: aiohttp.ClientSession) -> dict[str, str]:
    """Headers of the first company's signed-in member."""
    return await _sign_in(session, emulator.ready.member)


@pytest.fixture
async def by_other(emulator: Emulator, session: aiohttp.ClientSession) -> dict[str, str]:
    """Headers of the second company's signed-in admin."""
    return await _sign_in(session, emulator.other.admin)


async def _sign_in(session: aiohttp.ClientSession, user: Tenant | Member) -> dict[str, str]:
    login = {"username": user.username, "password": user.password}
    async with session.post("/api/auth", json=login) as response:
        tokens = (await response.json())["tokens"]
    return {"Authorization": f"Bearer {tokens['accessToken']}"}
