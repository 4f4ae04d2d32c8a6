"""Leads one by one: made, found, changed and deleted in the EnrichLeads table.

A row of the sample is text that is put together when it is served; once it is changed, it is
stored as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import itemgetter

import msgspec

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.ids import Ids
from leadgenius_async.emulator.lag import Lag, Past, rows_of
from leadgenius_async.emulator.rows import RowBuilder, ServedRow, StoredRow
from leadgenius_async.emulator.sample.heads import members
from leadgenius_async.emulator.store import Store, text_of

Lead = dict[str, object]

TABLE = "enrich_leads"
#: What a caller cannot set: the service does.
_OWN = ("id", "owner", "company_id", "createdAt", "updatedAt")
#: Leads that a search looks at.
SEARCHED = 1_000


class Leads:
    """The leads of all companies; a company reaches its own alone.

    Args:
        store: Where the rows are.
        builder: Makes the JSON of stored rows.
        ids: Gives out ids.
        lag: Remembers what reads show in place of what was written of late.

    Attributes:
        created: Every lead that a call has created, as it was then, oldest first.
    """

    def __init__(self, store: Store, builder: RowBuilder, ids: Ids, lag: Lag) -> None:
        self.created: list[Lead] = []
        self._store = store
        self._builder = builder
        self._ids = ids
        self._lag = lag

    def page(
        self, company_id: str, client_id: str | None, after: int, count: int, now: float
    ) -> tuple[list[ServedRow], int | None]:
        """Up to `count` rows behind the place `after`, as a read shows them at a time.

        Returns:
            The rows, and the place behind them; None if none follow.
        """
        rows, place = self._store.page(TABLE, company_id, client_id, after, count)
        stale = self._lag.stale(now)
        if not stale:
            return rows, place
        shown = [row for row in rows if row[0] not in stale]
        shown += [
            row
            for row in rows_of(stale, company_id, client_id)
            if after < row[0] and (place is None or row[0] <= place)
        ]
        shown.sort(key=itemgetter(0))
        if len(shown) > count:
            return shown[:count], shown[count - 1][0]
        return shown, place

    def get(self, company_id: str, lead_id: str, shown_at: float | None = None) -> Lead | None:
        """The company's lead of this id; with a time, as a read shows it then."""
        row = self._store.row(TABLE, company_id, lead_id)
        stale = {} if shown_at is None else self._lag.stale(shown_at)
        if row is None or row[0] in stale:
            pasts = (past for past in stale.values() if past.row_id == lead_id)
            row = next((past.row for past in pasts if past.company_id == company_id), None)
        return None if row is None else self.read([row])[0]

    def create(self, company_id: str, owner: str, fields: Mapping[str, object], now: float) -> Lead:
        """Store a lead and return it."""
        own = {name: value for name, value in fields.items() if name not in _OWN}
        stored = self.stored({**own, "owner": owner, "company_id": company_id}, now)
        self._store.insert_rows(TABLE, [stored])
        if row := self._store.row(TABLE, company_id, stored.id):
            self._lag.note(row[0], Past(now, company_id, stored.id, None))
        [lead] = self.read([(0, stored.client_id, stored.head, stored.tail)])
        self.created.append(lead)
        return lead

    def update(
        self, company_id: str, lead_id: str, changes: Mapping[str, object], now: float
    ) -> Lead | None:
        """Change a lead's fields and return it; None if the company has no such lead."""
        row = self._store.row(TABLE, company_id, lead_id)
        if row is None:
            return None
        self._lag.note(row[0], Past(now, company_id, lead_id, row))
        [lead] = self.read([row])
        lead |= {name: value for name, value in changes.items() if name not in _OWN}
        lead["updatedAt"] = timestamp(now)
        self._store.replace_row(TABLE, self.stored(lead, now))
        return lead

    def delete(self, company_id: str, lead_id: str, now: float) -> bool:
        """Delete a lead; whether there was one."""
        if row := self._store.row(TABLE, company_id, lead_id):
            self._lag.note(row[0], Past(now, company_id, lead_id, row))
        return self._store.delete_row(TABLE, company_id, lead_id)

    def purge(self, company_id: str, client_id: str, most: int) -> int:
        """Delete up to `most` leads of a client, at once for reads too; how many."""
        return self._store.delete_rows(TABLE, company_id, client_id, most)

    def count(self, company_id: str, client_id: str) -> int:
        """Leads of a client."""
        return self._store.count(TABLE, company_id, client_id)

    def find(
        self,
        company_id: str,
        client_id: str,
        name: str,
        value: str,
        *,
        by_case: bool = False,
        shown_at: float | None = None,
    ) -> Lead | None:
        """The first lead whose `email` or `linkedinUrl` is this one.

        Args:
            company_id: Whose lead.
            client_id: Of which client; empty for any.
            name: `email` or `linkedinUrl`.
            value: What it is.
            by_case: Whether another case is another value.
            shown_at: With a time, as find shows it then.
        """
        rows = self._store.find(TABLE, company_id, client_id, name, value)
        stale = {} if shown_at is None else self._lag.stale(shown_at, find=True)
        rows = [row for row in rows if row[0] not in stale]
        rows += rows_of(stale, company_id, client_id or None)
        for row in sorted(rows, key=itemgetter(0)):
            found = text_of(name, row[2])
            if found and (found == value if by_case else found.casefold() == value.casefold()):
                return self.read([row])[0]
        return None

    def search(
        self, company_id: str, owner: str, wanted: Mapping[str, str], now: float
    ) -> list[Lead]:
        """The owner's leads that have all wanted values, among the first 1,000 of the company."""
        rows, _ = self.page(company_id, None, 0, SEARCHED, now)
        folded = {name: value.casefold() for name, value in wanted.items()}
        return [
            lead
            for lead in self.read(rows)
            if lead.get("owner") == owner
            and all(str(lead.get(name) or "").casefold() == v for name, v in folded.items())
        ]

    def each(
        self, company_id: str, client_id: str | None, fields: tuple[str, ...]
    ) -> Iterator[Lead]:
        """All leads of a company or a client, cut down to some fields."""
        for rows in self._store.each(TABLE, company_id, client_id):
            yield from _decode(self._builder.build(rows, fields))

    def read(self, rows: list[ServedRow]) -> list[Lead]:
        """Stored rows as they are served, whole."""
        return _decode(self._builder.build(rows, None))

    def stored(self, fields: Mapping[str, object], now: float) -> StoredRow:
        """A lead as the store keeps it; id and times are made where they are absent."""
        first = {
            "id": self._ids.uuid(),
            "createdAt": timestamp(now),
            "updatedAt": timestamp(now),
        }
        lead = {**first, **fields}
        return StoredRow(
            id=str(lead["id"]),
            company_id=str(lead["company_id"]),
            client_id=str(lead["client_id"]),
            head=members(lead).encode(),
            tail=None,
        )


def _decode(rows: object) -> list[Lead]:
    return msgspec.json.decode(msgspec.json.encode(rows), type=list[Lead])
