"""The rate limit over a long time: real requests, what a service counts of them, and no 429.

    python bench/soak.py --minutes 10 --rate 1000 --processes 1

The emulator runs in this process, with a sliding log, and as many clients as asked for in others,
with one key and so one gate. The times at which its requests arrived are then asked of five models
of a limit. Prints a line of a Markdown table, and fails if any model refuses a request.

J is how much later one request arrived than another, both counted from their permits.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import sys
import tempfile
from pathlib import Path

from leadgenius_async import LeadGenius
from leadgenius_async._http.limiter import USED, Shared
from leadgenius_async.emulator import Emulator
from leadgenius_async.emulator.limits import (
    FirstRequestWindow,
    FixedWindow,
    Limiter,
    SlidingLog,
    TokenBucket,
    WeightedWindow,
)

HEADER = (
    "| processes | minutes | sends | of the limit | 429s | fixed | first request | log | weighted "
    "| bucket | J |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)
_TASKS = 16
_LATEST = 0.9  # seconds that a request may be late by


def main() -> None:
    """Take the figure, or be a client."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--send", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    asyncio.run(send(options) if options.send else soak(options))


async def send(options: argparse.Namespace) -> None:
    """Be a client that always wants to send."""

    async def ask(lg: LeadGenius) -> None:
        while True:
            await lg.request("GET", "/clients", query={"limit": "1"})

    async with LeadGenius(rate=options.rate) as lg:
        tasks = [asyncio.create_task(ask(lg)) for _ in range(_TASKS)]
        done, _ = await asyncio.wait(
            tasks, timeout=options.minutes * 60, return_when=asyncio.FIRST_EXCEPTION
        )
        for task in tasks:
            task.cancel()
        for task in done:
            task.result()


async def soak(options: argparse.Namespace) -> None:
    """Let clients send for so long, and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        async with Emulator(leads=0, source_leads=0, rate=options.rate, habits=False) as service:
            await run_clients(service, options.processes, Path(folder))
            arrivals = sorted(request.at for request in service.log)
            refused = service.log.count(status=429)
        granted = permits(Path(folder))
    counts = [refusals(server, arrivals) for server in servers(options.rate)]
    share = (len(arrivals) - 1) / (arrivals[-1] - arrivals[0]) * 60 / options.rate
    late = [at - of for at, of in zip(arrivals, granted, strict=False)]
    cells = [options.processes, f"{options.minutes:g}", f"{len(arrivals):,}", f"{share:.2%}",
             refused, *counts, f"{(max(late) - min(late)) * 1e3:.0f} ms"]  # fmt: skip
    print(f"{HEADER}\n| {' | '.join(map(str, cells))} |")
    if refused or any(counts):
        sys.exit("a request was refused")


async def run_clients(service: Emulator, processes: int, folder: Path) -> None:
    """Run the clients to their end."""
    ready = service.ready
    environment = os.environ | {
        "LEADGENIUS_BASE_URL": ready.base_url,
        "LEADGENIUS_API_KEY": ready.api_key,
        "LEADGENIUS_USER_ID": ready.user_id,
        "XDG_STATE_HOME": str(folder),
    }
    clients = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-P", *sys.argv, "--send", env=environment
        )
        for _ in range(processes)
    ]
    if any([await client.wait() for client in clients]):
        raise RuntimeError("a client failed")


def permits(state: Path) -> list[float]:
    """Return when the permits were taken, as the clients' shared file says."""
    [file] = (state / "leadgenius" / "rate").iterdir()
    with Shared(file.name, file.parent) as ledger:
        return [ledger.times.get(number) for number in range(ledger.count)]


def servers(limit: int) -> list[Limiter]:
    """Return the models; the bucket holds what lateness may bring together."""
    size = math.ceil(1 + USED * limit * _LATEST / 60)
    return [
        FixedWindow(limit),
        FirstRequestWindow(limit),
        SlidingLog(limit),
        WeightedWindow(limit),
        TokenBucket(limit, size=size),
    ]


def refusals(server: Limiter, arrivals: list[float]) -> int:
    """Return how many of the requests a service that counts so refuses."""
    return sum(not server.ask("account", at).admitted for at in arrivals)


if __name__ == "__main__":
    main()
