"""`leadgenius export`: take leads out into files."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import App, Group, Parameter

from leadgenius_async._extract.formats import Compression, FileFormat, PartitionBy
from leadgenius_async._extract.report import ExportEstimate, ExportReport
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.failures import Incomplete
from leadgenius_async.cli.heap import use_few_arenas
from leadgenius_async.cli.inflate import use_fast_inflate
from leadgenius_async.cli.notes import note
from leadgenius_async.cli.options import DEFAULT, Connection, Flag, Json
from leadgenius_async.cli.progress import ProgressDisplay
from leadgenius_async.cli.tenants import export_many_with

if TYPE_CHECKING:
    from leadgenius_async._client import LeadGenius
    from leadgenius_async._extract.options import TenantOptions

app: App = App(
    name="export",
    help="Take leads out into Parquet or NDJSON files.",
    help_epilogue=examples(
        "export enrich-leads --out leads", "export source-leads --out raw --format ndjson"
    ),
)

Table = Literal["enrich_leads", "source_leads"]

#: The panels of `--help`, in their order.
_FILES = Parameter(group=Group("Files", sort_key=-3))
_LEADS = Parameter(group=Group("Leads", sort_key=-2))
_RUN = Parameter(group=Group("Run", sort_key=-1))


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What to take out, and where to.

    Attributes:
        company_id: The company; the account's own if not given.
        client: client_id of a client to take; all rows of the company if not given.
        fields: Fields to ask for, separated by commas; all if not given. Of a tenants file, those
            of tenants that name none.
        since: Only rows whose updatedAt is then or later (ISO 8601; UTC if it has no zone), and
            rows without one. The service cannot filter: every page is fetched still.
        limit: Most rows to take, those that come first.
        tenants: A tenants file: the leads of many accounts, each into a folder of its own in --out.
        accounts: Most accounts of a tenants file at a time.
        out: Folder for the files, which is made if it does not exist; or its URI in an object
            store, such as s3://bucket/prefix. Only an estimate needs none.
        format: parquet, or ndjson with each row byte for byte.
        compression: zstd, gzip or none; of parquet also snappy or lz4.
        max_file_size: Most megabytes (of 1,048,576 bytes) of a file; usual ones have up to 100,
            compact makes larger ones.
        partition_by: Put the rows of each client into a folder of its own (parquet only).
        single_file: Put all rows into one file, or those of each folder.
        staging: Folder where an export into an object store stands until it is there; it needs
            room for all of it. One in your state folder if not given.
        page_size: Rows per request, 1 to 5,000; learned from the rows if not given.
        concurrency: Most chains of pages at a time.
        chains: all walks one chain over all rows; clients one for each client, then one over
            the ids of all rows; auto takes what the first page shows to be faster.
        no_sweep: Do not look for rows that the clients' chains miss: then it is not complete.
        overwrite: Delete an export that stands in the folder, once there are rows to take its
            place. It begins anew; leave it out to go on with what it began.
        retry_failed: Only go on with an unfinished export, one whose chains failed or that was
            cut off; never begin one.
        repair: Build the journal of an unfinished export anew from its Parquet parts first.
        strict_schema: End at a field that nobody declared, a value that does not fit its column,
            or a row that cannot be read (of ndjson only the last).
        allow_empty: Take an export without a row for a success.
        estimate: Say what the export would cost, and take nothing out.
        json: Print the report as one JSON object.
    """

    company_id: Annotated[str | None, _LEADS] = None
    client: Annotated[
        list[str], _LEADS, Parameter(consume_multiple=True, negative=(), show_default=False)
    ] = field(default_factory=list[str])
    fields: Annotated[str | None, _LEADS] = None
    since: Annotated[str | None, _LEADS] = None
    limit: Annotated[int | None, _LEADS] = None
    tenants: Annotated[Path | None, _LEADS] = None
    accounts: Annotated[int, _LEADS] = 4
    out: Annotated[str | None, _FILES] = None
    format: Annotated[FileFormat, _FILES] = "parquet"
    compression: Annotated[Compression, _FILES] = "zstd"
    max_file_size: Annotated[float | None, _FILES] = None
    partition_by: Annotated[PartitionBy | None, _FILES] = None
    single_file: Annotated[Flag, _FILES] = False
    staging: Annotated[Path | None, _FILES] = None
    page_size: Annotated[int | None, _RUN] = None
    concurrency: Annotated[int, _RUN] = 16
    chains: Annotated[Literal["auto", "all", "clients"], _RUN] = "auto"
    no_sweep: Annotated[Flag, _RUN] = False
    overwrite: Annotated[Flag, _RUN] = False
    retry_failed: Annotated[Flag, _RUN] = False
    repair: Annotated[Flag, _RUN] = False
    strict_schema: Annotated[Flag, _RUN] = False
    allow_empty: Annotated[Flag, _RUN] = False
    estimate: Annotated[Flag, _RUN] = False
    json: Json = False

    @property
    def field_names(self) -> list[str] | None:
        """The names of the fields; None for all."""
        return split_fields(self.fields)

    @property
    def max_file_bytes(self) -> int | None:
        """Most bytes of a file."""
        return None if self.max_file_size is None else int(self.max_file_size * 2**20)

    @property
    def of_each(self) -> TenantOptions:
        """What is asked of each export, be it one or that of a tenant."""
        return {
            "fields": self.field_names,
            "since": self.since,
            "limit": self.limit,
            "format": self.format,
            "compression": self.compression,
            "max_file_bytes": self.max_file_bytes,
            "page_size": self.page_size,
            "concurrency": self.concurrency,
            "chains": self.chains,
            "sweep": not self.no_sweep,
            "overwrite": self.overwrite,
            "strict_schema": self.strict_schema,
            "partition_by": self.partition_by,
            "single_file": self.single_file,
            "allow_empty": self.allow_empty,
            "staging": self.staging,
        }

    @property
    def place(self) -> str:
        """Where the files are to stand.

        Raises:
            ValueError: None was given.
        """
        if not self.out:
            raise ValueError("--out is missing: give a folder for the files (or --estimate)")
        return self.out


