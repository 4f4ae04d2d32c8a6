"""One table → one output folder: chains fetch, one thread decodes, another writes."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from leadgenius_async import errors
from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.chain import Chain, RawPage
from leadgenius_async._extract.columns import Decoded
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.parts import PartWriter
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import Query
from leadgenius_async._extract.report import ExportReport, PartitionReport, Progress
from leadgenius_async._extract.sinks import SUFFIXES, FileFormat, make_decoder
from leadgenius_async._http.call import Meter
from leadgenius_async._http.transport import Transport

#: Bytes in flight over all chains: pages on their way, and rows not yet in a file.
BUDGET = 64 * 2**20
CONCURRENCY = 16  # chains at a time
_TICK = 0.5  # seconds between progress reports while nothing arrives

OnProgress = Callable[[Progress], None]


class Export:
    """One run of an extraction.

    Args:
        transport: The way to the wire.
        query: What is asked for.
        partitions: The chains.
        out: The output folder.
        format_: `parquet` or `ndjson`.
        concurrency: Chains that run at a time.
        overwrite: Whether an export that stands in `out` is deleted first.
        allow_empty: Whether an export without a single row is a success.
        doubt: Why the chains together may not be everything that was asked for, or None.
        on_progress: Called with each page, and every half second while none comes.
    """

    def __init__(
        self,
        transport: Transport,
        query: Query,
        partitions: Sequence[Partition],
        *,
        out: Path,
        format_: FileFormat = "parquet",
        concurrency: int = CONCURRENCY,
        overwrite: bool = False,
        allow_empty: bool = False,
        doubt: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}: at least one chain has to run")
        self._transport = transport
        self._query = query
        self._partitions = {p: PartitionReport(client_id=p.client_id) for p in partitions}
        self._out = out
        self._format: FileFormat = format_
        self._concurrency = concurrency
        self._overwrite = overwrite
        self._allow_empty = allow_empty
        self._doubt = doubt
        self._on_progress = on_progress
        self._meters = {partition: Meter() for partition in partitions}
        self._page_size = PageSize(query.read, fixed=query.page_size)
        self._budget = ByteBudget(BUDGET)
        self._decoder = make_decoder(query, format_)
        self._job_id = secrets.token_hex(6)
        self._started_at = dt.datetime.now(dt.UTC)
        self._started = time.monotonic()
        self._rejects = 0

    async def run(self) -> ExportReport:
        """Extract everything, and return the report.

        Raises:
            ExportConflict: `out` holds another export.
            EmptyExport: There was no row at all.
            OSError: `out` cannot be written to.
            LeadGeniusError: See `errors`. Parts that were finished stand, and the manifest says
                that they are not all.
        """
        dataset = await to_thread.run_sync(self._open)
        writer = PartWriter(dataset, self._decoder, self._budget, self._job_id)
        try:
            await self._walk(writer)
            self._require_rows()
            await writer.close()
            return await self._finish(dataset)
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await self._stop_short(dataset, writer, error)
            raise

    def _open(self) -> Dataset:
        return Dataset(
            self._out,
            table=self._query.table,
            suffix=SUFFIXES[self._format],
            overwrite=self._overwrite,
        )

    async def _walk(self, writer: PartWriter) -> None:
        """Run all stages; the first error ends them all and is raised by itself."""
        pages_in, pages = anyio.create_memory_object_stream[RawPage](self._concurrency)
        decoded_in, decoded = anyio.create_memory_object_stream[Decoded[Any]](1)
        queue = deque(self._partitions)
        try:
            async with anyio.create_task_group() as ticking:
                ticking.start_soon(self._tick)
                async with anyio.create_task_group() as tasks, pages_in:
                    tasks.start_soon(self._decode_all, pages, decoded_in)
                    tasks.start_soon(self._write_all, decoded, writer)
                    for _ in range(min(self._concurrency, len(queue))):
                        tasks.start_soon(self._fetch_all, queue, pages_in.clone())
                    pages_in.close()
                ticking.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise _first(group) from None

    async def _fetch_all(
        self, queue: deque[Partition], pages: MemoryObjectSendStream[RawPage]
    ) -> None:
        async with pages:
            while queue:
                partition = queue.popleft()
                async for page in self._chain(partition).pages():
                    await pages.send(page)
                self._partitions[partition].done = True

    def _chain(self, partition: Partition) -> Chain:
        return Chain(
            self._transport,
            self._query,
            partition,
            page_size=self._page_size,
            budget=self._budget,
            meter=self._meters[partition],
        )

    async def _decode_all(
        self,
        pages: MemoryObjectReceiveStream[RawPage],
        decoded: MemoryObjectSendStream[Decoded[Any]],
    ) -> None:
        # One page at a time: decoding holds the interpreter lock, so a second thread gains nothing.
        async with pages, decoded:
            async for page in pages:
                content = await to_thread.run_sync(self._decoder, page)
                self._budget.correct(page.size, content.size)
                self._page_size.observe(content.rows, page.size)
                del page  # its body would stay in memory while the next one is awaited
                await decoded.send(content)

    async def _write_all(
        self, decoded: MemoryObjectReceiveStream[Decoded[Any]], writer: PartWriter
    ) -> None:
        async with decoded:
            async for content in decoded:
                self._count(content)
                await writer.write(content)
                self._report_progress()

    def _count(self, content: Decoded[Any]) -> None:
        partition = self._partitions[content.place.partition]
        partition.pages += 1
        partition.rows += content.rows
        self._rejects += len(content.rejects)

    def _require_rows(self) -> None:
        if self._rows_read() or self._rejects or self._allow_empty:
            return
        clients = f" of {', '.join(self._query.clients)}" if self._query.clients else ""
        raise errors.EmptyExport(
            f"{self._query.path} gave no row{clients} for company {self._query.company_id!r}: "
            "check the company id; if the table is really empty, allow it (--allow-empty)"
        )

    async def _finish(self, dataset: Dataset) -> ExportReport:
        report = self._report(dataset)
        report.incomplete_because = self._doubts(report)
        report.complete = report.incomplete_because is None
        await to_thread.run_sync(dataset.finish, report)
        return report

    def _doubts(self, report: ExportReport) -> str | None:
        read = self._rows_read()
        if report.rows != read:
            return f"{read:,} rows were read and {report.rows:,} stand in the files"
        if self._rejects:
            return f"{self._rejects:,} rows could not be read; they stand raw in rejects.ndjson"
        return self._doubt

    def _rows_read(self) -> int:
        return sum(partition.rows for partition in self._partitions.values())

    async def _stop_short(self, dataset: Dataset, writer: PartWriter, error: BaseException) -> None:
        """Leave whole parts only, and a manifest that says that they are not all."""
        await writer.abandon()
        if not dataset.parts:
            await to_thread.run_sync(dataset.leave_no_trace)
            return
        report = self._report(dataset)
        reason = "it was interrupted" if not isinstance(error, Exception) else str(error)
        report.incomplete_because = reason
        await to_thread.run_sync(dataset.finish, report)

    def _report(self, dataset: Dataset) -> ExportReport:
        for partition, meter in self._meters.items():
            self._partitions[partition].requests = meter.sends
        meters = self._meters.values()
        return ExportReport(
            job_id=self._job_id,
            table=self._query.table,
            company_id=self._query.company_id,
            out=str(self._out),
            format=self._format,
            fields=[field.name for field in self._query.wanted] if self._query.projected else None,
            rows=sum(part.rows for part in dataset.parts),
            bytes=sum(part.bytes for part in dataset.parts),
            wire_bytes=sum(meter.wire_bytes for meter in meters),
            requests=sum(meter.sends for meter in meters),
            pages=sum(partition.pages for partition in self._partitions.values()),
            retries=sum(meter.retries for meter in meters),
            throttled_seconds=round(max((meter.throttled for meter in meters), default=0.0), 3),
            rejects=self._rejects,
            seconds=round(time.monotonic() - self._started, 3),
            started_at=self._started_at.isoformat(timespec="seconds"),
            files=[str(self._out / part.file) for part in dataset.parts],
            partitions=list(self._partitions.values()),
            parts=dataset.parts,
        )

    async def _tick(self) -> None:
        while True:
            await anyio.sleep(_TICK)
            self._report_progress()

    def _report_progress(self) -> None:
        if self._on_progress is None:
            return
        partitions = self._partitions.values()
        meters = self._meters.values()
        self._on_progress(
            Progress(
                job_id=self._job_id,
                rows=self._rows_read(),
                pages=sum(partition.pages for partition in partitions),
                requests=sum(meter.sends for meter in meters),
                wire_bytes=sum(meter.wire_bytes for meter in meters),
                seconds=time.monotonic() - self._started,
                chains=len(partitions),
                chains_done=sum(partition.done for partition in partitions),
                limit=self._transport.gate.limit,
                throttled_for=self._transport.gate.paused_for,
            )
        )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
