"""Ours as Arrow record batches, which nobody writes anywhere."""

from __future__ import annotations

import asyncio

from peers.job import Job, read_job

from leadgenius_async import LeadGenius


async def main(job: Job) -> None:
    """Take all batches and print how many rows they had."""
    rows = 0
    async with LeadGenius(base_url=job.base_url, api_key="key", user_id="user", rate="off") as lg:
        async for batch in lg.enrich_leads.batches(
            company_id=job.company_id,
            clients=job.clients,
            fields=list(job.columns) if job.projected else None,
            page_size=job.page_rows,
        ):
            rows += batch.num_rows
    print(f'{{"rows": {rows}}}')


if __name__ == "__main__":
    asyncio.run(main(read_job()))
