"""The journal's file: SQLite, which is told to write to the disk before it says that it has."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterable
from pathlib import Path

import msgspec

from leadgenius_async import errors
from leadgenius_async._writes.records import ImportJob, Seen

#: Tells our files from anybody else's, and their layout from later ones.
APPLICATION = 0x4C474932
_VERSION = 1

_TABLES = """
CREATE TABLE job (id INTEGER PRIMARY KEY CHECK (id = 1), state BLOB NOT NULL);
CREATE TABLE row (
    seq INTEGER PRIMARY KEY, line INTEGER NOT NULL, digest BLOB NOT NULL,
    client TEXT, key BLOB, state INTEGER NOT NULL, payload BLOB, changes BLOB,
    alone INTEGER NOT NULL DEFAULT 0, attempt INTEGER NOT NULL DEFAULT 0,
    sent REAL NOT NULL DEFAULT 0, absent INTEGER NOT NULL DEFAULT 0,
    absent_at REAL NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    lead TEXT, said TEXT
);
CREATE INDEX row_by_key ON row (key) WHERE key IS NOT NULL;
CREATE INDEX row_by_lead ON row (lead) WHERE lead IS NOT NULL;
CREATE TABLE scanned (
    client TEXT PRIMARY KEY, leads INTEGER NOT NULL, whole INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE before (key BLOB NOT NULL, lead TEXT NOT NULL, PRIMARY KEY (key, lead)) WITHOUT ROWID;
CREATE TABLE double (lead TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
"""


class Database:
    """The open file.

    Args:
        path: The file; None for one that is gone with this process.
        job: The import; where an unfinished one stands in the file, it is gone on with.

    Raises:
        ImportConflict: The file holds another import.
        ImportDamaged: It cannot be read, or is not a journal of this version.

    Attributes:
        job: The import; `save` makes changes durable.
    """

    job: ImportJob

    def __init__(self, path: Path | None, job: ImportJob) -> None:
        self._path = path
        # Without a name, SQLite keeps it in a file of its own that has no directory entry.
        self._db = sqlite3.connect(
            "" if path is None else path, check_same_thread=False, isolation_level=None
        )
        try:
            with self._readable():
                self._open(job)
        except BaseException:
            self._db.close()
            raise

    def _open(self, job: ImportJob) -> None:
        if self._path is None:
            self._db.execute("PRAGMA journal_mode = MEMORY")
            self._db.execute("PRAGMA synchronous = OFF")
        else:
            self._path.chmod(0o600)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA cache_size = -16384")  # kilobytes
        self._db.execute("PRAGMA temp_store = MEMORY")
        self._db.execute("CREATE TEMP TABLE page (lead TEXT NOT NULL, key BLOB)")
        if not self._db.execute("SELECT 1 FROM main.sqlite_master LIMIT 1").fetchone():
            self._create(job)
            return
        check_version(self._db, self._path)
        (state,) = self._db.execute("SELECT state FROM job").fetchone()
        self.job = msgspec.json.decode(state, type=ImportJob)
        if difference := self.job.spec.difference(job.spec):
            raise errors.ImportConflict(
                f"{self._path} holds an import that was asked for otherwise ({difference}): ask "
                "for the same to go on with it, or give another journal"
            )
        self.job.runs += 1
        self.save()

    def _create(self, job: ImportJob) -> None:
        self.job = job
        with self.transaction():
            for statement in filter(str.strip, _TABLES.split(";")):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id = {APPLICATION}")
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
            self._db.execute("INSERT INTO job VALUES (1, ?)", (msgspec.json.encode(job),))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def execute(self, statement: str, values: Iterable[object] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self._db.execute(statement, tuple(values))

    def executemany(self, statement: str, values: Iterable[Iterable[object]]) -> None:
        """Run a statement for each of many values."""
        self._db.executemany(statement, map(tuple, values))

    def show(self, leads: Iterable[Seen]) -> None:
        """Fill the table `page` with leads, a row for each of their keys."""
        self._db.execute("DELETE FROM temp.page")
        self._db.executemany(
            "INSERT INTO temp.page VALUES (?, ?)",
            [(seen.lead, key) for seen in leads for key in seen.keys or (None,)],
        )

    def save(self) -> None:
        """Make changes of the job durable."""
        self._db.execute("UPDATE job SET state = ?", (msgspec.json.encode(self.job),))

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Make changes together, durable at its end."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextlib.contextmanager
    def _readable(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.DatabaseError, msgspec.MsgspecError) as error:
            raise errors.ImportDamaged(
                f"{self._path} cannot be read as the journal of an import ({error}): give another "
                "journal; what was sent already is then found as existing"
            ) from None


def check_version(db: sqlite3.Connection, path: Path | None) -> None:
    """Refuse a file that is no journal of an import, or of another version.

    Raises:
        ImportDamaged: It is.
    """
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION:
        raise errors.ImportDamaged(f"{path} is not the journal of an import: give another one")
    if version != _VERSION:
        raise errors.ImportDamaged(
            f"{path} has version {version} of the journal, and this package reads {_VERSION}: go "
            "on with the version that began it"
        )
