"""Kills exports at random times and at named points, until each is done, and counts what is there.

The truth is the emulator's, in another process than the export. Whatever was killed, the next run
goes on; at the end the rows equal the truth as a multiset, none lost, none doubled.

```console
$ python tests/killing.py --kills 1000 --seed 1
```
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Self

import msgspec
import pyarrow.parquet as pq
from anyio.from_thread import start_blocking_portal
from truth import expected_rows, ndjson_rows, parquet_rows
from victim import LAYOUT_POINTS, POINTS, Order

from leadgenius_async.emulator import Emulator

KILLED = -signal.SIGKILL
#: The longest that an undisturbed export takes here, in seconds; a kill comes within it.
LIFE = 0.8
MOST_RUNS = 60  # of one export
#: Pages overlap, so that every export has parts to write again.
SETTINGS: dict[str, Any] = {
    "leads": 400, "source_leads": 0, "clients": 5, "rate": "off", "repeat_share": 0.1,
}  # fmt: skip


class Victims:
    """The process that forks a child for each order."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", str(Path(__file__).parent / "victim.py")]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # which closes its ends, and waits
            pass

    def run(self, order: Order) -> int:
        """Carry an order out, and return how that ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(order).decode() + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


class Harness:
    """Kills exports of one emulator.

    Args:
        emulator: Holds the truth.
        victims: Runs the exports.
        seed: The same seed chooses the same exports, points and times.
        layouts: Whether the exports are those that write their dataset anew at the end.

    Attributes:
        kills: How many runs were killed, per point; `at random` for those by the clock.
        exports: How many exports were brought to their end.
    """

    def __init__(
        self, emulator: Emulator, victims: Victims, seed: int, *, layouts: bool = False
    ) -> None:
        self._layouts = layouts
        self._points = [*LAYOUT_POINTS] if layouts else [*POINTS]
        self._emulator = emulator
        self._victims = victims
        self._dice = random.Random(seed)  # noqa: S311 - repeats what a seed chose
        self.kills: Counter[str] = Counter()
        self.exports = 0

    def until(self, kills: int) -> None:
        """Bring export after export to its end, until so many runs were killed."""
        points = [*self._points]
        while sum(self.kills.values()) < kills:
            with tempfile.TemporaryDirectory() as folder:
                self._export(Path(folder) / "out", points)

    def _export(self, out: Path, points: list[str]) -> None:
        """Bring an export to its end; a point where it is killed is struck off `points`."""
        options = self._options()
        for _ in range(MOST_RUNS):
            point = None
            if (self._layouts and points) or self._dice.random() < 0.6:
                point = self._dice.choice(points or self._points)
            code = self._run(out, options, point)
            if code == KILLED and point in points:
                points.remove(point)
            if code == 0 or self._was_done(out):
                self.kills[point or "at random"] += code == KILLED
                break
            if code == KILLED:
                self.kills[point or "at random"] += 1
            else:
                assert code == 0, f"an export ended with {code}: {options}, {point}"
            self._check_unfinished(out)
        else:
            raise AssertionError(f"an export does not end: {options}")
        self._check_finished(out, options)
        self.exports += 1

    def _options(self) -> dict[str, Any]:
        layout: dict[str, Any] = {}
        if self._layouts:
            by_client = {"partition_by": "client_id", "fields": ["id", "client_id", "email"]}
            layout = self._dice.choice([{"single_file": True}, by_client, by_client])
        formats = ["parquet"] if "partition_by" in layout else ["parquet", "parquet", "ndjson"]
        format_ = self._dice.choice(formats)
        # The emulator gives the id even where it was not asked for, and its lines have it.
        without_id = ["email"] if format_ == "parquet" else ["id"]
        return {
            "chains": self._dice.choice(["all", "clients"]),
            "format": format_,
            "fields": self._dice.choice([None, ["id", "email"], without_id]),
            "page_size": self._dice.choice([20, 50]),
            "concurrency": self._dice.choice([1, 4]),
            **layout,
        }

    def _run(self, out: Path, options: dict[str, Any], point: str | None) -> int:
        ready = self._emulator.ready
        order = Order(
            base_url=ready.base_url,
            api_key=ready.api_key,
            user_id=ready.user_id,
            options={**options, "out": str(out)},
            point=point,
            passing=self._dice.choice([1, 1, 1, 2, 4]),
            kill_after=None if point else self._dice.uniform(0.0, LIFE),
        )
        return self._victims.run(order)

    @staticmethod
    def _was_done(out: Path) -> bool:
        """Return whether all was done but for the cleaning up, which the next one does."""
        done = (out / "_SUCCESS").exists() and not (out / ".leadgenius" / "journal.db").exists()
        if done:
            shutil.rmtree(out / ".leadgenius", ignore_errors=True)
        return done

    def _check_unfinished(self, out: Path) -> None:
        """Whoever looks in between sees whole files, and no mark of success before the end."""
        for path in out.glob("enrich_leads/**/[!.]*.parquet"):
            pq.read_metadata(path)
        if (out / "_SUCCESS").exists():
            assert manifest_of(out)["complete"]

    def _check_finished(self, out: Path, options: dict[str, Any]) -> None:
        emulator, fields = self._emulator, options["fields"]
        company = emulator.ready.company_id
        truth = (
            emulator.rows("enrich_leads", company_id=company)
            if fields is None
            else emulator.rows_projected("enrich_leads", fields, company_id=company)
        )
        folder = out / "enrich_leads"
        if options["format"] == "parquet":
            columns = fields if "partition_by" in options else None
            rows = parquet_rows(folder, columns)
            assert rows == expected_rows(truth, "enrich_leads", fields), options
        else:
            assert ndjson_rows(folder) == Counter(truth), options
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert {*files} == {out / part["file"] for part in manifest_of(out)["parts"]}, files
        assert len(files) == 1 or not options.get("single_file")
        names = {path.name for path in out.iterdir()}
        schema = {"schema.json"} if options["format"] == "parquet" else set[str]()
        assert names == {"enrich_leads", "manifest.json", "_SUCCESS"} | schema, names


def manifest_of(out: Path) -> Any:
    return json.loads((out / "manifest.json").read_text())


def crash(kills: int, seed: int, *, layouts: bool = False, **options: Any) -> Harness:
    """Kill so many runs of exports, and return what was done."""
    with start_blocking_portal() as portal:
        emulator = Emulator(**{**SETTINGS, **options})
        with portal.wrap_async_context_manager(emulator), Victims() as victims:
            harness = Harness(emulator, victims, seed, layouts=layouts)
            harness.until(kills)
    return harness


def main() -> None:
    """Run it from the command line, and print what was done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--layouts", action="store_true")
    given = parser.parse_args()
    began = time.monotonic()
    done = crash(given.kills, given.seed, layouts=given.layouts)
    lines = [f"{count:5} {point}" for point, count in sorted(done.kills.items())]
    lines.append(
        f"seed {given.seed}: {sum(done.kills.values())} kills, {done.exports} exports whole, "
        f"in {time.monotonic() - began:.0f} s"
    )
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
