"""Bytes in flight stay below the budget, and nothing ever stands still for it."""

from __future__ import annotations

import anyio
import pytest
from virtual_clock import VIRTUAL

from leadgenius_async._extract.budget import ByteBudget


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


async def test_takers_wait_their_turn() -> None:
    """First come, first served: a small share does not pass a large one that waits."""
    budget = ByteBudget(100)
    order: list[str] = []

    async def take(name: str, size: int) -> None:
        await budget.take(size)
        order.append(name)

    await budget.take(50)
    await budget.take(40)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take, "large", 50)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(take, "small", 5)
        await anyio.wait_all_tasks_blocked()
        assert order == []
        budget.give_back(40)
        await anyio.wait_all_tasks_blocked()
        assert order == ["large"]
        budget.give_back(50)
    assert order == ["large", "small"]
    assert budget.taken == 55


async def test_a_share_is_at_most_half() -> None:
    """A page larger than the budget still gets through, beside a group that is nearly full."""
    budget = ByteBudget(100)
    await budget.take(49)
    assert await budget.take(10_000) == 50
    assert budget.taken == 99


async def test_a_cancelled_wait_takes_nothing() -> None:
    """A chain that is cancelled while it waits leaves the line."""
    budget = ByteBudget(100)
    await budget.take(50)
    await budget.take(50)
    with anyio.move_on_after(1):
        await budget.take(10)
    budget.give_back(50)
    assert budget.taken == 50
    with anyio.fail_after(1):
        await budget.take(50)


async def test_a_guess_is_corrected() -> None:
    """What was guessed too high lets others in; what was too low is counted all the same."""
    budget = ByteBudget(100)
    guess = await budget.take(50)
    budget.correct(guess, 20)
    assert budget.taken == 20
    budget.correct(20, 90)
    assert budget.taken == 90
