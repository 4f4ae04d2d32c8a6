"""Sending rows: in batches where the service stores them, else one by one."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from leadgenius_async import errors
from leadgenius_async._writes.keys import canonical_email
from leadgenius_async._writes.looking import Lookup
from leadgenius_async._writes.records import Outgoing
from leadgenius_async._writes.report import Mode, State
from leadgenius_async._writes.service import Answer, key_hashes
from leadgenius_async._writes.work import AT_A_TIME, Group, Work

#: Rows of the first batch, which shows whether batches are stored.
PROBE = 5
#: A batch is looked for at once after so many batches; while batches are not stored, a small one
#: is tried again after so many single creates, and each time twice as many.
_LOOK_AFTER = 100


class Sender:
    """Sends rows, and learns on the way whether the service stores batches.

    Args:
        work: The import.
        lookup: Looks for what was sent.

    Attributes:
        batches: Batch requests sent.
        singles: Requests of a single lead sent.
    """

    def __init__(self, work: Work, lookup: Lookup) -> None:
        self._work = work
        self._journal = work.journal
        self._lookup = lookup
        self._batch_size = work.options.batch_size
        self._persist = work.journal.job.batches_persist
        self._until_look = self._look_after = _LOOK_AFTER
        self.batches = 0
        self.singles = 0

    async def feed(self, send: MemoryObjectSendStream[Group], last: int) -> int:
        """Hand all rows that are to be sent to the workers; return the last one's place."""
        while rows := await self._work.do(self._journal.take, State.PENDING, last, AT_A_TIME):
            if self._persist is None and (first := self._probe_of(rows)):
                await self.send_group(Group(first))
                await self._learn(await self._lookup.are_stored(first))
                continue
            last = rows[-1].seq
            for group in self._groups(rows):
                await send.send(group)
        return last

    def _groups(self, rows: Iterable[Outgoing]) -> Iterator[Group]:
        group: list[Outgoing] = []
        for row in rows:
            if row.alone or row.key is None or not self._is_for_batch():
                yield Group([row])
                continue
            group.append(row)
            if len(group) >= (PROBE if self._persist is False else self._batch_size):
                yield Group(group, looks=self._is_time_to_look())
                group = []
        if group:
            yield Group(group)

    def _is_for_batch(self) -> bool:
        """Return whether the next row goes in a batch; now and then one does to try them again."""
        if self._persist is False:
            self._until_look -= 1
            return self._until_look < 0
        return bool(self._persist) or self._work.options.mode == "fast"

    def _is_time_to_look(self) -> bool:
        """Return whether a batch is one that is looked for at once."""
        if self._persist:
            self._until_look -= 1
        if self._until_look >= 0 or self._work.options.mode == "fast":
            return False
        self._look_after *= 1 if self._persist else 2
        self._until_look = self._look_after
        return True

    async def send_group(self, group: Group) -> None:
        """Send some rows, in smaller groups where the service does not take them together."""
        waiting = deque([group.rows])
        while waiting:
            rows = waiting.popleft()
            half = len(rows) // 2
            if half and self._persist is False and not group.looks:
                waiting.extendleft([row] for row in reversed(rows))
                continue
            answer = await self._post(rows)
            if answer.kind == "too_large" and half:
                self._batch_size = max(1, min(self._batch_size, half))
            if answer.kind in {"too_large", "refused", "exists"} and half:
                # Nothing of it was stored: it is as if it had not been sent.
                await self._work.do(self._journal.unsend, [row.seq for row in rows])
                waiting.extendleft([rows[half:], rows[:half]])
            else:
                await self._note(rows, answer)
        if group.looks:
            # To be believed, batches must be seen; to lose that, they must be proven absent.
            learned = await self._lookup.are_stored(group.rows, patient=bool(self._persist))
            if learned is not None:
                await self._learn(learned)

    async def _post(self, rows: Sequence[Outgoing]) -> Answer:
        """Send one request. Before it leaves, that it was sent is durable."""
        if len(rows) > 1:
            self.batches += 1
        else:
            self.singles += 1
        seqs = [row.seq for row in rows]
        await self._work.do(self._journal.mark_sent, seqs)
        try:
            return await self._work.service.create(rows)
        except errors.LeadGeniusError:
            with anyio.CancelScope(shield=True):
                await self._work.do(self._journal.unsend, seqs)
            raise

    async def _note(self, rows: Sequence[Outgoing], answer: Answer) -> None:
        """Let the journal know what became of rows that were sent."""
        skipped, others = _split(rows, answer.skipped)
        if self._work.options.mode == "fast" and _is_short(answer, len(others)):
            said = f"the service said that it created {answer.count} of {len(others)} leads"
            answer = Answer("unknown", f"{said}, and not which")
        for part, of_part in ((others, answer), (skipped, Answer("exists"))):
            if part:
                await self._note_alike(part, of_part, alone=len(rows) == 1)

    async def _note_alike(self, rows: Sequence[Outgoing], answer: Answer, *, alone: bool) -> None:
        """Let the journal know what became of rows whose answer is the same."""
        said = answer.said
        if answer.kind == "exists":
            said = said or "the service said that the client has it already"
        mode, existing = self._work.options.mode, self._journal.existing
        notes = [(_state_after(row, answer, mode, existing), row.seq) for row in rows]
        lead = {rows[0].seq: answer.lead} if answer.lead else {}
        now = anyio.current_time()
        await self._work.do(
            partial(
                self._journal.answer,
                notes,
                now=now,
                said=said,
                leads=lead,
                alone=alone,
                failed=answer.kind == "failed",
            )
        )
        for state, seq in notes:
            if state is State.REJECTED and self._work.options.stop:
                self._work.stop_at(await self._work.do(self._journal.line_of, seq), said)

    def _probe_of(self, rows: Sequence[Outgoing]) -> list[Outgoing]:
        """Return the rows of the first batch; none where there is nothing to be learned."""
        if self._work.options.mode == "fast":
            return []
        first = [row for row in rows if row.key is not None and not row.alone]
        clients = Counter(row.client for row in first)
        first.sort(key=lambda row: (-clients[row.client], row.client))  # few are to be looked in
        return first[:PROBE] if len(first) > PROBE else []

    async def _learn(self, persist: bool | None) -> None:  # noqa: FBT001 - the one thing that is learned
        """Remember whether batches are stored."""
        self._persist = self._journal.job.batches_persist = persist
        await self._work.do(self._journal.save)


