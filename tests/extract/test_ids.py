"""Ids are compared share by share, with the result of comparing them all at once."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from leadgenius_async._extract import ids
from leadgenius_async._extract.ids import KEYS, IdsFile

Key = tuple[str | None, str | None]
#: Few, so that they come again; short and odd ones, since the end of an id tells its share.
IDS = st.sampled_from(["", "a", "ab", "1ab", "2ab", "ž🦊", "x-ž🦊", "b", "cd", "1cd", "A", None])
KEYS_OF = st.tuples(IDS, st.sampled_from(["c1", "c2", None]))
FILES = st.lists(st.lists(KEYS_OF, max_size=8), max_size=5)
SHARES = st.sampled_from([1, 2, 5, 250_000])


def write(path: Path, keys: Sequence[Key], *, with_clients: bool) -> Path:
    """Write a file of ids, two rows a batch."""
    file = IdsFile(path, with_clients=with_clients)
    for start in range(0, len(keys), 2):
        columns = zip(*keys[start : start + 2], strict=True)
        arrays = [pa.array(column, pa.string()) for column in columns]
        file.write(pa.RecordBatch.from_arrays(arrays, schema=KEYS))
    file.close()
    return path


def all_but_the_last(files: Sequence[Sequence[Key]]) -> dict[int, list[int]]:
    """Return the places of rows whose id comes again, by looking at one after the other."""
    places = [
        (id_, number, place)
        for number, keys in enumerate(files)
        for place, (id_, _) in enumerate(keys)
        if id_ is not None
    ]
    last = {id_: (number, place) for id_, number, place in places}
    dropped: dict[int, list[int]] = {}
    for id_, number, place in places:
        if last[id_] != (number, place):
            dropped.setdefault(number, []).append(place)
    return dropped


@settings(deadline=None)
@given(FILES, SHARES)
def test_all_but_the_last_row_of_an_id_are_duplicates(files: list[list[Key]], share: int) -> None:
    """Within a file and over all; rows without an id are never taken for the same."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(ids, "SHARE", share)
        paths = {
            number: write(Path(folder) / f"{number}.arrow", keys, with_clients=False)
            for number, keys in enumerate(files)
        }
        assert ids.duplicates(paths) == all_but_the_last(files)


@settings(deadline=None)
@given(FILES, FILES, SHARES)
def test_what_the_parts_have_not_is_missing(
    sweep: list[list[Key]], files: list[list[Key]], share: int
) -> None:
    """Each id once, with a client that it was found with; the sweep's rows are counted."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(ids, "SHARE", share)
        found = ids.missing(
            [
                write(Path(folder) / f"s{number}.arrow", keys, with_clients=True)
                for number, keys in enumerate(sweep)
            ],
            [
                write(Path(folder) / f"{number}.arrow", keys, with_clients=False)
                for number, keys in enumerate(files)
            ],
        )
        missing: list[Key] = [(key["id"], key["client_id"]) for key in found.keys.to_pylist()]
    swept = [key for keys in sweep for key in keys]
    there = {id_ for keys in files for id_, _ in keys}
    assert Counter(id_ for id_, _ in missing) == Counter({id_ for id_, _ in swept} - there - {None})
    assert set(missing) <= set(swept)
    assert found.found == Counter(client for _, client in swept)


@pytest.mark.parametrize("rows", [0, 2])
def test_keys_are_read_as_they_were_written(tmp_path: Path, rows: int) -> None:
    """A recovery reads the keys that the sweep before it has written down."""
    table = pa.table({"id": ["a", "b"], "client_id": ["c1", None]}, schema=KEYS).slice(0, rows)
    ids.write_keys(tmp_path / "keys.arrow", table)
    assert ids.missing([tmp_path / "keys.arrow"], []).keys.to_pylist() == table.to_pylist()
