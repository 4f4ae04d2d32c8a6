"""An import: rows in, each to one end, none lost and none doubled.

read → rules → journal → probe → batches → look for them → (again what is proven absent) → report

The service has no idempotency key, its answers get lost, and its batches may be accepted and
stored nowhere. So a row is created when it was seen, and it is sent again only when searches that
began later than anything sent could still be applied have not found it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping, Sequence
from functools import partial
from itertools import islice

import anyio
import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.first_error import first_error
from leadgenius_async._writes.journal import Journal
from leadgenius_async._writes.looking import Lookup
from leadgenius_async._writes.records import NewRow, Outgoing, encode
from leadgenius_async._writes.report import MAX_ROWS, BulkProgress, BulkReport, State
from leadgenius_async._writes.rules import Ready, Refused
from leadgenius_async._writes.sending import Sender
from leadgenius_async._writes.service import Service, row_key
from leadgenius_async._writes.updating import Updater
from leadgenius_async._writes.work import Options, Work, workers

_TICK = 0.5  # seconds between progress reports

#: A row of the input, after the rules: its line, what it was, and what became of it.
Checked = tuple[int, object, Ready | Refused]
OnProgress = Callable[[BulkProgress], None]


class Import:
    """One run of an import.

    Args:
        service: What it writes to.
        journal: What of it is durable.
        options: How it is done.
        on_progress: Called twice a second.
        gate: Tells the account's limit, for progress: its requests a minute and the seconds that
            it stands still.
    """

    def __init__(
        self,
        service: Service,
        journal: Journal,
        options: Options,
        *,
        on_progress: OnProgress | None = None,
        gate: Callable[[], tuple[float | None, float]] = lambda: (None, 0.0),
    ) -> None:
        self._work = Work(service, journal, options)
        self._journal = journal
        self._lookup = Lookup(self._work)
        self._sender = Sender(self._work, self._lookup)
        self._on_progress = on_progress
        self._gate = gate
        self._started = time.monotonic()

    async def run(self, source: AsyncIterable[Sequence[Checked]]) -> BulkReport:
        """Bring every row to its end, and return the report.

        Args:
            source: The input after the rules, some rows at a time. Where the journal has rows
                already, they must be the same.

        Raises:
            ImportConflict: The input is not the one that the journal was begun with.
            ImportStopped: A row was refused, and that was to be the end.
            LeadGeniusError: See `errors`. The journal stands, and the same call goes on with it.
        """
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._tick)
                await self._run(source)
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        return await self._work.do(self._report)

    async def _run(self, source: AsyncIterable[Sequence[Checked]]) -> None:
        proof, fast = self._journal.proof, self._work.options.mode == "fast"
        await self._work.do(partial(proof.leave, everything=fast))
        await self._work.do(proof.forget_time, anyio.current_time())
        await self._send(source)
        while True:
            await self._work.do(self._journal.settle_repeated)
            if await self._lookup.has_pending():
                await self._send()
            elif await self._work.do(self._journal.proof.open_rows):
                await self._lookup.look()
            else:
                break
        await Updater(self._work).run()
        if not self._journal.job.done:
            await self._lookup.look_for_doubles()
        self._journal.job.done = True
        await self._work.do(self._journal.save)

    async def _send(self, source: AsyncIterable[Sequence[Checked]] | None = None) -> None:
        """Send what is to be sent, and what the input brings."""
        async with workers(self._sender.send_group) as send:
            last = await self._sender.feed(send, -1)
            if source is not None:
                async for rows in self._new(source):
                    await self._take_in(rows)
                    last = await self._sender.feed(send, last)

    async def _new(
        self, source: AsyncIterable[Sequence[Checked]]
    ) -> AsyncGenerator[Sequence[Checked], None]:
        """Give the rows of the input that the journal has not."""
        place, known = 0, await self._work.do(self._journal.rows)
        async for rows in source:
            old = await self._work.do(self._journal.digests, place, len(rows))
            if old != [_digest(row) for _, row, _ in rows[: len(old)]]:
                raise errors.ImportConflict(
                    "the input is not the one that this import began with (it differs from line "
                    f"{rows[0][0]:,} on): give that one, or another journal"
                )
            place += len(rows)
            if new := rows[len(old) :]:
                yield new
        if place < known:
            raise errors.ImportConflict(
                f"the input has {place:,} rows, and this import has read {known:,} before: give "
                "the same input, or another journal"
            )
        self._journal.job.read = True
        await self._work.do(self._journal.save)

    async def _take_in(self, rows: Sequence[Checked]) -> None:
        """Put rows of the input into the journal, once it is known what their clients have."""
        new = [_new_row(*row) for row in rows]
        rows_of: dict[str, list[Outgoing]] = {}
        for row in new:
            if row.client is not None and row.payload is not None:
                out = Outgoing(
                    -1, row.client, row.key, row.payload, alone=True, attempt=0, lead=None
                )
                rows_of.setdefault(row.client, []).append(out)
        if self._work.options.mode != "fast" or self._journal.job.spec.on_existing == "update":
            for client in await self._work.do(self._journal.unscanned, rows_of):
                await self._lookup.scan(client, rows_of[client])
        await self._work.do(self._journal.add, new)

    def _report(self) -> BulkReport:
        counts, job = self._journal.counts(), self._journal.job
        updated = counts.get(State.UPDATED, 0)
        report = BulkReport(
            total=self._journal.rows(),
            created=counts.get(State.CREATED, 0),
            existing=counts.get(State.EXISTING, 0) + updated,
            updated=updated,
            rejected=counts.get(State.REJECTED, 0),
            unresolved=counts.get(State.UNRESOLVED, 0),
            doubled=self._journal.proof.doubles(),
            mode=self._work.options.mode,
            verified=self._work.options.mode != "fast",
            settle=self._work.options.settle,
            batches=self._sender.batches,
            singles=self._sender.singles,
            batches_persist=job.batches_persist,
            requests=self._work.service.meter.sends,
            retries=self._work.service.meter.retries,
            throttled_seconds=round(self._work.service.meter.throttled, 3),
            seconds=round(time.monotonic() - self._started, 3),
            runs=job.runs,
            changed=job.changed,
            job_id=job.job_id,
        )
        ends = report.created + report.existing + report.rejected + report.unresolved
        if ends != report.total:  # it would be a mistake of this package; never hide it
            raise AssertionError(f"{report.total} rows have {ends} ends")
        large = report.total > MAX_ROWS
        report.rows = list(islice(self._journal.results(notable=large), MAX_ROWS))
        report.rows_left_out = report.total - len(report.rows)
        return report

    async def _tick(self) -> None:
        while self._on_progress is not None:
            began = anyio.current_time()
            self._on_progress(self._progress(await self._work.do(self._journal.counts)))
            # To count a million rows takes the journal 0.3 s.
            await anyio.sleep(max(_TICK, 10 * (anyio.current_time() - began)))

    def _progress(self, counts: Mapping[State, int]) -> BulkProgress:
        limit, throttled_for = self._gate()
        return BulkProgress(
            read=sum(counts.values()),
            created=counts.get(State.CREATED, 0),
            existing=counts.get(State.EXISTING, 0) + counts.get(State.UPDATED, 0),
            rejected=counts.get(State.REJECTED, 0),
            unresolved=counts.get(State.UNRESOLVED, 0),
            open=counts.get(State.SENT, 0) + counts.get(State.ACKED, 0),
            requests=self._work.service.meter.sends,
            seconds=time.monotonic() - self._started,
            waiting=max(0.0, self._work.waits_until - time.monotonic()),
            limit=limit,
            throttled_for=throttled_for,
            job_id=self._journal.job.job_id,
        )


def _digest(row: object) -> bytes:
    """Return 16 bytes that tell a row of the input from another."""
    return hashlib.blake2b(encode(row), digest_size=16).digest()


def _new_row(line: int, row: object, checked: Ready | Refused) -> NewRow:
    if isinstance(checked, Refused):
        return NewRow(
            line, _digest(row), None, None, State.REJECTED, None, checked.changes, checked.reason
        )
    fields = checked.fields
    return NewRow(
        line,
        _digest(row),
        str(fields["client_id"]),
        row_key(fields),
        State.PENDING,
        msgspec.json.encode(fields),
        checked.changes,
        None,
    )
