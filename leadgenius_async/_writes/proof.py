"""Which rows were seen, and which are proven absent.

A row was created when a lead of its key was seen that was not there before. It is absent when
searches that began later than anything sent could still be applied have not found it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from leadgenius_async._writes.database import Database
from leadgenius_async._writes.records import Outgoing, Seen
from leadgenius_async._writes.report import OPEN, State

#: How often a row is sent at most.
ATTEMPTS = 3
#: How often a row must be looked for in vain before it is taken for absent.
ABSENCES = 2
#: How often the service must fail at a row before it is taken to fail at it for good.
_FAILURES = 2

_OPEN = f"({', '.join(str(state.value) for state in OPEN)})"
#: Of a lead that was there: no create of the row made one.
_THERE = f"({State.EXISTING:d}, {State.TO_UPDATE:d}, {State.UPDATED:d})"
#: What becomes of it is its answer's to say.
_UNDER_WAY = f"(state = {State.SENT:d} AND sent = 9e999)"


@dataclass(slots=True)
class _Match:
    """A row that a lead may be.

    Attributes:
        seq: Its place in the input.
        lead: The lead that it is known to be.
        made: Whether it can have become a lead, and more than one.
    """

    seq: int
    lead: str | None
    made: bool


class Proof:
    """What is known of rows that were sent.

    Args:
        database: The journal's file.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def forget_time(self, now: float) -> None:
        """Let what is on its way, or was sent again, have been sent now: the clock is a new one."""
        self._db.execute(
            "UPDATE row SET sent = ?, absent = 0, absent_at = 0"
            f" WHERE state IN {_OPEN} OR attempt > 1",
            (now,),
        )

    def leave(self, *, everything: bool) -> None:
        """Where an import was cut off, give up what was on its way and nobody is to look for.

        Args:
            everything: Whether nothing is looked for; else it is what has no key.
        """
        self._db.execute(
            f"UPDATE row SET state = {State.UNRESOLVED:d}, payload = NULL,"
            f" said = 'the import was cut off before the answer came' WHERE state = {State.SENT:d}"
            " AND (? OR key IS NULL)",
            (everything,),
        )

    def open_rows(self) -> dict[str, int]:
        """Return how many rows of each client were sent and not seen yet."""
        found = self._db.execute(
            f"SELECT client, count(*) FROM row WHERE state IN {_OPEN} GROUP BY client"
        )
        return dict(found.fetchall())

    def open_of(self, client: str) -> list[Outgoing]:
        """Return a client's rows that were sent and not seen yet."""
        found = self._db.execute(
            "SELECT seq, client, key, payload, alone, attempt, lead FROM row"
            f" WHERE state IN {_OPEN} AND client = ? ORDER BY seq",
            (client,),
        )
        return [Outgoing(*row) for row in found]

    def open_among(self, rows: Iterable[Outgoing]) -> list[Outgoing]:
        """Return those of some rows that were sent and not seen yet."""
        query = f"SELECT 1 FROM row WHERE seq = ? AND state IN {_OPEN}"
        return [row for row in rows if self._db.execute(query, (row.seq,)).fetchone()]

    def batch_seen(self, rows: Iterable[Outgoing]) -> bool:
        """Return whether any of some rows was seen that was sent in a batch."""
        query = f"SELECT 1 FROM row WHERE seq = ? AND state = {State.CREATED:d} AND NOT alone"
        return any(self._db.execute(query, (row.seq,)).fetchone() for row in rows)

    def see(self, leads: Sequence[Seen]) -> None:
        """Match a page of a client's leads with the rows that were sent.

        The first lead of a key that was not there before the import belongs to the first of the
        key's rows that has none, and so on; a lead beyond them is a double. A row whose request is
        under way learns which lead is its own, and no more.
        """
        with self._db.transaction():
            self._db.show(leads)
            self._db.execute(
                f"UPDATE row SET state = {State.CREATED:d}, payload = NULL, said = NULL"
                f" WHERE attempt > 0 AND NOT {_UNDER_WAY}"
                f" AND state IN ({State.PENDING:d}, {State.SENT:d}, {State.ACKED:d},"
                f" {State.UNRESOLVED:d}) AND seq IN"
                " (SELECT seq FROM temp.page JOIN row USING (key) WHERE row.lead = page.lead UNION"
                " SELECT seq FROM temp.page JOIN row ON row.lead = page.lead AND row.key IS NULL)"
            )
            self._claim(self._strangers())

    def _strangers(self) -> dict[str, list[_Match]]:
        """Return leads of the page that are no row's yet, each with the rows of its key.

        A lead may be known by two; it is of the rows of the first that any row has.
        """
        found = self._db.execute(
            "SELECT page.lead, page.key, row.seq, row.lead,"
            f" row.attempt > 0 AND row.state NOT IN {_THERE} FROM temp.page JOIN row USING (key)"
            f" WHERE (row.attempt > 0 OR row.state = {State.EXISTING:d})"
            f" AND row.state != {State.REJECTED:d}"
            " AND NOT EXISTS (SELECT 1 FROM row AS own WHERE own.lead = page.lead)"
            " AND NOT EXISTS (SELECT 1 FROM before WHERE before.key = page.key"
            " AND before.lead = page.lead) ORDER BY page.rowid, row.seq"
        )
        strangers: dict[str, list[_Match]] = {}
        rows: dict[int, _Match] = {}
        keys: dict[str, bytes] = {}
        for stranger, key, seq, lead, made in found:
            row = rows.setdefault(seq, _Match(seq, lead, bool(made)))
            if keys.setdefault(stranger, key) == key:
                strangers.setdefault(stranger, []).append(row)
        return strangers

    def _claim(self, strangers: Mapping[str, list[_Match]]) -> None:
        found: list[tuple[str, int]] = []
        doubles: list[tuple[str, int]] = []
        for lead, rows in strangers.items():
            free = next((row for row in rows if row.lead is None), None)
            if free is not None:
                free.lead = lead
                found.append((lead, free.seq))
            elif made := [row.seq for row in rows if row.made]:
                doubles.append((lead, made[0]))
        stays = f"{_UNDER_WAY} OR state IN {_THERE}"
        self._db.executemany(
            f"UPDATE row SET lead = ?, payload = CASE WHEN {stays} THEN payload END,"
            f" said = CASE WHEN {stays} THEN said END,"
            f" state = CASE WHEN {stays} THEN state ELSE {State.CREATED:d} END WHERE seq = ?",
            found,
        )
        self._db.executemany("INSERT OR IGNORE INTO double VALUES (?, ?)", doubles)

    def miss(self, began: float, settle: float, client: str) -> None:
        """Note that a client's leads were listed, and its open rows were not among them.

        That counts only for a listing that began after all that was sent had time to settle, and
        a while after the last one that counted.

        Args:
            began: When the listing began.
            settle: Seconds that a lost answer may take to be applied.
            client: Whose leads were listed.
        """
        self._db.execute(
            f"UPDATE row SET absent = absent + 1, absent_at = ? WHERE state IN {_OPEN}"
            " AND client = ? AND sent <= ? AND (absent = 0 OR absent_at <= ?)",
            (began, client, began - settle, began - settle / 9),
        )

    def next_look(self, settle: float, rows: Sequence[Outgoing] = ()) -> float | None:
        """Return from when on a search for open rows counts; None without open rows.

        Args:
            settle: Seconds that a lost answer may take to be applied.
            rows: The rows; all if none are given.
        """
        query = (
            "SELECT min(CASE WHEN absent = 0 THEN sent + ? ELSE absent_at + ? END) FROM row"
            f" WHERE state IN {_OPEN}{' AND seq = ?' if rows else ''}"
        )
        times = (settle, settle / 9)
        each: list[tuple[float, ...]] = [(*times, row.seq) for row in rows] or [times]
        found = (self._db.execute(query, values).fetchone()[0] for values in each)
        return min((float(due) for due in found if due is not None), default=None)

    def give_up(self, *, resend: bool) -> int:
        """Decide about rows that are proven absent, and return how many were in vain accepted.

        Those that may be sent again are to be sent; alone, if the service failed at their batch or
        did not store it, or for the last time. That it fails at a row is believed when it failed
        twice, the last time at this row alone: once may have been in passing.

        Args:
            resend: Whether rows may be sent again at all.
        """
        absent = f"state IN {_OPEN} AND absent >= {ABSENCES}"
        with self._db.transaction():
            (acked,) = self._db.execute(
                f"SELECT count(*) FROM row WHERE {absent} AND state = {State.ACKED:d} AND NOT alone"
            ).fetchone()
            self._db.execute(
                f"UPDATE row SET state = {State.REJECTED:d}, payload = NULL"
                f" WHERE {absent} AND failed >= ? AND alone",
                (_FAILURES if resend else 1,),
            )
            if resend:
                self._db.execute(
                    f"UPDATE row SET state = {State.PENDING:d},"
                    f" alone = alone OR failed OR state = {State.ACKED:d} OR attempt > 1,"
                    f" absent = 0 WHERE {absent} AND key IS NOT NULL AND attempt < {ATTEMPTS}"
                )
            self._db.execute(
                f"UPDATE row SET state = {State.UNRESOLVED:d}, payload = NULL,"
                " said = coalesce(said, 'the service took it and does not show it')"
                f" WHERE {absent}"
            )
        return int(acked)

    def doubles(self) -> int:
        """Return how many leads there are beyond the rows that were given for their key."""
        (count,) = self._db.execute("SELECT count(*) FROM double").fetchone()
        return int(count)

    def last_resent(self) -> float | None:
        """Return when a row was last sent that had been sent before; None if none was."""
        found = self._db.execute("SELECT max(sent) FROM row WHERE attempt > 1").fetchone()
        return None if found[0] is None else float(found[0])

    def clients(self) -> list[str]:
        """Return the clients whose leads were sent."""
        found = self._db.execute("SELECT DISTINCT client FROM row WHERE attempt > 0")
        return [name for (name,) in found]

    def size_of(self, client: str) -> int:
        """Return about how many leads a client has."""
        before = self._db.execute("SELECT leads FROM scanned WHERE client = ?", (client,))
        (made,) = self._db.execute(
            "SELECT count(*) FROM row WHERE client = ? AND attempt > 0", (client,)
        ).fetchone()
        return int((before.fetchone() or (0,))[0]) + int(made)
