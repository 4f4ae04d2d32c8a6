"""What finding rows that came twice costs, as a share of the whole export.

    python bench/duplicates.py --rows 1000000

Runs an emulator in a process of its own, exports all rows to Parquet in this process, and prints
what that step took, and what writing parts again without such rows took where there are any
(`--repeat-share 0.01`: the last row of each hundredth page comes twice).
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from run import emulator

from leadgenius_async import LeadGenius
from leadgenius_async._extract import export, ids


class Timer:
    """Adds up what some calls of a function take."""

    def __init__(self) -> None:
        self.wall = self.cpu = 0.0

    @contextmanager
    def running(self) -> Generator[None, None, None]:
        """Count the time of the block, and all CPU of the process meanwhile."""
        wall, cpu = time.monotonic(), time.process_time()
        yield
        self.wall += time.monotonic() - wall
        self.cpu += time.process_time() - cpu

    def line(self, name: str, whole: Timer) -> str:
        """Return what was counted, and its share of the whole export."""
        return (
            f"{name}: {self.wall:.2f} s ({self.wall / whole.wall:.1%}), "
            f"CPU {self.cpu:.2f} s ({self.cpu / whole.cpu:.1%})"
        )


def timed(module: ModuleType, name: str) -> Timer:
    """Have the calls of a module's function timed."""
    timer, function = Timer(), getattr(module, name)

    def call(*args: object) -> object:
        with timer.running():
            return function(*args)

    setattr(module, name, call)
    return timer


async def main() -> None:
    """Take the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat-share", type=float, default=0.0)
    options = parser.parse_args()
    finding, writing, whole = timed(ids, "duplicates"), timed(export, "without_rows"), Timer()
    repeats = f"--set=repeat_share={options.repeat_share}"
    with (
        tempfile.TemporaryDirectory() as name,
        emulator(Path(name), options.rows, repeats) as ready,
    ):
        async with LeadGenius(
            base_url=ready["base_url"], api_key=ready["api_key"], user_id=ready["user_id"],
            rate="off",
        ) as client:  # fmt: skip
            with whole.running():
                report = await client.enrich_leads.export(Path(name) / "out", chains="all")
    print(f"{report.rows:,} rows, and {report.duplicates:,} that came twice")
    print(whole.line("the export", whole))
    print(finding.line("finding them", whole))
    print(writing.line("writing parts without them", whole))


if __name__ == "__main__":
    asyncio.run(main())
