"""An export that was cut off is gone on with from what is durable."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pyarrow.parquet as pq
import pytest
from accounts import connect
from truth import expected_rows, parquet_rows

from leadgenius_async import LeadGenius, errors
from leadgenius_async._extract import export, parts
from leadgenius_async._extract.journal import Journal
from leadgenius_async._extract.lock import Lock, is_locked
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Progress


class CutOff(Exception):
    """Stands for whatever ends an export."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few pages make a part, so that short exports have many commits."""
    monkeypatch.setattr(parts, "PART_PAGES", 3)


def after(pages: int) -> Any:
    """Return a progress callback that ends an export after so many pages."""

    def stop(progress: Progress) -> None:
        if progress.pages >= pages:
            raise CutOff

    return stop


async def cut_off(lg: LeadGenius, out: Path, *, pages: int = 10, **options: Any) -> None:
    """Begin an export and end it after so many pages."""
    with pytest.raises(CutOff):
        await lg.enrich_leads.export(out, page_size=20, on_progress=after(pages), **options)


def ids_in(out: Path) -> Counter[object]:
    return Counter(pq.read_table(out / "enrich_leads", columns=["id"])["id"].to_pylist())


@pytest.mark.parametrize("chains", ["all", "clients"])
async def test_the_same_call_goes_on(
    emulator: Emulator, lg: LeadGenius, tmp_path: Path, chains: Any
) -> None:
    """The report is that of one export; the pages that were durable are not asked for again."""
    out = tmp_path / "out"
    await cut_off(lg, out, chains=chains)
    manifest = msgspec.json.decode((out / "manifest.json").read_bytes())
    assert manifest["complete"] is False
    before = len(emulator.log)
    report = await lg.enrich_leads.export(out, page_size=20, chains=chains)
    assert report.complete
    assert report.runs == 2
    assert report.job_id == manifest["job_id"]
    assert report.rows == 600
    assert report.requests == sum(p.requests for p in report.partitions) >= report.pages
    asked = len(emulator.log) - before
    assert asked <= report.pages - 10 + parts.PART_PAGES + len(emulator.ready.clients)
    truth = emulator.rows("enrich_leads", company_id=emulator.ready.company_id)
    assert parquet_rows(out / "enrich_leads") == expected_rows(truth, "enrich_leads", None)
    assert not (out / ".leadgenius").exists()


async def test_a_resumed_export_asks_for_the_rest_alone(tmp_path: Path) -> None:
    """500 pages, cut off at four fifths: at most a quarter of them is asked for again."""
    async with (
        Emulator(leads=5_000, source_leads=0, clients=3, rate="off", habits=False) as service,
        connect(service) as lg,
    ):
        out = tmp_path / "out"
        with pytest.raises(CutOff):
            await lg.enrich_leads.export(out, page_size=10, chains="all", on_progress=after(400))
        before = len(service.log)
        report = await lg.enrich_leads.export(out, page_size=10, chains="all")
        asked = len(service.log) - before
    assert report.pages == 500
    assert report.rows == 5_000
    assert asked <= 125


async def test_another_query_is_refused_with_the_difference(lg: LeadGenius, tmp_path: Path) -> None:
    """An unfinished export is not mixed with another one; `overwrite` begins that one."""
    out = tmp_path / "out"
    await cut_off(lg, out, fields=["id", "email"])
    with pytest.raises(errors.ExportConflict, match=r"fields was id,email and is id,title"):
        await lg.enrich_leads.export(out, fields=["id", "title"])
    with pytest.raises(errors.ExportConflict, match="format was parquet and is ndjson"):
        await lg.enrich_leads.export(out, fields=["id", "email"], format="ndjson")
    report = await lg.enrich_leads.export(out, fields=["id", "title"], overwrite=True)
    assert report.complete
    assert report.runs == 1
    assert pq.read_table(out / "enrich_leads").column_names == ["id", "title", "_extra"]


