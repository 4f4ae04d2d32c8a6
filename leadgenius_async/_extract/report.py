"""What an extraction reports: while it runs, and at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

MANIFEST_VERSION = 2
#: A stretch of an export's time, as long as its times are few.
PACE_SECONDS = 10.0

Kind = Literal["rows", "sweep", "recovery"]
RowsFrom = Literal["list", "pipeline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an extraction is.

    Attributes:
        job_id: Names the run.
        rows: Rows read.
        pages: Pages read.
        requests: Requests sent.
        wire_bytes: Bytes of the pages read.
        seconds: Time since the start.
        chains: Chains in all.
        chains_done: Chains that have reached their end.
        limit: The account's requests per minute, or None if not paced.
        throttled_for: Seconds until requests go on after a 429; 0 when they flow.
        uploads: Part files to be brought to an object store, once all is taken out.
        uploads_done: Those that have arrived.
    """

    job_id: str
    rows: int
    pages: int
    requests: int
    wire_bytes: int
    seconds: float
    chains: int
    chains_done: int
    limit: float | None
    throttled_for: float
    uploads: int = 0
    uploads_done: int = 0


class ExportEstimate(msgspec.Struct, kw_only=True):
    """What an export would cost, as far as the first page that has rows can tell.

    Attributes:
        table: `enrich_leads` or `source_leads`.
        company_id: The company.
        clients: `client_id`s that were asked for; empty for all rows.
        format: `parquet` or `ndjson`.
        rows: Rows in all; None where that is not known.
        rows_from: Where that is from: `list` if the first page is all there is, which is exact;
            `pipeline` for `GET /api/analytics/pipeline`, which is assumed to count what the list
            gives; None where it is not known.
        for_rows: Rows that the figures are for: all, or 1,000,000 where that is not known; 0 where
            there was none to go by.
        requests: HTTP requests of one chain over all rows, or of one for each client named.
        minutes: What these take: as long as the limit allows for all, or as the longest chain
            takes, a page after the other.
        wire_bytes: Bytes of the pages, after decompression.
        bytes: Bytes of the files.
        sample_rows: Rows that the estimate is made from.
        rows_per_page: Rows that later pages will have.
        wire_bytes_per_row: Bytes of a row in a page.
        bytes_per_row: Bytes that a row adds to a file.
        seconds_per_page: What the page took to come, without its turn at the limit.
        limit: The account's requests per minute, or None if not paced.
        requests_used: HTTP requests that the estimate took.
        note: What to know about it, in one sentence.
    """

    table: str
    company_id: str
    clients: list[str]
    format: str
    rows: int | None
    rows_from: RowsFrom | None
    for_rows: int
    requests: int
    minutes: float
    wire_bytes: int
    bytes: int
    sample_rows: int
    rows_per_page: int
    wire_bytes_per_row: float
    bytes_per_row: float
    seconds_per_page: float
    limit: float | None
    requests_used: int
    note: str | None = None


class PartitionReport(msgspec.Struct, kw_only=True):
    """One chain of an extraction.

    Attributes:
        client_id: The client, or None for all rows of the company.
        kind: `rows` for the dataset's own; `sweep` for the one that reads ids only, to find what
            the others missed; `recovery` for those that fetch what it found.
        rows: Rows that it brought; of a sweep, the ids that it read.
        requests: HTTP requests sent, with retries.
        done: Whether the chain reached an absent token, its only end.
        restarts: How often it began anew, since the service did not take its token any more.
        tokens_digest: SHA-256 over the tokens of its pages, in order.
        error: What it failed with, if it did.
    """

    client_id: str | None
    kind: Kind = "rows"
    pages: int = 0
    rows: int = 0
    requests: int = 0
    done: bool = False
    restarts: int = 0
    tokens_digest: str = ""
    error: str | None = None


class PartReport(msgspec.Struct, frozen=True):
    """One part file: its path below the output folder, its rows, its bytes and their SHA-256."""

    file: str
    rows: int
    bytes: int
    sha256: str = ""


