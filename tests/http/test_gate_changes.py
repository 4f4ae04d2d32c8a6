"""The gate when something changes under those who wait: limits, pauses, small limits, lateness."""

from __future__ import annotations

import asyncio
import bisect
import itertools
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVarTuple

import anyio
import pytest
from virtual_clock import VIRTUAL, VirtualLoop

from leadgenius_async._http.limiter import PERMIT_LIFE, Gate
from leadgenius_async._http.limiter.ledger import LAG

_Ts = TypeVarTuple("_Ts")


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL


async def all_permits(gate: Gate, tasks: int, changes: dict[float, Any]) -> list[float]:
    """Let tasks queue for one permit each, make the changes at their seconds, return the times."""
    granted: list[float] = []

    async def queue() -> None:
        granted.append(await gate.permit())

    async def change() -> None:
        start = anyio.current_time()
        for at, what in changes.items():
            await anyio.sleep(start + at - anyio.current_time())
            what()

    async with anyio.create_task_group() as group:
        group.start_soon(change)
        for _ in range(tasks):
            group.start_soon(queue)
    return granted


def most_in_a_minute(sent: list[float]) -> int:
    """Return the most sends in any half-open minute."""
    return max(bisect.bisect_left(sent, start + 60) - n for n, start in enumerate(sent))


@pytest.mark.parametrize("limit", [1, 2, 10, 16, 17, 33, 60, 100, 1000])
async def test_a_burst_after_a_rest_stays_below_the_limit(limit: int) -> None:
    """Rest fills the bucket; what it then lets through early must still fit, at any limit."""
    gate = Gate(limit)
    spacing = 60 / (0.985 * limit)
    sent: list[float] = []
    for burst in range(6):
        await anyio.sleep(burst * spacing)
        sent += [await gate.permit() for _ in range(limit + 2)]
    assert most_in_a_minute(sent) <= limit


@pytest.mark.parametrize("limit", [5, 20, 60])
async def test_a_burst_stays_below_the_limit_with_lateness_too(limit: int) -> None:
    """Sends that are 0.9 s late or not late at all, after a rest, at small limits."""
    gate = Gate(limit)
    await anyio.sleep(120)
    sent = [await gate.permit() for _ in range(3 * limit)]
    lateness = itertools.cycle([0.9 - 1e-6, *[0.0] * limit])
    arrivals = sorted(at + late for at, late in zip(sent, lateness, strict=False))
    assert most_in_a_minute(arrivals) <= limit


@pytest.mark.fault("R4")
async def test_a_higher_limit_holds_at_once_for_those_who_wait() -> None:
    """One may have to wait out the old spacing; the other hundred take the new pace."""
    gate = Gate()
    granted = await all_permits(
        gate, 101, {1.0: lambda: gate.observe({"x-ratelimit-limit": "1000"})}
    )
    assert gate.limit == 1000
    assert granted[-1] - granted[0] <= 60 / 98.5 + 1.0 + 101 * 60 / 985


@pytest.mark.fault("R4")
async def test_a_lower_limit_holds_at_once_for_those_who_wait() -> None:
    """Permits from the old, faster pace are dropped."""
    gate = Gate("premium")
    granted = await all_permits(gate, 40, {1.0: lambda: gate.observe({"x-ratelimit-limit": "60"})})
    later = [at for at in granted if at > granted[0] + 1.0]
    assert len(later) > 20
    assert all(b - a >= 0.99 * 60 / 59.1 for a, b in itertools.pairwise(later))


async def test_the_one_at_the_head_takes_the_new_pace_too() -> None:
    """Its permit is of the old pace when it comes, so it is dropped, and another one waited for."""
    gate = Gate("premium")
    granted = await all_permits(gate, 1, {0.01: lambda: gate.observe({"x-ratelimit-limit": "1"})})
    assert granted[0] >= 60


@pytest.mark.fault("R4")
async def test_a_number_stays_the_ceiling() -> None:
    """Lowered by the service and raised again, it comes back to what the caller wants to use."""
    gate = Gate(500)
    seen: list[float | None] = []
    for limit in ("100", "1000", "60", "600"):
        gate.observe({"x-ratelimit-limit": limit})
        seen.append(gate.limit)
    assert seen == [100, 500, 60, 500]


