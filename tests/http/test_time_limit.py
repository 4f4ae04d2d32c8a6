"""What ends a try: it takes back its own cancellation, and nobody else's."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
from virtual_clock import VIRTUAL

from leadgenius_async._http.clock import loop_time
from leadgenius_async._http.time_limit import TimeLimit


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL


def pending() -> int:
    """How often the task that runs is cancelled and has not been told."""
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


async def spend(seconds: float, *, within: float, error: Exception | None = None) -> TimeLimit:
    """Sleep within so many seconds, and fail at the end where there is something to fail with."""
    with TimeLimit() as limit:
        limit.move(loop_time() + within)
        try:
            await anyio.sleep(seconds)
        finally:
            if error is not None:
                raise error
    return limit


async def test_it_ends_at_its_time_and_the_task_goes_on() -> None:
    """What comes after it is not cancelled any more."""
    limit = await spend(100, within=10)
    assert limit.over
    assert loop_time() == pytest.approx(10)
    assert pending() == 0
    await anyio.sleep(5)
    assert loop_time() == pytest.approx(15)


async def test_without_a_time_it_does_not_end() -> None:
    """A try that queues has none of its own."""
    with TimeLimit() as limit:
        await anyio.sleep(1000)
    assert not limit.over


async def test_it_is_moved_either_way() -> None:
    """The last time counts."""
    with TimeLimit() as limit:
        limit.move(10)
        limit.move(30)
        await anyio.sleep(20)
        limit.move(25)
        await anyio.sleep(100)
    assert loop_time() == pytest.approx(25)


async def test_what_is_done_in_time_is_not_ended_later() -> None:
    """Its timer goes with it, also where an error ends it."""
    limit = await spend(1, within=10)
    with pytest.raises(ValueError, match="mine"):
        await spend(1, within=10, error=ValueError("mine"))
    await anyio.sleep(100)
    assert not limit.over


async def test_an_error_at_its_end_is_that_error() -> None:
    """Whoever is cancelled may fail at cleaning up."""
    with pytest.raises(ValueError, match="mine"):
        await spend(100, within=10, error=ValueError("mine"))
    assert pending() == 0


@pytest.mark.parametrize("after", [5, 10], ids=["before", "at its end"])
async def test_a_cancellation_of_somebody_else_is_theirs(after: float) -> None:
    """Before its end, or at the same moment."""
    task = asyncio.create_task(spend(100, within=10))
    asyncio.get_running_loop().call_at(after, task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


@pytest.mark.parametrize("after", [5, 10, 20], ids=["before", "at its end", "later"])
async def test_a_scope_or_a_time_out_around_it_holds(after: float) -> None:
    """A user's own, of anyio's or of asyncio's."""
    with anyio.move_on_after(after) as scope:
        limit = await spend(100, within=10)
        assert limit.over
        await anyio.sleep(100)
    assert scope.cancelled_caught
    assert pending() == 0
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(spend_twice(), after)
    assert pending() == 0
    assert loop_time() == pytest.approx(2 * after)


async def spend_twice() -> None:
    """Be ended once, and sleep on."""
    assert (await spend(100, within=10)).over
    await anyio.sleep(100)


async def test_one_within_another() -> None:
    """The inner one ends first, or the outer one ends both."""
    with TimeLimit() as outer:
        outer.move(20)
        with TimeLimit() as inner:
            inner.move(10)
            await anyio.sleep(100)
        assert (inner.over, outer.over) == (True, False)
        with TimeLimit() as inner:
            inner.move(30)
            await anyio.sleep(100)
    assert (inner.over, outer.over) == (False, True)


async def test_it_is_for_a_task() -> None:
    """There is nothing to cancel in a callback."""
    done = asyncio.get_running_loop().create_future()

    def enter() -> None:
        try:
            with TimeLimit():
                done.set_result(None)
        except RuntimeError as error:
            done.set_exception(error)

    asyncio.get_running_loop().call_soon(enter)
    with pytest.raises(RuntimeError, match="for a task"):
        await done
