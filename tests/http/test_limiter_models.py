"""The gate against five servers: no refusal and at least 98 % of the limit, over a million asks.

The gate's arithmetic runs alone here, under a clock that is a number; what it lets through is
late on its way by up to 0.9 s, and then asks each model of a rate limit that a service may have.
"""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable, Iterator

import anyio
import pytest
from virtual_clock import VIRTUAL

from leadgenius_async._http.limiter import Gate, Local
from leadgenius_async._http.limiter.ledger import Ledger, Terms
from leadgenius_async.emulator.limits import (
    FirstRequestWindow,
    FixedWindow,
    Limiter,
    SlidingLog,
    TokenBucket,
    WeightedWindow,
)

#: Of each case; there are 90: 3 limits, 1 or 4 holders, 3 kinds of lateness, 5 models.
SENDS = 12_000
LATEST = 0.9 - 1e-9  # seconds
WINDOW = 60.0


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


def grants(limit: float, holders: int, wake: Callable[[], float]) -> Iterator[float]:
    """Give the times at which holders of one ledger, who always want to send, may.

    Args:
        limit: Requests a minute.
        holders: Processes.
        wake: How late a timer goes off, seconds.
    """
    ledger, terms = Ledger(), [Terms(limit) for _ in range(holders)]
    asking = [(0.0, holder) for holder in range(holders)]
    while True:
        now, holder = heapq.heappop(asking)
        while not (wait := ledger.take(now, terms[holder])):
            yield now
        heapq.heappush(asking, (now + wait + wake(), holder))


def at_random(limit: float) -> Callable[[float], float]:
    """Each send is late by itself."""
    chance = random.Random(limit)  # noqa: S311 - lateness, no secret
    return lambda at: at + chance.uniform(0, LATEST)


def in_clumps(_limit: float) -> Callable[[float], float]:
    """Something on the way holds all sends for 0.9 s, and lets them go together."""
    return lambda at: math.ceil(at / LATEST) * LATEST


def across_a_border(_limit: float) -> Callable[[float], float]:
    """The last 0.9 s of every other minute arrive in the next one, which so has the most."""

    def arrival(at: float) -> float:
        border = math.ceil(at / (2 * WINDOW)) * 2 * WINDOW
        return border if border - at <= LATEST else at

    return arrival


def servers(limit: int) -> list[Limiter]:
    """Return the five models; the bucket holds as many as lateness can bring together."""
    return [
        FixedWindow(limit),
        FirstRequestWindow(limit),
        SlidingLog(limit),
        WeightedWindow(limit),
        TokenBucket(limit, size=math.ceil(1 + 0.985 * limit * 0.9 / WINDOW)),
    ]


@pytest.mark.parametrize("lateness", [at_random, in_clumps, across_a_border])
@pytest.mark.parametrize("holders", [1, 4])
@pytest.mark.parametrize("limit", [60, 100, 1000])
def test_no_server_refuses_anything(
    limit: int, holders: int, lateness: Callable[[float], Callable[[float], float]]
) -> None:
    """Timers go off up to 4 ms late, sends arrive up to 0.9 s late, and 98 % is used."""
    chance = random.Random(holders)  # noqa: S311 - lateness, no secret
    sent = list(itertools.islice(grants(limit, holders, lambda: chance.uniform(0, 0.004)), SENDS))
    assert (len(sent) - 1) / (sent[-1] - sent[0]) * WINDOW >= 0.98 * limit
    arrivals = sorted(map(lateness(limit), sent))
    for server in servers(limit):
        refused = sum(not server.ask("account", at).admitted for at in arrivals)
        assert refused == 0, type(server).__name__


@pytest.mark.parametrize("holders", [1, 4])
@pytest.mark.parametrize("limit", [60, 100, 1000])
async def test_the_gate_is_this_arithmetic(limit: int, holders: int) -> None:
    """As many gates with one book let the same through, at the same times."""
    book, sent = Local(), list[float]()

    async def hold(gate: Gate) -> None:
        while len(sent) < 500:
            sent.append(await gate.permit())

    async with anyio.create_task_group() as group:
        for _ in range(holders):
            group.start_soon(hold, Gate(limit, book))
    expected = list(itertools.islice(grants(limit, holders, lambda: 0.0), len(sent)))
    assert sent == pytest.approx(expected, abs=1e-3)


def test_the_bound_is_a_sharp_one() -> None:
    """Two seconds of lateness are too much, and the replay sees it."""
    sent = list(itertools.islice(grants(1000, 1, lambda: 0.0), SENDS))
    borders = [math.ceil(at / 120) * 120.0 for at in sent]
    held = [b if b - at <= 2 else at for at, b in zip(sent, borders, strict=True)]
    server = FixedWindow(1000)
    assert not all(server.ask("account", at).admitted for at in held)
