"""What an import reports: while it runs, at its end, and of each row."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import msgspec

#: Rows of a large import that its report lists by itself; the rest is in the file of all rows.
MAX_ROWS = 10_000

Mode = Literal["verified", "at_most_once", "fast"]
OnExisting = Literal["skip", "update", "create"]
End = Literal["created", "existing", "rejected", "unresolved"]


class State(IntEnum):
    """Where a row is; the last five are ends."""

    PENDING = 0  # to be sent
    SENT = 1  # on its way, or its answer was lost
    ACKED = 2  # the service said that it is stored, and nobody has seen it yet
    REPEATED = 3  # waits for the fate of an earlier row of the same key
    TO_UPDATE = 4  # the client has it already, and it is to be changed
    CREATED = 5
    EXISTING = 6
    UPDATED = 7
    REJECTED = 8
    UNRESOLVED = 9


#: States in which a row may be stored, and nobody has seen it yet.
OPEN = (State.SENT, State.ACKED)
ENDS: dict[State, End] = {
    State.CREATED: "created",
    State.EXISTING: "existing",
    State.UPDATED: "existing",
    State.REJECTED: "rejected",
    State.UNRESOLVED: "unresolved",
}


class RowChange(msgspec.Struct, frozen=True):
    """What a rule did to a field; see `Change`."""

    field: str
    rule: str
    before: object = None
    after: object = None


class RowResult(msgspec.Struct, kw_only=True):
    """What became of one row of the input.

    Attributes:
        line: Its line in the file, or its number in other input; from 1.
        state: Its end.
        id: The lead's id, where it is known.
        updated: Whether a lead that existed was changed.
        reason: Why it was rejected or is unresolved, or which row it repeats.
        doubles: More leads of the same key than rows were given for it: their ids.
        changes: What the rules did to it before it was sent.
    """

    line: int
    state: End
    id: str | None = None
    updated: bool = False
    reason: str | None = None
    doubles: list[str] = []
    changes: list[RowChange] = []


class BulkProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import is.

    Attributes:
        read: Rows read from the input.
        created: Rows that were seen in the client after they were sent.
        existing: Rows that the client had already.
        rejected: Rows that the rules or the service refused.
        unresolved: Rows of which nobody can tell.
        open: Rows that were sent and have not been seen yet.
        requests: Requests sent.
        seconds: Time since the start.
        waiting: Seconds until it goes on, while it lets the service settle; else 0.
        limit: The account's requests per minute, or None if not paced.
        throttled_for: Seconds until requests go on after a 429; 0 when they flow.
        job_id: Names the import, through all its runs.
    """

    read: int
    created: int
    existing: int
    rejected: int
    unresolved: int
    open: int
    requests: int
    seconds: float
    waiting: float = 0.0
    limit: float | None = None
    throttled_for: float = 0.0
    job_id: str = ""


class BulkPreview(msgspec.Struct, kw_only=True):
    """What an import would do.

    Attributes:
        total: Rows of the input.
        ready: Rows that would be sent, unless the client has them already.
        repeated: Rows that repeat an earlier row of the input.
        rejected: Rows that the rules refuse.
        changed: How many rows each rule changes, by `field:rule`.
        clients: Rows that the rules do not refuse, by client.
        rows: Those that are refused (`rejected`) or repeat an earlier one (`existing`), up to
            10,000.
        requests: About how many requests it takes; retries apart.
        minutes: How long these take at the account's limit, 0 without one, if every row is seen
            as soon as it was sent.
        minutes_late: The same with the waits of `settle` that a row costs which is not: until it
            is proven absent, and once it was sent again.
        requests_singly: How many requests it takes, should the service not store batches.
        minutes_singly: How long that takes, with the waits of `settle`.
        limit: The account's requests per minute, or None if not paced.
    """

    total: int
    ready: int
    repeated: int
    rejected: int
    changed: dict[str, int] = {}
    clients: dict[str, int] = {}
    rows: list[RowResult] = []
    requests: int = 0
    minutes: float = 0.0
    minutes_late: float = 0.0
    requests_singly: int = 0
    minutes_singly: float = 0.0
    limit: float | None = None


class BulkReport(msgspec.Struct, kw_only=True):
    """The result of an import. Every row of the input is in exactly one of the four counts.

    Attributes:
        total: Rows of the input.
        created: Rows that were created; under `verified`, each was seen afterwards.
        existing: Rows that the client had already, or that repeat an earlier row of the input.
        updated: Those of the existing that were changed.
        rejected: Rows that were refused: by the rules, before anything was sent, or by the
            service.
        unresolved: Rows of which nobody can tell whether the service has them.
        doubled: Leads beyond the rows that were given for their key; see `RowResult.doubles`.
        mode: How sure it was to be.
        verified: Whether what was created was seen afterwards.
        settle: Seconds that a lost answer may take to be applied; a row is sent again only after
            it was looked for later than that, and not found.
        batches: Batch requests sent.
        singles: Requests of a single lead sent.
        batches_persist: Whether the service stored what it took in batches; None if none was sent.
        requests: HTTP requests sent, with retries.
        retries: Tries after the first.
        throttled_seconds: Time that requests stood still after a 429.
        seconds: Duration of this run.
        runs: How often the import was started; above 1, it was gone on with.
        changed: How many rows each rule changed, by `field:rule`.
        rows: What became of each row, in order; of an input of more than 10,000 rows, of those
            that were not plainly created or there already, up to 10,000.
        rows_left_out: How many rows that leaves out.
        journal: The folder of its journal, if it was kept.
        job_id: Names the import, through all its runs.
    """

    total: int
    created: int
    existing: int
    rejected: int
    unresolved: int
    updated: int = 0
    doubled: int = 0
    mode: Mode = "verified"
    verified: bool = True
    settle: float = 0.0
    batches: int = 0
    singles: int = 0
    batches_persist: bool | None = None
    requests: int = 0
    retries: int = 0
    throttled_seconds: float = 0.0
    seconds: float = 0.0
    runs: int = 1
    changed: dict[str, int] = {}
    rows: list[RowResult] = []
    rows_left_out: int = 0
    journal: str | None = None
    job_id: str = ""

    @property
    def complete(self) -> bool:
        """Whether every row is in the client, or was there: none rejected, none unresolved."""
        return not (self.rejected or self.unresolved)
