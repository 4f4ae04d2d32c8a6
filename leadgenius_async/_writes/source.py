"""Where rows come from: files, tables and iterables, all read as batches of numbered rows."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeGuard, runtime_checkable

import msgspec

from leadgenius_async._extract.in_thread import in_thread
from leadgenius_async._writes.csv_rows import CsvFile, open_csv
from leadgenius_async._writes.files import Kind, SourceFile, open_source
from leadgenius_async._writes.json_rows import array_items, ndjson_items
from leadgenius_async._writes.members import as_row
from leadgenius_async._writes.rows import (
    BATCH_ROWS,
    Batch,
    Item,
    Rejected,
    Row,
    batched,
    check_columns,
)


@runtime_checkable
class ArrowStream(Protocol):
    """What polars, DuckDB, pandas and pyarrow have in common."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a PyCapsule of an Arrow stream."""
        ...


LeadRow = Mapping[str, object] | msgspec.Struct
#: A path, an Arrow table of any library, a pandas DataFrame, or leads one by one.
Source = str | os.PathLike[str] | ArrowStream | Iterable[LeadRow] | AsyncIterable[LeadRow]


@dataclass(slots=True, eq=False, kw_only=True)
class Rows:
    """The rows of a source, in batches: `for` and `async for` both take them.

    A file can be read again and again, and `async for` reads it in a worker thread; what is in
    memory is taken where the caller is, and a stream or an iterator only once.

    Attributes:
        kind: `csv`, `ndjson`, `json`, `parquet`, `table` or `iterable`.
        columns: The names of the columns, or None where each row has its own.
        encoding: How a CSV file is decoded; None for anything else.
        delimiter: What stands between the values of a CSV file; None for anything else.
        notes: What was assumed, a sentence each, to be told to the user.
        path: The file; None for what is in memory.
    """

    kind: str
    columns: tuple[str, ...] | None = None
    encoding: str | None = None
    delimiter: str | None = None
    notes: tuple[str, ...] = ()
    path: Path | None = None
    _items: Callable[[], Iterator[Item]] | AsyncIterable[LeadRow]
    _in_thread: bool = False
    _once: bool = False
    _taken: bool = False

    def __iter__(self) -> Iterator[Batch]:
        self._take()
        if not callable(self._items):
            raise TypeError("the rows come from an async iterable: take them with `async for`")
        return batched(self._items())

    async def __aiter__(self) -> AsyncIterator[Batch]:
        if callable(self._items):
            batches = iter(self)
            while batch := await self._next(batches):
                yield batch
            return
        self._take()
        async for batch in _batched(self._items):
            yield batch

    async def _next(self, batches: Iterator[Batch]) -> Batch | None:
        def take() -> Batch | None:
            return next(batches, None)

        return await in_thread(take) if self._in_thread else take()

    def _take(self) -> None:
        if self._once and self._taken:
            raise RuntimeError("these rows could be read once, and have been: open them again")
        self._taken = True


def read_rows(
    source: Source,
    *,
    kind: Kind | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    unescape: bool = False,
) -> Rows:
    """Open a source of rows: what it is and what its columns are is known afterwards.

    Not more than a batch is held: 1,000 rows, or less where they are large. A row that cannot be
    read does not end the reading; it is in its batch, as `Rejected`. Of a CSV file without a byte
    order mark all bytes are looked at, to find its encoding.

    Args:
        source: The path of a file: CSV (`.csv`, `.tsv`, `.txt`), NDJSON (`.ndjson`, `.jsonl`), a
            JSON array (`.json`) or Parquet (`.parquet`, `.pq`), all but the last also packed
            (`.gz`, `.zst`). Or a table: anything with an Arrow stream, such as of polars or
            DuckDB, or a pandas DataFrame. Or mappings or structs, from an iterable or an async
            iterable.
        kind: What the file is, if its name does not say it.
        encoding: How a CSV file is encoded; if not said, a byte order mark tells, else it is
            UTF-8, else cp1252, with a note.
        delimiter: What stands between the values of a CSV file; if not said, it is found out of
            comma, semicolon, tab and `|`.
        unescape: Whether to take off the `'` that guards what looks like a formula (`'+49 30 1`),
            as exports to CSV set it.

    Raises:
        SourceError: The file is not what it is taken for, cannot be decoded, or has no header,
            or one with a name missing or twice; it is a `ValueError`. Also while it is read:
            the file is cut off or damaged.
        OSError: The file cannot be opened.
        ValueError: An option that the source has no use for, or of a wrong value.
        TypeError: The source is none of these.

    ```python
    for batch in read_rows("leads.csv"):
        for number, fields in batch.rows: ...  # 2, {"First Name": "Ada", …}
        for number, reason in batch.rejected: ...  # 7, "has 3 values for 4 columns"
    ```
    """
    csv_options = {"encoding": encoding, "delimiter": delimiter, "unescape": unescape}
    if not isinstance(source, str | os.PathLike):
        _refuse(csv_options | {"kind": kind}, "what is in memory")
        return _in_memory(source)
    file = open_source(source, kind)
    if file.kind == "csv":
        return _csv(open_csv(file, encoding=encoding, delimiter=delimiter, unescape=unescape))
    _refuse(csv_options, file.kind)
    return _other_file(file)


