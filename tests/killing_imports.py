"""Kills imports at random times and at named points, until each is done, and counts what is there.

The truth is the emulator's, in another process than the import. Its answers get lost, its batches
are stored in part, what was lost is applied late, and reads lag; whatever was killed, the next run
goes on. At the end each row has one end, and the service has each lead once.

```console
$ python tests/killing_imports.py --trials 200 --seed 1
```
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import msgspec
from anyio.from_thread import BlockingPortal, start_blocking_portal
from killing import KILLED, Victims
from victim import IMPORT_POINTS, Order

from leadgenius_async._writes.report import RowResult, State
from leadgenius_async.emulator import Emulator

#: Seconds that what was lost has; the emulator needs no more than LATE and LAG together.
SETTLE = 0.9
LATE = 0.5
LAG = 0.2
#: The longest that an undisturbed import takes here, in seconds; a kill comes within it.
LIFE = 2.5
ROWS = 60
#: Most of a trial is waiting for the service to settle.
AT_A_TIME = 6
ATTEMPTS = 3
POISON = "@poison.example"
#: Fields by which leads are told apart here.
NAMED = ("firstName", "email")


class Trial:
    """One import, which is killed and gone on with until it is done.

    Args:
        portal: Leads to the emulator's thread; what a killed run sent may still be worked on there.
        seed: The same one chooses the same rows, faults, points and times.
        points: Where it is to die first, a run each.

    Attributes:
        kills: How many runs were killed, per point; `at random` for those by the clock.
        ends: How many rows came to which end.
    """

    def __init__(self, portal: BlockingPortal, seed: str, points: Sequence[str]) -> None:
        self._portal = portal
        self._dice = random.Random(seed)  # noqa: S311 - repeats what a seed chose
        self._seed = seed
        self._points = deque(points)
        self.kills: Counter[str] = Counter()
        self.ends: Counter[str] = Counter()
        self.on_existing = self._dice.choice(["skip", "skip", "create"])

    def emulator(self) -> Emulator:
        """Return a service that does what it may."""
        dice = self._dice
        doubles = self.on_existing == "create" or dice.random() < 0.3
        return Emulator(
            leads=0, source_leads=0, clients=1, rate="off", seed=dice.randrange(1_000_000),
            lost_before=0.1, lost_after=0.1, applied_late=0.1, late_least=0.0, late_seconds=LATE,
            late_answer=dice.choice(["lost", "timeout"]), read_lag=dice.choice([0.0, LAG]),
            batch_create=dice.choice(["all", "share", "part", "first", "none"]),
            batch_create_times=dice.choice([None, 2]), batch_share=0.7, poison=POISON,
            duplicate_batch="create" if doubles else "skip",
            duplicate_create="create" if doubles else "conflict",
        )  # fmt: skip

    def run(self, emulator: Emulator, victims: Victims, folder: Path) -> None:
        """Bring the import to its end, and check what is there."""
        [client] = emulator.ready.clients
        before = people(range(10), client_id=client.client_id)
        self._portal.call(emulator.insert, "enrich_leads", before)
        rows = self._rows()
        options = {
            "rows": rows,
            "client_id": client.client_id,
            "settle": SETTLE,
            "batch_size": self._dice.choice([3, 10, 50]),
            "on_existing": self.on_existing,
            "journal": str(folder),
            "report": str(folder / "report.ndjson"),
        }
        for _ in range(self._dice.randint(2, 6)):
            if self._run_once(emulator, victims, options, self._point()) == 0:
                break
            self._check_unfinished(rows, folder, emulator)
        else:
            code = self._run_once(emulator, victims, options, None, life=None)
            assert code == 0, self._seed
        emulator.clock.advance(LATE)  # what comes late, is there now
        lines = (folder / "report.ndjson").read_bytes().splitlines()
        found = [msgspec.json.decode(line, type=RowResult) for line in lines]
        self._check_ends(rows, found, folder)
        self._check_truth(rows, found, emulator)

    def _rows(self) -> list[dict[str, object]]:
        """Rows that are new, there already, repeated, bad, poison, or known by nothing."""
        rows = [*people(range(5, ROWS)), *people([11, 12, 12])]
        rows.extend({"firstName": f"Nobody {n}", "lastName": "Sample"} for n in range(2))
        bad = ("no address", f"bad{POISON}")
        rows.extend({"firstName": "Bad", "lastName": "Sample", "email": email} for email in bad)
        self._dice.shuffle(rows)
        return rows

    def _point(self) -> str | None:
        if self._points:
            return self._points.popleft()
        return self._dice.choice(list(IMPORT_POINTS)) if self._dice.random() < 0.5 else None

    def _run_once(
        self,
        emulator: Emulator,
        victims: Victims,
        options: dict[str, Any],
        point: str | None,
        *,
        life: float | None = LIFE,
    ) -> int:
        ready = emulator.ready
        random_life = None if point or life is None else self._dice.uniform(0.0, life)
        order = Order(
            base_url=ready.base_url,
            api_key=ready.api_key,
            user_id=ready.user_id,
            options=options,
            call="create_many",
            point=point,
            passing=self._dice.choice([1, 1, 1, 2, 4]),
            kill_after=random_life,
        )
        code = victims.run(order)
        assert code in {0, KILLED}, f"an import ended with {code}: {self._seed}, {point}"
        if code == KILLED:
            self.kills[point or "at random"] += 1
        return code

    def _check_unfinished(
        self, rows: list[dict[str, object]], folder: Path, emulator: Emulator
    ) -> None:
        """No lead is stored whose row is not marked as sent, none believed that is not there."""
        if not (folder / "journal.db").exists():
            assert not self._portal.call(emulator.created, *NAMED), self._seed
            return
        sent, created = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
        for line, state, attempt in self._journaled(folder, "1"):
            sent[name_of(rows[line - 1])] += attempt
            created[name_of(rows[line - 1])] += state == State.CREATED
        stored = self._portal.call(emulator.created, *NAMED)
        assert created <= stored <= sent, (self._seed, created - stored, stored - sent)

    @staticmethod
    def _journaled(folder: Path, where: str) -> list[tuple[int, int, int]]:
        """Line, state and attempts of rows in the journal; none before it has any."""
        with closing(sqlite3.connect(folder / "journal.db")) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'row'").fetchone():
                return []
            return db.execute(f"SELECT line, state, attempt FROM row WHERE {where}").fetchall()  # noqa: S608 - a condition of our own

    def _check_ends(
        self, rows: list[dict[str, object]], found: list[RowResult], folder: Path
    ) -> None:
        """Each row has one end, and none is rejected or unresolved without a cause."""
        assert [row.line for row in found] == [*range(1, len(rows) + 1)], self._seed
        self.ends.update(row.state for row in found)
        assert all(row.id for row in found if row.state in {"created", "existing"}), self._seed
        bad = {line for line, row in enumerate(rows, 1) if row["firstName"] == "Bad"}
        rejected = {row.line for row in found if row.state == "rejected"}
        unresolved = {row.line for row in found if row.state == "unresolved"}
        assert rejected <= bad <= rejected | unresolved, self._seed
        where = f"key IS NOT NULL AND state = {State.UNRESOLVED:d}"
        attempts = {line: attempt for line, _, attempt in self._journaled(folder, where)}
        known = {line for line in unresolved if "email" in rows[line - 1]}
        repeated = {row.line for row in found if (row.reason or "").startswith("the same key")}
        assert known == attempts.keys(), self._seed
        assert {attempts[line] for line in known - repeated} <= {ATTEMPTS}, self._seed

    def _check_truth(
        self, rows: list[dict[str, object]], found: list[RowResult], emulator: Emulator
    ) -> None:
        """The service has a lead for each row that was created, and perhaps for an unresolved."""
        assert not any(row.doubles for row in found), self._seed
        stored = self._portal.call(emulator.created, *NAMED)
        ends = {end: Counter[tuple[str, ...]]() for end in ("created", "unresolved")}
        for row, result in zip(rows, found, strict=True):
            if result.state in ends:
                ends[result.state][name_of(row)] += 1
        least, most = ends["created"], ends["created"] + ends["unresolved"]
        if self.on_existing != "create":
            most = Counter(dict.fromkeys(most, 1))
        assert least <= stored <= most, (self._seed, stored - most, least - stored)
        ids = [row.id for row in found if row.state == "created"]
        assert len(set(ids)) == len(ids), self._seed


def name_of(row: Mapping[str, object]) -> tuple[str, ...]:
    """Return a row's fields as the emulator counts what was created."""
    return tuple(str(row.get(name, "null")) for name in NAMED)


