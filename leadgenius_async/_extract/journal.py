"""What of an extraction is durable: its query, its chains' places, its parts; in SQLite.

One commit per part: the part's entry and the places that its chains have reached with it become
durable together, after the part itself is. After a crash the extraction goes on from here; what
the journal does not know was never committed.

All of it runs on the thread that writes the files, or while that one is idle.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import secrets
import sqlite3
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.files import make_private
from leadgenius_async._extract.formats import Chains, Compression, FileFormat, PartitionBy
from leadgenius_async._extract.report import PACE_SECONDS, Pace, PartitionReport, PartReport

T = TypeVar("T")

#: Tells our files from anybody else's, and their layout from later ones.
_APPLICATION = 0x4C474A31
_VERSION = 2
TOKEN_DIGEST = 16  # bytes
#: What of an export may be asked for otherwise as long as its rows stand in parts.
_LAYOUT = {"partition_by", "single_file"}

_TABLES = """
CREATE TABLE job (id INTEGER PRIMARY KEY CHECK (id = 1), state BLOB NOT NULL);
CREATE TABLE chain (
    number INTEGER PRIMARY KEY, token TEXT, report BLOB NOT NULL
);
CREATE TABLE part (number INTEGER PRIMARY KEY, report BLOB NOT NULL);
CREATE TABLE step (
    number INTEGER NOT NULL, chain INTEGER NOT NULL, pages INTEGER NOT NULL,
    rows INTEGER NOT NULL, token_in TEXT, token_out TEXT, tokens BLOB NOT NULL,
    PRIMARY KEY (number, chain)
) WITHOUT ROWID;
CREATE TABLE swap (number INTEGER PRIMARY KEY, report BLOB);
CREATE TABLE upload (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID;
"""


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """What an export was asked for; one that differs is another export.

    Attributes:
        service: The service's origin.
        table: `enrich_leads` or `source_leads`.
        company_id: The company.
        clients: `client_id`s to take, sorted; empty for all rows of the company.
        fields: Fields to ask for, in order; None for all.
        format: `parquet` or `ndjson`.
        chains: How it was to be cut into chains.
        sweep: Whether rows that the clients' chains miss are looked for.
        strict_schema: Whether a row that does not fit the schema ends it.
        since: The moment from which on rows are wanted, ISO 8601 in UTC; None for all.
        limit: Most rows to take; None for all.
        compression: How the files are compressed.
        max_file_bytes: Most bytes of a file; None for the usual ones.
        target: Where it is to be published; None if it is to stand where it is written.
        partition_by: The column by whose values its rows are to stand in folders.
        single_file: Whether it is to be one file, or one a folder.
    """

    service: str
    table: str
    company_id: str
    clients: list[str]
    fields: list[str] | None
    format: FileFormat
    chains: Chains
    sweep: bool
    strict_schema: bool = False
    since: str | None = None
    limit: int | None = None
    compression: Compression = "zstd"
    max_file_bytes: int | None = None
    target: str | None = None
    partition_by: PartitionBy | None = None
    single_file: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of what was asked for, the company and the place apart."""
        asked = msgspec.structs.replace(self, company_id="", target=None)
        return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()

    def difference(self, other: Spec, *, layout: bool = True) -> str:
        """Return in words what another export asks for otherwise; empty if nothing.

        Args:
            other: The other one.
            layout: Whether its layout counts.
        """
        mine, theirs = msgspec.to_builtins(self), msgspec.to_builtins(other)
        return "; ".join(
            f"{name} was {_shown(mine[name])} and is {_shown(theirs[name])}"
            for name in mine
            if mine[name] != theirs[name] and (layout or name not in _LAYOUT)
        )

    def require(self, other: Spec, out: Path, *, layout: bool = True) -> None:
        """Refuse to go on with this export as another one.

        Raises:
            ExportConflict: The other asks for something else.
        """
        if difference := self.difference(other, layout=layout):
            raise errors.ExportConflict(
                f"{out} holds an unfinished export of another query ({difference}): ask for the "
                "same to go on with it, choose another folder, or start anew (--overwrite)"
            )


class Totals(msgspec.Struct, kw_only=True):
    """What an export has cost and found up to a commit, over all its runs.

    Attributes:
        reject_bytes: Length of `rejects.ndjson`.
        duplicates: Rows that were dropped, since their id came again.
        missing: Rows that the sweep found and the chains had not.
        orphans: Those of them whose `client_id` no client has.
        recovered: Those of the missing that were then fetched; the others were gone by then.
        pace_seconds: Length of a stretch of `pace`.
        pace: What was done when.
    """

    wire_bytes: int = 0
    retries: int = 0
    throttled: float = 0.0
    seconds: float = 0.0
    rejects: int = 0
    reject_bytes: int = 0
    duplicates: int = 0
    missing: int = 0
    orphans: int = 0
    recovered: int = 0
    pace_seconds: float = PACE_SECONDS
    pace: list[Pace] = []


class Job(msgspec.Struct, kw_only=True):
    """The export as a whole.

    Attributes:
        job_id: Names it, through all its runs.
        started_at: ISO 8601, UTC.
        runs: How often it was started.
        to_clear: Whether an older export still stands in the folder, to be deleted when the
            first rows of this one are here.
        planned: Whether its chains are known.
        swept: Whether the sweep's findings have become chains.
        unique: Whether rows whose id comes again were dropped.
        overwrite: Whether an export that stands where this one is published is deleted then.
        publishing: Whether it is being brought there.
        published: Whether all of it has arrived there: what stands here only goes.
    """

    job_id: str
    spec: Spec
    started_at: str
    runs: int = 1
    to_clear: bool = False
    planned: bool = False
    swept: bool = False
    unique: bool = False
    overwrite: bool = False
    publishing: bool = False
    published: bool = False
    totals: Totals = msgspec.field(default_factory=Totals)


class ChainState(msgspec.Struct, kw_only=True):
    """How far a chain is: up to and with the page whose `token_out` is `token`."""

    number: int
    token: str | None
    report: PartitionReport


class Step(msgspec.Struct, kw_only=True):
    """What a part holds of one chain.

    Attributes:
        token_in: The token of its first page; None at the chain's beginning.
        token_out: The token behind its last page; None at the chain's end.
        tokens: Digests of all its tokens, `TOKEN_DIGEST` bytes each.
    """

    pages: int = 0
    rows: int = 0
    token_in: str | None = None
    token_out: str | None = None
    tokens: bytes = b""


class Journal:
    """An open journal.

    Args:
        path: The file; `create_journal` makes it.
        writable: Whether it, and the folder that it is in, may be written to; if not, it is for
            reading alone, and of an export that does not run.

    Raises:
        ExportDamaged: It cannot be read, or is not a journal of this version.

    Attributes:
        job: The export; `save` makes changes durable.
        chains: Its chains, in the order of their numbers.
        parts: Its part files, by the number of the commit that brought them.
        swap: Parts that take the place of others, or of none where it is None, by number; they
            are durable under another name, and on their way into the dataset.
        uploads: Files that have arrived where it is published, with their bytes.
        next_number: The number of the next commit.
    """

    job: Job
    chains: list[ChainState]
    parts: dict[int, PartReport]
    swap: dict[int, PartReport | None]
    uploads: dict[str, int]
    next_number: int

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self._path = path
        with _readable(path):
            self._db = _connected(path, writable=writable)
            try:
                self._check()
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._load()
            except BaseException:
                self._db.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def save(self) -> None:
        """Make changes of the job durable."""
        with self._transaction():
            self._save_job()

    def save_chain(self, chain: ChainState) -> None:
        """Make changes of a chain durable."""
        with self._transaction():
            self._save_chain(chain)

    def add_chains(self, reports: Iterable[PartitionReport]) -> None:
        """Add chains that are to be walked, and save the job."""
        start = len(self.chains)
        added = [
            ChainState(number=start + n, token=None, report=report)
            for n, report in enumerate(reports)
        ]
        with self._transaction():
            for chain in added:
                self._save_chain(chain)
            self._save_job()
        self.chains += added

    def restart(self, chain: ChainState) -> None:
        """Let a chain begin anew: the service does not take its token any more."""
        chain.token = None
        chain.report.restarts += 1
        chain.report.tokens_digest = ""
        self.save_chain(chain)

    def commit(self, part: PartReport | None, steps: Mapping[int, Step]) -> None:
        """Make a part and the places that chains have reached with it durable, together.

        Args:
            part: The part, which is durable already; None if its pages are in no file.
            steps: What it holds, by the numbers of the chains.
        """
        number = self.next_number
        with self._transaction():
            if part is not None:
                self._save_part(number, part)
            for chain, step in steps.items():
                self._db.execute(
                    "INSERT INTO step VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (number, chain, *msgspec.structs.astuple(step)),
                )
                _advance(self.chains[chain], step)
                self._save_chain(self.chains[chain])
            self._save_job()
        self.next_number = number + 1
        if part is not None:
            self.parts[number] = part

    def add_upload(self, name: str, size: int) -> None:
        """Note durably that a file has arrived where the export is published."""
        with self._transaction():
            self._db.execute("INSERT OR REPLACE INTO upload VALUES (?, ?)", (name, size))
        self.uploads[name] = size

    def tokens_of(self, chain: ChainState) -> set[bytes]:
        """Return the digests of the tokens that a chain has had, since it last began."""
        found: set[bytes] = set()
        if chain.token is None:  # it begins, maybe anew: the service may well give them again
            return found
        query = "SELECT token_in, tokens FROM step WHERE chain = ? ORDER BY number"
        for token_in, tokens in self._db.execute(query, (chain.number,)):
            if token_in is None:
                found.clear()
            starts = range(0, len(tokens), TOKEN_DIGEST)
            found.update(tokens[start : start + TOKEN_DIGEST] for start in starts)
        return found

    def begin_swap(self, swap: Mapping[int, PartReport | None]) -> None:
        """Decide that parts take the place of others, and save the job.

        They are durable under another name.
        """
        with self._transaction():
            self._save_job()
            for number, part in swap.items():
                row = (number, None if part is None else msgspec.json.encode(part))
                self._db.execute("INSERT INTO swap VALUES (?, ?)", row)
        self.swap = dict(swap)

    def end_swap(self) -> None:
        """Take the parts that are in their places now for the dataset's, and save the job."""
        with self._transaction():
            for number, part in self.swap.items():
                self._db.execute("DELETE FROM part WHERE number = ?", (number,))
                if part is not None:
                    self._save_part(number, part)
            self._db.execute("DELETE FROM swap")
            self._save_job()
        for number, part in self.swap.items():
            self.parts.pop(number, None)
            if part is not None:
                self.parts[number] = part
        self.parts = dict(sorted(self.parts.items()))
        self.swap = {}

    def _load(self) -> None:
        (state,) = self._db.execute("SELECT state FROM job").fetchone()
        self.job = _decode(state, Job)
        self.chains = [
            ChainState(number=number, token=token, report=_decode(report, PartitionReport))
            for number, token, report in self._db.execute("SELECT * FROM chain ORDER BY number")
        ]
        self.parts = {
            number: _decode(report, PartReport)
            for number, report in self._db.execute("SELECT * FROM part ORDER BY number")
        }
        self.swap = {
            number: None if report is None else _decode(report, PartReport)
            for number, report in self._db.execute("SELECT * FROM swap")
        }
        self.uploads = dict(self._db.execute("SELECT name, bytes FROM upload"))
        (self.next_number,) = self._db.execute(
            "SELECT 1 + max(coalesce((SELECT max(number) FROM step), -1),"
            " coalesce((SELECT max(number) FROM part), -1))"
        ).fetchone()

    def _check(self) -> None:
        (application,) = self._db.execute("PRAGMA application_id").fetchone()
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        if application != _APPLICATION:
            raise errors.ExportDamaged(f"{self._path} is not the journal of an export")
        if version != _VERSION:
            raise errors.ExportDamaged(
                f"{self._path} has version {version} of the journal, and this package reads "
                f"{_VERSION}: go on with the version that began it"
            )
        (verdict,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise _damaged(self._path, str(verdict))

    def _save_job(self) -> None:
        self._db.execute("UPDATE job SET state = ?", (msgspec.json.encode(self.job),))

    def _save_chain(self, chain: ChainState) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO chain VALUES (?, ?, ?)",
            (chain.number, chain.token, msgspec.json.encode(chain.report)),
        )

    def _save_part(self, number: int, part: PartReport) -> None:
        self._db.execute("INSERT INTO part VALUES (?, ?)", (number, msgspec.json.encode(part)))

    @contextlib.contextmanager
    def _transaction(self) -> Generator[None]:
        with _readable(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # on a full disk SQLite has rolled back itself
                    self._db.execute("ROLLBACK")
                raise


def _connected(path: Path, *, writable: bool) -> sqlite3.Connection:
    """Open a file that is there: one that is gone by now is not made anew."""
    how = "mode=rw" if writable else "mode=ro"
    if not writable and not path.with_name(f"{path.name}-wal").exists():
        how = "immutable=1"  # else SQLite would make that file first, to read this one
    uri = f"{path.absolute().as_uri()}?{how}"
    return sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)


def new_job(spec: Spec) -> Job:
    """Return an export that begins now."""
    started_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return Job(job_id=secrets.token_hex(6), spec=spec, started_at=started_at)


def create_journal(path: Path, job: Job) -> Journal:
    """Make the journal of an export that begins; under its name it is whole from the first."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    make_private(temporary)  # SQLite gives the files beside it the same mode
    with _readable(path), contextlib.closing(sqlite3.connect(temporary)) as db:
        db.executescript(
            f"PRAGMA synchronous = FULL; PRAGMA application_id = {_APPLICATION};"
            f"PRAGMA user_version = {_VERSION}; {_TABLES}"
        )
        db.execute("INSERT INTO job VALUES (1, ?)", (msgspec.json.encode(job),))
        db.commit()
    temporary.rename(path)
    return Journal(path)


def token_digest(token: str) -> bytes:
    """Return what stands for a token where tokens are compared."""
    return hashlib.blake2b(token.encode(), digest_size=TOKEN_DIGEST).digest()


def _advance(chain: ChainState, step: Step) -> None:
    """Move a chain to the end of a step."""
    report = chain.report
    chain.token = step.token_out
    report.pages += step.pages
    report.rows += step.rows
    report.done = step.token_out is None
    report.error = None
    running = hashlib.sha256(bytes.fromhex(report.tokens_digest) + step.tokens)
    report.tokens_digest = running.hexdigest()


@contextlib.contextmanager
def _readable(path: Path) -> Generator[None]:
    """Turn SQLite's errors into those of files, and into ours where a journal is damaged."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(f"{path}: {error}") from error  # a full disk, or no rights
    except (sqlite3.DatabaseError, TypeError, msgspec.MsgspecError) as error:
        raise _damaged(path, str(error)) from error


def _decode(data: bytes, type_: type[T]) -> T:
    return msgspec.json.decode(data, type=type_)


def _damaged(path: Path, why: str) -> errors.ExportDamaged:
    return errors.ExportDamaged(
        f"{path} is damaged ({why}): rebuild it from the part files (--repair), or start anew "
        "(--overwrite)"
    )


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value)) or "all"
    return "none" if value is None else str(value)
