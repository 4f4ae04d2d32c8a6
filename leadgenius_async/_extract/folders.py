"""Rows sorted out by the values of a column, and the folders that they get.

The rows of one client are spread over all parts. So they go through a file of Arrow batches (LZ4),
each of a few clients that together fit into memory, or of one large client: memory holds a row
group or two, however many clients there are. `pyarrow.dataset.write_dataset` would keep a file and
a row group open for each.

The column is in the folders' names alone, not in the files as well, since `pyarrow` (and with it
pandas) refuses to open a folder with both: "Unable to merge: Field client_id has incompatible
types: string vs dictionary". Nor do readers ask whether a value in a name is a text: where all of
them look like numbers or dates they make numbers or dates of them, and 7 of "007". One folder
without rows, whose name is clearly a text, keeps them from it.
"""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leadgenius_async import errors
from leadgenius_async._extract.files import make_private
from leadgenius_async._extract.parts import GROUP_BYTES
from leadgenius_async._extract.report import PartReport
from leadgenius_async._extract.rewrite import each_group, grouped

T = TypeVar("T")
Value = str | None
Groups = Iterator[pa.Table]

NO_ROWS = "no-rows"
NULL = "__HIVE_DEFAULT_PARTITION__"  # what every reader of such folders takes for null
_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)  # threads keep memory
_LONGEST = 255  # bytes of a folder's name, on the file systems in use
#: Values of which some reader makes something else than a text, and a few more.
_MAYBE_TYPED = re.compile(
    r"[+-]?(0x[0-9a-f]*|[\d.,:/\sTZ+-]*(e[+-]?\d+)?|true|false|nan|inf(inity)?|epoch|null)",
    re.IGNORECASE,
)


def folder_names(values: Iterable[Value]) -> dict[Value, str]:
    """Return by which name each value stands in a folder's: letters, digits and `_.-~%` alone.

    What else there is, is percent-encoded, as readers of such folders expect it. So no value
    leads out of its folder, and two names differ in more than case, where some file systems would
    take two folders for one.
    """
    names: dict[Value, str] = {}
    taken = {NULL.lower()}
    for value in values:
        name = NULL if value is None else quote(value, safe="")
        if name.endswith("."):  # which Windows drops
            name = f"{name[:-1]}%2E"
        if value is not None and name.lower() in taken:
            name = "".join(f"%{byte:02X}" for byte in value.encode())
        taken.add(name.lower())
        names[value] = name
    return names


def sort_out(
    out: Path, parts: Sequence[PartReport], key: str, spill: Path, check: Callable[[], None]
) -> Iterator[tuple[str, Groups]]:
    """Give each folder's name and its row groups, the rows in the order of the parts.

    Args:
        out: The output folder.
        parts: Its Parquet parts.
        key: The column.
        spill: Where a temporary file may stand.
        check: Called now and then; what it raises ends this.

    Raises:
        ExportError: A value is too long for a folder's name.
    """
    counts = _count(out, parts, key)
    names = {value: f"{key}={name}" for value, name in folder_names(counts).items()}
    for name in names.values():
        _check_length(name)
    buckets = list(_buckets(counts, _rows_at_a_time(out, parts)))
    places = _spill(_checked(each_group(out, parts), check), key, buckets, spill)
    if not buckets:
        yield f"{key}={NO_ROWS}", iter(())
        return
    with pa.OSFile(str(spill), "rb") as file:
        batches = pa.ipc.open_file(file)
        for bucket, numbers in zip(buckets, places, strict=True):
            found = (pa.Table.from_batches([batches.get_batch(number)]) for number in numbers)
            tables = _checked(found, check)
            if len(bucket) == 1:
                yield names[bucket[0]], grouped(tables)
                continue
            for name, table in _runs(pa.concat_tables(tables), key, names):
                yield name, iter([table])
    if all(value is None or _MAYBE_TYPED.fullmatch(value) for value in counts):
        yield f"{key}={NO_ROWS}", iter(())


def _count(out: Path, parts: Iterable[PartReport], key: str) -> dict[Value, int]:
    """Return how many rows each value has, in the order of the values; null comes last."""
    counts: Counter[Value] = Counter()
    for part in parts:
        if not part.rows:
            continue  # pyarrow 18 cannot read a column of no row group
        with pq.ParquetFile(out / part.file) as file:
            counts.update(dict(_each_count(file.read(columns=[key]).column(key))))
    return dict(sorted(counts.items(), key=lambda item: (item[0] is None, item[0] or "")))


def _rows_at_a_time(out: Path, parts: Iterable[PartReport]) -> int:
    """Return how many rows fit into memory twice, as they are sorted there."""
    first = next((group for group in each_group(out, parts) if group.num_rows), None)
    return 1 if first is None else max(1, GROUP_BYTES * first.num_rows // max(1, first.nbytes) // 2)


def _buckets(counts: Mapping[Value, int], most: int) -> Iterator[list[Value]]:
    """Give runs of values that together have at most so many rows; a larger one is alone."""
    bucket: list[Value] = []
    rows = 0
    for value, count in counts.items():
        if bucket and rows + count > most:
            yield bucket
            bucket, rows = [], 0
        bucket.append(value)
        rows += count
    if bucket:
        yield bucket


def _spill(
    groups: Iterable[pa.Table], key: str, buckets: Sequence[Sequence[Value]], path: Path
) -> list[list[int]]:
    """Write rows to a file, and return which of its batches are of which bucket."""
    bucket_of = {value: n for n, bucket in enumerate(buckets) for value in bucket}
    places: list[list[int]] = [[] for _ in buckets]
    count = 0
    make_private(path)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(pa.OSFile(str(path), "wb"))
        writer: pa.RecordBatchFileWriter | None = None
        for group in groups:
            if writer is None:
                writer = stack.enter_context(pa.ipc.new_file(file, group.schema, options=_LZ4))
            for n, table in _runs(group, key, bucket_of):
                for batch in table.to_batches():
                    writer.write_batch(batch)
                    places[n].append(count)
                    count += 1
                    del batch
                del table
            del group
    return places


def _runs(table: pa.Table, key: str, marks: Mapping[Value, T]) -> Iterator[tuple[T, pa.Table]]:
    """Give rows by the marks of their values; those of a value in the order that they had."""
    if not table.num_rows:
        return
    order = pc.sort_indices(table, sort_keys=[(key, "ascending")])  # which is stable
    table = table.take(order).combine_chunks()
    counts = _each_count(table.column(key))
    start = 0
    for mark, some in groupby(counts, lambda item: marks[item[0]]):
        rows = sum(count for _, count in some)
        yield mark, table.slice(start, rows)
        start += rows


def _each_count(column: Any) -> Iterator[tuple[Value, int]]:
    """Give each value of a column, in the order in which they come, and how often it does."""
    counts = pc.value_counts(column)
    return zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)


def _check_length(name: str) -> None:
    if len(name) > _LONGEST:
        raise errors.ExportError(
            f"a client_id is too long: a folder named {name[:40]}… would take {len(name)} bytes, "
            f"and {_LONGEST} is the most: the same command without --partition-by takes them out "
            "as parts, and asks for no row again"
        )


def _checked(tables: Iterable[pa.Table], check: Callable[[], None]) -> Iterator[pa.Table]:
    for table in tables:
        check()
        yield table
        del table