async def test_an_overwriting_export_that_was_cut_off_goes_on(
    lg: LeadGenius, tmp_path: Path
) -> None:
    """The export that stood there goes when the first rows of its successor come, once."""
    out = tmp_path / "out"
    await lg.enrich_leads.export(out)
    await cut_off(lg, out, overwrite=True)
    report = await lg.enrich_leads.export(out, page_size=20)
    assert report.runs == 2
    assert sum(ids_in(out).values()) == report.rows == 600


@pytest.mark.fault("C4")
async def test_the_second_process_is_told_who_holds_it(lg: LeadGenius, tmp_path: Path) -> None:
    """One writes at a time; the lock goes with its process."""
    state = tmp_path / "out" / ".leadgenius"
    state.mkdir(parents=True)
    lock = Lock(state, "job-1")
    assert is_locked(state)
    with pytest.raises(errors.ExportLocked, match=r"process \d+ on .*, job job-1"):
        await lg.enrich_leads.export(tmp_path / "out")
    lock.release()
    assert not is_locked(state)
    assert (await lg.enrich_leads.export(tmp_path / "out")).complete


def test_whoever_looks_is_waited_for(tmp_path: Path) -> None:
    """Who holds it for a moment does not refuse an export that is gone on with."""
    held = Lock(tmp_path, "job-1")
    soon = threading.Timer(0.03, held.release)
    soon.start()
    Lock(tmp_path, "job-2").release()
    soon.join()


async def test_a_start_without_a_zone(lg: LeadGenius, tmp_path: Path) -> None:
    """It is no reason not to go on."""
    await cut_off(lg, tmp_path)
    journal = Journal(tmp_path / ".leadgenius" / "journal.db")
    journal.job.started_at = "2026-01-01T00:00:00"
    journal.save()
    journal.close()
    assert (await lg.enrich_leads.export(tmp_path, page_size=20)).complete


