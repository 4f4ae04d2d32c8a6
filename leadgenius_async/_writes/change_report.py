"""What updates and deletes of many leads report: while they run, at their end, and of each row."""

from __future__ import annotations

from typing import Literal

import msgspec

from leadgenius_async._writes.report import RowChange

ChangeEnd = Literal[
    "updated", "unchanged", "deleted", "gone", "missing", "refused", "unverified", "ready"
]


class ChangeResult(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of one row of the input.

    Attributes:
        line: Its line in the file, or its number in other input; from 1.
        state: Its end, by the name of its count in `BulkChanges`.
        id: The lead's id; None where the row was refused before it was sent.
        reason: Why it ended so, where that does not go without saying.
        changes: What the rules did to it before it was sent; what they left out is not listed.
    """

    line: int
    state: ChangeEnd
    id: str | None = None
    reason: str | None = None
    changes: list[RowChange] = []


class ChangeProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far updates or deletes are.

    Attributes:
        read: Rows read from the input.
        ended: Rows that are at their end.
        requests: Requests sent, with retries.
        seconds: Time since the start.
        limit: The account's requests per minute, or None if not paced.
        throttled_for: Seconds until requests go on after a 429; 0 when they flow.
    """

    read: int
    ended: int
    requests: int
    seconds: float
    limit: float | None = None
    throttled_for: float = 0.0


class BulkChanges(msgspec.Struct, kw_only=True):
    """The result of updates or deletes of many leads. Every row is in exactly one of the counts.

    Attributes:
        total: Rows of the input.
        updated: Leads that were changed, as the service says.
        unchanged: Rows in which nothing but the id was, and of deletes, rows that repeat an id:
            nothing was sent of them.
        deleted: Leads that were deleted, as the service says.
        gone: Leads that are gone, and of which an answer that was lost would tell whether they
            were deleted by this call or had not been there.
        missing: Rows whose id no lead of the company has.
        refused: Rows that were refused: by the rules, before anything was sent, or by the service.
        unverified: Rows that the service took, and that it did not show so within 40 s of reading
            back.
        rows_gone: Rows that say `gone`: those of that count, and those of requests that deleted
            a part of their leads, which are among `deleted` and `missing`.
        ready: Rows that would be sent; of a dry run.
        verified: Whether what the service took was read back.
        requests: HTTP requests sent, with retries; those of reading back are not among them.
        retries: Tries after the first.
        throttled_seconds: Time that requests stood still after a 429.
        seconds: Duration.
        changed: How many rows each rule changed, by `field:rule`.
        rows: What became of each row, in order; of an input of more than 10,000 rows, of those
            that did not plainly go well, up to 10,000.
        rows_left_out: How many rows that leaves out.
    """

    total: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    gone: int = 0
    missing: int = 0
    refused: int = 0
    unverified: int = 0
    rows_gone: int = 0
    ready: int = 0
    verified: bool = False
    requests: int = 0
    retries: int = 0
    throttled_seconds: float = 0.0
    seconds: float = 0.0
    changed: dict[str, int] = {}
    rows: list[ChangeResult] = []
    rows_left_out: int = 0

    @property
    def complete(self) -> bool:
        """Whether every row went well: none missing, none refused, none unverified."""
        return not (self.missing or self.refused or self.unverified)
