"""requests + pandas: a session and a thread per chain, a frame per page, one Parquet file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import requests
from peers.job import Job, read_job


def walk(job: Job, client: str) -> list[pd.DataFrame]:
    """The pages of a chain."""
    frames: list[pd.DataFrame] = []
    token = None
    with requests.Session() as session:
        while True:
            response = session.get(job.url, params=job.query(client, token), timeout=60)
            response.raise_for_status()
            page = response.json()
            frames.append(pd.DataFrame(page["data"]))
            if (token := page["nextToken"]) is None:
                return frames


def main(job: Job) -> None:
    """Walk all chains at once and write what came."""
    with ThreadPoolExecutor(len(job.clients)) as pool:
        chains = pool.map(lambda client: walk(job, client), job.clients)
        frames = [frame for chain in chains for frame in chain]
    leads = pd.concat(frames, ignore_index=True)
    leads.to_parquet(job.folder / "leads.parquet", compression="zstd", index=False)


if __name__ == "__main__":
    main(read_job())
