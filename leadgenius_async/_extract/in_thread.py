"""Work that is waited for, whatever comes: in a task of its own, or in a thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

import anyio
from anyio import CapacityLimiter, to_thread

from leadgenius_async._extract.first_error import first_error

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def in_own_task(work: Callable[[], Awaitable[T]]) -> T:
    """Do something in a task of its own.

    When asyncio cancels this one (Ctrl-C, `wait_for`), it then waits for the threads in which the
    other works, as it would not where they are awaited directly.
    """
    results: list[T] = []

    async def do() -> None:
        results.append(await work())

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(do)
    except BaseExceptionGroup as group:
        raise first_error(group) from None
    return results[0]


async def in_thread(
    work: Callable[[*Ts], T], *args: *Ts, limiter: CapacityLimiter | None = None
) -> T:
    """Do something in a thread, apart from the event loop.

    It is waited for: what it works on is closed next, and SQLite crashes the process if it is
    closed during a commit.
    """
    return await in_own_task(lambda: to_thread.run_sync(work, *args, limiter=limiter))
