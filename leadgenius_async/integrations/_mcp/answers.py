"""What the tools take and what they answer: counts, names of fields, and paths.

No lead's row, no value of a field that says something about a person, no credentials. The
descriptions are for agents, which read them in the tools' schemas.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Folder = Annotated[
    str,
    Meta(description="Folder of an export, below the server's root; relative paths start there."),
]
File = Annotated[
    str,
    Meta(
        description="File below the server's root: CSV, NDJSON, a JSON array or Parquet, also "
        "packed (.gz, .zst)."
    ),
]
Table = Annotated[
    Literal["enrich_leads", "source_leads"],
    Meta(
        description="enrich_leads are the leads that are worked on; source_leads are those found."
    ),
]
Fields = Annotated[
    list[str] | None,
    Meta(
        description="Fields to take, as describe_fields names them; all if null. Naming the few "
        "that are needed saves requests. id and client_id are there only if named."
    ),
]
ClientIds = Annotated[
    list[str], Meta(description="client_ids to take, as list_clients names them; empty for all.")
]
CompanyId = Annotated[
    str | None, Meta(description="The company; the account's own if null, which is the usual case.")
]
ExportFormat = Annotated[
    Literal["parquet", "ndjson"],
    Meta(description="parquet, or ndjson with each row as the service sent it."),
]
Limit = Annotated[int | None, Meta(description="Most rows to take, those that come first.")]
Columns = Annotated[
    dict[str, str],
    Meta(
        description='Fields by column, where a column\'s name does not say it: {"Vorname": '
        '"firstName"}; an empty field leaves the column out.'
    ),
]
Report = Annotated[
    str | None,
    Meta(
        description="File below the root that gets one JSON line for each row: what became of it "
        "and why. It may quote the row's values."
    ),
]


class Asked(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What a tool takes; an argument that it does not know is refused, not passed over."""


class Nothing(Asked):
    """No arguments."""


class Answer(msgspec.Struct):
    """What a tool answers."""


class Account(Answer):
    """The account that the server works for."""

    service: Annotated[str, Meta(description="Origin of the service.")]
    company_id: Annotated[str | None, Meta(description="Null where no client says it.")]
    credentials: Annotated[list[str], Meta(description="Kinds that are at hand.")]
    clients: int
    requests_per_minute: Annotated[
        float | None, Meta(description="What is kept to by itself; null if unpaced.")
    ]
    root: Annotated[str, Meta(description="The folder that all paths lie in.")]
    may_write: Annotated[bool, Meta(description="Whether import_leads and update_leads are there.")]
    version: str


class ListClients(Asked):
    """Which clients."""

    containing: Annotated[
        str, Meta(description="Only those with this in name or client_id; case does not count.")
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=1000, description="Most clients to list.")] = 100


class Client(Answer):
    """A customer workspace of the company."""

    client_id: Annotated[str, Meta(description="What every other tool takes.")]
    name: str | None
    leads: Annotated[int | None, Meta(description="EnrichLeads; null where it is not known.")]


class Clients(Answer):
    """Customer workspaces."""

    clients: list[Client]
    left_out: Annotated[int, Meta(description="How many more there are, beyond limit.")]


class DescribeFields(Asked):
    """Which table."""

    table: Table = "enrich_leads"


class Field(Answer):
    """A field of a lead."""

    name: str
    type: Literal["text", "number"]
    group: Annotated[str, Meta(description="What it is about.")]


class FieldList(Answer):
    """The fields that are known; the service may have others."""

    table: str
    fields: list[Field]


class CountLeads(Asked):
    """Which days."""

    start: Annotated[
        str | None, Meta(description="First day of creation, like 2026-01-31; null for any.")
    ] = None
    end: Annotated[str | None, Meta(description="Last day, which counts too.")] = None


class Counts(Answer):
    """How many EnrichLeads there are."""

    total: int | None
    by_status: dict[str, int]
    by_client: Annotated[
        dict[str, int],
        Meta(description="By client_id, the 100 with most leads; left_out has the rest."),
    ]
    left_out: Annotated[int, Meta(description="Leads of clients that are not listed.")]


class EstimateExport(Asked):
    """An export that is not made yet."""

    table: Table
    fields: Fields = None
    clients: ClientIds = []
    limit: Limit = None
    format: ExportFormat = "parquet"
    company_id: CompanyId = None


class Estimate(Answer):
    """What an export would cost, by the first page that has rows."""

    table: str
    company_id: str
    rows: Annotated[int | None, Meta(description="Rows in all; null where that is not known.")]
    for_rows: Annotated[int, Meta(description="Rows that the figures are for.")]
    requests: int
    minutes: Annotated[float, Meta(description="How long it takes at the account's rate limit.")]
    bytes: Annotated[int, Meta(description="Bytes of the files.")]
    wire_bytes: int
    requests_per_minute: float | None
    requests_used: Annotated[int, Meta(description="Requests that this estimate took.")]
    note: str | None


class ExportLeads(EstimateExport, kw_only=True):
    """An export."""

    out: Folder
    since: Annotated[
        str | None,
        Meta(
            description="Only rows whose updatedAt is then or later (ISO 8601). Every page is "
            "fetched still: it saves space, not requests."
        ),
    ] = None
    partition_by: Annotated[
        Literal["client_id"] | None,
        Meta(
            description="client_id puts each client's rows into a folder client_id=…; parquet only."
        ),
    ] = None


