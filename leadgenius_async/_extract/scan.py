"""Bulk lists → an Arrow stream for any thread to pull, whether or not it runs an event loop."""

from __future__ import annotations

import asyncio
import importlib
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from itertools import chain, repeat
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeAlias

from leadgenius_async.errors import ConfigurationError, LeadGeniusError

if TYPE_CHECKING:
    import pandas as pd  # pyright: ignore[reportMissingModuleSource] - its stubs are enough
    import polars as pl
    import pyarrow as pa

    Batches: TypeAlias = AbstractAsyncContextManager[AsyncIterator[pa.RecordBatch]]
    #: Called in the thread that pulls; gives the batches in the event loop that it is entered in.
    Open: TypeAlias = Callable[[], Batches]
    #: What the thread hands over: batches, then None, or what it failed with.
    Handed: TypeAlias = SimpleQueue[pa.RecordBatch | BaseException | None]

#: Batches that are fetched one by one: a query with a limit pulls as many, whatever it needs.
ALONE = 2  # as DuckDB 1.1 does; 2.0 pulls one
#: The thread is waited for so long when a scan ends. It may have a page to decode, or a login to
#: save; a garbage collection that ends it may have a lock that the thread waits for.
_CLOSING = 10.0  # seconds

_READ = (
    "the rows of this scan were asked for before, and they can be taken once: scan again, or take "
    "them by to_arrow() and use that table"
)
_CLOSED = "this scan was closed, by close(), before all its rows were taken: scan again"


class Scan:
    """Leads as a stream of Arrow record batches that other tools read; see `scan`.

    It can be given to whatever takes the Arrow PyCapsule interface: `polars.DataFrame(scan)`,
    `duckdb.sql("from scan")`, `pandas.DataFrame.from_arrow(scan)`, `pyarrow.table(scan)`,
    `deltalake.write_deltalake(path, scan)`.

    Attributes:
        schema: The columns, known without a request.
    """

    def __init__(self, schema: pa.Schema, open_: Open) -> None:
        self.schema: pa.Schema = schema
        self._open = open_
        self._is_read = self._is_closed = False
        self._fetching: _Fetching | None = None
        self._turn = threading.RLock()  # a signal's handler may close it

    def to_arrow(self) -> pa.Table:
        """Return all rows as a table.

        Raises:
            RuntimeError: The rows were taken before.
            LeadGeniusError: See `errors`.
        """
        import pyarrow as pa  # noqa: PLC0415 - as everywhere in here: not loaded by this module

        return pa.Table.from_batches(self._batches(), self.schema)

    def to_polars(self) -> pl.DataFrame:
        """Return all rows as a data frame of polars.

        Raises:
            ConfigurationError: It is not installed; nothing was requested.
            RuntimeError: The rows were taken before.
            LeadGeniusError: See `errors`.
        """
        _require("polars")
        import polars as pl  # noqa: PLC0415 - as above

        # Batch by batch: a table of them all would be in memory beside the frame.
        empty = self.schema.empty_table()
        return pl.concat([pl.DataFrame(empty), *map(pl.DataFrame, self._batches())])

    def to_pandas(self) -> pd.DataFrame:
        """Return all rows as a data frame of pandas.

        Raises:
            ConfigurationError: It is not installed; nothing was requested.
            RuntimeError: The rows were taken before.
            LeadGeniusError: See `errors`.
        """
        _require("pandas")
        return self.to_arrow().to_pandas()

    def close(self) -> None:
        """End its fetching, from any thread; whoever pulls gets an error, and who begins to.

        It does not wait for the end, which comes with what is on its way: a login that is being
        renewed is saved still. After the last row it does nothing.

        ```python
        scan = lg.enrich_leads.scan(fields=["id"])
        try:
            table = await asyncio.wait_for(asyncio.to_thread(scan.to_arrow), 60)
        finally:
            scan.close()
        ```
        """
        with self._turn:
            self._is_closed = True
            fetching = self._fetching
        if fetching is not None:
            fetching.stop()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """Give the batches; nothing is requested before the first is asked for."""
        # Not `__iter__`: pandas.DataFrame(scan) would make a column of record batches.
        fetching = self._begin()
        try:
            while (batch := fetching.next()) is not None:
                yield batch
                del batch  # it would stay in memory while the next one is awaited
        finally:
            self._fetching = None
            fetching.close()

    def _begin(self) -> _Fetching:
        with self._turn:
            if self._is_closed or self._is_read:
                raise RuntimeError(_READ if self._is_read else _CLOSED)
            batches = self._open()
            self._is_read = True
            self._fetching = _Fetching(batches)
            return self._fetching

    def __arrow_c_schema__(self) -> object:
        """Return the schema for another tool."""
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return a stream for another tool; some ask for several, and pull one of them."""
        import pyarrow as pa  # noqa: PLC0415 - as above

        reader = pa.RecordBatchReader.from_batches(self.schema, _briefly(self._batches()))
        stream: object = reader.__arrow_c_stream__(requested_schema)  # type: ignore[no-untyped-call] # its stubs
        return stream


def _require(tool: str) -> None:
    """Say how to install it before rows are fetched in vain."""
    try:
        importlib.import_module(tool)
    except ImportError as error:
        raise ConfigurationError(f"{error}: pip install {tool}") from None


def _briefly(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Give batches, and errors without their traces: tools show the trace with the message."""
    try:
        yield from batches
    except (LeadGeniusError, KeyboardInterrupt) as error:
        raise error.with_traceback(None) from None


