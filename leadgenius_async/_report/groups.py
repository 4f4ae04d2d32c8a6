"""The row groups of a dataset's parts, each with the columns that are needed of it alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from leadgenius_async._extract.folders import NULL
from leadgenius_async._extract.report import ExportReport, PartReport
from leadgenius_async._extract.rewrite import damaged, readable


class Group(NamedTuple):
    """A row group.

    Attributes:
        rows: How many rows it has.
        about: What the file says of its columns.
        folder: The column that the folder's name has, and its value; None if it has none.
        read: Reads columns; one that the file does not have is all null.
    """

    rows: int
    about: pq.RowGroupMetaData
    folder: tuple[str, str | None] | None
    read: Callable[[Sequence[str]], pa.Table]


def columns_of(out: Path, report: ExportReport) -> list[str]:
    """Return the columns of a dataset in their order; none where nothing is durable yet.

    Raises:
        ExportDamaged: A part file is missing, or is not the one that was written.
    """
    names: dict[str, None] = {}
    for part in report.parts:
        with _opened(out / part.file, part) as file:
            names |= dict.fromkeys(file.schema_arrow.names)
    if names and report.partition_by:
        names[report.partition_by] = None
    return list(names)


def each_group(out: Path, report: ExportReport) -> Iterator[Group]:
    """Give the row groups of a dataset; whoever takes one lets go of it before the next.

    Raises:
        ExportDamaged: As above.
    """
    for part in report.parts:
        folder = _folder_of(part, report.partition_by)
        with _opened(out / part.file, part) as file:
            for n in range(file.num_row_groups):
                about = file.metadata.row_group(n)
                yield Group(
                    about.num_rows, about, folder, _reader(out / part.file, file, n, folder)
                )
                pa.default_memory_pool().release_unused()


@contextlib.contextmanager
def _opened(path: Path, part: PartReport) -> Generator[pq.ParquetFile]:
    with readable(path):
        if (size := path.stat().st_size) != part.bytes:
            raise damaged(path, f"has {size:,} bytes, and {part.bytes:,} were written")
        file = pq.ParquetFile(path, page_checksum_verification=True)
    with file:
        if (rows := file.metadata.num_rows) != part.rows:
            raise damaged(path, f"has {rows:,} rows, and {part.rows:,} were written")
        yield file


def _reader(
    path: Path, file: pq.ParquetFile, n: int, folder: tuple[str, str | None] | None
) -> Callable[[Sequence[str]], pa.Table]:
    there = {*file.schema_arrow.names}

    def read(names: Sequence[str]) -> pa.Table:
        with readable(path):
            table = file.read_row_group(n, columns=[name for name in names if name in there])
        rows = file.metadata.row_group(n).num_rows
        for name in names:
            if name not in there:
                value = folder[1] if folder and folder[0] == name else None
                table = table.append_column(name, _constant(value, rows))
        return table

    return read


def _constant(value: str | None, rows: int) -> pa.Array[Any]:
    if value is None:
        return pa.nulls(rows, pa.string())
    return pa.repeat(pa.scalar(value, pa.string()), rows)


def _folder_of(part: PartReport, column: str | None) -> tuple[str, str | None] | None:
    if column is None:
        return None
    name = Path(part.file).parent.name.removeprefix(f"{column}=")
    return column, None if name == NULL else unquote(name)
