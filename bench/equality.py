"""Whether a large export holds exactly the service's rows, as multisets.

    PYTHONPATH=tests python bench/equality.py --rows 1000000

Runs an emulator in this process and `leadgenius export` in others, for Parquet and NDJSON with all
fields, and compares the count and the sum of 128-bit hashes over all rows, which takes no memory.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from truth import each_expected, each_line, each_parquet

from leadgenius_async.emulator import Emulator


async def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    failed = False
    with tempfile.TemporaryDirectory() as name:
        async with Emulator(leads=rows, source_leads=0, rate="off") as emulator:
            for format_ in ("parquet", "ndjson"):
                out = Path(name) / format_
                await export(emulator, out, format_)
                failed |= not compare(emulator, out / "enrich_leads", format_)
    sys.exit(failed)


def compare(emulator: Emulator, folder: Path, format_: str) -> bool:
    """Print and return whether the dataset equals the truth."""
    truth = emulator.rows("enrich_leads")
    if format_ == "parquet":
        wanted = digest(map(repr, each_expected(truth, "enrich_leads", None)))
        found = digest(map(repr, each_parquet(folder)))
    else:
        wanted = digest(line.decode() for line in truth)
        found = digest(line.decode() for line in each_line(folder))
    print(
        f"{format_}: {found[0]:,} rows, {'equal' if wanted == found else 'DIFFERENT'}", flush=True
    )
    return wanted == found


def digest(rows: Iterable[str]) -> tuple[int, int]:
    """Return how many rows there are, and a hash that does not depend on their order."""
    count = total = 0
    for row in rows:
        count += 1
        total += int.from_bytes(hashlib.blake2b(row.encode(), digest_size=16).digest())
    return count, total % 2**128


async def export(emulator: Emulator, out: Path, format_: str) -> None:
    """Run the export as a user would."""
    environment = os.environ | {
        "LEADGENIUS_BASE_URL": emulator.base_url,
        "LEADGENIUS_API_KEY": emulator.ready.api_key,
        "LEADGENIUS_USER_ID": emulator.ready.user_id,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "leadgenius_async", "export", "enrich-leads", "--rate=off",
        f"--out={out}", f"--format={format_}", env=environment,
    )  # fmt: skip
    if await process.wait():
        raise RuntimeError("the export failed")


if __name__ == "__main__":
    asyncio.run(main())
