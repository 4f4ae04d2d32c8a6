"""One table → one output folder, in phases that each can be gone on with.

plan → walk the chains → sweep, and fetch what they missed → drop what came twice → manifest
"""

from __future__ import annotations

import contextlib
import copy
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._extract import ids
from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.chain import RawPage
from leadgenius_async._extract.columns import Decoded, KeysDecoder
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.files import sync
from leadgenius_async._extract.journal import ChainState, Job
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.parts import PartWriter
from leadgenius_async._extract.plan import Partition, plan_recovery
from leadgenius_async._extract.planner import Plan
from leadgenius_async._extract.query import Query, keys_query
from leadgenius_async._extract.report import ExportReport, Kind, PartitionReport, Progress
from leadgenius_async._extract.rewrite import extra_fields, without_rows
from leadgenius_async._extract.schema import DatasetSchema, ExtraField, describe_schema
from leadgenius_async._extract.sinks import SUFFIXES, Decoder, FileFormat, make_decoder
from leadgenius_async._extract.walk import Walk, first_error
from leadgenius_async._http.call import Meter
from leadgenius_async._http.transport import Transport

#: Bytes in flight over all chains: pages on their way, and rows not yet in a file.
BUDGET = 64 * 2**20
CONCURRENCY = 16  # chains at a time
_TICK = 0.5  # seconds between progress reports while nothing arrives

_NO_SWEEP = (
    "the chains walked the known clients only, and no sweep looked for rows that they miss (leave "
    "out --no-sweep)"
)

OnProgress = Callable[[Progress], None]


