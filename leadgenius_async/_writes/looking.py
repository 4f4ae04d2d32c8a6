"""Looking for what was sent: until each row is seen, or proven absent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from itertools import count

import anyio

from leadgenius_async._writes.records import Outgoing
from leadgenius_async._writes.report import State
from leadgenius_async._writes.work import Work

#: Leads that a page of a listing has.
_PAGE = 5_000
#: Seconds until rows are looked for again that were not seen yet, at first; then this many times
#: as long, since each look at all of them costs requests.
_FIRST_LOOK = 1.0
_LOOK_FACTOR = 3
#: However late it is, a search comes no sooner after another.
_LEAST_WAIT = 0.1


class Lookup:
    """Looks for rows among the leads of their clients.

    Args:
        work: The import.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._journal = work.journal
        self._proof = work.journal.proof

    async def scan(self, client: str, rows: Sequence[Outgoing]) -> None:
        """Find out what a client has before the first of some rows is sent to it.

        Its leads are listed; where that takes more pages than there are rows, each row is looked
        up instead. A search shows one lead of a key: where more are to be created, all are listed.
        """
        pages = math.ceil(await self._work.do(self._proof.size_of, client) / _PAGE)
        most = math.inf if self._only_listings else len(rows) + 1
        if pages <= most and await self._list_before(client, most):
            return
        for row in rows:
            if row.key is not None and (seen := await self._work.service.find(row)) is not None:
                await self._work.do(self._journal.add_before, [seen])

    async def _list_before(self, client: str, most: float) -> bool:
        """List what a client has, so many pages at most; return whether that was all."""
        leads = 0
        pages = self._work.service.listing(client)
        async with aclosing(pages):
            for read in count(1):
                page = await anext(pages, None)
                if page is None:
                    await self._work.do(self._journal.end_scan, client, leads)
                    return True
                leads += len(page)
                await self._work.do(self._journal.add_before, page)
                if read >= most:
                    break
        await self._work.do(partial(self._journal.end_scan, client, leads + _PAGE, whole=False))
        return False

    async def are_stored(self, rows: Sequence[Outgoing], *, patient: bool = True) -> bool | None:
        """Wait until a row of a batch is seen, or all are proven absent.

        Args:
            rows: The rows.
            patient: Whether to wait for the proof, or for a little while.

        Returns:
            Whether batches are stored; None if that was not learned.
        """
        wait, settle = _FIRST_LOOK, self._work.options.settle
        gives_up = anyio.current_time() + settle / 9
        for look in count():
            opened = await self._work.do(self._proof.open_among, rows)
            if not opened:
                return await self._work.do(self._proof.batch_seen, rows) or None
            due = await self._work.do(self._proof.next_look, settle, opened) or 0.0
            proves = anyio.current_time() >= due
            if proves or self._only_listings:
                seen = await self._read_for(opened)
            else:
                await self._find(opened[look % len(opened)])  # a part may be stored
                seen = await self._work.do(self._proof.batch_seen, rows)
            if seen:
                return True
            if proves and await self._work.do(self._give_up) > 0:
                return False
            if not patient and anyio.current_time() >= gives_up:
                return None
            await self._work.wait(min(wait, max(_LEAST_WAIT, due - anyio.current_time())))
            wait *= _LOOK_FACTOR
        raise AssertionError("unreachable")

    async def _read_for(self, rows: Sequence[Outgoing]) -> bool:
        """List the clients of some rows, until one of the rows is seen; return whether one was."""
        for client in dict.fromkeys(row.client for row in rows):
            await self._read(client)
            if await self._work.do(self._proof.batch_seen, rows):
                return True
        return False

    async def look(self) -> None:
        """Look for rows that were sent, until all are seen, or some are to be sent again."""
        wait = _FIRST_LOOK
        while opened := await self._work.do(self._proof.open_rows):
            began = anyio.current_time()
            for client, rows in opened.items():
                await self._look_in(client, rows)
            await self._work.do(self._give_up)
            if await self.has_pending():
                return
            due = await self._work.do(self._proof.next_look, self._work.options.settle)
            if due is not None:
                now = anyio.current_time()
                await self._work.wait(min(max(wait, now - began), max(_LEAST_WAIT, due - now)))
            wait *= _LOOK_FACTOR

    async def look_for_doubles(self) -> None:
        """Where rows were sent again, see whether what was lost has come after all.

        One lead too many means that the service applies later than it was given time for: then it
        is looked again until nothing more comes.
        """
        last = await self._work.do(self._proof.last_resent)
        if last is None or self._work.options.mode == "fast":
            return
        known = 0
        while True:
            await self._work.wait(max(0.0, last + self._work.options.settle - anyio.current_time()))
            last = anyio.current_time()
            for client in await self._work.do(self._proof.clients):
                await self._read(client)
            doubles = await self._work.do(self._proof.doubles)
            if doubles == known:
                return
            known = doubles

    async def _look_in(self, client: str, rows: int) -> None:
        """Look for so many rows of a client, in the way that takes fewer requests.

        Looking them up proves that they are there. That they are not, only a listing does: what
        else the service looks leads up in is not known.
        """
        pages = math.ceil(await self._work.do(self._proof.size_of, client) / _PAGE)
        due = await self._work.do(self._proof.next_look, self._work.options.settle) or 0.0
        if self._only_listings or rows >= pages or anyio.current_time() >= due:
            await self._read(client)
            return
        for row in await self._work.do(self._proof.open_of, client):
            await self._find(row)

    async def _read(self, client: str) -> None:
        """List a client's leads; what is not among them was looked for in vain."""
        began = anyio.current_time()
        async for page in self._work.service.listing(client):
            await self._work.do(self._proof.see, page)
        await self._work.do(self._proof.miss, began, self._work.options.settle, client)

    async def _find(self, row: Outgoing) -> None:
        if row.key is None and row.lead is None:
            return  # there is nothing to look it up by
        seen = await self._work.service.find(row)
        if seen is not None:
            await self._work.do(self._proof.see, [seen])

    def _give_up(self) -> int:
        return self._proof.give_up(resend=self._work.options.mode == "verified")

    async def has_pending(self) -> bool:
        return bool(await self._work.do(self._journal.take, State.PENDING, -1, 1))

    @property
    def _only_listings(self) -> bool:
        """Whether a search by a key could show a lead that was there before."""
        return self._journal.job.spec.on_existing == "create"
