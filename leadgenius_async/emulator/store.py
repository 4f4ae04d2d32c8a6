"""The emulator's tables, on one SQLite connection.

The data can be made again from the seed, so nothing is synced to the disk: a crash costs the
file, never more.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from leadgenius_async._fields import TABLES
from leadgenius_async.emulator.rows import ServedRow, StoredRow
from leadgenius_async.emulator.structs import Client, User

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE companies (company_id TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE users (
    user_id TEXT PRIMARY KEY, username TEXT NOT NULL UNIQUE, password TEXT NOT NULL,
    company_id TEXT NOT NULL, role TEXT NOT NULL);
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, name TEXT NOT NULL,
    description TEXT, key_prefix TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE refresh_tokens (
    digest TEXT PRIMARY KEY, user_id TEXT NOT NULL, expires REAL NOT NULL);
CREATE TABLE clients (
    id TEXT PRIMARY KEY, client_id TEXT NOT NULL, client_name TEXT NOT NULL, company_url TEXT,
    description TEXT, owner TEXT NOT NULL, company_id TEXT NOT NULL, created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL);
CREATE TABLE documents (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, company_id TEXT NOT NULL, id TEXT NOT NULL,
    body BLOB NOT NULL, UNIQUE (kind, company_id, id));
"""
_BULK_SCHEMA = """
CREATE TABLE {table} (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL, company_id TEXT NOT NULL, client_id TEXT NOT NULL,
    head BLOB NOT NULL, tail INTEGER);
"""
# Made after the rows are in: sorting once is several times faster than a million insertions.
# SQLite appends `seq` to each key, so a listing reads its rows in order, without a sort.
_BULK_INDEXES = """
CREATE UNIQUE INDEX {table}_id ON {table} (id);
CREATE INDEX {table}_company ON {table} (company_id);
CREATE INDEX {table}_client ON {table} (company_id, client_id);
"""
_FINGERPRINT = "sample"
_CACHE_KIB = 65_536