async def test_the_same_limit_again_changes_nothing() -> None:
    """Each answer says it; the pace does not begin anew with each."""
    gate = Gate("standard")
    first = await gate.permit()
    gate.observe({"x-ratelimit-limit": "100"})
    assert await gate.permit() - first == pytest.approx(60 / 98.5)


async def test_permits_come_in_the_order_of_asking() -> None:
    """Nobody is overtaken, not even across a pause and a new limit."""
    gate = Gate(100)
    order: list[int] = []

    async def queue(number: int) -> None:
        await gate.permit()
        order.append(number)

    async with anyio.create_task_group() as group:
        for number in range(30):
            group.start_soon(queue, number)
        await anyio.sleep(3)
        gate.pause(10)
        await anyio.sleep(12)
        gate.observe({"x-ratelimit-limit": "60"})
    assert order == sorted(order)


async def test_a_pause_may_grow_while_it_is_waited_out() -> None:
    """A second 429 moves the end; nobody leaves at the first one."""
    gate = Gate("premium")
    granted = await all_permits(gate, 5, {0.0: lambda: gate.pause(10), 9.0: lambda: gate.pause(30)})
    assert min(granted) >= 39
    assert gate.paused_for == 0


async def test_after_a_pause_nobody_makes_up_for_it() -> None:
    """The minute after is paced like any other; what was not sent stays unsent."""
    gate = Gate(60)
    granted = await all_permits(gate, 100, {5.0: lambda: gate.pause(40)})
    after = [at for at in granted if at >= granted[0] + 40]
    assert most_in_a_minute(granted) <= 60
    assert all(b - a >= 0.7 for a, b in itertools.pairwise(after))


async def test_a_permit_from_before_a_pause_is_not_used_in_it() -> None:
    """The connection was still being opened when the 429 came."""
    gate = Gate("off")
    granted = await gate.permit()
    gate.pause(20)
    assert await gate.renew(granted) == granted + 20


async def test_a_dropped_permit_is_not_given_to_another() -> None:
    """What one task wasted by a slow connection is spent: the pace is kept, not caught up."""
    gate = Gate(100)
    sent: list[float] = []
    for _ in range(20):
        granted = await gate.permit()
        await anyio.sleep(PERMIT_LIFE * 1.5)
        sent.append(await gate.renew(granted))
    assert all(b - a >= 2 * 0.75 * 60 / 98.5 for a, b in itertools.pairwise(sent))


async def test_a_task_that_gave_up_holds_up_nobody() -> None:
    """Neither in the queue nor at its head."""
    gate = Gate(100)

    async def give_up(seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await gate.permit()

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(give_up, 0.1)
        await anyio.sleep(0.2)
        start = anyio.current_time()
        await gate.permit()
        assert anyio.current_time() - start <= 60 / 98.5


class LateLoop(VirtualLoop):
    """Every timer goes off a millisecond late, as real ones do."""

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return super().call_at(when + 0.001, callback, *args, context=context)


@pytest.mark.fault("K4")
@pytest.mark.parametrize("anyio_backend", [("asyncio", {"loop_factory": LateLoop})])
async def test_late_timers_cost_nothing() -> None:
    """What one wake lost the next one has back: at 1,000 a minute 98 % is still used."""
    gate = Gate("premium")
    sent: list[float] = []
    with anyio.move_on_after(120):
        while True:
            sent.append(await gate.permit())
    assert (len(sent) - 1) / (sent[-1] - sent[0]) * 60 >= 980
    assert most_in_a_minute(sent) <= 1000


async def test_a_stall_is_not_made_up_for() -> None:
    """After ten seconds without a send only 13 ms are given back, not ten seconds."""
    gate = Gate(100)
    spacing = 60 / 98.5
    await gate.permit()
    await anyio.sleep(10)
    sent = [await gate.permit() for _ in range(10)]
    gaps = [b - a for a, b in itertools.pairwise(sent)]
    assert gaps[0] == pytest.approx(spacing - LAG, rel=1e-4)
    assert all(gap == pytest.approx(spacing, rel=1e-4) for gap in gaps[1:])
