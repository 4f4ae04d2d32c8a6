"""Bulk lists → Arrow: batches for a coroutine, a scan for other tools."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from leadgenius_async._extract.plan import plan
from leadgenius_async._extract.query import Query, make_query
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.bulk_list import BulkList

if TYPE_CHECKING:
    import pyarrow as pa

    from leadgenius_async._extract.scan import Scan


_STANDS_STILL = (
    "the login is being renewed in this event loop, which would stand still while rows are pulled "
    "here, and the renewal with it: await asyncio.to_thread(scan.to_arrow)"
)


class BulkArrow(BulkList):
    """What a bulk list gives in columns."""

    async def batches(
        self,
        *,
        company_id: str | None = None,
        clients: Iterable[str] = (),
        fields: Iterable[str] | None = None,
        since: dt.datetime | str | None = None,
        page_size: int | None = None,
    ) -> AsyncGenerator[pa.RecordBatch, None]:
        """Give leads as Arrow record batches of one schema, a page each, fetched one ahead.

        Columns are the fields asked for, in order: `string`, but `float64` where a number is
        documented. The last one, `_extra` (`string`), holds the JSON of what nobody declared and
        of values that do not fit. All are nullable.

        Args:
            company_id: The company; the account's own if not given.
            clients: `client_id`s to take; all rows of the company if empty.
            fields: Fields to ask for; all if not given.
            since: Only leads whose `updatedAt` is then or later, and those that have none; a moment
                without a zone is UTC. Every page is fetched still, as in `export`.
            page_size: Leads per request, 1 to 5,000; learned from the rows if not given.

        Raises:
            ValueError: A value out of range, or a field name that is a near miss.
            UnknownClient: No client of the account has this `client_id`.
            TenantMismatch: A row of another company or client came; nothing of its page is given.
            LeadGeniusError: See `errors`.

        ```python
        async for batch in lg.enrich_leads.batches(fields=["id", "email"]):
            print(batch.num_rows, batch.schema.names)
        ```
        """
        from leadgenius_async._extract.batches import (  # noqa: PLC0415 - loads pyarrow
            record_batches,
        )

        query = make_query(
            self._table,
            company_id=company_id,
            clients=clients,
            fields=fields,
            since=since,
            page_size=page_size,
        )
        query = await self._checked(query)
        async with aclosing(record_batches(self._transport, query, plan(query, None))) as found:
            async for batch in found:
                yield batch

    def scan(
        self,
        *,
        company_id: str | None = None,
        clients: Iterable[str] = (),
        fields: Iterable[str] | None = None,
        since: dt.datetime | str | None = None,
        limit: int | None = None,
        page_size: int | None = None,
    ) -> Scan:
        """Give leads as an Arrow stream, for polars, DuckDB, pandas, pyarrow, Delta and others.

        It is no coroutine and works without an event loop, or with one, in `async with` or without
        it; where one is running, it waits while rows are pulled, so pull them in another thread
        (`await asyncio.to_thread(scan.to_arrow)`, and `scan.close()` to end it), or use `batches`.
        The columns are its.

        Nothing is requested before the first rows are pulled, and then no more than the reader
        wants: the first two pages come one by one, from then on one is ready and the next on its
        way, 64 MB in all at the most. Rows can be taken once. A reader that lets go early ends all.

        Pages are fetched in a thread, by connections of its own that outlive `lg`'s; trace hooks
        are called there. Beside that it is `lg`: both are paced as one, whatever `share_rate` says,
        and have one login, which is renewed once for both.

        Args:
            company_id: The company; the account's own if not given.
            clients: `client_id`s to take; all rows of the company if empty.
            fields: Fields to ask for; all if not given.
            since: Only leads whose `updatedAt` is then or later, and those that have none; as
                `export` has it, every page is fetched still.
            limit: Most leads to take: those that come first.
            page_size: Leads per request, 1 to 5,000; learned from the rows if not given.

        Raises:
            ValueError: A value out of range, or a field name that is a near miss.
            TypeError: A name where a list of names belongs, or a number that is no int.

        ```python
        scan = lg.enrich_leads.scan(fields=["id", "country"], limit=1000)
        print(scan.to_arrow().num_rows, scan.schema.names)
        ```
        """
        from leadgenius_async._extract.columns import arrow_schema  # noqa: PLC0415 - loads pyarrow
        from leadgenius_async._extract.scan import Scan  # noqa: PLC0415 - the same

        query = make_query(
            self._table,
            company_id=company_id,
            clients=clients,
            fields=fields,
            page_size=page_size,
            since=since,
            limit=limit,
        )
        return Scan(arrow_schema(query), partial(self._scanned, query))

    def _scanned(self, query: Query) -> AbstractAsyncContextManager[AsyncIterator[pa.RecordBatch]]:
        if self._transport.is_renewing_here():
            raise RuntimeError(_STANDS_STILL)
        return self._scanned_by_twin(query)

    @asynccontextmanager
    async def _scanned_by_twin(self, query: Query) -> AsyncGenerator[AsyncIterator[pa.RecordBatch]]:
        """Give the rows of a scan, by a client of its own for whichever event loop this is."""
        from leadgenius_async._extract.batches import record_batches  # noqa: PLC0415 - as there
        from leadgenius_async._extract.scan import ALONE  # noqa: PLC0415 - as there

        async with aclosing(self._transport.twin()) as transport:
            query = await self._checked(query, account=Account(transport))
            found = record_batches(transport, query, plan(query, None), alone=ALONE)
            async with aclosing(found) as batches:
                yield batches
