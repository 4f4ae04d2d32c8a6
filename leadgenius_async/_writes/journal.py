"""What of an import is durable: each row, and where it is; in SQLite.

`SENT` is durable before the first byte of a request leaves. After a crash every row that was on
its way is one of which nobody knows: it is looked for before it is sent again. A row's content
stays until its end is known.

All calls come from one thread at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from leadgenius_async._writes.database import Database
from leadgenius_async._writes.proof import Proof
from leadgenius_async._writes.records import ImportJob, NewRow, Outgoing, Seen, encode
from leadgenius_async._writes.report import ENDS, RowChange, RowResult, State
from leadgenius_async._writes.rules import Change


class Journal:
    """An open journal.

    Args:
        path: The file; None for one that is gone with this process.
        job: The import; where an unfinished one stands in the file, it is gone on with.

    Raises:
        ImportConflict: The file holds another import.
        ImportDamaged: It cannot be read, or is not a journal of this version.

    Attributes:
        proof: What is known of rows that were sent.
    """

    def __init__(self, path: Path | None, job: ImportJob) -> None:
        self._db = Database(path, job)
        self.proof = Proof(self._db)

    @property
    def job(self) -> ImportJob:
        """The import as a whole; `save` makes changes durable."""
        return self._db.job

    @property
    def existing(self) -> State:
        """Where a row is whose lead the client has already."""
        return State.TO_UPDATE if self.job.spec.on_existing == "update" else State.EXISTING

    def save(self) -> None:
        """Make changes of the job durable."""
        self._db.save()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    # --- the input

    def rows(self) -> int:
        """How many rows of the input it has."""
        (count,) = self._db.execute("SELECT coalesce(max(seq) + 1, 0) FROM row").fetchone()
        return int(count)

    def digests(self, start: int, count: int) -> list[bytes]:
        """Return the digests of rows that it has, from a place on."""
        found = self._db.execute(
            "SELECT digest FROM row WHERE seq >= ? ORDER BY seq LIMIT ?", (start, count)
        )
        return [digest for (digest,) in found]

    def add(self, rows: Sequence[NewRow]) -> None:
        """Add rows of the input, in order. One whose key was there before waits or is at its end.

        A row that repeats the key of an earlier one waits for what becomes of that; where the
        client had the key before the import, the row exists.
        """
        repeats = self.job.spec.on_existing != "create"
        with self._db.transaction():
            seq = self.rows()
            for row in rows:
                state, said, lead = row.state, row.said, None
                if state is State.PENDING and row.key is not None and repeats:
                    if found := self._before(row.key):
                        state, lead = self.existing, found
                    elif (line := self._line_of(row.key)) is not None:
                        state, said = State.REPEATED, f"the same key as line {line}"
                payload = row.payload if state < State.CREATED else None
                self._db.execute(
                    "INSERT INTO row (seq, line, digest, client, key, state, payload, changes,"
                    " lead, said) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (seq, row.line, row.digest, row.client, row.key, state, payload,
                     encode(row.changes) if row.changes else None,
                     lead, said),
                )  # fmt: skip
                seq += 1
                for change in row.changes:
                    name = f"{change.field}:{change.rule}"
                    self.job.changed[name] = self.job.changed.get(name, 0) + 1
            self._db.save()

    def _before(self, key: bytes) -> str | None:
        found = self._db.execute("SELECT lead FROM before WHERE key = ?", (key,)).fetchone()
        return found and str(found[0])

    def _line_of(self, key: bytes) -> int | None:
        found = self._db.execute(
            "SELECT line FROM row WHERE key = ? AND state != ? ORDER BY seq LIMIT 1",
            (key, State.REJECTED),
        ).fetchone()
        return found and int(found[0])

    # --- what the client had before

    def unscanned(self, clients: Iterable[str]) -> list[str]:
        """Return those of the clients whose leads were not listed before the first create."""
        known = {name for (name,) in self._db.execute("SELECT client FROM scanned WHERE whole")}
        return [name for name in dict.fromkeys(clients) if name not in known]

    def add_before(self, leads: Iterable[Seen]) -> None:
        """Remember leads that a client had before the import.

        What is listed while rows are being sent may be a row's own lead: that was not there before.
        """
        with self._db.transaction():
            self._db.show(leads)
            self._db.execute(
                "INSERT OR IGNORE INTO before SELECT key, lead FROM temp.page"
                " WHERE key IS NOT NULL AND lead NOT IN ("
                "SELECT page.lead FROM temp.page JOIN row USING (key) WHERE attempt > 0 UNION"
                " SELECT page.lead FROM temp.page JOIN row USING (lead) WHERE attempt > 0)"
            )

    def end_scan(self, client: str, leads: int, *, whole: bool = True) -> None:
        """All leads that a client had before the import are known, or how many it has at least."""
        self._db.execute("INSERT OR REPLACE INTO scanned VALUES (?, ?, ?)", (client, leads, whole))

    # --- sending

    def take(self, state: State, after: int, count: int) -> list[Outgoing]:
        """Return rows in a state, in order, after a place in the input."""
        found = self._db.execute(
            "SELECT seq, client, key, payload, alone, attempt, lead FROM row"
            " WHERE state = ? AND seq > ? ORDER BY seq LIMIT ?",
            (state, after, count),
        )
        return [
            Outgoing(seq, client, key, payload, bool(alone), attempt, lead)
            for seq, client, key, payload, alone, attempt, lead in found
        ]

    def nameless(self, count: int) -> list[Outgoing]:
        """Return rows that are to change a lead of which nobody knows which it is, in order."""
        found = self._db.execute(
            "SELECT seq, client, key, payload, alone, attempt, lead FROM row"
            f" WHERE state = {State.TO_UPDATE:d} AND lead IS NULL ORDER BY seq LIMIT ?",
            (count,),
        )
        return [Outgoing(*row) for row in found]

    def name(self, seq: int, lead: str) -> None:
        """Note which lead a row is to change."""
        self._db.execute("UPDATE row SET lead = ? WHERE seq = ?", (lead, seq))

    def mark_sent(self, seqs: Iterable[int]) -> None:
        """Before the first byte of their request leaves: from now on they may be stored.

        Until the answer comes or is lost, no search proves that they are not.
        """
        with self._db.transaction():
            self._db.executemany(
                "UPDATE row SET state = ?, attempt = attempt + 1, absent = 0, sent = ?"
                " WHERE seq = ?",
                [(State.SENT, math.inf, seq) for seq in seqs],
            )

    def answer(
        self,
        notes: Iterable[tuple[State, int]],
        *,
        now: float,
        said: str | None = None,
        leads: Mapping[int, str] | None = None,
        alone: bool = False,
        failed: bool = False,
    ) -> None:
        """Note what became of rows that were sent.

        Args:
            notes: Where each row is now.
            now: When the answer came, or was lost.
            said: The service's words.
            leads: Ids that it named, by row.
            alone: Whether the row was sent by itself.
            failed: Whether the service itself said that it failed.
        """
        named = leads or {}
        with self._db.transaction():
            self._db.executemany(
                "UPDATE row SET state = ?, sent = ?, said = ?, alone = alone OR ?,"
                " failed = failed + ?, lead = coalesce(?, lead),"
                f" payload = CASE WHEN ? < {State.CREATED:d} THEN payload END WHERE seq = ?",
                [
                    (state, now, said, alone, failed, named.get(seq), state, seq)
                    for state, seq in notes
                ],
            )

    def unsend(self, seqs: Iterable[int]) -> None:
        """Rows whose request never left are to be sent as if nothing had been."""
        with self._db.transaction():
            self._db.executemany(
                "UPDATE row SET state = ?, attempt = attempt - 1 WHERE seq = ?",
                [(State.PENDING, seq) for seq in seqs],
            )

    # --- the end

    def settle_repeated(self) -> None:
        """Let rows that wait for an earlier one of their key have its fate, if that is known.

        Where it was rejected, the next one of the key is to be sent.
        """
        known, lost = self.existing, State.UNRESOLVED
        first = (
            "(SELECT {} FROM row AS earlier WHERE earlier.key = row.key AND earlier.seq < row.seq"
            f" AND earlier.state NOT IN ({State.REJECTED:d}, {State.REPEATED:d})"
            " ORDER BY earlier.seq LIMIT 1)"
        )
        state, lead = first.format("earlier.state"), first.format("earlier.lead")
        keep = "payload" if known is State.TO_UPDATE else "NULL"
        done = f"({State.TO_UPDATE:d}, {State.CREATED:d}, {State.EXISTING:d}, {State.UPDATED:d})"
        repeated = f"WHERE state = {State.REPEATED:d}"
        with self._db.transaction():
            self._db.execute(
                f"UPDATE row SET lead = {lead}, state = {known:d}, payload = {keep}"
                f" {repeated} AND {state} IN {done}"
            )
            self._db.execute(
                f"UPDATE row SET state = {lost:d}, payload = NULL {repeated} AND {state} = {lost:d}"
            )
            self._db.execute(
                f"UPDATE row SET state = {State.PENDING:d}, said = NULL {repeated}"
                f" AND {state} IS NULL AND seq = (SELECT min(other.seq) FROM row AS other"
                f" WHERE other.key = row.key AND other.state = {State.REPEATED:d})"
            )

    def counts(self) -> dict[State, int]:
        """Return how many rows are in each state."""
        found = self._db.execute("SELECT state, count(*) FROM row GROUP BY state")
        return {State(state): count for state, count in found}

    def line_of(self, seq: int) -> int:
        """Return the line of a row in the input."""
        (line,) = self._db.execute("SELECT line FROM row WHERE seq = ?", (seq,)).fetchone()
        return int(line)

    def results(self, *, notable: bool = False) -> Iterator[RowResult]:
        """Give what became of each row, in order.

        Args:
            notable: Leave out rows that were plainly created, or there already.
        """
        plain = f"({State.CREATED:d}, {State.EXISTING:d}, {State.UPDATED:d})"
        where = f"WHERE state NOT IN {plain} OR seq IN (SELECT seq FROM double)" if notable else ""
        doubles: dict[int, list[str]] = {}
        for lead, seq in self._db.execute("SELECT lead, seq FROM double ORDER BY lead"):
            doubles.setdefault(seq, []).append(lead)
        found = self._db.execute(
            f"SELECT seq, line, state, lead, said, changes FROM row {where} ORDER BY seq"
        )
        for seq, line, state, lead, said, changes in found:
            yield RowResult(
                line=line,
                state=ENDS.get(State(state), "unresolved"),
                id=lead,
                updated=state == State.UPDATED,
                reason=said,
                doubles=doubles.get(seq, []),
                changes=_read_changes(changes),
            )


def _read_changes(data: bytes | None) -> list[RowChange]:
    if data is None:
        return []
    return [RowChange(*change) for change in msgspec.json.decode(data, type=list[Change])]