class Export(Answer):
    """An export that has come to its end."""

    job_id: str
    table: str
    out: Annotated[str, Meta(description="Its folder.")]
    dataset: Annotated[str, Meta(description="The folder in it that has the part files.")]
    complete: Annotated[bool, Meta(description="Whether every row that was asked for is there.")]
    incomplete_because: str | None
    rows: int
    files: int
    bytes: int
    duplicates: Annotated[int, Meta(description="Rows that came again and were dropped.")]
    rejects: Annotated[int, Meta(description="Rows that cannot be read; in rejects.ndjson.")]
    undeclared: Annotated[
        dict[str, int],
        Meta(description="Fields nobody declared, in the column _extra: in how many rows each is."),
    ]
    requests: int
    seconds: float
    runs: Annotated[int, Meta(description="Above 1, it was gone on with.")]


class ListJobs(Asked):
    """Where to look."""

    folder: Annotated[
        str, Meta(description="Folder below the root; three levels are looked at.")
    ] = "."


class Job(Answer):
    """An export or an import in a folder."""

    kind: Literal["export", "import"]
    job_id: str
    folder: str
    state: Annotated[str, Meta(description="running, unfinished, complete, incomplete or damaged.")]
    rows: Annotated[int, Meta(description="Rows that are durable, or at their end.")]
    progress: Annotated[str, Meta(description="How much of it is done.")]
    problem: str | None
    go_on_with: Annotated[
        ExportLeads | None,
        Meta(description="Arguments of export_leads that go on with it; null if that cannot."),
    ]


class Jobs(Answer):
    """The exports and imports below a folder."""

    folder: str
    jobs: list[Job]


class OfExport(Asked):
    """Which export."""

    folder: Folder


class Verified(Answer):
    """Whether the files of an export are those that its manifest names."""

    folder: str
    ok: bool
    rows: Annotated[int, Meta(description="Rows that were counted in the files.")]
    files: int
    problems: Annotated[list[str], Meta(description="The first 20.")]


class Filled(Answer):
    """How often a field has a value."""

    field: str
    rows: Annotated[int, Meta(description="Rows in which it is neither null nor an empty text.")]
    share: Annotated[float, Meta(description="Of all rows, 0 to 1.")]


class Profile(Answer):
    """How full the fields of an export are."""

    folder: str
    table: str
    rows: int
    fields: Annotated[list[Filled], Meta(description="In the order of the columns.")]


class PreviewImport(Asked):
    """A file, and where its rows would go."""

    file: File
    client_id: Annotated[str | None, Meta(description="Client of rows that name none.")] = None
    columns: Columns = {}


class Column(Answer):
    """Where a column of a file goes."""

    column: str
    field: str


class Refusal(Answer):
    """Rows that are refused for the same reason."""

    reason: str
    rows: int
    lines: Annotated[list[int], Meta(description="Lines in the file of the first ten.")]


class Preview(Answer):
    """What an import would do."""

    file: str
    rows: int
    ready: Annotated[
        int, Meta(description="Rows that would be sent, unless they are there already.")
    ]
    repeated: Annotated[int, Meta(description="Rows that repeat an earlier one of the file.")]
    refused: int
    refusals: list[Refusal]
    columns: list[Column]
    not_sent: Annotated[list[str], Meta(description="Columns that match no field.")]
    clients: Annotated[int, Meta(description="How many clients would get rows.")]
    requests: int
    minutes: float
    notes: list[str]


class ImportLeads(PreviewImport):
    """An import."""

    on_existing: Annotated[
        Literal["skip", "update"],
        Meta(description="What becomes of a row whose e-mail address the client has already."),
    ] = "skip"
    report: Report = None


class Imported(Answer):
    """An import that has come to its end; each row is in one of the first four counts."""

    file: str
    created: Annotated[int, Meta(description="Each was seen in the client afterwards.")]
    existing: int
    refused: int
    unresolved: Annotated[int, Meta(description="Rows of which nobody can tell if they are there.")]
    updated: Annotated[int, Meta(description="Those of the existing that were changed.")]
    doubled: Annotated[int, Meta(description="Leads beyond the rows that were given for them.")]
    complete: Annotated[bool, Meta(description="Whether none was refused and none is unresolved.")]
    refusals: list[Refusal]
    not_sent: Annotated[list[str], Meta(description="Columns that match no field.")]
    report: str | None
    journal: Annotated[str | None, Meta(description="Folder that stays while rows are unresolved.")]
    requests: int
    seconds: float


class UpdateLeads(Asked):
    """A file of changes."""

    file: File
    columns: Columns = {}
    dry_run: Annotated[bool, Meta(description="Send nothing; count what would be sent.")] = False
    verify: Annotated[bool, Meta(description="Read back what was written.")] = False
    report: Report = None


class Updated(Answer):
    """What became of a file of changes; each row is in one of the counts."""

    file: str
    ready: Annotated[int, Meta(description="Rows that would be sent; of a dry run.")]
    updated: int
    unchanged: Annotated[int, Meta(description="Rows with nothing but an id.")]
    missing: Annotated[int, Meta(description="Rows whose id no lead of the company has.")]
    refused: int
    unverified: int
    complete: bool
    refusals: list[Refusal]
    columns: list[Column]
    not_sent: Annotated[list[str], Meta(description="Columns that match no field.")]
    report: str | None
    requests: int
    seconds: float
