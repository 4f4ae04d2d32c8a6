"""Work in a thread that is waited for, whatever comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import anyio
from anyio import CapacityLimiter, to_thread

from leadgenius_async._extract.first_error import first_error

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def in_thread(
    work: Callable[[*Ts], T], *args: *Ts, limiter: CapacityLimiter | None = None
) -> T:
    """Do something in a thread, apart from the event loop.

    In a task of its own: when asyncio cancels this one (Ctrl-C, `wait_for`), it then waits for the
    thread, as it would not where that is awaited directly. What the thread works on is closed next,
    and SQLite crashes the process if it is closed during a commit.
    """
    results: list[T] = []

    async def do() -> None:
        results.append(await to_thread.run_sync(work, *args, limiter=limiter))

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(do)
    except BaseExceptionGroup as group:
        raise first_error(group) from None
    return results[0]
