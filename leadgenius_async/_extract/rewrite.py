"""Parts read again: without some of their rows, or for what they hold."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.files import describe
from leadgenius_async._extract.report import PartReport
from leadgenius_async._extract.sinks import SUFFIXES, NdjsonSink, ParquetSink

_EXTRA = "_extra"
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
    if old.file.endswith(SUFFIXES["parquet"]):
        _copy_parquet(dataset.out / old.file, path, set(places))
    else:
        _copy_lines(dataset.out / old.file, path, set(places))
    return describe(path, old.file, old.rows - len(places))


def _copy_parquet(source: Path, target: Path, dropped: set[int]) -> None:
    with pq.ParquetFile(source) as file:
        schema = file.schema_arrow
        about = {key.decode(): value.decode() for key, value in (schema.metadata or {}).items()}
        sink = ParquetSink(target, schema.remove_metadata())
        start = rows = 0
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            kept = [place not in dropped for place in range(start, start + table.num_rows)]
            start += table.num_rows
            rows += sum(kept)
            sink.write(table.filter(pa.array(kept, pa.bool_())).to_batches())
        sink.close(about | {"leadgenius.rows": str(rows)})


def _copy_lines(source: Path, target: Path, dropped: set[int]) -> None:
    sink = NdjsonSink(target)
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
    with pa.input_stream(str(path), compression="zstd") as stream:
        # Arrow's streams are file objects; the standard library splits their lines.
        yield from io.BufferedReader(stream)  # type: ignore[type-var] # its stub asks for more


def count_rows(path: Path) -> int | None:
    """Return how many rows a part has; None if it cannot be read."""
    try:
        if path.suffix == SUFFIXES["parquet"]:
            return pq.read_metadata(path).num_rows
        return sum(1 for _ in each_line(path))
    except (OSError, pa.ArrowInvalid):
        return None


def extra_fields(out: Path, parts: Iterable[PartReport]) -> dict[str, int]:
    """Return the fields that `_extra` holds, and in how many rows; nothing of NDJSON parts."""
    counts: Counter[str] = Counter()
    for part in parts:
        if part.file.endswith(SUFFIXES["parquet"]):
            for text in pq.read_table(out / part.file, columns=[_EXTRA])[_EXTRA].drop_null():
                counts.update(msgspec.json.decode(text.as_py(), type=dict[str, msgspec.Raw]).keys())
    return dict(counts.most_common())
