"""How fast the emulator is: it must never hide the client's speed.

    python bench/emulator_pages.py --leads 1000000

Prints the time until the emulator is ready, and by its own timer the medians of 50 bulk pages:
full rows in a body as large as the cap allows, and 5,000 rows of 15 fields.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

import aiohttp
from run import LEAN

from leadgenius_async.emulator import Emulator

_PAGES = 50
_FULL_ROWS = 1_400  # about 6 MB


async def main() -> None:
    """Take the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    leads = parser.parse_args().leads
    started = time.monotonic()
    async with Emulator(leads=leads, source_leads=0, rate="off") as emulator:
        print(f"{leads:,} leads ready in {time.monotonic() - started:.1f} s")
        await report("full", emulator, {"limit": str(_FULL_ROWS)}, _FULL_ROWS)
        await report("15 fields", emulator, {"limit": "5000", "fields": LEAN}, 5_000)


async def report(name: str, emulator: Emulator, query: dict[str, str], rows: int) -> None:
    """Walk a chain until 50 pages of the asked size were built, and print their median."""
    ready = emulator.ready
    headers = {"x-api-key": ready.api_key, "x-user-id": ready.user_id}
    wanted = {"companyId": ready.company_id, **query}
    taken: list[float] = []
    largest = 0
    async with aiohttp.ClientSession(emulator.base_url, headers=headers) as session:
        while len(taken) < _PAGES:
            async with session.get("/api/enrich-leads/list", params=wanted) as response:
                body = await response.read()
                page = await response.json()
            if page["meta"]["totalReturned"] == rows:
                taken.append(emulator.page_timer[-1])
                largest = max(largest, len(body))
            if page["nextToken"] is None:
                break
            wanted["nextToken"] = page["nextToken"]
    median = statistics.median(taken) * 1e3
    print(f"{name}: median {median:.1f} ms, {len(taken)} pages of {rows:,} rows")
    print(f"  bodies up to {largest / 1e6:.2f} MB")


if __name__ == "__main__":
    asyncio.run(main())
