"""What an import would do, before anything is sent: its rows after the rules, and its requests."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import AsyncIterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from msgspec.structs import replace

from leadgenius_async._extract.in_thread import in_thread
from leadgenius_async._http.limiter import USED
from leadgenius_async._writes.engine import Checked
from leadgenius_async._writes.journal import Journal
from leadgenius_async._writes.records import NewRow
from leadgenius_async._writes.report import MAX_ROWS, BulkPreview, Mode, RowResult, State
from leadgenius_async._writes.rules import Ready, Refused
from leadgenius_async._writes.service import row_key

#: Leads that a page of a listing has.
_PAGE = 5_000
#: Rows of the first batch, and requests that look for it: at once, and until it is proven absent.
_PROBE = 5
_LOOKS = (1, 10)
#: A row is proven absent after `settle`, and a ninth of it until the second look.
_ABSENT = 10 / 9
#: Single creates after which a small batch is tried again.
_TRIED_AGAIN = 100


@dataclass(slots=True)
class Load:
    """What would be sent.

    Attributes:
        clients: Rows by client.
        unkeyed: How many of all rows have neither an e-mail address nor a LinkedIn profile: each
            takes a request of its own.
    """

    clients: Counter[str] = field(default_factory=Counter[str])
    unkeyed: int = 0


async def take_in(source: AsyncIterable[Sequence[Checked]], journal: Journal) -> Load:
    """Put the whole input into a journal, of which nothing is sent."""
    load = Load()
    async for rows in source:
        new = [_new_row(*row) for row in rows]
        await in_thread(journal.add, new)
        ready = [row for row in new if row.client is not None]
        load.clients.update(row.client for row in ready if row.client is not None)
        load.unkeyed += sum(row.key is None for row in ready)
    return load


def preview_of(
    journal: Journal,
    load: Load,
    *,
    before: Mapping[str, int],
    batch_size: int,
    mode: Mode,
    settle: float,
    limit: float | None,
) -> BulkPreview:
    """Return what the rows of a journal would take.

    Args:
        journal: The input, as `take_in` has put it in.
        load: What of it would be sent.
        before: Leads that each client has, as far as that is known.
        batch_size: Rows of a request.
        mode: How sure it is to be.
        settle: Seconds that a lost answer may take to be applied.
        limit: The account's requests per minute.
    """
    counts = journal.counts()
    rows = counts.get(State.PENDING, 0)
    listings = 0 if mode == "fast" else _listings(load.clients, before)
    unkeyed = min(load.unkeyed, rows)
    probed = mode != "fast" and rows - unkeyed > _PROBE
    batches = singly = 0
    if rows:
        batches = _batches(rows - unkeyed, batch_size, mode) + unkeyed + listings
        singly = rows + listings + (1 + _LOOKS[1] if probed else 0)
    late, missed = _waits(rows, mode, probed=probed)
    return BulkPreview(
        total=journal.rows(),
        ready=rows,
        repeated=counts.get(State.REPEATED, 0),
        rejected=counts.get(State.REJECTED, 0),
        changed=journal.job.changed,
        clients=dict(load.clients),
        rows=list(islice(_told(journal), MAX_ROWS)),
        requests=batches,
        minutes=_minutes(batches, limit),
        minutes_late=_minutes(batches, limit, late * settle),
        requests_singly=singly,
        minutes_singly=_minutes(singly, limit, missed * settle),
        limit=limit,
    )


def _batches(rows: int, batch_size: int, mode: Mode) -> int:
    """Return how many requests send rows in batches, the first of which is looked for."""
    if mode == "fast":
        return math.ceil(rows / batch_size)
    if rows <= _PROBE:
        return rows
    return 1 + _LOOKS[0] + math.ceil((rows - _PROBE) / batch_size)


def _listings(clients: Mapping[str, int], before: Mapping[str, int]) -> int:
    """Return how many requests look at each client once before the import and once after it.

    A few rows of a large client are looked up one by one, in place of its many pages.
    """
    requests = 0
    for client, rows in clients.items():
        known = before.get(client, 0)
        for leads in (known, known + rows):
            requests += max(1, min(math.ceil(leads / _PAGE), 2 * rows + 1))
    return requests


def _waits(rows: int, mode: Mode, *, probed: bool) -> tuple[float, float]:
    """Return how many times `settle` is waited: for a row that is sent again, and without batches.

    Until the row, or the first batch, is proven absent; then for what was lost to come after all.
    Without batches, the last small batch that was tried again is waited for as well.
    """
    if mode == "fast" or not rows:
        return 0, 0
    last = 1 if mode == "verified" else 0
    tries = probed + (probed and rows > _TRIED_AGAIN)
    return _ABSENT + last, tries * _ABSENT + (last if tries else 0)


def _told(journal: Journal) -> Iterator[RowResult]:
    """Give the rows that are refused or repeat an earlier one, by what they would come to."""
    for row in journal.results(notable=True):
        if row.reason is not None:  # else it would be sent
            yield row if row.state == "rejected" else replace(row, state="existing")


def _minutes(requests: int, limit: float | None, waits: float = 0.0) -> float:
    return round((requests / (limit * USED) if limit else 0.0) + waits / 60, 2)


def _new_row(line: int, _: object, checked: Ready | Refused) -> NewRow:
    if isinstance(checked, Refused):
        said = checked.reason
        return NewRow(line, b"", None, None, State.REJECTED, None, checked.changes, said)
    client, key = str(checked.fields["client_id"]), row_key(checked.fields)
    return NewRow(line, b"", client, key, State.PENDING, None, checked.changes, None)
