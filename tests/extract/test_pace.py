"""What an export takes down of what it did when: bounded, durable, over all its runs."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from accounts import connect
from hypothesis import given, strategies as st

from leadgenius_async._extract import pace
from leadgenius_async._extract.journal import Totals
from leadgenius_async._extract.pace import MOST, Pacing, Spent
from leadgenius_async._extract.report import Pace
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Progress


class Clock:
    """The time of a run, which goes on only as it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("leadgenius_async._extract.pace.time.monotonic", lambda: self.now)


def run_of(totals: Totals, *, began: float = 0.0) -> Pacing:
    """Begin a run of an export that was started so many seconds ago."""
    started = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=began)
    return Pacing(totals, started.isoformat(), rows=0)


@given(st.lists(st.tuples(st.floats(0.01, 40), st.integers(0, 50)), max_size=60))
def test_nothing_is_lost_however_long_it_takes(steps: list[tuple[float, int]]) -> None:
    """Stretches are few, in order, of one length, and add up to what was spent."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(pace, "MOST", 8)
        clock, totals, spent = Clock(monkeypatch), Totals(), Spent()
        pacing = run_of(totals)
        for seconds, requests in steps:
            clock.now += seconds
            spent = Spent(spent.requests + requests, 0, 0.0, spent.rows + 3 * requests)
            pacing.note(spent, 100.0)
    assert len(totals.pace) <= 8
    assert sum(each.requests for each in totals.pace) == spent.requests
    assert sum(each.rows for each in totals.pace) == spent.rows
    assert sum(each.seconds for each in totals.pace) == pytest.approx(clock.now)
    starts = [each.at for each in totals.pace]
    assert starts == sorted({*starts})
    assert all(start % totals.pace_seconds == 0 for start in starts)


def test_a_gap_between_runs_takes_no_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A month in which nobody went on with an export costs none of what is known of its runs."""
    clock, totals = Clock(monkeypatch), Totals()
    for began in (0.0, 30 * 86400.0):
        pacing = run_of(totals, began=began)
        for n in range(1, 21):
            clock.now += 5
            pacing.note(Spent(requests=8 * n), 100.0)
    assert totals.pace_seconds == 10
    assert 20 <= len(totals.pace) <= 22
    assert max(after.at - before.at for before, after in pairwise(totals.pace)) > 2e6


def test_a_clock_that_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time goes on from what has been."""
    clock, totals = Clock(monkeypatch), Totals()
    for began in (500.0, 100.0):
        pacing = run_of(totals, began=began)
        clock.now += 15
        pacing.note(Spent(requests=1), None)
    starts = [each.at for each in totals.pace]
    assert starts == sorted(starts)
    assert sum(each.requests for each in totals.pace) == 2


@pytest.mark.parametrize("started_at", ["", "soon", "9999-12-31T23:59:59-05:00"])
def test_a_start_that_nobody_can_read(monkeypatch: pytest.MonkeyPatch, started_at: str) -> None:
    """Time begins now."""
    clock, totals = Clock(monkeypatch), Totals()
    pacing = Pacing(totals, started_at, rows=0)
    clock.now += 5
    pacing.note(Spent(requests=1), None)
    assert [(each.at, each.seconds) for each in totals.pace] == [(0, 5)]


def test_it_stays_small() -> None:
    """What every commit of the journal writes of it is a few pages of SQLite at the most."""
    totals = Totals()
    totals.pace = [
        msgspec.structs.replace(Pace(at=1e6), seconds=9.999999, requests=160, rows=80_000)
        for _ in range(MOST)
    ]
    assert len(msgspec.json.encode(totals)) < 50_000


class CutOff(Exception):
    """Stands for whatever ends an export."""


async def test_it_is_kept_over_runs(tmp_path: Path) -> None:
    """Requests and rows of both runs are in it, by the journal, and the limit that was in force."""

    def stop(progress: Progress) -> None:
        if progress.pages >= 4:
            raise CutOff

    emulator = Emulator(leads=400, source_leads=0, clients=2, rate="off")
    async with emulator, connect(emulator) as lg:
        with pytest.raises(CutOff):
            await lg.enrich_leads.export(tmp_path, page_size=25, on_progress=stop)
        report = await lg.enrich_leads.export(tmp_path, page_size=25)
    assert report.runs == 2
    assert sum(each.requests for each in report.pace) == report.requests
    assert sum(each.rows for each in report.pace) >= report.rows
    assert {each.limit for each in report.pace} == {None}
    assert sum(each.seconds for each in report.pace) == pytest.approx(report.seconds, abs=0.2)


async def test_rows_are_counted_once(tmp_path: Path) -> None:
    """The ids that a sweep reads are no rows that were taken."""
    emulator = Emulator(leads=200, source_leads=0, clients=3, rate="off")
    async with emulator, connect(emulator) as lg:
        report = await lg.enrich_leads.export(tmp_path, chains="clients")
    assert {chain.kind for chain in report.partitions} >= {"rows", "sweep"}
    taken = sum(chain.rows for chain in report.partitions if chain.kind != "sweep")
    assert sum(each.rows for each in report.pace) == taken