#: Nothing given: only an estimate needs no more.
_NOTHING = ExportOptions()


@app.command(
    name="enrich-leads",
    help_epilogue=examples(
        "export enrich-leads --estimate",
        "export enrich-leads --out mails --fields id,client_id,email",
        "export enrich-leads --out acme --client acme-corp --format ndjson",
        "# anew, in place of what stands there; without --overwrite it goes on",
        "export enrich-leads --out leads --overwrite",
    ),
)
async def enrich_leads(options: ExportOptions = _NOTHING, connection: Connection = DEFAULT) -> None:
    """Take out EnrichLeads, the rows that people work with, into files.

    Whatever ends it, the same command goes on. Exits 6 if a part is missing, 4 if there is no row.
    """
    await export_with("enrich_leads", options, connection)


@app.command(
    name="source-leads",
    help_epilogue=examples(
        "export source-leads --out scraped",
        "export source-leads --out recent --since 2025-06-01 --json",
        "export source-leads --out s3://bucket/scraped",
    ),
)
async def source_leads(options: ExportOptions = _NOTHING, connection: Connection = DEFAULT) -> None:
    """Take out SourceLeads, the rows as they were scraped, into files.

    Whatever ends it, the same command goes on. Exits 6 if a part is missing, 4 if there is no row.
    """
    await export_with("source_leads", options, connection)


async def export_with(table: Table, options: ExportOptions, connection: Connection) -> None:
    """Run an export and print its report; one that is not complete ends with an error."""
    if options.tenants is not None:
        await export_many_with(options.tenants, table, options, connection)
        return
    if options.estimate:
        await estimate_with(table, options, connection)
        return
    use_few_arenas()
    use_fast_inflate()
    out = options.place
    try:
        async with connection.open() as lg:
            report = await run_export(lg, table, options)
    except asyncio.CancelledError:
        note(what_stands(folder_of(out, options.staging), overwrite=options.overwrite))
        raise
    if options.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        sys.stdout.write(summary(report))
    if not report.complete:
        raise Incomplete(f"the export is not complete: {report.incomplete_because}")


async def run_export(
    lg: LeadGenius, table: Table, options: ExportOptions, *, total: int | None = None
) -> ExportReport:
    """Run an export with its progress on stderr."""
    leads = lg.enrich_leads if table == "enrich_leads" else lg.source_leads
    with ProgressDisplay(table, total=total) as display:
        return await leads.export(
            options.place,
            company_id=options.company_id,
            clients=options.client,
            retry_failed=options.retry_failed,
            repair=options.repair,
            on_progress=display,
            **options.of_each,
        )


