"""Changing leads that a client has already."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial

import anyio

from leadgenius_async._writes.records import Outgoing
from leadgenius_async._writes.report import State
from leadgenius_async._writes.service import with_ids
from leadgenius_async._writes.work import AT_A_TIME, Group, Work, workers

#: Seconds until leads are looked up again that are not shown yet.
_WAIT = 3.0


class Updater:
    """Changes leads that existed before the import, as its rows say.

    Args:
        work: The import.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._journal = work.journal

    async def run(self) -> None:
        """Change all of them."""
        await self._name_leads()
        last = -1
        while rows := await self._work.do(self._journal.take, State.TO_UPDATE, last, AT_A_TIME):
            last = rows[-1].seq
            for round_ in _rounds(rows):
                await self._update(round_)

    async def _name_leads(self) -> None:
        """Look up the leads that only the service has told of, when it would create no other.

        It shows them late, if at all: a lead that it does not show in time stays as it is.
        """
        ends = anyio.current_time() + self._work.options.settle
        while rows := await self._work.do(self._journal.nameless, AT_A_TIME):
            late = anyio.current_time() >= ends
            for row in rows:
                await self._name_lead(row, late=late)
            left = await self._work.do(self._journal.nameless, 1)
            if left and not late:
                await self._work.wait(min(_WAIT, max(0.1, ends - anyio.current_time())))

    async def _name_lead(self, row: Outgoing, *, late: bool) -> None:
        seen = await self._work.service.find(row)
        if seen is not None:
            await self._work.do(self._journal.name, row.seq, seen.lead)
        elif late:
            note = partial(
                self._journal.answer,
                [(State.UNRESOLVED, row.seq)],
                now=anyio.current_time(),
                said="the service said that the client has it already, and does not show it",
            )
            await self._work.do(note)

    async def _update(self, rows: Sequence[Outgoing]) -> None:
        """Change different leads, some batches at a time."""
        size = self._work.options.batch_size
        async with workers(self._update_group) as send:
            for start in range(0, len(rows), size):
                await send.send(Group([*rows[start : start + size]]))

    async def _update_group(self, group: Group) -> None:
        """Change some leads; where not all were, look which by halves."""
        waiting = deque([with_ids(group.rows)])
        while waiting:
            rows = waiting.popleft()
            half = len(rows) // 2
            answer = await self._work.service.update(rows)
            done = answer.kind == "accepted" and (answer.count or 0) >= len(rows)
            if not done and half:
                waiting.extendleft([rows[half:], rows[:half]])
                continue
            lost = answer.kind in {"unknown", "failed"}
            state = State.UPDATED if done else State.UNRESOLVED if lost else State.REJECTED
            now = anyio.current_time()
            notes = [(state, row.seq) for row in rows]
            await self._work.do(partial(self._journal.answer, notes, now=now, said=answer.said))


def _rounds(rows: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """Return rows in rounds: of one lead the first in the first, the second in the second, ….

    Requests that are under way at a time are applied in any order; rows of a lead in theirs.
    """
    rounds: list[list[Outgoing]] = []
    seen: dict[str | None, int] = {}
    for row in rows:
        place = seen[row.lead] = seen.get(row.lead, -1) + 1
        if place == len(rounds):
            rounds.append([])
        rounds[place].append(row)
    return rounds
