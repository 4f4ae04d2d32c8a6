"""How full the fields of an export are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leadgenius_async._extract.folders import NULL
from leadgenius_async._extract.report import ExportReport, PartReport
from leadgenius_async._writes.source import read_rows

_BATCH = 16_384  # rows that are held at a time


def count_filled(out: Path, report: ExportReport) -> dict[str, int]:
    """Return in how many rows each field has a value: neither null nor an empty text.

    Args:
        out: The export's folder.
        report: What its manifest says.
    """
    filled = Counter[str]()
    for part in report.parts:
        counts = _of_parquet if report.format == "parquet" else _of_ndjson
        for each in counts(out / part.file):
            filled.update(each)
        if report.partition_by:
            filled[report.partition_by] += _of_folder(part)
    return dict(filled)


def _of_parquet(path: Path) -> Iterator[dict[str, int]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_BATCH):
            yield {
                name: _filled(column)
                for name, column in zip(batch.schema.names, batch.columns, strict=True)
            }


def _filled(column: pa.Array[Any]) -> int:
    filled = len(column) - column.null_count
    if not pa.types.is_string(column.type):
        return filled
    return filled - pc.equal(column, pa.scalar("")).true_count


def _of_ndjson(path: Path) -> Iterator[dict[str, int]]:
    for batch in read_rows(path):
        for row in batch.rows:
            yield {name: value not in (None, "") for name, value in row.fields.items()}


def _of_folder(part: PartReport) -> int:
    """Return the rows that have a value of the column which the folder's name has."""
    return 0 if NULL in part.file else part.rows
