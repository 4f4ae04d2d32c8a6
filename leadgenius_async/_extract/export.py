"""One table → one output folder, in phases that each can be gone on with.

plan → walk the chains → sweep, and fetch what they missed → drop what came twice → layout →
manifest
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio import from_thread, to_thread

from leadgenius_async import errors
from leadgenius_async._extract import ids
from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.chain import RawPage
from leadgenius_async._extract.columns import Decoded, KeysDecoder
from leadgenius_async._extract.costs import Costs
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.files import sync
from leadgenius_async._extract.first_error import first_error
from leadgenius_async._extract.formats import suffix_of
from leadgenius_async._extract.in_thread import in_own_task
from leadgenius_async._extract.journal import ChainState, Spec, new_job
from leadgenius_async._extract.layout import go_on, is_decided, lay_out
from leadgenius_async._extract.manifest import doubts, make_report
from leadgenius_async._extract.options import Asked
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.parts import PartWriter
from leadgenius_async._extract.plan import Partition, plan_recovery
from leadgenius_async._extract.planner import Plan
from leadgenius_async._extract.publish import Publication
from leadgenius_async._extract.query import Query, keys_query
from leadgenius_async._extract.report import ExportReport, Kind, PartitionReport
from leadgenius_async._extract.rewrite import without_rows
from leadgenius_async._extract.schema import DatasetSchema
from leadgenius_async._extract.sinks import Decoder, make_decoder
from leadgenius_async._extract.store import Store
from leadgenius_async._extract.walk import Walk
from leadgenius_async._http.call import Meter
from leadgenius_async._http.transport import Transport

_TICK = 0.5  # seconds between progress reports while nothing arrives

T = TypeVar("T")


class Export:
    """One run of an extraction.

    Args:
        transport: The way to the wire.
        query: What is asked for.
        spec: What tells this export from others; where an unfinished one of the same stands in
            `out`, it is gone on with.
        plan: Cuts a new export into chains.
        asked: The options.
        out: The output folder.
        store: Where the export is to be published when it is finished; `out` is then its staging
            folder, and goes.
    """

    def __init__(
        self,
        transport: Transport,
        query: Query,
        spec: Spec,
        plan: Callable[[PageSize, Meter], Awaitable[Plan]],
        asked: Asked,
        *,
        out: Path,
        store: Store | None = None,
    ) -> None:
        self._transport = transport
        self._query = query
        self._job = new_job(spec)
        self._job.overwrite = asked.overwrite and store is not None
        self._plan = plan
        self._asked = asked
        self._out = out
        self._store = store
        self._first: RawPage | None = None
        # Of the rows of a page, some may be older than what is asked for.
        most = None if query.since else query.limit
        self._page_size = PageSize(query.sent, fixed=query.page_size, most=most)
        self._decoder = make_decoder(query, spec.format, strict=spec.strict_schema)
        self._failed: dict[Partition, errors.LeadGeniusError] = {}
        self._again = 0  # rows that came twice, as far as that is known

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
        return await in_own_task(self._run)  # a cancelled one waits for the files

    async def _run(self) -> ExportReport:
        laid_out = None
        if not self._asked.overwrite:
            laid_out = await to_thread.run_sync(self._go_on)
            if laid_out is not None and self._store is None:
                return laid_out
        self._dataset = await to_thread.run_sync(self._open)
        try:
            self._begin()
            return await self._to_its_end(laid_out)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._dataset.close)

    async def _to_its_end(self, laid_out: ExportReport | None) -> ExportReport:
        try:
            if laid_out is None:
                await self._ticking(self._extract)
                report = await self._ticking(self._finish)
            else:
                report, self._journal.parts = laid_out, dict(enumerate(laid_out.parts))
            if self._store is not None and not self._failed:
                publication = Publication(self._dataset, self._store, repair=self._asked.repair)
                await self._ticking(publication.run)
        except BaseException as error:
            self._bring_up_to_date()
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(self._stop_short, error)
            raise
        return report

    def _go_on(self) -> ExportReport | None:
        return go_on(self._out, self._job.spec, repair=self._asked.repair)

    def _open(self) -> Dataset:
        spec = self._job.spec
        return Dataset(
            self._out,
            self._job,
            suffix=suffix_of(spec.format, spec.compression),
            overwrite=self._asked.overwrite,
            repair=self._asked.repair,
        )

    def _begin(self) -> None:
        self._journal = self._dataset.journal
        self._job = self._journal.job
        self._costs = Costs(self._journal)

    async def _extract(self) -> None:
        if not self._job.planned:
            await self._make_plan()
        await self._walk("rows")
        while self._query.limit and not self._failed:
            self._again = await to_thread.run_sync(self._count_duplicates)
            if not self._unfinished("rows"):
                break
            await self._walk("rows")
        if self._failed:
            self._raise_if_nothing_else()
            return  # what they lack is not looked for yet: they are gone on with first
        if self._needs_sweep:
            await self._sweep()
        if not self._failed:
            self._require_rows()
        if not self._journal.parts:
            await self._writer(self._decoder, ByteBudget(self._asked.budget)).write_empty()
        if not self._failed and not self._job.unique:
            await to_thread.run_sync(self._drop_duplicates)

    async def _make_plan(self) -> None:
        meter = Meter()
        plan = await self._plan(self._page_size, meter)
        self._first = plan.first
        self._costs.meters[plan.partitions[0]] = meter
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
            page_size, decoder = PageSize(query.sent), KeysDecoder(query)
        # A walk's own: pages that are on their way when its limit is reached give nothing back.
        budget = ByteBudget(self._asked.budget)
        writer = self._writer(decoder, budget)
        with_seen = {p: (chain, self._journal.tokens_of(chain)) for p, chain in chains.items()}
        walk = Walk(
            self._transport,
            query,
            with_seen,
            decoder=decoder,
            writer=writer,
            page_size=page_size,
            budget=budget,
            meters=self._costs.meters,
            concurrency=self._asked.concurrency,
            on_page=self._count,
            first=self._first,
            limit=self._left if kind == "rows" else None,
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

    def _writer(self, decoder: Decoder, budget: ByteBudget) -> PartWriter:
        chains = {self._costs.partition(chain): chain for chain in self._journal.chains}
        return PartWriter(self._dataset, decoder, budget, chains)

    def _unfinished(self, kind: Kind) -> dict[Partition, ChainState]:
        if self._left == 0:
            return {}
        partition_of = self._costs.partition
        found = {
            partition_of(chain): chain
            for chain in self._chains(kind)
            if not chain.report.done and partition_of(chain) not in self._failed
        }
        for partition in found:
            self._costs.meters.setdefault(partition, Meter())
        return found

    @property
    def _left(self) -> int | None:
        """How many rows are still to be taken; None without a limit."""
        limit = self._query.limit
        return None if limit is None else max(0, limit - self._costs.rows + self._again)

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
        return spec.sweep and self._query.limit is None and self._by_client

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

    def _duplicates(self) -> dict[int, list[int]]:
        parts = self._journal.parts
        files = {number: self._dataset.ids_file(number) for number in parts if parts[number].rows}
        return ids.duplicates(files)

    def _count_duplicates(self) -> int:
        return sum(map(len, self._duplicates().values()))

    def _drop_duplicates(self) -> None:
        dropped = self._duplicates()
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
        if self._costs.rows or self._job.totals.rejects or self._asked.allow_empty:
            return
        if self._query.since and (self._costs.read or self._job.runs > 1):
            return  # there are rows, and none of them was changed since then
        clients = f" of {', '.join(self._query.clients)}" if self._query.clients else ""
        raise errors.EmptyExport(
            f"{self._query.path} gave no row{clients} for company {self._query.company_id!r}: "
            "check the company id; if the table is really empty, allow it (--allow-empty)"
        )

    async def _finish(self) -> ExportReport:
        if not self._failed:
            await to_thread.run_sync(self._dataset.tidy_rejects)
        self._bring_up_to_date()
        report, schema = await to_thread.run_sync(self._report)
        unswept = self._by_client and not self._job.spec.sweep
        report.incomplete_because = doubts(report, self._failed, unswept=unswept)
        report.complete = report.incomplete_because is None
        await to_thread.run_sync(self._write_report, report, schema)
        return report

    def _write_report(self, report: ExportReport, schema: DatasetSchema | None) -> None:
        spec, store, over = self._job.spec, self._store, not self._failed
        if over and (spec.partition_by or spec.single_file):
            check = from_thread.check_cancelled
            lay_out(self._out, spec, report, schema, check=check, store=store)
            self._journal.parts = dict(enumerate(report.parts))
            if store is None:
                self._dataset.forget()
            return
        if store is not None:
            self._tell_where(report, store)
        # What is to be published is gone on with until it is.
        self._dataset.finish(report, schema, over=over and store is None)

    def _tell_where(self, report: ExportReport, store: Store) -> None:
        if self._failed:
            report.incomplete_because = f"{report.incomplete_because}; {store.uri} has nothing yet"
        else:
            report.out = store.uri
            report.files = [store.uri_of(part.file) for part in report.parts]

    def _stop_short(self, error: BaseException) -> None:
        """Leave a manifest that says that what stands is not all."""
        if not self._journal.parts or self._job.to_clear or is_decided(self._out):
            return
        if self._job.published:
            return  # all of it stands elsewhere
        # The disk may be full, or a part gone: `error` is what is told.
        with contextlib.suppress(OSError, errors.ExportDamaged):
            report, schema = self._report()
            reason = "it was interrupted" if not isinstance(error, Exception) else str(error)
            report.incomplete_because = reason
            self._dataset.finish(report, schema, over=False)

    def _report(self) -> tuple[ExportReport, DatasetSchema | None]:
        return make_report(self._out, self._query, self._journal)

    def _bring_up_to_date(self) -> None:
        """Let the journal say what was spent; not in a thread, for `_tick` does the same."""
        self._costs.bring_up_to_date(self._transport.gate)

    def _count(self, content: Decoded[Any]) -> None:
        self._costs.count(content, self._transport.gate)
        if content.content is not None:  # those of a sweep are ids alone
            self._transport.count_rows(self._query.table, content.rows)
        self._report_progress()

    async def _ticking(self, work: Callable[[], Awaitable[T]]) -> T:
        results: list[T] = []
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._tick)
                results.append(await work())
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        return results[0]

    async def _tick(self) -> None:
        while True:
            await anyio.sleep(_TICK)
            self._costs.note_pace(self._transport.gate)
            self._report_progress()

    def _report_progress(self) -> None:
        if self._asked.on_progress is not None:
            self._asked.on_progress(self._costs.progress(self._transport.gate))
