"""Updates and deletes of many leads.

rows → windows → rounds, in which an id comes once → batches → (reading back) → results in order

However often an update or a delete is applied, what it leaves is the same. So the transport sends
it again where an answer was lost, nothing is kept on disk, and after whatever ended it the same
call does it all again. What an answer tells is a count alone, which leaves ids out that no lead
has (assumed): a batch of updates whose count is short is halved until the missing ones stand by
themselves. Of deletes that cannot be done, since the first answer leaves nothing to be counted.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import (
    AsyncIterable,
    Callable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass, replace

import anyio
import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.first_error import first_error
from leadgenius_async._extract.in_thread import in_thread
from leadgenius_async._http import record
from leadgenius_async._http.call import Meter, make_call
from leadgenius_async._http.retry import is_too_slow
from leadgenius_async._http.transport import Transport
from leadgenius_async._writes import read_back
from leadgenius_async._writes.change_items import Checked, Ended, Item, Verb, end_of, in_rounds
from leadgenius_async._writes.change_report import (
    BulkChanges,
    ChangeEnd,
    ChangeProgress,
    ChangeResult,
)
from leadgenius_async._writes.defaults import BATCH
from leadgenius_async._writes.read_back import ReadBack, Reader
from leadgenius_async._writes.report import MAX_ROWS
from leadgenius_async._writes.rules import Ready, Refused

CONCURRENCY = 16  # requests under way; the gate paces them
#: Rows, and bytes of their JSON, that are held at a time.
_WINDOW = 10_000
_WINDOW_BYTES = 32 * 2**20
#: So many rows in a row that the service fails at are no rows' fault.
_OUTAGE = 10
_TICK = 0.5  # seconds between progress reports

#: States of rows that the service took.
_TAKEN = frozenset({"updated", "deleted", "gone"})
_PLAIN = frozenset({"updated", "unchanged", "deleted", "ready"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How it is done.

    Attributes:
        batch_size: Rows of a request.
        verify: Whether what the service took is read back.
        dry_run: Whether nothing is sent.
    """

    batch_size: int = BATCH
    verify: bool = False
    dry_run: bool = False


