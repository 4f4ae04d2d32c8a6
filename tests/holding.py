"""One of several processes that share a gate: `python tests/holding.py FOLDER SPACING SECONDS`.

Takes permits as fast as it gets them, by two tasks, and prints the time of each at once (by the
clock that all processes of a host share), so that nothing is lost when it is killed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from leadgenius_async._http.limiter import USED, Gate, Shared


async def main(folder: str, spacing: str, seconds: str) -> None:
    """Hold on until the time is over."""
    book = Shared("account", Path(folder))
    gate = Gate(60 / (USED * float(spacing)), book)

    async def hold() -> None:
        while True:
            await gate.permit()
            os.write(1, f"{book.clock():.6f}\n".encode())

    await asyncio.wait([asyncio.create_task(hold()) for _ in range(2)], timeout=float(seconds))
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
