"""Parquet files and Arrow tables of any library → rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from leadgenius_async._writes.files import SourceFile, telling_damage
from leadgenius_async._writes.rows import (
    BATCH_SIZE,
    Item,
    Rejected,
    Row,
    SourceError,
    check_columns,
)

#: pandas writes its index under this name.
_INDEX = "__index_level_"
#: Rows that are taken out of a table at once: 1,000 take 7 MB more and no less time (measured).
_PIECE = 250
_UNREADABLE = (pa.ArrowException, ValueError, OverflowError, TypeError)


def parquet_columns(file: SourceFile) -> tuple[str, ...]:
    """Return the columns of a Parquet file.

    Raises:
        SourceError: It cannot be read, or a column is there twice.
    """
    with _parquet(file) as parquet:
        return _columns(parquet.schema_arrow, file.name)


def parquet_items(file: SourceFile) -> Iterator[Item]:
    """Give the rows of a Parquet file by their places in it.

    A row group is read page by page: one of 1,000,000 rows and 20 columns (97 MB) takes 90 MB
    over what is loaded anyway, against 185 MB if its columns are read at once (measured).

    Raises:
        SourceError: It is cut off or damaged.
    """
    with _parquet(file) as parquet, telling_damage(file.name):
        rows = _batch_rows(parquet.metadata)
        yield from _items(parquet.iter_batches(batch_size=rows, use_threads=False), file.name)


def open_stream(source: Any) -> tuple[tuple[str, ...], Callable[[], Iterator[Item]]]:
    """Return the columns of an object that has an Arrow stream, and how its rows are read once.

    Raises:
        SourceError: It cannot be read, or a column is there twice.
    """
    name = type(source).__name__
    reader = _stream(source)
    return _columns(reader.schema, name), lambda: _items(iter(reader), name)


def _stream(source: Any) -> pa.RecordBatchReader:
    if hasattr(source, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(source)
    batch = pa.record_batch(source)
    return pa.RecordBatchReader.from_batches(batch.schema, [batch])


def _parquet(file: SourceFile) -> pq.ParquetFile:
    try:
        # Both options together: each column is read through a buffer of this size.
        return pq.ParquetFile(file.path, pre_buffer=False, buffer_size=65_536)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{file.name} is cut off or damaged ({error}): get it anew") from error


def _batch_rows(metadata: pq.FileMetaData) -> int:
    """Return how many rows to take at once: less where they are large."""
    groups = (metadata.row_group(n) for n in range(metadata.num_row_groups))
    widest = max((group.total_byte_size // max(group.num_rows, 1) for group in groups), default=0)
    return max(1, min(_PIECE, BATCH_SIZE // max(widest, 1)))


def _columns(schema: pa.Schema, name: str) -> tuple[str, ...]:
    return check_columns((each for each in schema.names if not each.startswith(_INDEX)), name)


def _items(batches: Iterator[pa.RecordBatch], name: str) -> Iterator[Item]:
    number = 0
    try:
        for batch in batches:
            for start in range(0, batch.num_rows, _PIECE):
                piece = batch.slice(start, _PIECE)
                size = piece.nbytes // piece.num_rows
                for row in _rows(piece, number):
                    number += 1
                    yield row, size
    except pa.ArrowException as error:
        raise SourceError(f"{name} cannot be read on after row {number} ({error})") from error


def _rows(piece: pa.RecordBatch, before: int) -> list[Row | Rejected]:
    plain = _plain(piece)
    try:
        return [Row(n, row) for n, row in enumerate(plain.to_pylist(), before + 1)]
    except _UNREADABLE:
        return [_one(plain.slice(n, 1), before + n + 1) for n in range(plain.num_rows)]


def _one(row: pa.RecordBatch, number: int) -> Row | Rejected:
    try:
        return Row(number, row.to_pylist()[0])
    except _UNREADABLE as error:
        return Rejected(number, f"holds a value that Python has no type for ({error})")


def _plain(piece: pa.RecordBatch) -> pa.RecordBatch:
    """Return columns without an index of pandas, and times no finer than Python's."""
    kept = [field for field in piece.schema if not field.name.startswith(_INDEX)]
    arrays = [_microseconds(piece.column(piece.schema.names.index(field.name))) for field in kept]
    return pa.RecordBatch.from_arrays(arrays, names=[field.name for field in kept])


def _microseconds(array: pa.Array[Any]) -> pa.Array[Any]:
    type_ = array.type
    if pa.types.is_timestamp(type_) and type_.unit == "ns":
        return array.cast(pa.timestamp("us", type_.tz), safe=False)
    if pa.types.is_time64(type_) and type_.unit == "ns":
        return array.cast(pa.time64("us"), safe=False)
    return array