async def estimate_with(table: Table, options: ExportOptions, connection: Connection) -> None:
    """Print what an export would cost."""
    async with connection.open() as lg:
        leads = lg.enrich_leads if table == "enrich_leads" else lg.source_leads
        cost = await leads.estimate(
            company_id=options.company_id,
            clients=options.client,
            fields=options.field_names,
            format=options.format,
            compression=options.compression,
            limit=options.limit,
            page_size=options.page_size,
        )
    if options.since is not None:
        note("--since leaves out rows on this side: the bytes on disk are those of all rows")
    if options.json:
        sys.stdout.write(msgspec.json.encode(cost).decode() + "\n")
        return
    sys.stdout.write(costs(cost))
    if cost.note:
        note(cost.note)


def split_fields(text: str | None) -> list[str] | None:
    """Return the names in a list that is separated by commas; None for all fields."""
    return None if text is None else [name.strip() for name in text.split(",")]


def summary(report: ExportReport) -> str:
    """Return a report in a few lines."""
    rate = report.rows / report.seconds if report.seconds else 0.0
    lines = [
        f"{report.rows:,} rows of {report.table} in {report.seconds:.1f} s ({rate:,.0f} rows/s)",
        f"{report.requests:,} requests, {report.pages:,} pages, {report.retries:,} retries",
        f"{len(report.files)} files, {report.bytes / 1e6:,.1f} MB in {report.out}",
        *_findings(report),
    ]
    return "".join(f"{line}\n" for line in lines)


def costs(cost: ExportEstimate) -> str:
    """Return an estimate in a few lines."""
    if not cost.sample_rows:
        return f"no row of {cost.table} was found, with {cost.requests_used:,} requests\n"
    counted = {"list": ", which is all", "pipeline": ", as `leadgenius pipeline` counts them"}
    known = counted.get(cost.rows_from or "", ", as if there were so many")
    pace = f"{cost.limit:,.0f} requests a minute" if cost.limit else "no limit"
    time = f"{cost.minutes:,.1f} minutes at {pace} ({cost.seconds_per_page:.2f} s a page)"
    lines = [
        f"{cost.for_rows:,} rows of {cost.table}{known}",
        f"{cost.requests:,} requests of {cost.rows_per_page:,} rows, {time}",
        f"{cost.wire_bytes / 1e6:,.1f} MB on the wire ({cost.wire_bytes_per_row:,.0f} bytes a row)",
        f"{cost.bytes / 1e6:,.1f} MB of {cost.format} ({cost.bytes_per_row:,.0f} bytes a row)",
        f"estimated from the first {cost.sample_rows:,} rows, with {cost.requests_used:,} requests",
    ]
    return "".join(f"{line}\n" for line in lines)


def _findings(report: ExportReport) -> Iterator[str]:
    """Give a line for each thing that an undisturbed export of a quiet table has not."""
    if report.runs > 1:
        yield f"gone on with: run {report.runs} of job {report.job_id}"
    if restarts := sum(partition.restarts for partition in report.partitions):
        yield f"{restarts:,} chains began anew, since the service did not take their token any more"
    if report.missing:
        yield (
            f"the sweep found {report.missing:,} rows that the clients' chains had not "
            f"({report.orphans:,} of unknown clients), and {report.recovered:,} were fetched"
        )
    if report.duplicates:
        yield f"{report.duplicates:,} rows came again and were dropped, the last one kept"
    if report.extra:
        names = ", ".join(f"{name} ({count:,})" for name, count in report.extra.items())
        yield f"fields in _extra that nobody declared, or values that do not fit: {names}"


def folder_of(out: str, staging: Path | None) -> Path:
    """Return the folder that an export writes to: of one into a store, that for staging."""
    from leadgenius_async._extract.store import (  # noqa: PLC0415 - loads pyarrow
        default_staging,
        local_folder,
    )

    return local_folder(out) or staging or default_staging(out)


def what_stands(out: Path, *, overwrite: bool) -> str:
    """Return what an export that was interrupted has left."""
    try:
        report = msgspec.json.decode((out / "manifest.json").read_bytes(), type=ExportReport)
    except (OSError, msgspec.MsgspecError):
        return f"nothing was finished in {out}; start again with the same command"
    if report.complete:
        return f"the export that stood in {out} is still there, whole"
    without = " without --overwrite" if overwrite else ""
    return (
        f"{len(report.parts)} whole files with {report.rows:,} rows stand in {out}; the same "
        f"command{without} goes on from there"
    )
