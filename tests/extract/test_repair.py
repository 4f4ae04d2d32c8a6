"""A journal that is lost is built anew from the parts, and nothing is lost with it."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from truth import expected_rows, parquet_rows

from leadgenius_async import LeadGenius, errors
from leadgenius_async._extract import parts
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Progress


class CutOff(Exception):
    """Stands for whatever ends an export."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "PART_PAGES", 3)


def stop(progress: Progress) -> None:
    if progress.pages >= 20:
        raise CutOff


async def cut_off(lg: LeadGenius, out: Path, **options: Any) -> list[Path]:
    """Begin an export, end it in the middle, and return its parts."""
    with pytest.raises(CutOff):
        await lg.enrich_leads.export(out, page_size=20, on_progress=stop, **options)
    found = sorted((out / "enrich_leads").glob("part-*"))
    assert len(found) > 4
    return found


def lose_journal(state: Path) -> None:
    for path in state.glob("journal.db*"):
        path.unlink()


def lose_state(state: Path) -> None:
    shutil.rmtree(state)


def tear_journal(state: Path) -> None:
    lose_journal(state)
    (state / "journal.db").write_bytes(b"torn")


@pytest.mark.parametrize("chains", ["all", "clients"])
@pytest.mark.parametrize("lose", [lose_journal, lose_state, tear_journal])
@pytest.mark.parametrize("lost_part", [None, 0, 2, -1])
@pytest.mark.fault("D5")
async def test_what_the_parts_tell_is_enough(  # noqa: PLR0917 - parameters of the test
    emulator: Emulator,
    lg: LeadGenius,
    tmp_path: Path,
    lose: Any,
    chains: Any,
    lost_part: int | None,
) -> None:
    """Also without one of them: its pages are fetched again."""
    out = tmp_path / "out"
    found = await cut_off(lg, out, chains=chains)
    lose(out / ".leadgenius")
    if lost_part is not None:
        found[lost_part].unlink()
    with pytest.raises((errors.ExportConflict, errors.ExportDamaged)):
        await lg.enrich_leads.export(out, page_size=20, chains=chains)
    before = len(emulator.log)
    report = await lg.enrich_leads.export(out, page_size=20, chains=chains, repair=True)
    asked = len(emulator.log) - before
    assert report.complete, report.incomplete_because
    assert report.runs == 2
    truth = emulator.rows("enrich_leads", company_id=emulator.ready.company_id)
    assert parquet_rows(out / "enrich_leads") == expected_rows(truth, "enrich_leads", None)
    if lost_part in {None, -1}:
        assert asked < report.pages


async def test_a_part_that_cannot_be_read_is_fetched_again(lg: LeadGenius, tmp_path: Path) -> None:
    """It is moved away, and the chain goes on before it."""
    out = tmp_path / "out"
    found = await cut_off(lg, out, chains="all")
    found[1].write_bytes(found[1].read_bytes()[:-10])
    report = await lg.enrich_leads.export(out, page_size=20, chains="all", repair=True)
    assert report.complete
    ids = Counter(pq.read_table(out / "enrich_leads", columns=["id"])["id"].to_pylist())
    assert len(ids) == sum(ids.values()) == 600


async def test_without_ids_a_lost_state_is_not_rebuilt(lg: LeadGenius, tmp_path: Path) -> None:
    """What would come twice could not be told; nor do NDJSON parts tell of their export."""
    kinds: list[dict[str, Any]] = [{"fields": ["email"]}, {"format": "ndjson"}]
    for options in kinds:
        out = tmp_path / str(options)
        found = await cut_off(lg, out, **options)
        lose_state(out / ".leadgenius")
        with pytest.raises(errors.ExportDamaged, match="--overwrite"):
            await lg.enrich_leads.export(out, page_size=20, repair=True, **options)
        assert sorted((out / "enrich_leads").iterdir()) == found


async def test_a_finished_export_is_not_repaired(lg: LeadGenius, tmp_path: Path) -> None:
    """`verify` is for that."""
    await lg.enrich_leads.export(tmp_path / "out")
    with pytest.raises(errors.ExportConflict, match="verify"):
        await lg.enrich_leads.export(tmp_path / "out", repair=True)


async def test_parts_of_two_exports_are_not_mixed(lg: LeadGenius, tmp_path: Path) -> None:
    """The message says to move those of one away."""
    found = await cut_off(lg, tmp_path / "one")
    await cut_off(lg, tmp_path / "two")
    shutil.copy(found[0], tmp_path / "two" / "enrich_leads" / "part-00000.parquet")
    with pytest.raises(errors.ExportDamaged, match="several exports"):
        await lg.enrich_leads.export(tmp_path / "two", page_size=20, repair=True)
