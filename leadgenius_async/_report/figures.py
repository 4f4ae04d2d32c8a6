"""What a report tells, as structs; `leadgenius report --json` prints the same."""

from __future__ import annotations

from typing import Literal

import msgspec

from leadgenius_async._extract.report import Pace

State = Literal["running", "unfinished", "complete", "incomplete"]
Unit = Literal["day", "week", "month", "year"]


class ClientRows(msgspec.Struct, frozen=True):
    """The leads of one client; `client_id` is None for those that name none."""

    client_id: str | None
    rows: int


class Clients(msgspec.Struct, kw_only=True):
    """The leads by client.

    Attributes:
        count: Different `client_id`s, null among them.
        largest: Those with the most leads, the largest first; 25 at most.
        others: How many more there are.
        others_rows: The leads of those.
    """

    count: int
    largest: list[ClientRows]
    others: int
    others_rows: int


class FieldFill(msgspec.Struct, frozen=True, kw_only=True):
    """In how many leads a field has a value: neither null nor an empty text.

    Attributes:
        field: Its name.
        group: What it is about, such as `person`; empty where nobody declared it.
        rows: Leads with a value.
        share: The same as a share of all leads, 0 to 1; 0 where there are none.
    """

    field: str
    group: str
    rows: int
    share: float


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """E-mail addresses that several leads have.

    Attributes:
        addresses: How many addresses.
        leads: How many leads have them.
        surplus: How many leads there would be fewer, if each address had one.
    """

    addresses: int
    leads: int
    surplus: int


class Duplicates(msgspec.Struct, kw_only=True):
    """Leads with the same e-mail address, case and surrounding blanks apart.

    Attributes:
        with_email: Leads with an address.
        without_email: Leads with none, an empty one or blanks: they are not compared.
        addresses: Different addresses.
        repeated: Those that come more than once in the company.
        within_client: Those that come more than once among the leads of one client: `leads` and
            `surplus` count these alone. None where the files have no `client_id`.
    """

    with_email: int
    without_email: int
    addresses: int
    repeated: Repeated
    within_client: Repeated | None


class Period(msgspec.Struct, frozen=True):
    """The leads created in a day, week, month or year.

    Attributes:
        start: Its first day, ISO 8601, in UTC; weeks begin on Monday.
        leads: Leads created in it.
        total: Leads created up to its end.
    """

    start: str
    leads: int
    total: int


class Growth(msgspec.Struct, kw_only=True):
    """When leads were created, by their `createdAt`.

    Attributes:
        unit: What a period is, by the span of all.
        dated: Leads whose `createdAt` can be read.
        undated: Leads that have none, or an empty one.
        unreadable: Leads whose `createdAt` is no date.
        first: The first day, in UTC; None if there is none.
        last: The last one.
        periods: Each period from the first to the last, those without a lead too.
    """

    unit: Unit
    dated: int
    undated: int
    unreadable: int
    first: str | None
    last: str | None
    periods: list[Period]


class Bin(msgspec.Struct, frozen=True):
    """Leads whose score is `least` or more and below `below`; of the last bin, also that itself."""

    least: float
    below: float
    leads: int


class Scores(msgspec.Struct, kw_only=True):
    """How the scores of one field are spread.

    Attributes:
        field: Its name.
        numbers: Leads whose score is a number, or a text that is one.
        not_numbers: Leads whose score is something else.
        absent: Leads without a score.
        least: The least; None where there is no number.
        median: The middle one, or what is halfway between the two in the middle.
        most: The most.
        bins: From the least to the most.
    """

    field: str
    numbers: int
    not_numbers: int
    absent: int
    least: float | None
    median: float | None
    most: float | None
    bins: list[Bin]


class RunFigures(msgspec.Struct, kw_only=True):
    """What the export cost, over all its runs.

    Attributes:
        started_at: ISO 8601, UTC.
        seconds: How long it ran.
        runs: How often it was started.
        requests: HTTP requests, with retries.
        pages: Pages read.
        retries: Tries after the first.
        throttled_seconds: Time that requests stood still after a 429.
        wire_bytes: Bytes of the pages, after decompression.
        pace_seconds: Length of a stretch of `pace`.
        pace: What was done when; None where it was not recorded.
    """

    started_at: str
    seconds: float
    runs: int
    requests: int
    pages: int
    retries: int
    throttled_seconds: float
    wire_bytes: int
    pace_seconds: float
    pace: list[Pace] | None


class FailedChain(msgspec.Struct, frozen=True):
    """A chain of pages that has ended with an error; of one over all rows, no client."""

    client_id: str | None
    error: str


class Findings(msgspec.Struct, kw_only=True):
    """What was odd about the rows and the chains of pages.

    Attributes:
        rejects: Rows that could not be read; they stand raw in `rejects.ndjson`.
        duplicates: Rows that were dropped, since their id came again.
        missing: Rows that the clients' chains had not; None where it was not looked for them.
        orphans: Those of them whose `client_id` no client has.
        recovered: Those of the missing that were fetched then.
        chains: Chains of pages.
        chains_done: Those that have reached their end.
        restarts: How often a chain began anew.
        failed: Chains that ended with an error.
    """

    rejects: int
    duplicates: int
    missing: int | None
    orphans: int | None
    recovered: int | None
    chains: int
    chains_done: int
    restarts: int
    failed: list[FailedChain]


class DatasetReport(msgspec.Struct, kw_only=True):
    """What the files of a Parquet export hold, and how its run went.

    What needs a column that is not in the files, since it was not asked for, is None.

    Attributes:
        out: The folder.
        job_id: Names the export.
        table: `enrich_leads` or `source_leads`.
        company_id: The company.
        state: `complete`; `incomplete`, where nothing is left to go on with; `unfinished`, or
            `running` in some process.
        incomplete_because: Why it is not complete, in one sentence.
        rows: Leads in the files.
        bytes: Bytes of the files.
        files: Part files.
        clients: The leads by client.
        fields: How full each column is, in the order of the columns.
        extra: Fields that `_extra` holds, and in how many leads.
        duplicates: Leads with the same e-mail address.
        growth: When leads were created.
        scores: How scores are spread, one entry a field that holds some.
        run: What the export cost.
        findings: What was odd.
    """

    out: str
    job_id: str
    table: str
    company_id: str
    state: State
    incomplete_because: str | None
    rows: int
    bytes: int
    files: int
    clients: Clients | None
    fields: list[FieldFill]
    extra: dict[str, int]
    duplicates: Duplicates | None
    growth: Growth | None
    scores: list[Scores]
    run: RunFigures
    findings: Findings
