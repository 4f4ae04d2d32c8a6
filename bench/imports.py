"""Figures of imports: `lg.leads.create_many` into the emulator, on this machine.

    python bench/imports.py --rows 10000 --large 1000000

The emulator and the import have a process each. Prints, as a Markdown table, how long each import
took, its requests, and the CPU seconds and peak memory of the importing process, as Linux counts
them; and fails if the service has not every lead once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator, ReadyInfo

_CHUNK = 100_000  # rows of a Parquet file made at a time
HEADER = (
    "| import | rows | seconds | rows/s | CPU s | peak MB | batches | singles | requests | 429s |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


@dataclass(frozen=True)
class Run:
    """One import.

    Attributes:
        name: What is said of it.
        rows: Rows of its input.
        switches: Of the emulator.
        rate: Requests a minute, of emulator and client; `off` for no limit.
        journal: Whether it keeps a journal.
        options: Of `create_many`.
    """

    name: str
    rows: int
    switches: dict[str, Any] = field(default_factory=dict)
    rate: str = "off"
    journal: bool = True
    options: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    """Take the figures, or be the process of one import."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=0, help="rows of the largest import")
    parser.add_argument("--rate", type=int, default=1_000, help="0: no import is paced")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        asyncio.run(one(json.loads(given.one)))
        return
    rows = given.rows
    runs = [
        Run("batches", rows),
        Run("batches, no journal", rows, journal=False),
        Run("batches are stored nowhere", rows, {"batch_create": "none"}, options={"settle": 9.0}),
    ]
    if given.rate:
        runs.append(Run(f"batches, {given.rate:,}/min", rows, rate=str(given.rate)))
    if given.large:
        runs.append(Run("large", given.large))
        runs.append(Run("large, no journal", given.large, journal=False))
    print(HEADER)
    for run in runs:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(measure(run, Path(folder)))


async def measure(run: Run, folder: Path) -> None:
    """Import into an emulator of its own in this process, and print the figures."""
    write_rows(folder / "rows.parquet", run.rows)
    rate = run.rate if run.rate == "off" else int(run.rate)
    async with Emulator(
        leads=0, source_leads=0, clients=1, rate=rate, habits=False, **run.switches
    ) as service:
        report = await asyncio.to_thread(start, run, folder, service.ready)
        stored = service.created("email")
        if len(stored) != run.rows or stored.total() != run.rows or report["created"] != run.rows:
            raise RuntimeError(f"{len(stored)} of {run.rows} leads are stored: {report}")
        cells = [
            run.name,
            f"{run.rows:,}",
            f"{report['seconds']:.1f}",
            f"{run.rows / report['seconds']:,.0f}",
            f"{report['cpu']:.1f}",
            f"{report['peak_mb']:.0f}",
            f"{report['batches']:,}",
            f"{report['singles']:,}",
            f"{report['requests']:,}",
            str(service.log.count(status=429)),
        ]
    print("| " + " | ".join(cells) + " |", flush=True)


def start(run: Run, folder: Path, ready: ReadyInfo) -> dict[str, Any]:
    """Run an import in a process of its own, and return its figures."""
    order = {
        "path": str(folder / "rows.parquet"),
        "account": {"base_url": ready.base_url, "api_key": ready.api_key,
                    "user_id": ready.user_id, "rate": run.rate},
        "client_id": ready.clients[0].client_id,
        "journal": str(folder / "journal") if run.journal else None,
        **run.options,
    }  # fmt: skip
    command = [sys.executable, "-P", __file__, "--one", json.dumps(order)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


async def one(order: dict[str, Any]) -> None:
    """Be the importing process."""
    account = order.pop("account")
    rate = account.pop("rate")
    async with LeadGenius(**account, rate=rate if rate == "off" else int(rate)) as lg:
        report = await lg.leads.create_many(order.pop("path"), **order)
    counts = ("created", "unresolved", "seconds", "batches", "singles", "requests")
    figures = {name: getattr(report, name) for name in counts}
    print(json.dumps({**figures, "cpu": time.process_time(), "peak_mb": peak_mb()}))


def peak_mb() -> float:
    """Return the most memory that this process had.

    Not the `ru_maxrss` of `wait4`, which starts with what the parent had when it forked.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(peak) / 1024


def write_rows(path: Path, rows: int) -> None:
    """Make a Parquet file of leads with seven fields."""
    with pq.ParquetWriter(path, table(range(1)).schema) as writer:
        for part in chunks(rows):
            writer.write_table(table(part))


def chunks(rows: int) -> Iterator[range]:
    """Give the numbers of rows in parts."""
    return (range(n, min(n + _CHUNK, rows)) for n in range(0, rows, _CHUNK))


def table(numbers: range) -> pa.Table:
    """Return made-up leads."""
    columns = {
        "firstName": [f"Ada {n}" for n in numbers],
        "lastName": ["Sample" for _ in numbers],
        "email": [f"ada.{n}@sample.example" for n in numbers],
        "title": ["Head of Samples" for _ in numbers],
        "companyName": [f"Sample {n % 1000} Ltd" for n in numbers],
        "linkedinUrl": [f"https://www.linkedin.com/in/ada-{n}" for n in numbers],
        "country": ["Germany" for _ in numbers],
    }
    return pa.table(columns)


if __name__ == "__main__":
    main()
