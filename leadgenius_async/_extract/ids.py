"""The ids of all rows, beside the parts: what came twice, and what is missing.

They stand in one small Arrow file a commit, in the order of the part's rows. They are compared
as full text, share by share: the share of an id is told by its end, so that the ids of a share
fit into memory whatever the number of rows. 1,000,000 ids take 1 s; a set in SQLite took 30 s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from leadgenius_async._extract.files import make_private

# Texts, since Arrow's classes take no parameters at run time.
Column: TypeAlias = "pa.ChunkedArray[Any]"
Values: TypeAlias = "pa.Array[Any]"

#: Ids compared at a time.
SHARE = 250_000

KEYS = pa.schema([("id", pa.string()), ("client_id", pa.string())])
_IDS = pa.schema([KEYS.field("id")])
_END = 2  # characters of an id that tell its share: 256 shares of UUIDs


class IdsFile:
    """The ids of one commit, being written.

    Args:
        path: The file.
        with_clients: Whether the rows' `client_id`s are kept as well.
    """

    def __init__(self, path: Path, *, with_clients: bool) -> None:
        self._schema = KEYS if with_clients else _IDS
        make_private(path)
        self._file = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._file, self._schema)

    def write(self, keys: pa.RecordBatch) -> None:
        """Append the keys of a page's rows."""
        self._writer.write_batch(keys.select(self._schema.names))

    def close(self) -> None:
        """Finish the file; a second time does nothing."""
        if self._file.closed:
            return
        try:
            self._writer.close()
        finally:
            self._file.close()


class Missing(NamedTuple):
    """Rows that a sweep found and the parts do not have.

    Attributes:
        keys: Their ids and `client_id`s, each id once.
        found: How many rows the sweep found per `client_id`.
    """

    keys: pa.Table
    found: Mapping[str | None, int]


def write_keys(path: Path, keys: pa.Table) -> None:
    """Write keys that are all at hand."""
    file = IdsFile(path, with_clients=True)
    for batch in keys.to_batches():
        file.write(batch)
    file.close()


def count(path: Path) -> int | None:
    """Return how many rows a file has; None if it cannot be read."""
    try:
        return _read(path).num_rows
    except (OSError, pa.ArrowInvalid):
        return None


def duplicates(files: Mapping[int, Path]) -> dict[int, list[int]]:
    """Return the rows whose id comes again later, as places in each file.

    The last row of an id is kept: where rows were changed while they were read, it is the newer.

    Args:
        files: Files of ids, by the numbers of their commits.

    Returns:
        For each file with such rows their places, from 0, in order.
    """
    dropped: dict[int, list[int]] = {}
    for share in _shares(list(files.values())):
        ids = {number: _ids_of(path, share) for number, path in files.items()}
        twice = _twice([part.ids for part in ids.values()])
        if not len(twice):
            continue
        seen: dict[str, tuple[int, int]] = {}
        for number in sorted(ids):
            for place, id_ in ids[number].those_in(twice):
                if earlier := seen.get(id_):
                    dropped.setdefault(earlier[0], []).append(earlier[1])
                seen[id_] = (number, place)
    return {number: sorted(places) for number, places in dropped.items()}


def missing(sweep: Sequence[Path], files: Sequence[Path]) -> Missing:
    """Return what the files of a sweep have and those of the parts have not."""
    absent: list[pa.Table] = []
    for share in _shares([*sweep, *files]):
        there = _together(_ids_of(path, share).ids for path in files)
        for path in sweep:
            keys = _read(path)
            keys = keys.filter(_in_share(keys["id"], share))
            absent.append(keys.filter(pc.invert(pc.is_in(keys["id"], value_set=there))))
    keys = pa.concat_tables([pa.Table.from_batches([], KEYS), *absent])
    found: dict[str | None, int] = {}
    for path in sweep:
        counts = pc.value_counts(_read(path)["client_id"])
        names: list[Any] = counts.field("values").to_pylist()
        rows: list[Any] = counts.field("counts").to_pylist()
        for name, count in zip(names, rows, strict=True):
            found[name] = found.get(name, 0) + count
    return Missing(_each_once(keys), found)


def _each_once(keys: pa.Table) -> pa.Table:
    if not keys.num_rows:  # as a rule; what groups loads pandas too
        return keys
    once = keys.group_by("id").aggregate([("client_id", "max")])
    return once.select(["id", "client_id_max"]).rename_columns(KEYS.names)


class _Share(NamedTuple):
    """The ids of a file that belong to a share, and their places in it."""

    ids: Column
    places: Values

    def those_in(self, wanted: Values) -> Iterator[tuple[int, str]]:
        """Give place and id of those that are wanted."""
        mask = _is_in(self.ids, wanted)
        places: list[Any] = pa.chunked_array([self.places]).filter(mask).to_pylist()
        ids: list[Any] = self.ids.filter(mask).to_pylist()
        return zip(places, ids, strict=True)


def _shares(files: Sequence[Path]) -> Iterator[Values]:
    """Give shares as the ends of their ids."""
    # All of it in Arrow: for values of Python's it imports pandas where that is, 1.9 CPU seconds.
    rows, ends = 0, list[Any]()  # arrays, and not columns as the stub of `unique` says
    for path in files:  # one at a time: a mapped file counts as memory while it is held
        ids = _read(path)["id"]
        rows += len(ids)
        ends.append(_end(ids).unique())
        del ids
    known: Any = pa.chunked_array(ends, pa.string()).unique().drop_null()
    count = max(1, min(len(known), -(-rows // SHARE)))
    bounds = [len(known) * n // count for n in range(count + 1)]
    for begin, end in pairwise(bounds):
        yield known.slice(begin, end - begin)


def _twice(columns: Sequence[Column]) -> Values:
    """Return the ids that come more than once."""
    counts = pc.value_counts(_together(columns))
    times = counts.field("counts")
    once = pc.sign(times)  # a scalar of 1, made from Python's, would import pandas
    return counts.field("values").filter(pc.greater(times, once))


def _together(columns: Iterable[Column]) -> Column:
    # Chunk by chunk: `pa.chunked_array` reads a whole column as a list of Python's values.
    return pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())


def _ids_of(path: Path, share: Values) -> _Share:
    ids = _read(path)["id"]
    mask = _in_share(ids, share)
    # In one piece: pyarrow 18 dies at a column that has none.
    return _Share(ids.filter(mask), pc.indices_nonzero(mask.combine_chunks()))


def _in_share(ids: Column, share: Values) -> Column:
    return _is_in(_end(ids), share)  # a row without an id is in none


def _end(ids: Column) -> Column:
    return pc.utf8_slice_codeunits(ids, start=-_END)


def _is_in(column: Column, values: Values | Column) -> Column:
    found: Any = pc.is_in(column, value_set=values)  # its stub says less than it gives
    return pa.chunked_array(found) if isinstance(found, list) else found


def _read(path: Path) -> pa.Table:
    # Mapped: the ids that are not looked at take no memory.
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
