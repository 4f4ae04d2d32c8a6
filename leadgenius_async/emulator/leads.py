"""Leads one by one: made, found, changed and deleted in the EnrichLeads table.

A row of the sample is text that is put together when it is served; once it is changed, it is
stored as it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.ids import Ids
from leadgenius_async.emulator.rows import RowBuilder, ServedRow, StoredRow
from leadgenius_async.emulator.sample.heads import members
from leadgenius_async.emulator.store import Store

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
        read_lag: Seconds until a read shows what was created.
    """

    def __init__(self, store: Store, builder: RowBuilder, ids: Ids, read_lag: float) -> None:
        self._store = store
        self._builder = builder
        self._ids = ids
        self._read_lag = read_lag
        #: Places of rows that are not shown yet, and when they will be.
        self._hidden: dict[int, float] = {}

    def readable(self, rows: list[ServedRow], now: float) -> list[ServedRow]:
        """The rows of these that a read shows at a time."""
        if not self._hidden:
            return rows
        self._hidden = {place: until for place, until in self._hidden.items() if until > now}
        return [row for row in rows if row[0] not in self._hidden]

    def get(self, company_id: str, lead_id: str, shown_at: float | None = None) -> Lead | None:
        """The company's lead of this id; with a time, if a read shows it then."""
        return self._one(self._store.row(TABLE, company_id, lead_id), shown_at)

    def create(self, company_id: str, owner: str, fields: Mapping[str, object], now: float) -> Lead:
        """Store a lead and return it."""
        own = {name: value for name, value in fields.items() if name not in _OWN}
        stored = self.stored({**own, "owner": owner, "company_id": company_id}, now)
        self._store.insert_rows(TABLE, [stored])
        if self._read_lag and (row := self._store.row(TABLE, company_id, stored.id)):
            self._hidden[row[0]] = now + self._read_lag
        return self.read([(0, stored.client_id, stored.head, stored.tail)])[0]

    def update(
        self, company_id: str, lead_id: str, changes: Mapping[str, object], now: float
    ) -> Lead | None:
        """Change a lead's fields and return it; None if the company has no such lead."""
        lead = self.get(company_id, lead_id)
        if lead is None:
            return None
        lead |= {name: value for name, value in changes.items() if name not in _OWN}
        lead["updatedAt"] = timestamp(now)
        self._store.replace_row(TABLE, self.stored(lead, now))
        return lead

    def delete(self, company_id: str, lead_id: str) -> bool:
        """Delete a lead; whether there was one."""
        return self._store.delete_row(TABLE, company_id, lead_id)

    def purge(self, company_id: str, client_id: str, most: int) -> int:
        """Delete up to `most` leads of a client; how many."""
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
        shown_at: float | None = None,
    ) -> Lead | None:
        """The first lead whose `email` or `linkedinUrl` is this one, without case.

        With a time, if a read shows it then.
        """
        return self._one(self._store.find(TABLE, company_id, client_id, name, value), shown_at)

    def search(
        self, company_id: str, owner: str, wanted: Mapping[str, str], now: float
    ) -> list[Lead]:
        """The owner's leads that have all wanted values, among the first 1,000 of the company."""
        rows, _ = self._store.page(TABLE, company_id, None, 0, SEARCHED)
        folded = {name: value.casefold() for name, value in wanted.items()}
        return [
            lead
            for lead in self.read(self.readable(rows, now))
            if lead.get("owner") == owner
            and all(str(lead.get(name) or "").casefold() == v for name, v in folded.items())
        ]

    def each(
        self, company_id: str, client_id: str | None, fields: tuple[str, ...]
    ) -> Iterator[Lead]:
        """All leads of a company or a client, cut down to some fields."""
        for rows in self._store.each(TABLE, company_id, client_id):
            yield from _decode(self._builder.build(rows, fields))

    def _one(self, row: ServedRow | None, shown_at: float | None) -> Lead | None:
        rows = [] if row is None else [row]
        if shown_at is not None:
            rows = self.readable(rows, shown_at)
        return self.read(rows)[0] if rows else None

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
