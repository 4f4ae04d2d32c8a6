"""Rate limits, and what the headers say about them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, strategies as st

from leadgenius_async.emulator.limits import (
    FirstRequestWindow,
    FixedWindow,
    Limiter,
    SlidingLog,
    Together,
    TokenBucket,
    WeightedWindow,
    rate_limiter,
)

MODELS = [SlidingLog, FixedWindow, FirstRequestWindow, WeightedWindow, TokenBucket]

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


def _admitted(limiter: Limiter, at: float, most: int = 1_000) -> int:
    """How many requests are admitted at one moment."""
    return next(n for n in range(most) if not limiter.ask("a", at).admitted)


def test_fixed_windows_begin_by_the_clock() -> None:
    """Two windows' worth pass at the border of two minutes."""
    window = FixedWindow(5)
    assert _admitted(window, 119.9) == 5
    assert window.ask("a", 119.9).reset == 120.0
    assert _admitted(window, 120.0) == 5
    assert _admitted(window, 179.9) == 0


def test_a_window_begins_with_its_first_request() -> None:
    """It lasts 60 seconds from there, and nothing begins until somebody asks again."""
    window = FirstRequestWindow(5)
    assert window.ask("a", 100.0).reset == 160.0
    assert _admitted(window, 159.9) == 4
    assert _admitted(window, 170.0) == 5
    assert _admitted(window, 229.9) == 0
    assert _admitted(window, 230.0) == 5


def test_a_weighted_window_fades() -> None:
    """Halfway through a window, half of the one before still counts."""
    window = WeightedWindow(10)
    assert _admitted(window, 70.0) == 10
    assert _admitted(window, 150.0) == 5
    assert _admitted(window, 150.1) == 1
    assert _admitted(window, 300.0) == 10


def test_a_bucket_fills_one_by_one() -> None:
    """It holds no more than its size, and a token comes back after its share of the window."""
    bucket = TokenBucket(60, size=3)
    assert _admitted(bucket, 0.0) == 3
    assert bucket.ask("a", 0.5).retry_after == pytest.approx(0.5)
    assert _admitted(bucket, 1.0) == 1
    assert _admitted(bucket, 100.0) == 3
    assert _admitted(TokenBucket(60), 0.0) == 60


def test_several_windows() -> None:
    """A request that one window refuses is counted in none; the headers are of the tighter one."""
    windows = Together([SlidingLog(2), SlidingLog(3, 3_600.0)])
    assert windows.ask("a", 0.0).limit == 2
    assert windows.ask("a", 0.0).admitted
    assert windows.ask("a", 30.0).retry_after == 30.0
    assert windows.ask("a", 60.0).limit == 3
    refused = windows.ask("a", 61.0)
    assert (refused.admitted, refused.limit, refused.retry_after) == (False, 3, 3_539.0)
    assert windows.ask("a", 3_600.0).admitted


@pytest.mark.parametrize("model", MODELS)
@given(gaps=st.lists(st.floats(0, 20), max_size=50), limit=st.integers(1, 10))
def test_waiting_as_told_is_enough(model: type[SlidingLog], gaps: list[float], limit: int) -> None:
    """Whoever waits for Retry-After is admitted, whatever came before."""
    limiter, now = model(limit), 1_000.0
    for gap in gaps:
        now += gap
        permit = limiter.ask("a", now)
        assert 0 <= permit.remaining < limit
        if not permit.admitted:
            now += int(permit.headers("delta", now)["Retry-After"])
            assert limiter.ask("a", now).admitted


@pytest.mark.parametrize("model", MODELS)
def test_all_models_let_the_paced_through(model: type[SlidingLog]) -> None:
    """Requests 1.5 % slower than the limit are never refused."""
    limiter = model(100)
    assert all(limiter.ask("a", n * 60 / 98.5).admitted for n in range(1_000))


@pytest.mark.parametrize(
    ("dialect", "headers"),
    [
        ("epoch", {"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0",
                   "X-RateLimit-Reset": "161", "Retry-After": "51"}),
        ("epoch_ms", {"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0",
                      "X-RateLimit-Reset": "160250", "Retry-After": "51"}),
        ("delta", {"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0",
                   "X-RateLimit-Reset": "51", "Retry-After": "51"}),
        ("draft", {"ratelimit-limit": "1", "ratelimit-remaining": "0",
                   "ratelimit-reset": "51", "Retry-After": "51"}),
        ("none", {}),
    ],
)  # fmt: skip
def test_dialects(dialect: Any, headers: dict[str, str]) -> None:
    """The same refusal, in the words of different services."""
    log = SlidingLog(1)
    log.ask("a", 100.25)
    assert log.ask("a", 110.0).headers(dialect, 110.0) == headers


@pytest.mark.parametrize(
    ("model", "sort"),
    [
        ("sliding_log", SlidingLog),
        ("fixed", FixedWindow),
        ("first_request", FirstRequestWindow),
        ("weighted", WeightedWindow),
        ("bucket", TokenBucket),
    ],
)
def test_each_model_has_its_name(model: Any, sort: type[SlidingLog]) -> None:
    """What `rate_model` names is what counts, in each window; without a window nothing does."""
    limiter = rate_limiter([(5, 60.0), (9, 3_600.0)], model)
    assert isinstance(limiter, Together)
    assert [type(each) for each in limiter.models] == [sort, sort]
    assert rate_limiter([], model) is None


async def test_the_service_counts_as_it_is_told(started: Any) -> None:
    """The switches reach the limiter and the headers."""
    switches = {"rate": 50, "rate_model": "bucket", "bucket_size": 2, "rate_headers": "draft"}
    async with started(**switches) as (emulator, session):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        for status in (200, 200, 429):
            async with session.get("/api/clients", headers=key) as response:
                assert response.status == status
                assert int(response.headers["ratelimit-reset"]) <= 3
                assert "X-RateLimit-Limit" not in response.headers


async def test_the_rate_changes_while_it_runs(started: Any) -> None:
    """Another rate holds at once, counted anew; other switches leave the count alone."""
    async with started(rate=5) as (emulator, session):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        changes: list[dict[str, Any]] = [{}, {"read_lag": 1.0}, {"rate": 2}, {}, {}]
        seen: list[tuple[int, str]] = []
        for change in changes:
            emulator.change(**change)
            async with session.get("/api/clients", headers=key) as response:
                seen.append((response.status, response.headers["X-RateLimit-Remaining"]))
        assert seen == [(200, "4"), (200, "3"), (200, "1"), (200, "0"), (429, "0")]


async def test_hours_and_days(started: Any) -> None:
    """They hold without a rate too; the emulator's clock ends them."""
    async with started(rate="off", rate_hour=1, rate_day=2) as (emulator, session):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        for status in (200, 429, 200, 429):
            if status == 200:
                emulator.clock.advance(3_600)
            async with session.get("/api/clients", headers=key) as response:
                assert response.status == status
        assert int(response.headers["Retry-After"]) > 80_000


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
