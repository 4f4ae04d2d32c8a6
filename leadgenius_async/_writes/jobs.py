"""Imports whose journals stand in folders: found, read, discarded."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.files import DEEPEST, folders
from leadgenius_async._extract.lock import Holder, Lock, is_locked, read_holder
from leadgenius_async._writes.database import APPLICATION, check_version
from leadgenius_async._writes.records import ImportJob, ImportSpec
from leadgenius_async._writes.report import ENDS, OPEN, End, State

#: The journal's file in its folder, and the command that began the import, beside it.
JOURNAL = "journal.db"
COMMAND = "command.json"
#: What the folder beside a file is named: `leads.csv.import`.
SUFFIX = ".import"


class FoundImport(msgspec.Struct, kw_only=True):
    """An import whose journal stands in a folder.

    Attributes:
        kind: `import`.
        job_id: Names it, through all its runs.
        out: The folder.
        state: `running` in some process; `unfinished`, which the same command goes on with;
            `complete`, where every row has its end; or `damaged`.
        client_id: The client of rows that name none.
        read: Rows of the input that were read.
        rows: Those of them that are at their end.
        open: Rows that were sent, and that nobody has seen yet.
        created: Rows that were created; and so on.
        runs: How often it was started.
        holder: Which process runs it.
        problem: What is wrong with it, in one sentence.
        spec: What was asked for.
    """

    kind: Literal["import"] = "import"
    job_id: str
    out: str
    state: Literal["running", "unfinished", "complete", "damaged"]
    client_id: str | None = None
    read: int = 0
    rows: int = 0
    open: int = 0
    created: int = 0
    existing: int = 0
    rejected: int = 0
    unresolved: int = 0
    runs: int = 1
    started_at: str = ""
    holder: Holder | None = None
    problem: str | None = None
    spec: ImportSpec | None = None


def find_imports(folder: Path) -> Iterator[FoundImport]:
    """Give the imports in a folder and the folders below it."""
    for path in folders(folder, DEEPEST):
        if (found := read_import(path)) is not None:
            yield found


def read_import(folder: Path) -> FoundImport | None:
    """Return the import whose journal stands in a folder; None if none does."""
    path = folder / JOURNAL
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(path)) as db:
            if _application(db) != APPLICATION:
                return None
            check_version(db, path)
            return _read(db, folder)
    except (sqlite3.DatabaseError, msgspec.MsgspecError, errors.ImportDamaged) as error:
        if not folder.name.endswith(SUFFIX):
            return None  # somebody else's journal
        return FoundImport(job_id="", out=str(folder), state="damaged", problem=str(error))


def discard(folder: Path) -> None:
    """Delete the journal of an import and what stands beside it; other files stay.

    Raises:
        ImportLocked: Some process is at it.
    """
    try:
        lock = Lock(folder, "discard")
    except errors.ExportLocked:
        raise locked(folder) from None
    try:
        names = (COMMAND, "holder.json", "lock")
        for path in [*folder.glob(f"{JOURNAL}*"), *(folder / name for name in names)]:
            path.unlink(missing_ok=True)
    finally:
        lock.release()
    with contextlib.suppress(OSError):  # somebody's own files stand there too
        folder.rmdir()


def locked(folder: Path) -> errors.ImportLocked:
    """Return the error that says who is at an import."""
    found = read_holder(folder)
    holder = f"process {found.pid} on {found.host}" if found else "another process"
    return errors.ImportLocked(
        f"the import in {folder} is under way in {holder}: wait for it, or give another journal"
    )


def _application(db: sqlite3.Connection) -> int:
    (found,) = db.execute("PRAGMA application_id").fetchone()
    return int(found)


def _read(db: sqlite3.Connection, folder: Path) -> FoundImport:
    (state,) = db.execute("SELECT state FROM job").fetchone()
    job = msgspec.json.decode(state, type=ImportJob)
    counts = dict(db.execute("SELECT state, count(*) FROM row GROUP BY state").fetchall())
    ends = Counter[End]()
    for number, count in counts.items():
        if (name := State(number)) in ENDS:
            ends[ENDS[name]] += count
    running = is_locked(folder)
    return FoundImport(
        job_id=job.job_id,
        out=str(folder),
        state="running" if running else "complete" if job.done else "unfinished",
        client_id=job.spec.client_id,
        read=sum(counts.values()),
        rows=ends.total(),
        open=sum(counts.get(state, 0) for state in OPEN),
        created=ends["created"],
        existing=ends["existing"],
        rejected=ends["rejected"],
        unresolved=ends["unresolved"],
        runs=job.runs,
        started_at=job.started_at,
        holder=read_holder(folder) if running else None,
        spec=job.spec,
    )
