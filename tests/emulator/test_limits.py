"""Rate limits, and what the headers say about them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, strategies as st

from leadgenius_async.emulator.limits import SlidingLog

HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def test_admits_up_to_the_limit() -> None:
    """So many requests are admitted in a window; the next is when the oldest leaves it."""
    log = SlidingLog(3)
    for second in range(3):
        permit = log.ask("a", 100.0 + second)
        assert (permit.admitted, permit.remaining) == (True, 2 - second)
    refused = log.ask("a", 110.5)

    assert not refused.admitted
    assert refused.headers() == {
        "X-RateLimit-Limit": "3",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "160",
        "Retry-After": "50",
    }
    assert not log.ask("a", 159.9).admitted
    assert log.ask("a", 160.0).admitted
    assert not log.ask("a", 160.5).admitted
    assert log.ask("a", 161.0).admitted


def test_reset_is_rounded_up() -> None:
    """Whoever waits as the headers say has waited long enough."""
    log = SlidingLog(1)
    log.ask("a", 100.25)
    headers = log.ask("a", 159.5).headers()

    assert headers["X-RateLimit-Reset"] == "161"
    assert headers["Retry-After"] == "1"


def test_keys_count_apart() -> None:
    """One account's requests take nothing from another."""
    log = SlidingLog(1)

    assert log.ask("a", 0.0).admitted
    assert log.ask("b", 0.0).admitted


@given(st.lists(st.floats(0, 20), max_size=200), st.integers(1, 10))
def test_no_window_has_more(gaps: list[float], limit: int) -> None:
    """However requests arrive, no 60 seconds have more admitted ones than the limit."""
    log = SlidingLog(limit)
    now = 0.0
    admitted: list[float] = []
    for gap in gaps:
        now += gap
        if log.ask("a", now).admitted:
            admitted.append(now)
    for place, at in enumerate(admitted):
        assert sum(at - 60 < other <= at for other in admitted[: place + 1]) <= limit


@pytest.mark.parametrize(("rate", "limit"), [("standard", "100"), ("premium", "1000"), (7, "7")])
async def test_headers(started: Any, rate: str | int, limit: str) -> None:
    """Each answer to a recognised caller carries the three headers, errors included."""
    async with started(rate=rate) as (emulator, session):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        async with session.get("/api/clients", headers=key) as response:
            assert response.headers["X-RateLimit-Limit"] == limit
            assert int(response.headers["X-RateLimit-Remaining"]) == int(limit) - 1
            assert 58 < int(response.headers["X-RateLimit-Reset"]) - time.time() < 62
        async with session.get("/api/enrich-leads/list", headers=key) as response:
            assert response.status == 400
            assert int(response.headers["X-RateLimit-Remaining"]) == int(limit) - 2
        async with session.get("/api/clients") as response:
            assert response.status == 401
            assert not any(name in response.headers for name in HEADERS)


async def test_429(started: Any) -> None:
    """Over the limit the answer is a 429 with Retry-After; the other company goes on."""
    async with started(rate=2) as (emulator, session):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        for _ in range(2):
            async with session.get("/api/clients", headers=key) as response:
                assert response.status == 200
        async with session.get("/api/clients", headers=key) as response:
            body = await response.json()
            assert response.status == 429
            assert 1 <= int(response.headers["Retry-After"]) <= 60
            assert response.headers["X-RateLimit-Remaining"] == "0"
            assert body["errorType"] == "rate_limit_exceeded"
        other = {"x-api-key": emulator.other.api_key, "x-user-id": emulator.other.user_id}
        async with session.get("/api/clients", headers=other) as response:
            assert response.status == 200

        assert emulator.log.count(status=429) == 1


async def test_off(started: Any) -> None:
    """Without a limit there are no headers about one."""
    async with started(rate="off") as (emulator, session):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        for _ in range(150):
            async with session.get("/api/clients", headers=key) as response:
                assert response.status == 200
                assert not any(name in response.headers for name in HEADERS)
