"""Parts read again: without some of their rows, put together, or for what they hold."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from leadgenius_async import errors
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.files import describe
from leadgenius_async._extract.formats import PARQUET, Compression
from leadgenius_async._extract.parts import GROUP_BYTES, GROUP_ROWS
from leadgenius_async._extract.report import PartReport
from leadgenius_async._extract.rows import is_exact, json_type
from leadgenius_async._extract.schema import EXTRA_COLUMN, ExtraField
from leadgenius_async._extract.sinks import NdjsonSink, ParquetSink

_STAYS = (b"leadgenius.schema_version", b"leadgenius.job_id")
#: By what Parquet calls them.
_CODECS: dict[str, Compression] = {
    "zstd": "zstd", "snappy": "snappy", "gzip": "gzip", "lz4": "lz4",
}  # fmt: skip
_LINES = 10_000  # at a time


def without_rows(dataset: Dataset, number: int, places: Sequence[int]) -> PartReport | None:
    """Write a part again, into the swap folder, without some rows.

    Args:
        dataset: The dataset.
        number: The part.
        places: The rows to leave out, from 0, in order.

    Returns:
        The part that takes its place; None if no row is left.
    """
    old = dataset.journal.parts[number]
    if len(places) == old.rows:
        return None
    dataset.swap_folder.mkdir(exist_ok=True)
    path = dataset.swap_folder / dataset.part_name(number)
    copy = _copy_parquet if old.file.endswith(PARQUET) else _copy_lines
    copy(dataset.out / old.file, path, set(places), dataset.journal.job.spec.compression)
    return describe(path, old.file, old.rows - len(places))


def _copy_parquet(source: Path, target: Path, dropped: set[int], compression: Compression) -> None:
    with pq.ParquetFile(source) as file:
        schema = file.schema_arrow
        sink = ParquetSink(target, schema.remove_metadata(), compression)
        start = rows = 0
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            kept = [place not in dropped for place in range(start, start + table.num_rows)]
            start += table.num_rows
            rows += sum(kept)
            sink.write(table.filter(pa.array(kept, pa.bool_())).to_batches())
        sink.close(what_stays(file.metadata) | {"leadgenius.rows": str(rows)})


def each_group(out: Path, parts: Iterable[PartReport]) -> Iterator[pa.Table]:
    """Give the row groups of Parquet parts, in order.

    Whoever takes them lets go of one before the next: with what Arrow's allocator is told here,
    that halves the peak of memory.
    """
    for part in parts:
        with pq.ParquetFile(out / part.file) as file:
            for n in range(file.num_row_groups):
                yield file.read_row_group(n).replace_schema_metadata()
                pa.default_memory_pool().release_unused()


def grouped(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Put tables together to row groups of the size that exports have.

    A group is full when another table of the last one's size would be too much: none is read
    before it has to be.
    """
    found: list[pa.Table] = []
    size = rows = 0
    for table in tables:
        found.append(table)
        size, rows = size + table.nbytes, rows + table.num_rows
        if size + table.nbytes > GROUP_BYTES or rows + table.num_rows > GROUP_ROWS:
            group, found, size, rows = pa.concat_tables(found), [], 0, 0
            del table
            yield group
            del group
    if found:
        yield pa.concat_tables(found)


def write_part(
    path: Path,
    name: str,
    schema: pa.Schema,
    *,
    groups: Iterable[pa.Table],
    compression: Compression,
    metadata: Mapping[str, str],
) -> PartReport:
    """Write a Parquet part.

    Args:
        path: Where it is written.
        name: What it is called in the manifest.
        schema: Its columns.
        groups: Its row groups.
        compression: How it is compressed.
        metadata: What it says of itself, but for its rows.
    """
    rows = 0
    sink = ParquetSink(path, schema, compression)
    try:
        for table in groups:
            sink.write(table.to_batches())
            rows += table.num_rows
            del table
    except BaseException:
        sink.abandon()
        raise
    sink.close({**metadata, "leadgenius.rows": str(rows)})
    return describe(path, name, rows)


def what_stays(old: pq.FileMetaData) -> dict[str, str]:
    """Return what a part that is written again goes on saying of itself.

    How its export stood when it was written is not true of its rows any more.
    """
    said = old.metadata or {}
    return {name.decode(): said[name].decode() for name in _STAYS if name in said}


def compression_of(part: pq.FileMetaData) -> Compression:
    """Return how a part is compressed, as writers take it."""
    if not part.num_row_groups:
        return "zstd"
    said = part.row_group(0).column(0).compression.lower()
    return _CODECS.get(said, "none")


def _copy_lines(source: Path, target: Path, dropped: set[int], compression: Compression) -> None:
    sink = NdjsonSink(target, compression)
    kept: list[bytes] = []
    for place, line in enumerate(each_line(source)):
        if place in dropped:
            continue
        kept.append(line)
        if len(kept) == _LINES:
            sink.write(kept)
            kept = []
    sink.write(kept)
    sink.close({})


def each_line(path: Path) -> Iterator[bytes]:
    """Give the lines of an NDJSON part, each with its end."""
    with pa.input_stream(str(path), compression="detect") as stream:
        # Arrow's streams are file objects; the standard library splits their lines.
        yield from io.BufferedReader(stream)  # type: ignore[type-var] # its stub asks for more


def count_rows(path: Path) -> int | None:
    """Return how many rows a part has; None if it cannot be read."""
    try:
        if path.suffix == PARQUET:
            return pq.read_metadata(path).num_rows
        return sum(1 for _ in each_line(path))
    except (OSError, pa.ArrowInvalid):
        return None


def extra_fields(out: Path, parts: Iterable[PartReport]) -> dict[str, ExtraField]:
    """Return the fields that `_extra` holds, most frequent first; nothing of NDJSON parts.

    Raises:
        ExportDamaged: A part cannot be read.
    """
    fields: dict[str, ExtraField] = {}
    texts: set[str] = set()
    for cells in _each_extra(out, parts):
        for name, raw in cells.items():
            field = fields.setdefault(name, ExtraField(types={}))
            kind = json_type(raw)
            field.rows += 1
            field.types[kind] = field.types.get(kind, 0) + 1
            if kind != "null" and not (kind == "number" and is_exact(raw)):
                texts.add(name)
    for name, field in fields.items():
        field.type = "number" if "number" in field.types and name not in texts else "text"
    return dict(sorted(fields.items(), key=lambda item: -item[1].rows))


def _each_extra(out: Path, parts: Iterable[PartReport]) -> Iterator[dict[str, msgspec.Raw]]:
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    for part in parts:
        if part.file.endswith(PARQUET):
            path = out / part.file
            with readable(path), pq.ParquetFile(path, page_checksum_verification=True) as file:
                for batch in file.iter_batches(columns=[EXTRA_COLUMN]):
                    for text in batch.column(0).drop_null():
                        yield decoder.decode(text.as_py())


@contextlib.contextmanager
def readable(path: Path) -> Generator[None]:
    """Turn what is found in a part that is not the one that was written into an error of ours."""
    try:
        yield
    except FileNotFoundError:
        raise damaged(path, "is missing") from None
    # What Arrow finds in a file may be either of the first two.
    except (pa.ArrowException, OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise damaged(path, f"cannot be read ({' '.join(str(error).split())})") from None


def damaged(path: Path, what: str) -> errors.ExportDamaged:
    """Return the error of a part that is not the one that was written."""
    return errors.ExportDamaged(
        f"{path} {what}: `leadgenius verify` checks all files; put it back, or export anew "
        "(--overwrite)"
    )
