"""Bulk lists → files, and what that would cost."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Unpack, get_args

import msgspec
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._extract.formats import (
    Compression,
    FileFormat,
    check_choice,
    check_compression,
)
from leadgenius_async._extract.options import Asked, ExportOptions
from leadgenius_async._extract.query import Query, make_query
from leadgenius_async._extract.report import ExportEstimate, ExportReport
from leadgenius_async._http.call import Meter
from leadgenius_async._http.observe import facts_of, followed
from leadgenius_async._resources import checks
from leadgenius_async._resources.bulk_list import BulkList

if TYPE_CHECKING:
    from leadgenius_async._extract.store import Store

#: What whoever follows an export is told of its report.
_TOLD = (
    "job_id", "rows", "pages", "bytes", "wire_bytes", "requests", "retries", "throttled_seconds",
    "rejects", "duplicates", "missing", "recovered", "runs", "complete",
)  # fmt: skip


class BulkFiles(BulkList):
    """What a bulk list is taken out into."""

    async def export(
        self,
        out: str | Path,
        **options: Unpack[ExportOptions],
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
            format: `parquet`, if nothing is said, or `ndjson`.
            compression: `zstd`, if nothing is said, `gzip` or `none`; of Parquet also `snappy` or
                `lz4`.
            max_file_bytes: Most bytes of a part file, a single page's rows apart. Usual ones have
                up to 100 MB; `compact` makes larger ones.
            page_size: Leads per request, 1 to 5,000; learned from the rows if not given.
            concurrency: Most chains of pages at a time; 16 if not given.
            budget_bytes: Most bytes in flight, pages on their way and rows that are not in a file
                yet: 16 MiB or more, 64 MiB if not given. Memory is a few times that.
            chains: `all` walks one chain over all rows; `clients` one for each client, then one
                over the ids of all rows, to find and fetch what those miss; `auto` takes what
                the first page shows to be faster, and is what happens if nothing is said.
            sweep: False does not look for rows that the clients' chains miss; such an export is
                not complete.
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
        checks.known(options, ExportOptions, call="export")
        asked = Asked(table=self._table, **options)
        if not os.fspath(out):
            raise ValueError("out is empty: name a folder, or the URI of one in a store")
        # Here, since they load pyarrow.
        from leadgenius_async._extract.export import Export  # noqa: PLC0415
        from leadgenius_async._extract.in_the_way import require_failed  # noqa: PLC0415
        from leadgenius_async._extract.planner import Planner  # noqa: PLC0415

        folder, store = await self._place(out, asked)
        if asked.retry_failed:
            require_failed(folder)
        with followed(
            self._transport.observer, "export", table=self._table, format=asked.format
        ) as facts:
            query = await self._checked(asked.query)
            spec = msgspec.structs.replace(
                asked.spec(self._transport.base_url),
                company_id=query.company_id,
                target=None if store is None else store.given,
            )
            planner = Planner(self._transport, query, asked.chains, self._client_ids)
            done = await Export(
                self._transport, query, spec, planner, asked, out=folder, store=store
            ).run()
            facts.update(facts_of(done, _TOLD))
            return done

    async def _place(self, out: str | Path, asked: Asked) -> tuple[Path, Store | None]:
        """Return the folder to write to and, if the export is to be published, the store."""
        from leadgenius_async._extract.publish import choose_place  # noqa: PLC0415 - as there

        spec = asked.spec(self._transport.base_url)
        try:
            return await to_thread.run_sync(choose_place, out, asked, spec)
        except errors.AlreadyExported as error:
            await self._require_company(asked.query, error)
            raise

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

    async def _require_company(self, query: Query, error: errors.AlreadyExported) -> None:
        """Let the export that stands there be of the account's company, if none was named.

        Raises:
            ExportConflict: It is of another one's.
        """
        company_id = (await self._checked(query)).company_id
        if msgspec.json.decode(error.manifest, type=ExportReport).company_id != company_id:
            raise errors.ExportConflict(str(error)) from None
