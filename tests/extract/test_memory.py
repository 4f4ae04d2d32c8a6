"""What the budget does not count is not held: bodies of pages that are done with, mapped files."""

from __future__ import annotations

import gc
import inspect
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from leadgenius_async import LeadGenius
from leadgenius_async._extract import export, ids
from leadgenius_async._extract.chain import PagePlace, RawPage
from leadgenius_async._extract.columns import Decoded
from leadgenius_async._extract.parts import PartWriter


def waits_with(place: PagePlace) -> bool:
    """Return whether a coroutine or a generator still has the page as it came."""
    raw = [found for found in gc.get_objects() if isinstance(found, RawPage)]
    holders = gc.get_referrers(*(found for found in raw if found.place is place))
    return any(inspect.iscoroutine(holder) or inspect.isasyncgen(holder) for holder in holders)


async def test_no_body_outlives_its_decoding(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many chains there are, none holds its last page while it waits for the next."""
    held: list[bool] = []

    class Watched(PartWriter):
        async def write(self, page: Decoded[Any]) -> None:
            held.append(waits_with(page.place))
            await super().write(page)

    monkeypatch.setattr(export, "PartWriter", Watched)
    await lg.enrich_leads.export(tmp_path / "out", chains="clients", page_size=50)
    assert len(held) > 10
    assert not any(held)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux tells what is mapped")
def test_files_of_ids_are_mapped_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the ids of a share are compared, no file stays mapped whole."""
    keys = pa.table({"id": ["a", "b"], "client_id": ["c", "c"]}, ids.KEYS)
    files = {number: tmp_path / f"{number}.arrow" for number in range(3)}
    for path in files.values():
        ids.write_keys(path, keys)
    compare, mapped = vars(ids)["_twice"], list[bool]()

    def looking(columns: object) -> object:
        tries = 100
        while tries and str(tmp_path) in Path("/proc/self/maps").read_text():
            time.sleep(0.02)  # Arrow's own threads let go of a file a moment later
            tries -= 1
        mapped.append(not tries)
        return compare(columns)

    monkeypatch.setattr(ids, "_twice", looking)
    assert ids.duplicates(files) == {0: [0, 1], 1: [0, 1]}
    assert mapped == [False]