async def test_an_export_that_cannot_begin(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lets go of its folder."""

    def cannot(_: Journal) -> None:
        raise CutOff

    monkeypatch.setattr(export, "Costs", cannot)
    with pytest.raises(CutOff) as caught:
        await lg.enrich_leads.export(tmp_path / "out")
    assert is_locked(tmp_path / "out" / ".leadgenius") is False
    assert caught.type is CutOff  # its frames hold what was opened


@pytest.mark.fault("S11")
async def test_an_expired_token_begins_the_chain_anew(tmp_path: Path) -> None:
    """What was committed comes again and is dropped by its id; it is said in the report."""
    async with (
        Emulator(leads=600, source_leads=0, clients=1, rate="off", page_token_life=3600) as service,
        connect(service) as lg,
    ):
        out = tmp_path / "out"
        await cut_off(lg, out)
        service.clock.advance(4000)
        report = await lg.enrich_leads.export(out, page_size=20)
    assert report.complete
    assert report.rows == 600
    assert sum(ids_in(out).values()) == len(ids_in(out)) == 600
    assert [partition.restarts for partition in report.partitions] == [1]
    assert report.duplicates >= 180
    for file, part in zip(report.files, report.parts, strict=True):
        said = pq.read_metadata(file).metadata or {}
        assert said[b"leadgenius.job_id"].decode() == report.job_id
        assert int(said[b"leadgenius.rows"]) == part.rows


async def test_tokens_that_are_never_taken_end_the_chain(tmp_path: Path) -> None:
    """It is begun anew once a run, and no more."""
    async with (
        Emulator(leads=600, source_leads=0, clients=1, rate="off", page_token_life=1e-9) as service,
        connect(service) as lg,
    ):
        with pytest.raises(errors.PageTokenRefused, match="page token"):
            await lg.enrich_leads.export(tmp_path / "out", page_size=20)
        assert service.log.count(path="/api/enrich-leads/list") < 10


async def test_a_token_of_an_earlier_run_is_known_to_come_again(
    lg: LeadGenius, tmp_path: Path
) -> None:
    """The journal keeps the digests of all tokens of a chain, and its place in it."""
    out = tmp_path / "out"
    await cut_off(lg, out, chains="all")
    journal = Journal(out / ".leadgenius" / "journal.db")
    [chain] = journal.chains
    assert chain.report.pages >= 9
    assert len(journal.tokens_of(chain)) == chain.report.pages
    assert chain.token is not None
    assert len(chain.report.tokens_digest) == 64
    journal.close()


async def test_what_is_not_in_the_journal_was_never_there(lg: LeadGenius, tmp_path: Path) -> None:
    """A part that was cut off before its commit goes, and its pages are fetched again."""
    out = tmp_path / "out"
    await cut_off(lg, out)
    names = sorted(path.name for path in (out / "enrich_leads").iterdir())
    following = f"part-{int(names[-1][5:10]) + 1:05d}.parquet"
    (out / "enrich_leads" / following).write_bytes(b"torn")
    (out / "enrich_leads" / f".{following}.tmp").write_bytes(b"torn")
    (out / "rejects.ndjson").write_bytes(b'{"torn')
    report = await lg.enrich_leads.export(out, page_size=20)
    assert report.complete
    assert sum(ids_in(out).values()) == 600
    assert not (out / "rejects.ndjson").exists()


@pytest.mark.fault("D5")
async def test_a_part_that_was_touched_is_refused(lg: LeadGenius, tmp_path: Path) -> None:
    """Edited, missing or foreign: nothing is built upon it, and the message says what to do."""
    out = tmp_path / "out"
    await cut_off(lg, out)
    part = out / "enrich_leads" / "part-00000.parquet"
    whole = part.read_bytes()
    part.write_bytes(whole[:-1] + b"X")
    with pytest.raises(errors.ExportDamaged, match=r"part-00000\.parquet has been changed"):
        await lg.enrich_leads.export(out, page_size=20)
    part.unlink()
    with pytest.raises(errors.ExportDamaged, match=r"part-00000\.parquet is missing.*--repair"):
        await lg.enrich_leads.export(out, page_size=20)
    part.write_bytes(whole)
    foreign = out / "enrich_leads" / "part-00099.parquet"
    foreign.write_bytes(whole)
    with pytest.raises(errors.ExportDamaged, match=r"part-00099\.parquet is not in the journal"):
        await lg.enrich_leads.export(out, page_size=20)
    foreign.unlink()
    assert (await lg.enrich_leads.export(out, page_size=20)).complete


@pytest.mark.parametrize("damage", [b"", b"SQLite format 3\0 torn", b"{}"])
@pytest.mark.fault("D5")
async def test_a_damaged_journal_is_refused(lg: LeadGenius, tmp_path: Path, damage: bytes) -> None:
    """Torn, foreign or empty: it says what to do, and `overwrite` begins anew."""
    out = tmp_path / "out"
    await cut_off(lg, out)
    journal = out / ".leadgenius" / "journal.db"
    journal.write_bytes(damage)
    for path in journal.parent.glob("journal.db-*"):
        path.unlink()
    with pytest.raises(errors.ExportDamaged, match=r"journal\.db"):
        await lg.enrich_leads.export(out, page_size=20)
    report = await lg.enrich_leads.export(out, page_size=20, overwrite=True)
    assert report.complete
    assert sum(ids_in(out).values()) == 600


@pytest.mark.fault("C3")
async def test_a_cancelled_export_keeps_what_it_has(lg: LeadGenius, tmp_path: Path) -> None:
    """Pages in hand are committed before it ends."""
    out = tmp_path / "out"
    scope = anyio.CancelScope()

    def stop(progress: Progress) -> None:
        if progress.pages >= 5:
            scope.cancel()

    with scope:
        await lg.enrich_leads.export(out, page_size=20, on_progress=stop)
    assert scope.cancelled_caught
    assert sum(ids_in(out).values()) >= 60
    report = await lg.enrich_leads.export(out, page_size=20)
    assert report.rows == 600
