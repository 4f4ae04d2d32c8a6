"""A thread that works on a file outlives nobody who would close it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from leadgenius_async._extract.in_thread import in_thread


@pytest.mark.fault("C3")
async def test_a_cancelled_task_waits_for_its_thread() -> None:
    """Ctrl-C cancels the main task by asyncio, from which no scope of anyio's shields it."""
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(30)
        ended.set()

    task = asyncio.ensure_future(in_thread(work))
    assert await asyncio.to_thread(begun.wait, 30)
    task.cancel()
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_what_it_raises_is_raised() -> None:
    """Alone, and not in a group."""
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 1, 0)
    assert await in_thread(divmod, 7, 2) == (3, 1)
