"""The two bulk lists, EnrichLeads and SourceLeads: one pattern with two names."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, asynccontextmanager
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar, get_args

import msgspec
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._extract.chain import fetch_page
from leadgenius_async._extract.envelope import rows_of
from leadgenius_async._extract.formats import (
    Chains,
    Compression,
    FileFormat,
    PartitionBy,
    check_choice,
    check_compression,
)
from leadgenius_async._extract.journal import Spec, new_job
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.plan import plan
from leadgenius_async._extract.query import Query, make_query
from leadgenius_async._extract.report import ExportEstimate, ExportReport, Progress
from leadgenius_async._extract.rows import RowReader
from leadgenius_async._extract.tenants import check_tenant
from leadgenius_async._fields import TABLES
from leadgenius_async._http.call import Meter
from leadgenius_async._http.observe import facts_of, followed
from leadgenius_async._http.transport import Transport
from leadgenius_async._lead_structs import EnrichLead, SourceLead
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.lead_rows import LeadInput, json_object
from leadgenius_async._resources.leads import LeadById
from leadgenius_async._resources.listing import Listing, Page

if TYPE_CHECKING:
    import pyarrow as pa

    from leadgenius_async._extract.scan import Scan

LeadT = TypeVar("LeadT", bound=msgspec.Struct)

_company_id: Callable[[msgspec.Struct], str | None] = attrgetter("company_id")
_client_id: Callable[[msgspec.Struct], str | None] = attrgetter("client_id")

#: What whoever follows an export is told of its report.
_TOLD = (
    "job_id", "rows", "pages", "bytes", "wire_bytes", "requests", "retries", "throttled_seconds",
    "rejects", "duplicates", "missing", "recovered", "runs", "complete",
)  # fmt: skip


class BulkLeads(Generic[LeadT]):
    """One bulk list. Takes an API key (documented); a login is tried if there is no key.

    Everywhere, `company_id` defaults to the account's own company, which costs one request.
    """

    def __init__(
        self, transport: Transport, account: Account, table: str, lead: type[LeadT]
    ) -> None:
        self._transport = transport
        self._account = account
        self._table = table
        self._lead = lead
        self._reader = RowReader(lead, TABLES[table], keep_extra=json_object)

    def rows(
        self,
        *,
        company_id: str | None = None,
        client_id: str | None = None,
        fields: Iterable[str] | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        token: str | None = None,
    ) -> Listing[LeadT]:
        """List leads one by one, typed.

        A value of another type than its field's becomes text (an object or list its compact
        JSON); fields that nobody declared are in `extra`.

        Args:
            company_id: The company; the account's own if not given.
            client_id: One client's leads only; all if not given.
            fields: Fields to ask for; the others are None. All if not given.
            limit: Most leads to give.
            page_size: Leads per request, 1 to 5,000; learned from the rows if not given.
            token: Where to start, as an earlier listing's `token` said.

        Raises:
            ValueError: A value out of range, or a field name that is a near miss.
            TenantMismatch: While it is iterated: a row of another company or client came; nothing
                of its page is given.
            LeadGeniusError: While it is iterated; see `errors`.

        ```python
        async for lead in lg.enrich_leads.rows(client_id="acme-corp", fields=["id", "email"]):
            print(lead.id, lead.email)
        ```
        """
        query = make_query(
            self._table,
            company_id=company_id,
            clients=() if client_id is None else [client_id],
            fields=fields,
            page_size=page_size,
        )
        return Listing(_PageFetch(self._checked, self._fetch, query), token=token, limit=limit)

    def pages(
        self,
        *,
        company_id: str | None = None,
        client_id: str | None = None,
        fields: Iterable[str] | None = None,
        page_size: int | None = None,
        token: str | None = None,
    ) -> AsyncIterator[Page[LeadT]]:
        """List leads page by page; a page may be short or empty with more to come.

        Args and errors are those of `rows`, whose `.pages()` this is.

        ```python
        async for page in lg.enrich_leads.pages(page_size=500):
            print(len(page.items), page.token)
        ```
        """
        return self.rows(
            company_id=company_id,
            client_id=client_id,
            fields=fields,
            page_size=page_size,
            token=token,
        ).pages()

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
        (`await asyncio.to_thread(scan.to_arrow)`), or use `batches`. The columns are its.

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

    @asynccontextmanager
    async def _scanned(self, query: Query) -> AsyncGenerator[AsyncIterator[pa.RecordBatch]]:
        """Give the rows of a scan, by a client of its own for whichever event loop this is."""
        from leadgenius_async._extract.batches import record_batches  # noqa: PLC0415 - as there
        from leadgenius_async._extract.scan import ALONE  # noqa: PLC0415 - as there

        async with aclosing(self._transport.twin()) as transport:
            query = await self._checked(query, account=Account(transport))
            found = record_batches(transport, query, plan(query, None), alone=ALONE)
            async with aclosing(found) as batches:
                yield batches

    async def export(
        self,
        out: str | Path,
        *,
        company_id: str | None = None,
        clients: Iterable[str] = (),
        fields: Iterable[str] | None = None,
        since: dt.datetime | str | None = None,
        limit: int | None = None,
        format: FileFormat = "parquet",  # noqa: A002 - the users' word for it
        compression: Compression = "zstd",
        max_file_bytes: int | None = None,
        page_size: int | None = None,
        concurrency: int = 16,
        budget_bytes: int | None = None,
        chains: Chains = "auto",
        sweep: bool = True,
        overwrite: bool = False,
        retry_failed: bool = False,
        repair: bool = False,
        strict_schema: bool = False,
        partition_by: PartitionBy | None = None,
        single_file: bool = False,
        allow_empty: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
        filesystem: object | None = None,
        staging: str | Path | None = None,
    ) -> ExportReport:
        """Take leads out into files; an unfinished export of the same query is gone on with.

        `out` gets a folder with part files, named after the table, then `manifest.json`, then,
        if the export is complete, `_SUCCESS`. Parquet files have the columns that `batches`
        gives; NDJSON files (zstd) have each row byte for byte. Of rows with the same id, as of
        one that was changed while it was read, the last is kept.

        Whatever ends it, the process' death included, costs at most a minute's work, 16 pages or
        2 % of them: the same call goes on from there.

        Into an object store (`out="s3://bucket/prefix"`), the export is written to a staging folder
        on this machine, and brought there when it is finished, `_SUCCESS` last.

        Args:
            out: The output folder, which is made if it does not exist; or the URI of one in a store
                (`s3://`, `gs://`, `abfs://`, or what fsspec knows, if it is installed).
            company_id: The company; the account's own if not given.
            clients: `client_id`s to take; all rows of the company if empty.
            fields: Fields to ask for; all if not given.
            since: Only leads whose `updatedAt` is then or later, and those that have none; a moment
                without a zone is UTC. The service cannot filter by it: every page is fetched
                still, and the leads are dropped here.
            limit: Most leads to take. They are those that come first: the chains are then walked
                one after the other, and not swept.
            format: `parquet` or `ndjson`.
            compression: `zstd`, `gzip` or `none`; of Parquet also `snappy` or `lz4`.
            max_file_bytes: Most bytes of a part file, a single page's rows apart. Usual ones have
                up to 100 MB; `compact` makes larger ones.
            page_size: Leads per request, 1 to 5,000; learned from the rows if not given.
            concurrency: Most chains of pages at a time.
            budget_bytes: Most bytes in flight, pages on their way and rows that are not in a file
                yet: 16 MiB or more, 64 MiB if not given. Memory is a few times that.
            chains: `all` walks one chain over all rows; `clients` one for each client, then one
                over the ids of all rows, to find and fetch what those miss; `auto` takes what
                the first page shows to be faster.
            sweep: Whether to look for rows that the clients' chains miss; without it, such an
                export is not complete.
            overwrite: Delete an export that stands in `out`, once there are rows to take its
                place; in a store, once all of them are there. Always begins anew.
            retry_failed: Only go on with an unfinished export, one whose chains failed or that
                was cut off; never begin one.
            repair: Build the journal of an unfinished export anew from its Parquet parts first;
                what is lost is fetched again.
            strict_schema: Let a field that nobody declared, a value that does not fit its column,
                or a row that cannot be read end the export; of NDJSON only the last.
            partition_by: `client_id` puts the rows of each client into a folder of its own,
                `client_id=acme-corp/`, whose name has the `client_id` then and the files have
                not. For Parquet.
            single_file: Put all rows into one file, or those of each folder.
            allow_empty: Take an export without a row for a success.
            on_progress: Called with each page, and every half second while none comes.
            filesystem: A file system of pyarrow or fsspec that `out` is in, instead of the one that
                its URI names.
            staging: The folder where an export into a store stands until it is there, which needs
                room for all of it; one in the user's state folder if not given.

        Raises:
            ValueError: A value out of range, a field name that is a near miss, or credentials in
                the URI.
            ConfigurationError: What reaches the store is not installed.
            StorageError: The store says no, or gives no answer.
            UnknownClient: No client of the account has this `client_id`.
            ExportConflict: `out` holds another export, or none with failed chains to retry.
            AlreadyExported: `out` holds this one, finished; the error has its manifest.
            ExportLocked: Another process writes to `out`.
            ExportDamaged: The files in `out` are not those that were written.
            SchemaMismatch: A row does not fit the schema, under `strict_schema`.
            EmptyExport: There was no row: a wrong company, or a table that is empty.
            OSError: `out` cannot be written to.
            LeadGeniusError: See `errors`.

        ```python
        report = await lg.enrich_leads.export("leads/", fields=["id", "email"])
        print(report.rows, report.complete)
        ```
        """
        check_choice("format", format, get_args(FileFormat))
        check_choice("chains", chains, get_args(Chains))
        check_compression(format, compression)
        if max_file_bytes is not None and max_file_bytes < 1:
            raise ValueError(f"max_file_bytes is {max_file_bytes}: a file has at least one byte")
        if limit is not None and chains == "clients":
            raise ValueError("limit goes with one chain after the other: leave chains out")
        # Here, since they load pyarrow.
        from leadgenius_async._extract.dataset import require_failed  # noqa: PLC0415
        from leadgenius_async._extract.export import Export  # noqa: PLC0415
        from leadgenius_async._extract.planner import Planner  # noqa: PLC0415
        from leadgenius_async._extract.publish import choose_place  # noqa: PLC0415

        if not os.fspath(out):
            raise ValueError("out is empty: name a folder, or the URI of one in a store")
        query = make_query(
            self._table,
            company_id=company_id,
            clients=clients,
            fields=fields,
            page_size=page_size,
            since=since,
            limit=limit,
        )
        if max_file_bytes is not None and (partition_by or single_file):
            raise ValueError("max_file_bytes goes with neither partition_by nor single_file")
        if partition_by is not None:
            _check_partition(partition_by, query, format)
        spec = Spec(
            service=self._transport.base_url,
            table=self._table,
            company_id=query.company_id,
            clients=sorted(query.clients),
            fields=[field.name for field in query.wanted] if query.projected else None,
            format=format,
            chains=chains,
            sweep=sweep,
            strict_schema=strict_schema,
            since=None if query.since is None else query.since.isoformat(),
            limit=limit,
            compression=compression,
            max_file_bytes=max_file_bytes,
            partition_by=partition_by,
            single_file=single_file,
        )
        try:
            folder, store = await to_thread.run_sync(
                lambda: choose_place(
                    out,
                    filesystem=filesystem,
                    staging=staging,
                    spec=spec,
                    overwrite=overwrite,
                    repair=repair,
                )
            )
        except errors.AlreadyExported as error:
            await self._require_company(query, error)
            raise
        if retry_failed:
            require_failed(folder)
        with followed(
            self._transport.observer, "export", table=self._table, format=format
        ) as facts:
            query = await self._checked(query)
            spec = msgspec.structs.replace(
                spec,
                company_id=query.company_id,
                target=None if store is None else store.given,
            )
            job = new_job(spec)
            job.overwrite = overwrite and store is not None
            done = await Export(
                self._transport,
                query,
                job,
                Planner(self._transport, query, chains, self._client_ids),
                out=folder,
                concurrency=concurrency,
                budget=budget_bytes,
                overwrite=overwrite,
                repair=repair,
                allow_empty=allow_empty,
                on_progress=on_progress,
                store=store,
            ).run()
            facts.update(facts_of(done, _TOLD))
            return done

    async def estimate(
        self,
        *,
        company_id: str | None = None,
        clients: Iterable[str] = (),
        fields: Iterable[str] | None = None,
        format: FileFormat = "parquet",  # noqa: A002 - as `export` has it
        compression: Compression = "zstd",
        limit: int | None = None,
        page_size: int | None = None,
    ) -> ExportEstimate:
        """Say what an `export` would cost, by the first page that has rows.

        That page is fetched as an export would, and written to a temporary file. It takes two or
        three requests, `requests_used` says how many: the page, the company where it is not
        given, the clients where some are named, and the number of rows, which is known for
        EnrichLeads alone. Empty pages are passed over, up to five.

        Args:
            company_id: The company; the account's own if not given.
            clients: `client_id`s to take; all rows of the company if empty.
            fields: Fields to ask for; all if not given.
            format: `parquet` or `ndjson`.
            compression: How the files would be compressed.
            limit: Most leads that would be taken.
            page_size: Leads per request, 1 to 5,000; learned from the rows if not given.

        Raises:
            ValueError: A value out of range, or a field name that is a near miss.
            UnknownClient: No client of the account has this `client_id`.
            LeadGeniusError: See `errors`.

        ```python
        cost = await lg.enrich_leads.estimate(fields=["id", "email"])
        print(cost.rows, cost.requests, cost.minutes, cost.bytes)
        ```
        """
        check_choice("format", format, get_args(FileFormat))
        check_compression(format, compression)
        from leadgenius_async._extract.estimate import Estimator  # noqa: PLC0415 - loads pyarrow

        query = make_query(
            self._table,
            company_id=company_id,
            clients=clients,
            fields=fields,
            page_size=page_size,
            limit=limit,
        )
        used = Meter()
        query = await self._checked(query, used)
        return await Estimator(self._transport, query, format, compression, used).run()

    async def _fetch(
        self, query: Query, size: PageSize, *, token: str | None, limit: int
    ) -> Page[LeadT]:
        """Fetch one page of typed leads.

        Raises:
            ProtocolError: A row cannot be read at all; `export` keeps such rows aside instead.
            TenantMismatch: A row belongs to another company or client.
        """
        client_id = next(iter(query.clients), None)
        following, body = await fetch_page(
            self._transport, query, client_id, token=token, limit=limit, meter=Meter()
        )
        rows, rejects = self._reader.read(rows_of(body))
        size.observe(len(rows), len(body))
        check_tenant(
            query.path,
            map(_company_id, rows),
            map(_client_id, rows),
            company_id=query.company_id,
            client_id=client_id,
        )
        if rejects:
            raise errors.ProtocolError(
                f"{query.path}: {len(rejects)} rows of a page cannot be read "
                f"({rejects[0].reason}); export() keeps such rows aside"
            )
        self._transport.count_rows(self._table, len(rows))
        return Page(rows, following)

    async def _checked(
        self, query: Query, meter: Meter | None = None, *, account: Account | None = None
    ) -> Query:
        """Return the query with its company, once its clients are known to be the account's.

        Raises:
            ConfigurationError: The credentials cannot ask for the company, and none was named.
            UnknownClient: No client of the account has this `client_id`.
        """
        account = account or self._account
        if not query.company_id:
            company_id = await account.company_id(meter=meter)
            query = dataclasses.replace(query, company_id=company_id)
        if query.clients:
            await account.check_clients(query.clients, meter=meter)
        return query

    async def _require_company(self, query: Query, error: errors.AlreadyExported) -> None:
        """Let the export that stands there be of the account's company, if none was named.

        Raises:
            ExportConflict: It is of another one's.
        """
        company_id = (await self._checked(query)).company_id
        if msgspec.json.decode(error.manifest, type=ExportReport).company_id != company_id:
            raise errors.ExportConflict(str(error)) from None

    async def _client_ids(self) -> list[str]:
        """Return the account's clients; none where the credentials may not ask for them."""
        try:
            known = await self._account.clients()
        except (errors.AuthenticationError, errors.PermissionDenied):
            return []
        return [client.client_id for client in known if client.client_id]


