"""Bulk lists → a stream of record batches, one page ahead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import pyarrow as pa
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.chain import Chain, RawPage
from leadgenius_async._extract.columns import ArrowDecoder
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import Query
from leadgenius_async._http.call import Meter
from leadgenius_async._http.transport import Transport

_BUDGET = 64 * 2**20  # bytes: the page that is read, and the next one


async def record_batches(
    transport: Transport,
    query: Query,
    partitions: Sequence[Partition],
    *,
    meter: Meter | None = None,
) -> AsyncIterator[pa.RecordBatch]:
    """Give the rows of each partition in turn as record batches of one schema.

    Raises:
        ProtocolError: A row cannot be read at all (`export` keeps such rows aside instead), or a
            page has more than twice the rows that were asked for.
        TenantMismatch: A row belongs to another company or client.
        LeadGeniusError: See `errors`.
    """
    decoder = ArrowDecoder(query)
    page_size = PageSize(query.sent, fixed=query.page_size)
    budget = ByteBudget(_BUDGET)
    for partition in partitions:
        chain = Chain(
            transport, query, partition, page_size=page_size, budget=budget, meter=meter or Meter()
        )
        async for page in _one_ahead(chain.pages()):
            decoded = await to_thread.run_sync(decoder, page)
            page.check_count(decoded.read + len(decoded.rejects))
            page_size.observe(decoded.rows, page.size)
            budget.give_back(page.size)
            if decoded.rejects:
                raise errors.ProtocolError(
                    f"{query.path}: {len(decoded.rejects)} rows of a page cannot be read "
                    f"({decoded.rejects[0].reason}); export() keeps such rows aside"
                )
            if decoded.rows:
                yield decoded.content


async def _one_ahead(pages: AsyncGenerator[RawPage, None]) -> AsyncIterator[RawPage]:
    """Give pages while the next one is already being fetched."""
    # A plain task, not a task group: a caller may leave this generator half-way, and a group's
    # cancel scope must not be left from another task.
    following = asyncio.ensure_future(anext(pages, None))
    try:
        while (page := await following) is not None:
            following = asyncio.ensure_future(anext(pages, None))
            yield page
    finally:
        following.cancel()
        await asyncio.wait([following])
        await pages.aclose()
