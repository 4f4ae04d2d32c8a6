"""What a report of a large export costs, and what DuckDB takes for the shares of values alone.

    python bench/report.py --rows 1000000

Exports all rows from an emulator in a process of its own, then runs `leadgenius report` and the
query in processes of their own, in turn, and prints wall and CPU seconds and the peak of memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from run import emulator, export

#: One pass over all columns, as the section of the fields needs it.
_QUERY = """
import duckdb, sys
leads = duckdb.read_parquet(sys.argv[1])
shares = (f'count(nullif("{name}"::varchar, \\'\\'))' for name in leads.columns)
duckdb.sql(f"select {', '.join(shares)} from leads").fetchall()
"""


def cost(command: Sequence[str]) -> str:
    """Run a command and return what the kernel says of it."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    wall, cpu = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    return f"{wall:.1f} s, CPU {cpu:.1f} s, peak {usage.ru_maxrss / 1024:.0f} MB"


def main() -> None:
    """Take the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out, page = folder / "out", folder / "report.html"
        with emulator(folder, options.rows) as ready:
            export("all rows", ready, out)
        report = [sys.executable, "-P", "-m", "leadgenius_async", "report", f"{out}", "--overwrite"]
        query = [sys.executable, "-P", "-c", _QUERY, f"{out}/enrich_leads/*.parquet"]
        for _ in range(options.rounds):
            print(f"the report: {cost([*report, f'--html={page}'])}")
            print(f"DuckDB, shares of values alone: {cost(query)}")


if __name__ == "__main__":
    main()
