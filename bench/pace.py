"""How much of the rate limit an export uses, read from the emulator's log.

    python bench/pace.py --rate 1000 --pages 500

Runs an emulator in this process and `leadgenius export` in another, and prints the 429s and the
share of the limit used over the steady part: from the first to the last bulk page.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from leadgenius_async.emulator import Emulator

_PAGE = 100  # rows


async def main() -> None:
    """Take the figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--pages", type=int, default=500)
    options = parser.parse_args()
    async with Emulator(
        leads=options.pages * _PAGE, source_leads=0, rate=options.rate, habits=False
    ) as service:
        with tempfile.TemporaryDirectory() as folder:
            await export(service, options.rate, Path(folder))
        times = [r.at for r in service.log if r.path == "/api/enrich-leads/list"]
        share = (len(times) - 1) / (times[-1] - times[0]) * 60 / options.rate
        print(
            f"{len(times)} pages in {times[-1] - times[0]:.2f} s: {share:.2%} of {options.rate}/min"
        )
        print(f"429s: {service.log.count(status=429)}")
        gaps = sorted(b - a for a, b in pairwise(times))
        print(f"gaps: min {gaps[0] * 1e3:.1f} ms, median {gaps[len(gaps) // 2] * 1e3:.1f} ms, "
              f"max {gaps[-1] * 1e3:.1f} ms")  # fmt: skip


async def export(service: Emulator, rate: int, out: Path) -> None:
    """Run the export as a user would."""
    ready = service.ready
    environment = os.environ | {
        "LEADGENIUS_BASE_URL": ready.base_url,
        "LEADGENIUS_API_KEY": ready.api_key,
        "LEADGENIUS_USER_ID": ready.user_id,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "leadgenius_async", "export", "enrich-leads", f"--rate={rate}",
        f"--page-size={_PAGE}", f"--out={out / 'out'}", env=environment,
    )  # fmt: skip
    if await process.wait():
        raise RuntimeError("the export failed")


if __name__ == "__main__":
    asyncio.run(main())
