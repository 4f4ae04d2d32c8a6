"""Changing leads that a client has already."""

from __future__ import annotations

from collections import deque
from functools import partial

import anyio

from leadgenius_async._writes.report import State
from leadgenius_async._writes.service import with_ids
from leadgenius_async._writes.work import AT_A_TIME, Group, Work, workers


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
        async with workers(self._update_group) as send:
            last = -1
            while rows := await self._work.do(self._journal.take, State.TO_UPDATE, last, AT_A_TIME):
                last = rows[-1].seq
                for start in range(0, len(rows), self._work.options.batch_size):
                    await send.send(Group(rows[start : start + self._work.options.batch_size]))

    async def _update_group(self, group: Group) -> None:
        """Change some leads; where not all were, look which by halves."""
        waiting = deque([with_ids(group.rows)])
        while waiting:
            rows = waiting.popleft()
            half = len(rows) // 2
            answer = await self._work.service.update(rows)
            done = answer.kind == "accepted" and answer.count >= len(rows)
            if not done and half:
                waiting.extendleft([rows[half:], rows[:half]])
                continue
            lost = answer.kind in {"unknown", "failed"}
            state = State.UPDATED if done else State.UNRESOLVED if lost else State.REJECTED
            now = anyio.current_time()
            notes = [(state, row.seq) for row in rows]
            await self._work.do(partial(self._journal.answer, notes, now=now, said=answer.said))