class Changes:
    """One run of updates or deletes.

    Args:
        transport: The way to the wire.
        verb: What is done.
        reader: Reads back.
        options: How it is done.
        write: Takes the results of some rows, in order, in a worker thread.
        on_progress: Called twice a second.
    """

    def __init__(
        self,
        transport: Transport,
        verb: Verb,
        reader: Reader,
        options: Options,
        *,
        write: Callable[[Sequence[ChangeResult]], None] | None = None,
        on_progress: Callable[[ChangeProgress], None] | None = None,
    ) -> None:
        self._transport = transport
        self._updates = verb == "update"
        self._read_back = ReadBack(reader, updates=self._updates)
        self._options = options
        self._write = write
        self._on_progress = on_progress
        self._batch_size = options.batch_size
        self._meter = Meter()
        self._report = BulkChanges(verified=options.verify and not options.dry_run)
        self._started = time.monotonic()
        self._read = 0
        self._failures = 0
        self._ended: list[Ended] = []
        #: Of deletes, the line of each lead by its id's hash: an id takes four times as much.
        self._line_of: dict[int, int] = {}
        #: Leads that are to be read back, and have not been seen as they should be.
        self._unseen: set[str] = set()

    async def run(self, source: AsyncIterable[Sequence[Checked]]) -> BulkChanges:
        """Bring every row to its end, and return the report.

        Raises:
            LeadGeniusError: See `errors`. What is at its end by then was written.
        """
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._tick)
                try:
                    await self._run(source)
                finally:
                    with anyio.CancelScope(shield=True):
                        await self._tell()
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        report, meter = self._report, self._meter
        report.rows_left_out = report.total - len(report.rows)
        report.requests, report.retries = meter.sends, meter.retries
        report.throttled_seconds = meter.throttled
        report.seconds = time.monotonic() - self._started
        return report

    async def _run(self, source: AsyncIterable[Sequence[Checked]]) -> None:
        window: list[Item] = []
        size = 0
        async for rows in source:
            for row in rows:
                if (item := self._take(*row)) is not None:
                    window.append(item)
                    size += len(item.body)
            if max(len(window), len(self._ended)) >= _WINDOW or size >= _WINDOW_BYTES:
                await self._work_off(window)
                window, size = [], 0
        await self._work_off(window)

    def _take(self, line: int, _: object, checked: Ready | Refused) -> Item | None:
        """Return a row of the input as it is sent; None where it is at its end already."""
        self._read += 1
        for change in checked.changes:
            name = f"{change.field}:{change.rule}"
            self._report.changed[name] = self._report.changed.get(name, 0) + 1
        if isinstance(checked, Refused):
            item = Item(line, "", b"", checked.changes)
            self._end(item, "refused", checked.reason)
            return None
        fields = checked.fields
        lead = str(fields["id"])
        body = msgspec.json.encode(fields if self._updates else lead)
        item = Item(line, lead, body, checked.changes)
        first = line if self._updates else self._line_of.setdefault(hash(lead), line)
        if self._updates and len(fields) == 1:
            self._end(item, "unchanged")
        elif first != line:
            self._end(item, "unchanged", f"the same id as line {first:,}")
        elif self._options.dry_run:
            self._end(item, "ready")
        else:
            return item
        return None

    def _end(
        self,
        item: Item,
        state: ChangeEnd,
        reason: str | None = None,
        *,
        counted: ChangeEnd | None = None,
    ) -> None:
        self._ended.append(end_of(item, state, reason, counted=counted))

    # --- sending

    async def _work_off(self, window: Sequence[Item]) -> None:
        self._unseen = {item.lead for item in window if self._options.verify}
        try:
            for rows in in_rounds(window):
                await self._round(rows)
            if self._unseen:
                await self._verify(window)
        except BaseException:
            self._doubt("the call ended before it was read back")
            raise
        await self._tell()

    async def _round(self, rows: Sequence[Item]) -> None:
        """Send rows of different leads, some batches at a time."""
        groups = self._groups(rows)

        async def work() -> None:
            for group in groups:
                await self._settle(group)

        async with anyio.create_task_group() as tasks:
            for _ in range(min(CONCURRENCY, len(rows))):
                tasks.start_soon(work)

    def _groups(self, rows: Sequence[Item]) -> Iterator[Sequence[Item]]:
        place = 0
        while place < len(rows):
            group = rows[place : place + self._batch_size]
            place += len(group)
            yield group

    async def _settle(self, rows: Sequence[Item]) -> None:
        """Bring the rows of one request to their ends, by smaller ones where it takes them."""
        waiting = deque([(rows, True)])
        while waiting:
            group, first = waiting.popleft()
            count, once, error = await self._send(group)
            first = first and once
            half = len(group) // 2
            if error is not None and half:
                if isinstance(error, errors.PayloadTooLarge):
                    self._batch_size = max(1, min(self._batch_size, half))
                first = first and _is_refusal(error)
                waiting.extendleft([(group[half:], first), (group[:half], first)])
            elif error is not None:
                self._refuse(group[0], error, first=first)
            elif self._updates and 0 < count < len(group):
                waiting.extendleft([(group[half:], first), (group[:half], first)])
            else:
                self._note(group, count, first=first)

    async def _send(self, group: Sequence[Item]) -> tuple[int, bool, errors.LeadGeniusError | None]:
        """Send one request.

        Returns:
            How many leads the service says that it changed or deleted; whether it was sent once;
            and the error, where that is for the sake of the rows in it.

        Raises:
            LeadGeniusError: It is not, and the next request would fare no better.
        """
        method, member = ("PUT", "leads") if self._updates else ("DELETE", "ids")
        body = b'{"%b":[%b]}' % (member.encode(), b",".join(item.body for item in group))
        call = replace(
            make_call(method, "/leads", body=body), repeatable=True, shrinks=len(group) > 1
        )
        name = "updated" if self._updates else "deleted"
        meter = Meter()
        try:
            reply = await self._transport.request(call, meter=meter)
            count = record.payload(reply, int, (name, f"data.{name}"), call=call)
        except errors.LeadGeniusError as error:
            if not _is_of_rows(error):
                raise
            return 0, meter.sends <= 1, error
        finally:
            self._meter.sends += meter.sends
            self._meter.retries += meter.retries
            self._meter.throttled += meter.throttled
        self._failures = 0
        return count, meter.sends <= 1, None

    def _refuse(self, item: Item, error: errors.LeadGeniusError, *, first: bool) -> None:
        """Note what the service says of a single row."""
        if isinstance(error, errors.NotFound):
            self._note([item], 0, first=first)
            return
        if not _is_refusal(error):
            self._failures += 1
            if is_too_slow(error) or self._failures >= _OUTAGE:
                raise error
        self._end(item, "refused", str(error))

    def _note(self, group: Sequence[Item], count: int, *, first: bool) -> None:
        """Note what a count says of rows; `first`: nothing was sent of them before."""
        if count >= len(group):
            for item in group:
                self._end(item, "updated" if self._updates else "deleted")
        elif self._updates or (first and count <= 0):
            for item in group:
                self._end(item, "missing", "no lead has this id")
        elif first:
            reason = (
                f"the service deleted {count} of the {len(group)} leads of one request, from line "
                f"{group[0].line:,} on; the others were not there, and it does not say which "
                "(batch_size=1 tells)"
            )
            for place, item in enumerate(group):
                counted: ChangeEnd = "deleted" if place < count else "missing"
                self._end(item, "gone", reason, counted=counted)
        else:
            for item in group:
                self._end(item, "gone", "an answer was lost; an earlier try may have deleted it")

    # --- reading back

    async def _verify(self, window: Sequence[Item]) -> None:
        """Read back what the service took; what it does not show so in the end is unverified."""
        took = {each.result.line for each in self._ended if each.result.state in _TAKEN}
        left: dict[str, dict[str, object]] = {}
        for item in window:
            if item.line in took:
                fields = msgspec.json.decode(item.body) if self._updates else {}
                left.setdefault(item.lead, {}).update(fields)
        for pause in read_back.LOOKS:
            if not left:
                break
            await anyio.sleep(pause)
            left = await self._read_back.off(left)
            self._unseen = set(left)
        self._unseen = set(left)
        self._doubt(
            "the service does not show it so" if self._updates else "the service still shows it"
        )

    def _doubt(self, reason: str) -> None:
        """What the service took and has not shown is unverified."""
        for place, (result, _) in enumerate(self._ended):
            if result.state in _TAKEN and result.id in self._unseen:
                doubted = msgspec.structs.replace(result, state="unverified", reason=reason)
                self._ended[place] = Ended(doubted, "unverified")

    # --- telling

    async def _tell(self) -> None:
        """Count the rows that are at their end, and hand them on in order."""
        ended, self._ended = sorted(self._ended, key=lambda e: e.result.line), []
        report = self._report
        report.total += len(ended)
        for each in ended:
            setattr(report, each.counted, getattr(report, each.counted) + 1)
            report.rows_gone += each.result.state == "gone"
        results = [each.result for each in ended]
        report.rows += results
        if report.total > MAX_ROWS:
            report.rows = [row for row in report.rows if row.state not in _PLAIN][:MAX_ROWS]
        if self._write is not None and results:
            await in_thread(self._write, results)

    async def _tick(self) -> None:
        while self._on_progress is not None:
            gate = self._transport.gate
            self._on_progress(
                ChangeProgress(
                    read=self._read,
                    ended=self._report.total + len(self._ended),
                    requests=self._meter.sends,
                    seconds=time.monotonic() - self._started,
                    limit=gate.limit,
                    throttled_for=gate.paused_for,
                )
            )
            await anyio.sleep(_TICK)


def _is_of_rows(error: errors.LeadGeniusError) -> bool:
    """Return whether a request failed for the sake of the rows in it, or of how many they are."""
    if is_too_slow(error):
        return True
    if isinstance(error, errors.ServerError):
        return error.status == 500 and not error.from_gateway
    if isinstance(error, errors.NotFound):
        return not error.from_gateway  # a wrong base URL says nothing of a lead
    return _is_refusal(error)


def _is_refusal(error: errors.LeadGeniusError) -> bool:
    """Return whether the service said no to the rows, and so did nothing with them."""
    of_all = (errors.AuthenticationError, errors.PermissionDenied, errors.RateLimited)
    return (
        isinstance(error, errors.APIStatusError)
        and not isinstance(error, (*of_all, errors.ServerError))
    )  # fmt: skip