def _refuse(options: Mapping[str, object], kind: str) -> None:
    for name, value in options.items():
        if value:
            raise ValueError(f"{name} says nothing of {kind}: leave it out")


def _csv(file: CsvFile) -> Rows:
    return Rows(
        kind="csv",
        columns=file.columns,
        encoding=file.encoding,
        delimiter=file.delimiter,
        notes=file.notes,
        path=file.file.path,
        _items=file.items,
        _in_thread=True,
    )


def _other_file(file: SourceFile) -> Rows:
    if file.kind != "parquet":
        items = ndjson_items if file.kind == "ndjson" else array_items
        return Rows(kind=file.kind, path=file.path, _items=partial(items, file), _in_thread=True)
    from leadgenius_async._writes.arrow_rows import (  # noqa: PLC0415 - loads pyarrow
        parquet_columns,
        parquet_items,
    )

    return Rows(
        kind=file.kind,
        columns=parquet_columns(file),
        path=file.path,
        _items=partial(parquet_items, file),
        _in_thread=True,
    )


def _in_memory(source: object) -> Rows:
    if _is_pandas(source):
        columns = check_columns(map(str, source.columns), "the DataFrame")
        return Rows(kind="table", columns=columns, _items=partial(_pandas_items, source))
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        from leadgenius_async._writes.arrow_rows import open_stream  # noqa: PLC0415 - loads pyarrow

        columns, items = open_stream(source)
        return Rows(kind="table", columns=columns, _items=items, _once=True)
    if isinstance(source, AsyncIterable):
        return Rows(kind="iterable", _items=source, _once=isinstance(source, AsyncIterator))
    if isinstance(source, bytes | Mapping | msgspec.Struct) or not isinstance(source, Iterable):
        raise TypeError(
            f"rows come from a path, a table or an iterable of leads, not from a {_type(source)}"
        )
    items = partial(_iterable_items, source)
    return Rows(kind="iterable", _items=items, _once=isinstance(source, Iterator))


def _iterable_items(source: Iterable[object]) -> Iterator[Item]:
    for number, lead in enumerate(source, 1):
        yield _numbered(number, lead), 0


async def _batched(source: AsyncIterable[object]) -> AsyncIterator[Batch]:
    batch, number = Batch(), 0
    async for lead in source:
        number += 1
        batch.add(_numbered(number, lead), 0)
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch:
        yield batch


def _numbered(number: int, lead: object) -> Row | Rejected:
    try:
        fields = as_row(lead)
    except TypeError as error:
        return Rejected(number, f"holds what JSON cannot ({error})")
    if fields is None:
        return Rejected(number, f"is a {_type(lead)}: a lead is a mapping or a struct")
    return Row(number, fields)


def _is_pandas(source: object) -> TypeGuard[Any]:
    return type(source).__module__.partition(".")[0] == "pandas" and hasattr(source, "iloc")


def _pandas_items(frame: Any) -> Iterator[Item]:
    # Not by its Arrow stream: a column of mixed types has none.
    columns = list(map(str, frame.columns))
    for start in range(0, len(frame), BATCH_ROWS):
        piece = frame.iloc[start : start + BATCH_ROWS]
        for n, row in enumerate(piece.itertuples(index=False, name=None), start + 1):
            yield Row(n, dict(zip(columns, row, strict=True))), 0


def _type(value: object) -> str:
    return type(value).__name__
