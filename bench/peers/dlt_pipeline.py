"""dlt: a parallel resource per chain into one table, Parquet on the local disk.

As its pages on REST clients and on performance say: its own paginator, as many extract workers as
chains, files of some tens of thousands of rows, so that normalizing uses all cores.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import dlt
from dlt.destinations import filesystem
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator
from peers.job import Job, read_job


def settings(job: Job) -> dict[str, str]:
    """The settings, which dlt takes from the environment."""
    return {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "EXTRACT__WORKERS": str(len(job.clients)),
        "NORMALIZE__WORKERS": str(os.cpu_count()),
        "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "25000",
        "DATA_WRITER__COMPRESSION": "zstd",
        "NORMALIZE__DATA_WRITER__COMPRESSION": "zstd",
        "LOAD__DELETE_COMPLETED_JOBS": "true",
    }


def main(job: Job) -> None:
    """Run the pipeline."""
    os.environ |= settings(job)

    def chain(client: str) -> Iterator[Any]:
        http = RESTClient(
            base_url=job.base_url,
            paginator=JSONResponseCursorPaginator(
                cursor_path="nextToken", cursor_param="nextToken"
            ),
            data_selector="data",
        )
        yield from http.paginate("/api/enrich-leads/list", params=job.query(client))

    @dlt.source(max_table_nesting=0)
    def leads() -> Iterator[Any]:
        for place, client in enumerate(job.clients):
            yield dlt.resource(chain, name=f"chain_{place}", table_name="leads", parallelized=True)(
                client
            )

    pipeline = dlt.pipeline(
        "versus",
        destination=filesystem(bucket_url=str(job.folder / "data")),
        dataset_name="leads",
        pipelines_dir=str(job.folder / "state"),
    )
    pipeline.run(leads(), loader_file_format="parquet")


if __name__ == "__main__":
    main(read_job())