class Export:
    """One run of an extraction.

    Args:
        transport: The way to the wire.
        query: What is asked for.
        job: The export; where an unfinished one of the same kind stands in `out`, it is gone on
            with.
        plan: Cuts a new export into chains.
        out: The output folder.
        format_: `parquet` or `ndjson`.
        concurrency: Chains that run at a time.
        overwrite: Whether an export that stands in `out` is deleted first.
        repair: Whether the journal of an unfinished one is built anew from its parts first.
        allow_empty: Whether an export without a single row is a success.
        on_progress: Called with each page, and every half second while none comes.
    """

    def __init__(
        self,
        transport: Transport,
        query: Query,
        job: Job,
        plan: Callable[[PageSize, Meter], Awaitable[Plan]],
        *,
        out: Path,
        format_: FileFormat = "parquet",
        concurrency: int = CONCURRENCY,
        overwrite: bool = False,
        repair: bool = False,
        allow_empty: bool = False,
        on_progress: OnProgress | None = None,
    ) -> None:
        if concurrency < 1:
            raise ValueError(f"concurrency is {concurrency}: at least one chain has to run")
        self._transport = transport
        self._query = query
        self._job = job
        self._plan = plan
        self._out = out
        self._format: FileFormat = format_
        self._concurrency = concurrency
        self._overwrite = overwrite
        self._repair = repair
        self._allow_empty = allow_empty
        self._on_progress = on_progress
        self._first: RawPage | None = None
        self._page_size = PageSize(query.read, fixed=query.page_size)
        self._budget = ByteBudget(BUDGET)
        self._decoder = make_decoder(query, format_, strict=job.spec.strict_schema)
        self._meters: dict[Partition, Meter] = {}
        self._started = time.monotonic()
        self._failed: dict[Partition, errors.LeadGeniusError] = {}
        self._extra: dict[str, ExtraField] = {}
        self._rows = 0
        self._pages = 0

    async def run(self) -> ExportReport:
        """Extract everything, and return the report.

        Raises:
            ExportConflict: `out` holds another export.
            ExportLocked: Another process writes to `out`.
            ExportDamaged: The files in `out` are not those that were written.
            EmptyExport: There was no row at all.
            OSError: `out` cannot be written to.
            LeadGeniusError: See `errors`. What is durable stands, and the same call goes on with
                it.
        """
        reports: list[ExportReport] = []

        async def work() -> None:
            reports.append(await self._run())

        # In a task of its own: when asyncio cancels this one (Ctrl-C, `wait_for`), it then waits
        # for the thread that writes files, as it would not where that is awaited directly.
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(work)
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        [report] = reports
        return report

    async def _run(self) -> ExportReport:
        self._dataset = await to_thread.run_sync(self._open)
        self._begin()
        try:
            await self._ticking(self._extract)
            return await self._finish()
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._stop_short, error)
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._dataset.close)

    def _open(self) -> Dataset:
        return Dataset(
            self._out,
            self._job,
            suffix=SUFFIXES[self._format],
            overwrite=self._overwrite,
            repair=self._repair,
        )

    def _begin(self) -> None:
        self._journal = self._dataset.journal
        self._job = self._journal.job
        self._before = copy.copy(self._job.totals)
        self._requests_before = {c.number: c.report.requests for c in self._journal.chains}
        self._rows = sum(chain.report.rows for chain in self._journal.chains)
        self._pages = sum(chain.report.pages for chain in self._journal.chains)

    async def _extract(self) -> None:
        if not self._job.planned:
            await self._make_plan()
        await self._walk("rows")
        if self._failed:
            self._raise_if_nothing_else()
            return  # what they lack is not looked for yet: they are gone on with first
        self._require_rows()
        if self._needs_sweep:
            await self._sweep()
        if not self._journal.parts:
            await self._writer(self._decoder).write_empty()
        if not self._failed and not self._job.unique:
            await to_thread.run_sync(self._drop_duplicates)

    async def _make_plan(self) -> None:
        meter = Meter()
        plan = await self._plan(self._page_size, meter)
        self._first = plan.first
        self._meters[plan.partitions[0]] = meter
        self._job.planned = True
        reports = [PartitionReport(client_id=p.client_id) for p in plan.partitions]
        await to_thread.run_sync(self._journal.add_chains, reports)

    async def _walk(self, kind: Kind) -> None:
        """Take all chains of a kind to their ends, those twice whose token is refused."""
        restarted: set[int] = set()
        while chains := self._unfinished(kind):
            walk = await self._walk_once(kind, chains)
            self._failed |= walk.failed
            for partition, error in walk.refused.items():
                chain = chains[partition]
                if chain.number in restarted:
                    self._failed[partition] = error
                else:
                    restarted.add(chain.number)
                    await to_thread.run_sync(self._journal.restart, chain)
            await to_thread.run_sync(self._note_failures, chains)

    async def _walk_once(self, kind: Kind, chains: Mapping[Partition, ChainState]) -> Walk:
        query, page_size = self._query, self._page_size
        decoder: Decoder = self._decoder
        if kind == "sweep":
            query = keys_query(self._query)
            page_size, decoder = PageSize(query.read), KeysDecoder(query)
        writer = self._writer(decoder)
        with_seen = {p: (chain, self._journal.tokens_of(chain)) for p, chain in chains.items()}
        walk = Walk(
            self._transport,
            query,
            with_seen,
            decoder=decoder,
            writer=writer,
            page_size=page_size,
            budget=self._budget,
            meters=self._meters,
            concurrency=self._concurrency,
            on_page=self._count,
            first=self._first,
        )
        self._first = None
        try:
            await walk.run()
            await writer.close()
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await self._park(writer, error)
            raise
        return walk

    @staticmethod
    async def _park(writer: PartWriter, error: BaseException) -> None:
        """Keep what is in hand, unless it is the files that failed."""
        if isinstance(error, OSError):
            await writer.abandon()
            return
        try:
            await writer.close()
        except BaseException:
            await writer.abandon()
            raise

    def _writer(self, decoder: Decoder) -> PartWriter:
        chains = {self._partition(chain): chain for chain in self._journal.chains}
        return PartWriter(self._dataset, decoder, self._budget, chains)

    def _partition(self, chain: ChainState) -> Partition:
        return Partition(self._query.table, chain.report.client_id, chain.report.kind)

    def _unfinished(self, kind: Kind) -> dict[Partition, ChainState]:
        found = {
            self._partition(chain): chain
            for chain in self._chains(kind)
            if not chain.report.done and self._partition(chain) not in self._failed
        }
        for partition in found:
            self._meters.setdefault(partition, Meter())
        return found

    def _chains(self, *kinds: Kind) -> list[ChainState]:
        return [chain for chain in self._journal.chains if chain.report.kind in kinds]

    def _note_failures(self, chains: Mapping[Partition, ChainState]) -> None:
        for partition, error in self._failed.items():
            if partition in chains:
                chains[partition].report.error = str(error)
                self._journal.save_chain(chains[partition])

    def _raise_if_nothing_else(self) -> None:
        """Raise what a chain failed with, where no other has brought anything to go on with."""
        anything = self._journal.parts or self._job.totals.rejects
        if len(self._failed) == len(self._journal.chains) or not anything:
            raise next(iter(self._failed.values()))

    @property
    def _needs_sweep(self) -> bool:
        spec = self._job.spec
        return spec.sweep and self._by_client

    @property
    def _by_client(self) -> bool:
        """Whether the chains are those of the known clients, and not what the caller named."""
        return not self._job.spec.clients and all(
            chain.report.client_id is not None for chain in self._chains("rows")
        )

    async def _sweep(self) -> None:
        """Read the ids of all rows, and fetch those that the chains have not brought."""
        if not self._chains("sweep"):
            reports = [PartitionReport(client_id=None, kind="sweep")]
            await to_thread.run_sync(self._journal.add_chains, reports)
        await self._walk("sweep")
        if self._failed:
            return
        if not self._job.swept:
            await to_thread.run_sync(self._find_missing)
        if self._job.totals.missing:
            await self._recover()

    async def _recover(self) -> None:
        """Fetch missing rows; those that have gone to another client since, by a chain over all."""
        totals = self._job.totals
        while True:
            left = await to_thread.run_sync(self._still_missing)
            totals.recovered = totals.missing - len(left)
            if not self._unfinished("recovery"):
                chains = self._chains("recovery")
                over_all = any(chain.report.client_id is None for chain in chains)
                if self._failed or over_all or not len(left):
                    return
                report = PartitionReport(client_id=None, kind="recovery")
                await to_thread.run_sync(self._journal.add_chains, [report])
            self._decoder.only = left
            await self._walk("recovery")

    def _still_missing(self) -> ids.Values:
        files = [self._dataset.ids_file(number) for number in self._journal.parts]
        return ids.missing([self._dataset.missing_file], files).keys["id"].combine_chunks()

    def _find_missing(self) -> None:
        parts = self._journal.parts
        numbers = {int(path.stem): path for path in self._dataset.ids_folder.iterdir()}
        found = ids.missing(
            [path for number, path in numbers.items() if number not in parts],
            [path for number, path in numbers.items() if number in parts],
        )
        ids.write_keys(self._dataset.missing_file, found.keys)
        sync(self._dataset.missing_file)
        known = {chain.report.client_id for chain in self._chains("rows")}
        lost = Counter(found.keys["client_id"].to_pylist())
        totals = self._job.totals
        totals.missing = found.keys.num_rows
        totals.orphans = sum(count for name, count in lost.items() if name not in known)
        self._job.swept = True
        rows = sum(chain.report.rows for chain in self._chains("rows"))
        pages = sum(chain.report.pages for chain in self._chains("rows"))
        names = plan_recovery(lost, found.found, rows_per_page=max(1.0, rows / max(1, pages)))
        self._journal.add_chains(PartitionReport(client_id=name, kind="recovery") for name in names)

    def _drop_duplicates(self) -> None:
        parts = self._journal.parts
        files = {number: self._dataset.ids_file(number) for number in parts if parts[number].rows}
        dropped = ids.duplicates(files)
        self._job.totals.duplicates = sum(map(len, dropped.values()))
        self._job.unique = True
        replaced = {
            number: without_rows(self._dataset, number, places)
            for number, places in dropped.items()
        }
        if replaced:
            self._dataset.swap(replaced)
        else:
            self._journal.save()

    def _require_rows(self) -> None:
        if self._rows or self._job.totals.rejects or self._allow_empty:
            return
        clients = f" of {', '.join(self._query.clients)}" if self._query.clients else ""
        raise errors.EmptyExport(
            f"{self._query.path} gave no row{clients} for company {self._query.company_id!r}: "
            "check the company id; if the table is really empty, allow it (--allow-empty)"
        )

    async def _finish(self) -> ExportReport:
        report = await to_thread.run_sync(self._report)
        report.incomplete_because = self._doubts(report)
        report.complete = report.incomplete_because is None
        over = not self._failed
        await to_thread.run_sync(lambda: self._dataset.finish(report, self._schema(), over=over))
        return report

    def _doubts(self, report: ExportReport) -> str | None:
        if self._failed:
            names = ", ".join(partition.name for partition in self._failed)
            first = next(iter(self._failed.values()))
            return (
                f"{len(self._failed)} of {len(self._journal.chains)} chains failed ({names}: "
                f"{first}); the same command, or --retry-failed, goes on with them"
            )
        read = sum(chain.report.rows for chain in self._chains("rows", "recovery"))
        if report.rows + report.duplicates != read:
            return (
                f"{read:,} rows were read, {report.duplicates:,} of them dropped as duplicates, "
                f"and {report.rows:,} stand in the files"
            )
        if report.rejects:
            return f"{report.rejects:,} rows could not be read; they stand raw in rejects.ndjson"
        if self._by_client and not self._job.spec.sweep:
            return _NO_SWEEP
        return None

    def _stop_short(self, error: BaseException) -> None:
        """Leave a manifest that says that what stands is not all."""
        if not self._journal.parts or self._job.to_clear:
            return
        with contextlib.suppress(OSError):  # the disk may be full: `error` is what is told
            report = self._report()
            reason = "it was interrupted" if not isinstance(error, Exception) else str(error)
            report.incomplete_because = reason
            self._dataset.finish(report, self._schema(), over=False)

    def _report(self) -> ExportReport:
        self._count_costs()
        job, totals = self._job, self._job.totals
        parts = [*self._journal.parts.values()]
        chains = [chain.report for chain in self._journal.chains]
        self._extra = extra_fields(self._out, parts)
        return ExportReport(
            job_id=job.job_id,
            table=self._query.table,
            company_id=self._query.company_id,
            out=str(self._out),
            format=self._format,
            fields=job.spec.fields,
            rows=sum(part.rows for part in parts),
            bytes=sum(part.bytes for part in parts),
            wire_bytes=totals.wire_bytes,
            requests=sum(chain.requests for chain in chains),
            pages=sum(chain.pages for chain in chains),
            retries=totals.retries,
            throttled_seconds=round(totals.throttled, 3),
            rejects=totals.rejects,
            duplicates=totals.duplicates,
            missing=totals.missing,
            orphans=totals.orphans,
            recovered=totals.recovered,
            extra={name: field.rows for name, field in self._extra.items()},
            runs=job.runs,
            seconds=round(totals.seconds, 3),
            started_at=job.started_at,
            files=[str(self._out / part.file) for part in parts],
            partitions=chains,
            parts=parts,
        )

    def _schema(self) -> DatasetSchema | None:
        """Return what `schema.json` says, once there is a report."""
        if self._format != "parquet":
            return None
        columns = [(field.name, field.type) for field in self._query.wanted]
        return describe_schema(self._query.table, columns, self._extra)

    def _count(self, content: Decoded[Any]) -> None:
        self._pages += 1
        self._rows += content.rows
        self._count_costs()
        self._report_progress()

    def _count_costs(self) -> None:
        """Bring the totals up to date: those of earlier runs, and this one's."""
        totals, before, meters = self._job.totals, self._before, self._meters.values()
        totals.wire_bytes = before.wire_bytes + sum(meter.wire_bytes for meter in meters)
        totals.retries = before.retries + sum(meter.retries for meter in meters)
        totals.throttled = before.throttled + max((m.throttled for m in meters), default=0.0)
        totals.seconds = before.seconds + time.monotonic() - self._started
        for chain in self._journal.chains:
            if meter := self._meters.get(self._partition(chain)):
                chain.report.requests = self._requests_before.get(chain.number, 0) + meter.sends

    async def _ticking(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._tick)
                await work()
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise first_error(group) from None

    async def _tick(self) -> None:
        while True:
            await anyio.sleep(_TICK)
            self._report_progress()

    def _report_progress(self) -> None:
        if self._on_progress is None:
            return
        meters = self._meters.values()
        chains = self._journal.chains
        self._on_progress(
            Progress(
                job_id=self._job.job_id,
                rows=self._rows,
                pages=self._pages,
                requests=sum(meter.sends for meter in meters),
                wire_bytes=sum(meter.wire_bytes for meter in meters),
                seconds=time.monotonic() - self._started,
                chains=len(chains),
                chains_done=sum(chain.report.done for chain in chains),
                limit=self._transport.gate.limit,
                throttled_for=self._transport.gate.paused_for,
            )
        )