class Pace(msgspec.Struct, kw_only=True):
    """What an export did in a stretch of its time.

    Attributes:
        at: When it begins, in seconds since the export was first started.
        seconds: How much of it the export ran.
        requests: HTTP requests sent in it, with retries.
        retries: Tries after the first.
        throttled: Seconds for which requests had to stand still after a 429 that came in it.
        rows: Rows taken in it.
        limit: Requests per minute that were in force at its end; None if not paced.
    """

    at: float
    seconds: float = 0.0
    requests: int = 0
    retries: int = 0
    throttled: float = 0.0
    rows: int = 0
    limit: float | None = None


class CompactReport(msgspec.Struct, kw_only=True):
    """What became of a dataset that was written anew.

    Attributes:
        out: Its folder.
        rows: Its rows, the same as before.
        parts_before: How many part files there were.
        parts: How many there are.
        bytes_before: Bytes of the files before.
        bytes: Bytes of the files now.
        promoted: Columns that were fields in `_extra` before, with their types.
        extra: Fields that `_extra` holds now, and in how many rows.
        resumed: Whether an earlier call that was cut off was finished.
    """

    out: str
    rows: int
    parts_before: int
    parts: int
    bytes_before: int
    bytes: int
    promoted: dict[str, str] = {}
    extra: dict[str, int] = {}
    resumed: bool = False


class ExportReport(msgspec.Struct, kw_only=True):
    """The result of an extraction; `manifest.json` holds the same.

    Attributes:
        job_id: Names this run.
        asked: SHA-256 of what was asked for; the same for the same call.
        table: `enrich_leads` or `source_leads`.
        company_id: The company.
        out: The output folder.
        format: `parquet` or `ndjson`.
        compression: How the files are compressed.
        fields: Fields that were asked for; None for all.
        since: The moment from which on rows were wanted, ISO 8601 in UTC; None for all.
        limit: Most rows that were wanted; None for all.
        partition_by: The column by whose values the rows stand in folders, if they do.
        single_file: Whether all rows, or those of each folder, were put into one file.
        rows: Rows in the files.
        bytes: Bytes of the files.
        wire_bytes: Bytes of the pages, after decompression.
        requests: HTTP requests sent, with retries.
        pages: Pages read.
        retries: Tries after the first.
        throttled_seconds: Time that requests stood still after a 429.
        rejects: Rows that could not be read; they stand raw in `rejects.ndjson`.
        duplicates: Rows that were dropped, since their id came again; the last one is kept.
        missing: Rows that the sweep found and the clients' chains had not.
        orphans: Those of them whose `client_id` no client has.
        recovered: Those of the missing that were fetched then; the others were gone by then.
        extra: Fields that `_extra` holds, and in how many rows.
        promoted: Columns that `compact` has made of such fields, with their types.
        runs: How often the export was started; above 1, it was gone on with.
        seconds: Duration, of all runs together.
        started_at: ISO 8601, UTC.
        files: Paths of the part files.
        complete: Whether the files hold every row that was asked for.
        incomplete_because: Why not, in one sentence; None if complete.
        partitions: One entry a chain.
        parts: One entry a part file.
        pace_seconds: Length of a stretch of `pace`.
        pace: What was done when, of all runs, in stretches of equal length, 360 at most; one in
            which the export did not run has no entry, and an export by an older version none.
    """

    manifest_version: int = MANIFEST_VERSION
    job_id: str
    asked: str = ""
    table: str
    company_id: str
    out: str
    format: str
    compression: str = "zstd"
    fields: list[str] | None
    since: str | None = None
    limit: int | None = None
    partition_by: str | None = None
    single_file: bool = False
    rows: int = 0
    bytes: int = 0
    wire_bytes: int = 0
    requests: int = 0
    pages: int = 0
    retries: int = 0
    throttled_seconds: float = 0.0
    rejects: int = 0
    duplicates: int = 0
    missing: int = 0
    orphans: int = 0
    recovered: int = 0
    extra: dict[str, int] = {}
    promoted: dict[str, str] = {}
    runs: int = 1
    seconds: float = 0.0
    started_at: str = ""
    files: list[str] = []
    complete: bool = False
    incomplete_because: str | None = None
    partitions: list[PartitionReport] = []
    parts: list[PartReport] = []
    pace_seconds: float = PACE_SECONDS
    pace: list[Pace] = []
