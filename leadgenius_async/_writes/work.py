"""What the steps of an import share."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeVar, TypeVarTuple

import anyio
from anyio import CapacityLimiter
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from leadgenius_async import errors
from leadgenius_async._extract.first_error import first_error
from leadgenius_async._extract.in_thread import in_thread
from leadgenius_async._writes.defaults import BATCH, SETTLE
from leadgenius_async._writes.journal import Journal
from leadgenius_async._writes.records import Outgoing
from leadgenius_async._writes.report import Mode
from leadgenius_async._writes.service import Service

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

CONCURRENCY = 16  # requests under way; the gate paces them
#: Rows read from the journal at a time.
AT_A_TIME = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an import is to be done.

    Attributes:
        mode: `verified`; `at_most_once` never sends a row again; `fast` looks for nothing.
        batch_size: Rows of a request.
        settle: Seconds that a lost answer may take to be applied.
        stop: Whether the first row that is refused ends it.
    """

    mode: Mode = "verified"
    batch_size: int = BATCH
    settle: float = SETTLE
    stop: bool = False


class Group(NamedTuple):
    """Rows of one request.

    Attributes:
        rows: The rows.
        looks: Whether they are a batch that is looked for at once, to see whether batches are
            stored by now, or still.
    """

    rows: list[Outgoing]
    looks: bool = False


class Work:
    """An import under way.

    Args:
        service: What it writes to.
        journal: What of it is durable.
        options: How it is done.

    Attributes:
        waits_until: Until when it lets the service settle; 0 while it does not.
    """

    def __init__(self, service: Service, journal: Journal, options: Options) -> None:
        self.service = service
        self.journal = journal
        self.options = options
        self.waits_until = 0.0
        self._thread = CapacityLimiter(1)

    async def do(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """Do something with the journal, one thing at a time, apart from the event loop."""
        return await in_thread(work, *args, limiter=self._thread)

    async def wait(self, seconds: float) -> None:
        """Let the service settle."""
        self.waits_until = anyio.current_time() + seconds
        await anyio.sleep(seconds)
        self.waits_until = 0.0

    def stop_at(self, line: int, said: str | None) -> None:
        """Take notice that a row was refused.

        Raises:
            ImportStopped: That was to be the end.
        """
        if self.options.stop:
            raise errors.ImportStopped(f"line {line:,}: {said}")


@asynccontextmanager
async def workers(
    work: Callable[[Group], Awaitable[None]],
) -> AsyncGenerator[MemoryObjectSendStream[Group]]:
    """Give a stream whose groups are worked on, some at a time."""
    send, receive = anyio.create_memory_object_stream[Group](0)

    async def each(groups: MemoryObjectReceiveStream[Group]) -> None:
        async with groups:
            async for group in groups:
                await work(group)

    try:
        async with anyio.create_task_group() as tasks, send:
            for _ in range(CONCURRENCY):
                tasks.start_soon(each, receive.clone())
            receive.close()
            yield send
    except BaseExceptionGroup as group:
        raise first_error(group) from None
