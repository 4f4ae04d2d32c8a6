"""Whole-process figures of the main job against the emulator, on this machine.

    python bench/run.py --rows 1000000

Starts the emulator in a process of its own, runs `leadgenius export` as a user would, and prints
for each run rows per second, peak memory and CPU seconds of the exporting process, as Markdown.
The machine's speed is in every figure: compare within one run only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEAN = (
    "id,company_id,client_id,createdAt,updatedAt,status,firstName,lastName,fullName,email,title,"
    "companyName,companyDomain,linkedinUrl,country"
)
_START_LIMIT = 180.0  # seconds
_RUN_LIMIT = 1800.0  # seconds


@dataclass(frozen=True)
class Run:
    """One export and what its process cost."""

    name: str
    rows: int
    wall: float
    cpu: float
    peak_mb: float
    report: dict[str, Any]

    def line(self) -> str:
        """Return the run as a row of a Markdown table."""
        wire = self.report["wire_bytes"] / 1e6
        cells = [
            self.name,
            f"{self.rows:,}",
            f"{self.report['seconds']:.1f}",
            f"{self.rows / self.report['seconds']:,.0f}",
            f"{wire / self.report['seconds']:.0f}",
            f"{self.cpu:.1f}",
            f"{self.peak_mb:.0f}",
            f"{self.report['requests']:,}",
        ]
        return "| " + " | ".join(cells) + " |"


@contextmanager
def emulator(
    folder: Path, rows: int, *options: str, rate: str = "off"
) -> Generator[dict[str, str], None, None]:
    """Run an emulator with `rows` EnrichLeads, and end it by its process id."""
    ready_file = folder / "ready.json"
    ready_file.unlink(missing_ok=True)
    started = time.monotonic()
    command = [sys.executable, "-P", "-m", "leadgenius_async", "emulator", f"--leads={rows}",
               "--source-leads=0", f"--rate={rate}", f"--ready-file={ready_file}",
               *options]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            while not ready_file.exists():
                if process.poll() is not None or time.monotonic() - started > _START_LIMIT:
                    raise RuntimeError("the emulator did not start")
                time.sleep(0.05)
            print(f"emulator: {rows:,} rows ready in {time.monotonic() - started:.1f} s\n")
            yield json.loads(ready_file.read_bytes())
        finally:
            process.terminate()


def export(name: str, ready: dict[str, str], out: Path, *options: str) -> Run:
    """Run one export in a process of its own and take its figures from the kernel."""
    command = [sys.executable, "-P", "-m", "leadgenius_async", "export", "enrich-leads",
               "--rate=off", f"--out={out}", "--overwrite", "--json", *options]  # fmt: skip
    environment = os.environ | {
        "LEADGENIUS_BASE_URL": ready["base_url"],
        "LEADGENIUS_API_KEY": ready["api_key"],
        "LEADGENIUS_USER_ID": ready["user_id"],
    }
    started = time.monotonic()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        report = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - started
    cpu = usage.ru_utime + usage.ru_stime
    return Run(name, report["rows"], wall, cpu, usage.ru_maxrss / 1024, report)


def main() -> None:
    """Take the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    shapes = {
        "full → Parquet": (),
        "full → NDJSON": ("--format=ndjson",),
        "15 fields → Parquet": (f"--fields={LEAN}",),
        "full → Parquet, 16 chains": ("--chains=clients",),
    }
    with tempfile.TemporaryDirectory() as name, emulator(Path(name), rows) as ready:
        print("| run | rows | seconds | rows/s | MB/s of JSON | CPU s | peak MB | requests |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for shape, options in shapes.items():
            run = export(shape, ready, Path(name) / "out", *options)
            print(run.line(), flush=True)


if __name__ == "__main__":
    main()