def digest(secret: str) -> str:
    """How API keys and refresh tokens are stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Store:
    """The tables behind one SQLite file.

    Args:
        path: The file; it is made if it does not exist.

    Raises:
        ValueError: The file is no SQLite database, or cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            self.db: sqlite3.Connection = _connect(path)
        except sqlite3.DatabaseError as error:
            raise ValueError(f"db={str(path)!r} cannot be used as a database: {error}") from error

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    def fingerprint(self) -> str | None:
        """What the sample was made from; None if this is no complete emulator database."""
        try:
            row = self.db.execute(
                "SELECT value FROM meta WHERE name = ?", (_FINGERPRINT,)
            ).fetchone()
        except sqlite3.OperationalError:
            return None
        return None if row is None else str(row[0])

    def create_tables(self) -> None:
        """Make all tables and begin the load; `finish_load` ends it."""
        self.db.execute("PRAGMA journal_mode=OFF")  # a load cut off is thrown away
        self.db.executescript(_SCHEMA + "".join(_BULK_SCHEMA.format(table=name) for name in TABLES))
        self.db.execute("BEGIN")

    def finish_load(self, fingerprint: str) -> None:
        """Commit the load, index the bulk tables and write down what the sample was made from."""
        self.db.execute("COMMIT")
        self.db.execute("PRAGMA journal_mode=MEMORY")
        self.db.executescript("".join(_BULK_INDEXES.format(table=name) for name in TABLES))
        self.db.execute("INSERT INTO meta VALUES (?, ?)", (_FINGERPRINT, fingerprint))

    def insert_rows(self, table: str, rows: Iterable[StoredRow]) -> None:
        """Append rows to a bulk table, in the order in which it will list them."""
        self.db.executemany(
            f"INSERT INTO {check_table(table)} (id, company_id, client_id, head, tail)"  # noqa: S608 - a name of TABLES
            " VALUES (?, ?, ?, ?, ?)",
            rows,
        )

    def insert_client(self, client: Client) -> None:
        """Append a client."""
        self.db.execute(
            "INSERT INTO clients VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                client.id,
                client.client_id,
                client.clientName,
                client.companyURL,
                client.description,
                client.owner,
                client.company_id,
                client.createdAt,
                client.updatedAt,
            ),
        )

    def clients(self, company_id: str, either_id: str | None = None) -> list[Client]:
        """The company's clients; with `either_id` only the one that has it as id or client_id."""
        rows = self.db.execute(
            "SELECT * FROM clients WHERE company_id = :company"
            " AND (:id IS NULL OR id = :id OR client_id = :id) ORDER BY rowid",
            {"company": company_id, "id": either_id},
        )
        return [Client(*row) for row in rows]

    def client(self, company_id: str, record_id: str) -> Client | None:
        """The company's client of this record id."""
        return next((c for c in self.clients(company_id, record_id) if c.id == record_id), None)

    def update_client(self, client: Client) -> None:
        """Replace the client of the same record id."""
        self.db.execute(
            "UPDATE clients SET client_name = ?, company_url = ?, description = ?, updated_at = ?"
            " WHERE company_id = ? AND id = ?",
            (
                client.clientName,
                client.companyURL,
                client.description,
                client.updatedAt,
                client.company_id,
                client.id,
            ),
        )

    def delete_client(self, client: Client) -> None:
        """Delete a client; its leads stay."""
        self.db.execute(
            "DELETE FROM clients WHERE company_id = ? AND id = ?", (client.company_id, client.id)
        )

    def users(self) -> list[User]:
        """All users of all companies, oldest first."""
        rows = self.db.execute(
            "SELECT user_id, username, username, company_id, role FROM users ORDER BY rowid"
        )
        return [User(*row) for row in rows]

    def insert_company(self, company_id: str, company: Mapping[str, object]) -> None:
        """Append a company, by its members."""
        self.db.execute(
            "INSERT INTO companies VALUES (?, ?)", (company_id, msgspec.json.encode(company))
        )

    def companies(self) -> dict[str, dict[str, object]]:
        """The members of each company by its company_id, oldest first."""
        rows = self.db.execute("SELECT company_id, body FROM companies ORDER BY rowid")
        return {
            company_id: msgspec.json.decode(body, type=dict[str, object])
            for company_id, body in rows
        }

    def update_company(self, company_id: str, company: Mapping[str, object]) -> None:
        """Replace a company's members."""
        self.db.execute(
            "UPDATE companies SET body = ? WHERE company_id = ?",
            (msgspec.json.encode(company), company_id),
        )

    def highest(self) -> int:
        """A number that grows with everything that was ever added."""
        tables = ("clients", "documents", *TABLES)
        return sum(
            self.db.execute(f"SELECT coalesce(max(rowid), 0) FROM {table}").fetchone()[0]  # noqa: S608 - names of ours
            for table in tables
        )

    def count(self, table: str, company_id: str, client_id: str | None = None) -> int:
        """Rows that a company, or one client of it, has in a bulk table."""
        [count] = self.db.execute(
            f"SELECT count(*) FROM {check_table(table)} WHERE company_id = :company"  # noqa: S608 - a name of TABLES
            " AND (:client IS NULL OR client_id = :client)",
            {"company": company_id, "client": client_id},
        ).fetchone()
        return int(count)

    def counts(self, table: str) -> dict[tuple[str, str], int]:
        """Rows in a bulk table by company_id and client_id."""
        found = self.db.execute(
            f"SELECT company_id, client_id, count(*) FROM {check_table(table)}"  # noqa: S608 - a name of TABLES
            " GROUP BY company_id, client_id"
        )
        return {(company_id, client_id): count for company_id, client_id, count in found}

    def page(
        self, table: str, company_id: str, client_id: str | None, after: int, count: int
    ) -> tuple[list[ServedRow], int | None]:
        """Up to `count` rows behind the place `after`.

        Returns:
            The rows, and the place behind them; None if none follow.
        """
        by_client = "" if client_id is None else "AND client_id = :client"
        found = self.db.execute(
            f"SELECT seq, client_id, head, tail FROM {check_table(table)}"  # noqa: S608 - a name of TABLES
            f" WHERE company_id = :company {by_client} AND seq > :after ORDER BY seq LIMIT :count",
            {"company": company_id, "client": client_id, "after": after, "count": count + 1},
        ).fetchall()
        place = found[count - 1][0] if len(found) > count else None
        return found[:count], place

    def row(self, table: str, company_id: str, row_id: str) -> ServedRow | None:
        """The company's row of this id."""
        found: ServedRow | None = self.db.execute(
            f"SELECT seq, client_id, head, tail FROM {check_table(table)}"  # noqa: S608 - a name of TABLES
            " WHERE id = ? AND company_id = ?",
            (row_id, company_id),
        ).fetchone()
        return found

    def replace_row(self, table: str, row: StoredRow, *, to_end: bool = False) -> None:
        """Replace the row of the same id, at its place or at the end of the listing."""
        name = check_table(table)
        place = f", seq = (SELECT max(seq) + 1 FROM {name})" if to_end else ""  # noqa: S608 - a name of TABLES
        self.db.execute(
            f"UPDATE {name} SET client_id = :client_id, head = :head, tail = :tail{place}"  # noqa: S608 - a name of TABLES
            " WHERE id = :id AND company_id = :company_id",
            row._asdict(),
        )

    def delete_row(self, table: str, company_id: str, row_id: str) -> bool:
        """Delete a row; whether there was one."""
        done = self.db.execute(
            f"DELETE FROM {check_table(table)} WHERE id = ? AND company_id = ?",  # noqa: S608 - a name of TABLES
            (row_id, company_id),
        )
        return done.rowcount > 0

    def delete_rows(self, table: str, company_id: str, client_id: str, most: int) -> int:
        """Delete the first rows of a client, `most` at the most; how many."""
        name = check_table(table)
        done = self.db.execute(
            f"DELETE FROM {name} WHERE seq IN (SELECT seq FROM {name}"  # noqa: S608 - a name of TABLES
            " WHERE company_id = ? AND client_id = ? ORDER BY seq LIMIT ?)",
            (company_id, client_id, most),
        )
        return done.rowcount

    def find(
        self, table: str, company_id: str, client_id: str, name: str, value: str
    ) -> list[ServedRow]:
        """The rows of a client (of any, if empty) whose field `name` is `value`, caseless in ASCII.

        The index over the field is made when it is first asked for: a load of a million rows
        does without it, and most emulators are never asked. It is of SQLite's own functions
        alone: with one of Python's, SQLite would wait for the interpreter's lock, and a thread
        that has the lock and drops a cursor of this connection waits for SQLite.
        """
        key = _KEYS[name]
        self.db.execute(
            f"CREATE INDEX IF NOT EXISTS {table}_{name} ON {check_table(table)} (company_id, {key})"
        )
        return self.db.execute(
            f"SELECT seq, client_id, head, tail FROM {table}"  # noqa: S608 - a name of TABLES
            f" WHERE company_id = :company AND {key} = lower(:value)"
            " AND (:client = '' OR client_id = :client) ORDER BY seq",
            {"company": company_id, "client": client_id, "value": value},
        ).fetchall()

    def each(
        self, table: str, company_id: str, client_id: str | None, batch: int = 1_000
    ) -> Iterator[list[ServedRow]]:
        """All rows of a listing, in order, in batches."""
        place: int | None = 0
        while place is not None:
            rows, place = self.page(table, company_id, client_id, place, batch)
            yield rows


def _connect(path: Path) -> sqlite3.Connection:
    # A load runs in a worker thread while the event loop waits for it: one user at a time.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        db.execute("PRAGMA synchronous=OFF")
        db.execute("PRAGMA journal_mode=MEMORY")
        db.execute("SELECT count(*) FROM sqlite_master")  # reads the file's header
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db


class _Keys(msgspec.Struct):
    email: object = None
    linkedinUrl: object = None


def text_of(name: str, head: bytes) -> str | None:
    """A row's `email` or `linkedinUrl`; None if it is no text."""
    value = getattr(_KEYS_DECODER.decode(b"{%b}" % head), name)
    return value if isinstance(value, str) else None


_KEYS_DECODER = msgspec.json.Decoder(_Keys)
#: Fields that rows are found by, and how SQLite reads them.
_KEYS = {
    name: f"lower(json_extract('{{' || CAST(head AS TEXT) || '}}', '$.{name}'))"
    for name in ("email", "linkedinUrl")
}


def check_table(table: str) -> str:
    """The name, if it is a bulk table's: what goes into SQL is one of ours."""
    if table not in TABLES:
        raise ValueError(f"table={table!r} is not one of {', '.join(TABLES)}")
    return table
