"""Waiting for runs: how often they are asked for, and how it ends. On a virtual clock."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from virtual_clock import VIRTUAL

from leadgenius_async import errors
from leadgenius_async._resources.waiting import FINISHED, SHOWN_WITHIN, until_finished


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL


class Service:
    """Runs that end at a time, with the status that they end with."""

    def __init__(self, **ends: tuple[float, str]) -> None:
        self.ends = ends
        self.asked: list[tuple[float, str]] = []

    async def fetch(self, run_id: str) -> str:
        now = anyio.current_time()
        self.asked.append((round(now, 3), run_id))
        end, status = self.ends[run_id]
        return status if now >= end else "NEW_STATE"


async def follow(service: Service, *ids: str, deadline: float = 600.0) -> list[str]:
    return await until_finished(ids, service.fetch, str, deadline=deadline, what="runs")


async def test_the_pauses_double_up_to_fifteen_seconds() -> None:
    """1, 2, 4, 8, then 15 s; the first question comes at once."""
    service = Service(a=(50.0, "COMPLETED"))
    assert await follow(service, "a") == ["COMPLETED"]
    assert [at for at, _ in service.asked] == [0, 1, 3, 7, 15, 30, 45, 60]


async def test_what_is_finished_is_not_asked_again() -> None:
    """Each run once too often at the most; the answers stand in the order of the ids."""
    service = Service(slow=(2.0, "COMPLETED"), quick=(0.0, "FAILED"))
    assert await follow(service, "slow", "quick", "slow") == ["COMPLETED", "FAILED", "COMPLETED"]
    assert [run_id for _, run_id in service.asked] == ["slow", "quick", "slow", "slow"]


@pytest.mark.parametrize("status", sorted(FINISHED | {"Completed", "timed_out"}))
async def test_the_last_states(status: str) -> None:
    """Whatever it is, it is returned and not raised; upper and lower case are one."""
    service = Service(a=(0.0, status))
    assert await follow(service, "a") == [status]
    assert len(service.asked) == 1


async def test_the_deadline_names_what_is_unfinished() -> None:
    """With the status that it was last seen in; what is finished is not named."""
    service = Service(done=(0.0, "COMPLETED"), never=(1e9, "COMPLETED"))
    with pytest.raises(errors.DeadlineExceeded, match=r"within 20 s .*never \(NEW_STATE\)") as c:
        await follow(service, "done", "never", deadline=20)
    assert "done" not in str(c.value)
    assert anyio.current_time() == pytest.approx(20)


async def test_a_question_that_is_not_answered_is_named_too() -> None:
    """The deadline ends a request under way as well."""

    async def fetch(run_id: str) -> str:
        await anyio.sleep(3600)
        return run_id

    with pytest.raises(errors.DeadlineExceeded, match=r"a \(not asked for\)"):
        await until_finished(["a"], fetch, str, deadline=5, what="runs")


@pytest.mark.parametrize("deadline", [0.0, -1.0, float("nan")])
async def test_a_deadline_is_above_zero(deadline: float) -> None:
    """Nothing is asked for."""
    service = Service(a=(0.0, "COMPLETED"))
    with pytest.raises(ValueError, match="deadline is"):
        await follow(service, "a", deadline=deadline)
    assert not service.asked


async def test_nothing_to_wait_for() -> None:
    """No run is no question."""
    assert await follow(Service()) == []


async def test_what_was_just_started_may_not_be_shown_yet() -> None:
    """A read may lag a write: not found counts as unfinished for a while, and then as not found."""
    asked: list[float] = []

    async def fetch(run: str) -> str:
        asked.append(anyio.current_time())
        if len(asked) < 3:
            raise errors.NotFound(run)
        return "COMPLETED"

    ended = await until_finished(["a"], fetch, str, deadline=60, what="runs")
    assert ended == ["COMPLETED"]
    assert [round(moment - asked[0]) for moment in asked] == [0, 1, 3]

    async def never(run: str) -> str:
        raise errors.NotFound(run)

    began = anyio.current_time()
    with pytest.raises(errors.NotFound):
        await until_finished(["a"], never, str, deadline=60, what="runs")
    assert SHOWN_WITHIN <= anyio.current_time() - began < 2 * SHOWN_WITHIN