class _PageFetch(Generic[LeadT]):
    """Fetches the pages of one listing; the company is looked up with the first."""

    def __init__(
        self,
        check: Callable[[Query], Awaitable[Query]],
        fetch: Callable[..., Awaitable[Page[LeadT]]],
        query: Query,
    ) -> None:
        self._check = check
        self._fetch = fetch
        self._query = query
        self._size = PageSize(query.sent, fixed=query.page_size)
        self._checked = False

    async def __call__(self, token: str | None, left: int | None) -> Page[LeadT]:
        if not self._checked:
            self._query = await self._check(self._query)
            self._checked = True
        while True:
            limit = self._size.limit
            try:
                return await self._fetch(
                    self._query, self._size, token=token, limit=min(limit, left or limit)
                )
            except errors.PayloadTooLarge:
                if not self._size.refuse(limit):
                    raise


class EnrichLeads(BulkLeads[EnrichLead]):
    """The bulk list `/api/enrich-leads/list`, and the single lead below it."""

    def __init__(self, transport: Transport, account: Account) -> None:
        super().__init__(transport, account, "enrich_leads", EnrichLead)
        self._leads = LeadById(transport, account)

    async def get(self, lead_id: str) -> EnrichLead:
        """Return a lead by its id.

        Raises:
            NotFound: The company has no such lead.

        ```python
        lead = await lg.enrich_leads.get("lead_1")
        ```
        """
        return await self._leads.get(lead_id)

    async def update(self, lead_id: str, changes: LeadInput) -> EnrichLead:
        """Change a lead; fields that are not named stay.

        Args:
            lead_id: Its id.
            changes: Fields by the service's names; None clears one.

        Raises:
            ValueError: No field, a misspelt one, `phone` for `phoneNumber`, an empty `client_id`,
                another lead's `id`, or an e-mail address without `@`.
            TypeError: The `client_id` is no text: a lead belongs to a client.
            UnknownClient: The lead was to go to a `client_id` that no client has.
            NotFound: The company has no such lead.

        ```python
        lead = await lg.enrich_leads.update("lead_1", {"notes": "Call on Monday"})
        ```
        """
        return await self._leads.update(lead_id, changes)


class SourceLeads(BulkLeads[SourceLead]):
    """The bulk list `/api/source-leads/list`."""

    def __init__(self, transport: Transport, account: Account) -> None:
        super().__init__(transport, account, "source_leads", SourceLead)


def _check_partition(column: str, query: Query, format_: str) -> None:
    check_choice("partition_by", column, get_args(PartitionBy))
    if format_ != "parquet":
        raise ValueError(
            "partition_by is for Parquet: NDJSON has each row whole, its client_id as well (leave "
            "it out, or take one client at a time)"
        )
    if column not in {field.name for field in query.wanted}:
        raise ValueError(f"partition_by is {column!r}, which is not among the fields: add it")
