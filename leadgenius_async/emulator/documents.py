"""What the sections keep: one JSON document a record, found by its kind, company and id.

The kind is the name of the record's struct, so a route says `documents.get(Campaign, …)`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import ClassVar, Protocol, TypeVar

import msgspec


class _Record(Protocol):
    """A struct with an id."""

    id: str
    __struct_fields__: ClassVar[tuple[str, ...]]


R = TypeVar("R", bound=_Record)


class Documents:
    """The documents of all companies; a company reaches its own alone.

    Args:
        db: Where the table is.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, company_id: str, record: _Record) -> None:
        """Append a record."""
        self._db.execute(
            "INSERT INTO documents (kind, company_id, id, body) VALUES (?, ?, ?, ?)",
            (type(record).__name__, company_id, record.id, msgspec.json.encode(record)),
        )

    def put(self, company_id: str, record: _Record) -> None:
        """Replace the record of the same id, at its place."""
        self._db.execute(
            "UPDATE documents SET body = ? WHERE kind = ? AND company_id = ? AND id = ?",
            (msgspec.json.encode(record), type(record).__name__, company_id, record.id),
        )

    def get(self, kind: type[R], company_id: str, record_id: str) -> R | None:
        """The company's record of this id."""
        row = self._db.execute(
            "SELECT body FROM documents WHERE kind = ? AND company_id = ? AND id = ?",
            (kind.__name__, company_id, record_id),
        ).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=kind)

    def each(self, kind: type[R], company_id: str, after: int = 0) -> Iterator[tuple[int, R]]:
        """The company's records of a kind behind the place `after`, each with its place."""
        rows = self._db.execute(
            "SELECT seq, body FROM documents"
            " WHERE kind = ? AND company_id = ? AND seq > ? ORDER BY seq",
            (kind.__name__, company_id, after),
        ).fetchall()
        decode = msgspec.json.Decoder(kind).decode
        return ((seq, decode(body)) for seq, body in rows)

    def everywhere(self, kind: type[R]) -> list[tuple[str, R]]:
        """All companies' records of a kind, each with its company_id, oldest first."""
        rows = self._db.execute(
            "SELECT company_id, body FROM documents WHERE kind = ? ORDER BY seq", (kind.__name__,)
        )
        return [(company_id, msgspec.json.decode(body, type=kind)) for company_id, body in rows]

    def all(
        self, kind: type[R], company_id: str, wanted: Callable[[R], bool] = lambda _: True
    ) -> list[R]:
        """The company's records of a kind that are wanted, oldest first."""
        return [record for _, record in self.each(kind, company_id) if wanted(record)]