class _Fetching:
    """The thread that fetches, with an event loop of its own, as far as its consumer has come.

    Behind the first `ALONE` batches it fetches none ahead, so that a few rows cost few pages; then
    a batch is ready and the next page on its way.

    Attributes:
        close: Ends the thread. It is called when this object goes away too, or the interpreter
            ends: no thread would get on any more then.
    """

    def __init__(self, batches: Batches) -> None:
        self._handed: Handed = SimpleQueue()
        self._room = asyncio.Semaphore(0)
        #: Batches that are allowed with each that is asked for; the first is from the start.
        self._allowed = chain([0], repeat(1, ALONE - 1), [2], repeat(1))
        self._loop = asyncio.new_event_loop()
        task = self._loop.create_task(_hand_over(batches, self._handed, self._room))
        thread = threading.Thread(
            target=_run, args=(self._loop, task), name="leadgenius-scan", daemon=True
        )
        self._task = task
        thread.start()
        self.close = weakref.finalize(self, _end, self._loop, task, thread)

    def next(self) -> pa.RecordBatch | None:
        """Wait for the next batch; None is the end.

        Raises:
            LeadGeniusError: See `errors`.
        """
        for _ in range(next(self._allowed)):
            with suppress(RuntimeError):  # the loop has ended: all is handed over
                self._loop.call_soon_threadsafe(self._room.release)
        found = self._handed.get()
        if isinstance(found, BaseException):
            raise found
        return found

    def stop(self) -> None:
        """End it without waiting, and tell whoever waits for a batch."""
        self._handed.put(RuntimeError(_CLOSED))
        _cancel(self._loop, self._task)


async def _hand_over(batches: Batches, handed: Handed, room: asyncio.Semaphore) -> None:
    try:
        async with batches as found:
            async for batch in found:
                handed.put(batch)
                del batch
                await room.acquire()
    except BaseException as error:  # noqa: BLE001 - raised where the batches are asked for
        handed.put(error)
    else:
        handed.put(None)


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    try:
        loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _end(
    loop: asyncio.AbstractEventLoop, task: asyncio.Task[None], thread: threading.Thread
) -> None:
    _cancel(loop, task)
    if thread is not threading.current_thread():
        thread.join(_CLOSING)


def _cancel(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    """Cancel it once: a second time would cut short how it ends."""

    def cancel() -> None:
        if not task.cancelling():
            task.cancel()

    with suppress(RuntimeError):  # it has ended by itself
        loop.call_soon_threadsafe(cancel)
