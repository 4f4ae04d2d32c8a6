"""Bulk lists → a stream of record batches, one page ahead."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pyarrow as pa
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.chain import Chain, RawPage
from leadgenius_async._extract.columns import ArrowDecoder
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import Query
from leadgenius_async._extract.rows import Reject
from leadgenius_async._http.call import Meter
from leadgenius_async._http.transport import Transport

_BUDGET = 64 * 2**20  # bytes: the page that is read, or its rows, and the next page
#: Rows to ask for where fewer are wanted: of so many, a page that comes short has some.
_FEWEST = 100


async def record_batches(
    transport: Transport,
    query: Query,
    partitions: Sequence[Partition],
    *,
    meter: Meter | None = None,
    alone: int = 0,
) -> AsyncGenerator[pa.RecordBatch, None]:
    """Give the rows of each partition in turn as record batches of one schema.

    Args:
        transport: The way to the wire.
        query: What is asked for.
        partitions: The chains to walk.
        meter: Counts what that costs.
        alone: Batches for which no page is fetched ahead; their reader may want no more.

    Raises:
        ProtocolError: A row cannot be read at all (`export` keeps such rows aside instead), or a
            page has more than twice the rows that were asked for.
        TenantMismatch: A row belongs to another company or client.
        LeadGeniusError: See `errors`.
    """
    decoder = ArrowDecoder(query)
    most = None if query.limit is None or query.since else max(query.limit, _FEWEST)
    page_size = PageSize(query.sent, fixed=query.page_size, most=most)
    budget = ByteBudget(_BUDGET)
    left = query.limit or sys.maxsize
    given = 0
    for partition in partitions:
        chain = Chain(
            transport, query, partition, page_size=page_size, budget=budget, meter=meter or Meter()
        )
        async with aclosing(_Pages(chain)) as pages:
            while left and (page := await pages.next()) is not None:
                if given >= alone and page.limit < left:  # else this page may be enough
                    pages.look_ahead()
                decoded = await to_thread.run_sync(decoder, page)
                page.check_count(decoded.read + len(decoded.rejects))
                page_size.observe(decoded.read, page.size)
                budget.correct(page.size, decoded.size)
                del page  # as in the chain
                found = decoded.first(left)
                _refuse_rejects(query, found.rejects)
                if found.rows:
                    given += 1
                    transport.count_rows(query.table, found.rows)
                    yield found.content
                left -= found.rows
                budget.give_back(decoded.size)
                del decoded, found


class _Pages:
    """A chain's pages, of which the next one may be on its way already."""

    def __init__(self, chain: Chain) -> None:
        self._pages = chain.pages()
        self._following: asyncio.Task[RawPage | None] | None = None

    def look_ahead(self) -> asyncio.Task[RawPage | None]:
        """Begin to fetch the next page."""
        # A plain task, not a task group: a caller may leave the batches half-way, and a group's
        # cancel scope must not be left from another task.
        self._following = asyncio.ensure_future(anext(self._pages, None))
        return self._following

    async def next(self) -> RawPage | None:
        """Return the next page; None behind the last one."""
        page = await (self._following or self.look_ahead())
        self._following = None
        return page

    async def aclose(self) -> None:
        """End what is on its way."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.wait([self._following])
        await self._pages.aclose()


def _refuse_rejects(query: Query, rejects: Sequence[Reject]) -> None:
    if rejects:
        raise errors.ProtocolError(
            f"{query.path}: {len(rejects)} rows of a page cannot be read ({rejects[0].reason}); "
            "export() keeps such rows aside"
        )
