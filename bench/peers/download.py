"""The floor: aiohttp alone, which reads the pages, finds the token, and drops them.

The token is found by msgspec, which skips the rows: nobody who walks a chain can do with less.
"""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec
from peers.job import Job, read_job


class _Head(msgspec.Struct):
    nextToken: str | None
    meta: dict[str, object]


_head = msgspec.json.Decoder(_Head)


async def walk(session: aiohttp.ClientSession, job: Job, client: str) -> int:
    """Read the pages of a chain, and return how many rows they say they have."""
    rows, token = 0, None
    while True:
        async with session.get(job.url, params=job.query(client, token)) as response:
            head = _head.decode(await response.read())
        rows += int(str(head.meta["totalReturned"]))
        if (token := head.nextToken) is None:
            return rows


async def main(job: Job) -> None:
    """Walk all chains at once."""
    async with aiohttp.ClientSession() as session:
        rows = await asyncio.gather(*(walk(session, job, client) for client in job.clients))
    print(f'{{"rows": {sum(rows)}}}')


if __name__ == "__main__":
    asyncio.run(main(read_job()))
