"""httpx + polars: one async client, a task per chain, a frame per page, one Parquet file."""

from __future__ import annotations

import asyncio

import httpx
import polars as pl
from peers.job import Job, read_job


async def walk(http: httpx.AsyncClient, job: Job, client: str) -> list[pl.DataFrame]:
    """The pages of a chain."""
    frames: list[pl.DataFrame] = []
    token = None
    while True:
        response = await http.get(job.url, params=job.query(client, token))
        response.raise_for_status()
        page = response.json()
        # The first rows do not have every field, so all are looked at.
        frames.append(pl.DataFrame(page["data"], infer_schema_length=None))
        if (token := page["nextToken"]) is None:
            return frames


async def main(job: Job) -> None:
    """Walk all chains at once and write what came."""
    async with httpx.AsyncClient(timeout=60) as http:
        chains = await asyncio.gather(*(walk(http, job, client) for client in job.clients))
    frames = [frame for chain in chains for frame in chain]
    leads = pl.concat(frames, how="diagonal_relaxed")
    leads.write_parquet(job.folder / "leads.parquet", compression="zstd")


if __name__ == "__main__":
    asyncio.run(main(read_job()))
