"""A ceiling: DuckDB on a local NDJSON file of the same rows, without any HTTP."""

from __future__ import annotations

import duckdb
from peers.job import Job, read_job

_TYPES = {"text": "VARCHAR", "number": "DOUBLE"}


def main(job: Job) -> None:
    """Convert the file; the columns are given, so that none has to be guessed."""
    columns = {name: _TYPES[kind] for name, kind in job.columns.items()}
    rows = duckdb.read_json(job.lines, columns=columns, format="newline_delimited")
    rows.write_parquet(str(job.folder / "leads.parquet"), compression="zstd")


if __name__ == "__main__":
    main(read_job())
