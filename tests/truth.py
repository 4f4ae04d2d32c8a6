"""What an export must hold, worked out from the emulator's rows by other means than the SDK's."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from leadgenius_async._fields import TABLES

Row = tuple[object, ...]


def expected_rows(lines: Iterable[bytes], table: str, fields: Sequence[str] | None) -> Counter[Row]:
    """Return the Parquet rows that JSON rows must become, as a multiset."""
    return Counter(each_expected(lines, table, fields))


def each_expected(
    lines: Iterable[bytes], table: str, fields: Sequence[str] | None
) -> Iterator[Row]:
    """Give the Parquet row that each JSON row must become."""
    types = {field.name: field.type for field in TABLES[table]}
    names = list(types) if fields is None else list(fields)
    return (_expected(json.loads(line), names, types, whole=fields is None) for line in lines)


def _expected(
    row: dict[str, object], names: list[str], types: Mapping[str, str], *, whole: bool
) -> Row:
    cells: list[object] = []
    extra: dict[str, object] = {}
    for name in names:
        value = row.get(name)
        if types.get(name, "text") == "text":
            cells.append(_text(value))
        elif value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
            cells.append(value)
        else:
            cells.append(None)
            extra[name] = value
    if whole:
        extra |= {name: value for name, value in row.items() if name not in types}
    return (*cells, json.dumps(extra, sort_keys=True) if extra else None)


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def parquet_rows(folder: Path, columns: Sequence[str] | None = None) -> Counter[Row]:
    """Return the rows of a Parquet dataset as a multiset, by the plain call on its folder.

    Args:
        folder: The dataset.
        columns: The order of the columns before `_extra`; that in the files if not given.
    """
    table = pq.read_table(folder)
    return Counter(_each(table if columns is None else table.select([*columns, "_extra"])))


def each_parquet(folder: Path) -> Iterator[Row]:
    """Give the rows of a Parquet dataset, a row group at a time in memory."""
    for path in sorted(folder.glob("*.parquet")):
        with pq.ParquetFile(path) as file:
            for n in range(file.num_row_groups):
                yield from _each(file.read_row_group(n))


def _each(table: pa.Table) -> Iterator[Row]:
    *columns, extra = (column.to_pylist() for column in table.columns)
    texts = [text and json.dumps(json.loads(text), sort_keys=True) for text in extra]
    return zip(*columns, texts, strict=True)


def ndjson_rows(folder: Path) -> Counter[bytes]:
    """Return the lines of an NDJSON dataset as a multiset."""
    return Counter(each_line(folder))


def each_line(folder: Path) -> Iterator[bytes]:
    """Give the lines of an NDJSON dataset."""
    for path in sorted(folder.glob("*.ndjson.zst")):
        with pa.input_stream(str(path), compression="zstd") as stream:
            # Arrow's streams are file objects; the standard library splits their lines.
            lines = io.BufferedReader(stream)  # type: ignore[type-var] # its stub asks for more
            yield from (line.rstrip(b"\n") for line in lines)