def _state_after(row: Outgoing, answer: Answer, mode: Mode, existing: State) -> State:
    """Return where a row is after an answer."""
    fast = mode == "fast"
    if answer.kind == "exists":
        # After an answer that was lost, what exists is most likely this row.
        if row.attempt and not fast:
            return State.ACKED
        return State.EXISTING if row.key is None else existing
    if answer.kind == "accepted":
        return State.CREATED if fast else State.ACKED
    if answer.kind in {"refused", "too_large"}:
        return State.REJECTED
    return State.UNRESOLVED if fast or row.key is None else State.SENT


def _is_short(answer: Answer, rows: int) -> bool:
    """Return whether fewer leads are said to be created than rows were, and nobody knows which."""
    return answer.kind == "accepted" and answer.count is not None and answer.count < rows


def _split(
    rows: Sequence[Outgoing], skipped: Collection[str]
) -> tuple[list[Outgoing], list[Outgoing]]:
    """Return those of the rows whose e-mail address the service has skipped, and the others.

    Of several rows of one address, it skips as many as it names, and those that come last: they
    found a lead of the first.
    """
    times = Counter(map(canonical_email, skipped))
    emails = {
        key: email
        for email in times
        for client in {row.client for row in rows}
        for key in key_hashes(client, email, None)
    }
    first: list[Outgoing] = []
    others: list[Outgoing] = []
    for row in reversed(rows):
        email = emails.get(row.key or b"")
        if email is None or not times[email]:
            others.append(row)
            continue
        times[email] -= 1
        first.append(row)
    return first[::-1], others[::-1]