def people(numbers: Iterable[int], **more: str) -> list[dict[str, object]]:
    """Return made-up rows."""
    return [
        {"firstName": f"Ada {n}", "lastName": "Sample", "email": f"ada.{n}@sample.example", **more}
        for n in numbers
    ]


def crash(trials: int, seed: int) -> tuple[Counter[str], Counter[str]]:
    """Bring so many imports to their end; return the kills by point, and the rows by end."""
    points = cycle(IMPORT_POINTS)
    waiting = deque((f"{seed}/{n}", [*islice(points, 2)]) for n in range(trials))
    done: list[Trial] = []

    def work() -> None:
        with Victims() as victims:
            while waiting:
                done.append(trial := Trial(portal, *waiting.popleft()))
                emulator = trial.emulator()
                with (
                    portal.wrap_async_context_manager(emulator),
                    tempfile.TemporaryDirectory() as folder,
                ):
                    trial.run(emulator, victims, Path(folder))

    with start_blocking_portal() as portal, ThreadPoolExecutor(AT_A_TIME) as pool:
        for worker in [pool.submit(work) for _ in range(AT_A_TIME)]:
            worker.result()
    kills = sum((trial.kills for trial in done), Counter[str]())
    return kills, sum((trial.ends for trial in done), Counter[str]())


def main() -> None:
    """Run it from the command line, and print what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = time.monotonic()
    kills, ends = crash(given.trials, given.seed)
    lines = [f"{kills[point]:5} {point}" for point in ("at random", *IMPORT_POINTS)]
    lines.append(
        f"seed {given.seed}: {given.trials} imports whole, {sum(kills.values())} kills, rows "
        f"{dict(sorted(ends.items()))}, in {time.monotonic() - began:.0f} s"
    )
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
