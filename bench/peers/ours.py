"""Ours: the export of the package, into Parquet or NDJSON (zstd both).

The chains are named, so that they are the same as everyone's; checks, journal and commits are on,
as they always are. gzip is unpacked as the command does it.
"""

from __future__ import annotations

import asyncio
from typing import Literal

from peers.job import Job

from leadgenius_async import LeadGenius
from leadgenius_async.cli.inflate import use_fast_inflate


async def export(job: Job, file_format: Literal["parquet", "ndjson"]) -> None:
    """Export into the job's folder."""
    async with LeadGenius(base_url=job.base_url, api_key="key", user_id="user", rate="off") as lg:
        await lg.enrich_leads.export(
            job.folder,
            company_id=job.company_id,
            clients=job.clients,
            fields=list(job.columns) if job.projected else None,
            page_size=job.page_rows,
            format=file_format,
        )


def run(job: Job, file_format: Literal["parquet", "ndjson"]) -> None:
    """Export, as a script does."""
    use_fast_inflate()
    asyncio.run(export(job, file_format))
