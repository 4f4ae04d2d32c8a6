"""How much an export adds to the time that the service takes to answer.

    python bench/latency.py

Runs an emulator in a process of its own, whose bulk pages take half a second each, and exports one
chain of 21 pages of full rows from it, at the premium rate. Nothing can be faster than the sum of
the answers: a page's token stands in the page before it. A first run, which
imports as well, is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from run import emulator

from leadgenius_async import LeadGenius

_RATE = "1000"  # requests per minute
_ROWS = 1_300  # a page: about 5.5 MB


async def main() -> None:
    """Take the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.5)
    parser.add_argument("--pages", type=int, default=21)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    switches = (f"--set=latency={options.latency}", "--habits=off")
    taken: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with emulator(folder, options.pages * _ROWS, *switches, rate=_RATE) as ready:
            await export(ready, folder / "first", options.pages)  # it imports as well
            for run in range(options.runs):
                taken += [await export(ready, folder / str(run), options.pages)]
    print(f"{options.pages} pages: {', '.join(f'{seconds:.2f}' for seconds in sorted(taken))} s, "
          f"median {statistics.median(taken):.2f} s; their answers alone take "
          f"{options.pages * options.latency:.2f} s")  # fmt: skip


async def export(ready: dict[str, str], out: Path, pages: int) -> float:
    """Export once, and return the seconds that it took."""
    client = LeadGenius(
        base_url=ready["base_url"], api_key=ready["api_key"], user_id=ready["user_id"],
        rate=int(_RATE),
    )  # fmt: skip
    async with client:
        began = time.monotonic()
        report = await client.enrich_leads.export(out, page_size=_ROWS, chains="all")
        seconds = time.monotonic() - began
    if report.pages != pages:
        raise RuntimeError(f"{report.pages} pages came, not {pages}")
    return seconds


if __name__ == "__main__":
    asyncio.run(main())
