"""Rows that come, change and go while an export goes on."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from accounts import connect

from leadgenius_async._extract import parts
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import ExportReport, Progress

TABLE = "enrich_leads"
LOST = 21  # rows under a client that no client is, of 400: five in a hundred


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few pages make a part, so that short exports have many commits."""
    monkeypatch.setattr(parts, "PART_PAGES", 3)


class Meanwhile:
    """Changes rows of an emulator with each page of an export, as other users do.

    Args:
        service: The emulator.
        seed: The same seed does the same.

    Attributes:
        ever: Ids of rows that were there at some time.
        throughout: Ids of those that were there all the time.
        deleted: Those that were deleted.
    """

    def __init__(self, service: Emulator, seed: int) -> None:
        self._service = service
        self._dice = random.Random(seed)  # noqa: S311 - repeats what a seed chose
        self._page = 0
        self.ever = ids_of(service)
        self.throughout = set(self.ever)
        self.deleted: set[str] = set()

    def __call__(self, progress: Progress) -> None:
        if progress.pages == self._page:
            return
        self._page = progress.pages
        self.change(f"{self._page}")

    def change(self, mark: str) -> None:
        """Delete a row, move one to another client, change one, and make one."""
        service, dice = self._service, self._dice
        here = sorted(self.ever - self.deleted)
        gone, moved, changed = dice.sample(here, 3)
        service.delete(TABLE, [gone])
        self.deleted.add(gone)
        self.throughout.discard(gone)
        names = [client.client_id for client in service.ready.clients]
        service.update(TABLE, moved, {"client_id": dice.choice(names)})
        service.update(TABLE, changed, {"title": f"changed at {mark}"})
        new = f"new-{mark}"
        service.insert(TABLE, [{"id": new, "client_id": dice.choice([*names, "nobody"])}])
        self.ever.add(new)


def ids_of(service: Emulator) -> set[str]:
    return {json.loads(row)["id"] for row in service.rows_projected(TABLE, ["id"])}


def ids_in(out: Path) -> Counter[str | None]:
    return Counter(pq.read_table(out / TABLE, columns=["id"])["id"].to_pylist())


def lose_some(service: Emulator) -> None:
    """Add rows that no client's chain brings: of unknown clients, and of none."""
    lost = [{"id": f"lost-{n}", "client_id": f"gone-{n % 2}"} for n in range(LOST - 1)]
    service.insert(TABLE, [*lost, {"id": "lost-alone", "client_id": None}])


def check(out: Path, report: ExportReport, meanwhile: Meanwhile) -> Counter[str | None]:
    """Check that each row that was there throughout is in the files, once, and no invented one."""
    ids = ids_in(out)
    assert set(ids.values()) == {1}
    assert meanwhile.throughout <= set(ids) <= meanwhile.ever
    assert report.complete, report.incomplete_because
    assert report.rows == len(ids)
    return ids


@pytest.mark.parametrize("recovery", ["of two clients", "over all"])
async def test_rows_of_unknown_clients_are_found(tmp_path: Path, recovery: str) -> None:
    """By a sweep over all ids; then by a chain each, or over all where a row has no client."""
    async with emulator() as service, connect(service) as lg:
        lose_some(service)
        if recovery == "of two clients":
            service.delete(TABLE, ["lost-alone"])
        truth = ids_of(service)
        report = await lg.enrich_leads.export(tmp_path / "out", page_size=20, chains="clients")
    assert ids_in(tmp_path / "out") == Counter(truth)
    assert report.complete
    lost = LOST - (recovery == "of two clients")
    assert (report.missing, report.orphans, report.recovered) == (lost, lost, lost)
    assert report.duplicates == 0
    recovered = [p.client_id for p in report.partitions if p.kind == "recovery"]
    assert recovered == (["gone-0", "gone-1"] if recovery == "of two clients" else [None])
    assert sum(p.rows for p in report.partitions if p.kind == "recovery") == lost


@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
@pytest.mark.parametrize("fields", [None, ["email"]])
async def test_one_chain_over_all_has_them_anyway(
    tmp_path: Path, format_: Any, fields: list[str] | None
) -> None:
    """No sweep is needed, and none is made."""
    async with emulator() as service, connect(service) as lg:
        lose_some(service)
        report = await lg.enrich_leads.export(
            tmp_path / "out", page_size=20, chains="all", format=format_, fields=fields
        )
    assert report.complete
    assert report.rows == 400 + LOST
    assert (report.missing, report.orphans, report.recovered) == (0, 0, 0)
    assert [p.kind for p in report.partitions] == ["rows"]


def emulator(**options: Any) -> Emulator:
    settings: dict[str, Any] = {
        "leads": 400,
        "source_leads": 0,
        "clients": 4,
        "rate": "off",
        "habits": False,
    }
    return Emulator(**{**settings, **options})


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("chains", ["all", "clients"])
@pytest.mark.fault("S10")
async def test_rows_that_change_meanwhile(tmp_path: Path, chains: Any, seed: int) -> None:
    """Inserted, moved between clients, changed and deleted, with every page of the walk."""
    out = tmp_path / "out"
    async with emulator(repeat_share=0.1, habits=True) as service, connect(service) as lg:
        lose_some(service)
        meanwhile = Meanwhile(service, seed)
        report = await lg.enrich_leads.export(
            out, page_size=10, chains=chains, on_progress=meanwhile, concurrency=2
        )
    ids = check(out, report, meanwhile)
    assert len(meanwhile.deleted) > 20
    assert report.duplicates > 0
    if chains == "all":
        return
    assert report.missing >= report.orphans >= len(meanwhile.throughout & set(lost_ids()))
    assert report.recovered <= report.missing
    brought = sum(p.rows for p in report.partitions if p.kind == "recovery")
    assert brought >= report.recovered
    assert set(lost_ids()) - meanwhile.deleted <= set(ids)


def lost_ids() -> list[str]:
    return [*(f"lost-{n}" for n in range(LOST - 1)), "lost-alone"]


async def test_rows_that_go_after_the_sweep(tmp_path: Path) -> None:
    """Those that were deleted are not recovered; those that went to another client are."""
    out = tmp_path / "out"
    async with emulator() as service, connect(service) as lg:
        lose_some(service)
        service.delete(TABLE, ["lost-alone"])
        known = service.ready.clients[0].client_id

        def go(_: Progress) -> None:
            if swept(service) and "lost-3" in ids_of(service):
                service.delete(TABLE, ["lost-3", "lost-4"])
                service.update(TABLE, "lost-5", {"client_id": known})

        report = await lg.enrich_leads.export(out, page_size=20, chains="clients", on_progress=go)
        assert ids_in(out) == Counter(ids_of(service))
    assert report.complete
    assert (report.missing, report.recovered, report.duplicates) == (LOST - 1, LOST - 3, 0)
    recovery = [(p.client_id, p.rows) for p in report.partitions if p.kind == "recovery"]
    assert recovery == [("gone-0", 9), ("gone-1", 8), (None, 1)]


def swept(service: Emulator) -> bool:
    """Return whether the sweep has come to its end: it alone asks for some fields only."""
    pages = [entry for entry in service.log if "fields" in entry.query]
    return sum(entry.rows or 0 for entry in pages) > 400


@pytest.mark.parametrize("chains", ["all", "clients"])
async def test_the_newest_of_two_versions_is_kept(tmp_path: Path, chains: Any) -> None:
    """A row that was changed after it was read comes again at its listing's end."""
    out = tmp_path / "out"
    async with emulator(clients=1) as service, connect(service) as lg:
        first = json.loads(next(service.rows_projected(TABLE, ["id"])))["id"]

        def change(progress: Progress) -> None:
            if progress.pages == 5:
                service.update(TABLE, first, {"title": "newer"})

        report = await lg.enrich_leads.export(
            out, page_size=20, chains=chains, on_progress=change, concurrency=1
        )
    assert report.complete
    assert report.duplicates == 1
    rows = pq.read_table(out / TABLE, columns=["id", "title"]).to_pylist()
    assert [row["title"] for row in rows if row["id"] == first] == ["newer"]
    assert len(rows) == 400


@pytest.mark.parametrize("chains", ["all", "clients"])
async def test_rows_that_change_between_two_runs(tmp_path: Path, chains: Any) -> None:
    """An export that was cut off and gone on with keeps the same promise."""
    out = tmp_path / "out"

    class CutOff(Exception):
        """Stands for whatever ends an export."""

    async with emulator() as service, connect(service) as lg:
        lose_some(service)
        meanwhile = Meanwhile(service, seed=4)

        def then_stop(progress: Progress) -> None:
            meanwhile(progress)
            if progress.pages >= 25:
                raise CutOff

        with pytest.raises(CutOff):
            await lg.enrich_leads.export(out, page_size=10, chains=chains, on_progress=then_stop)
        for n in range(30):
            meanwhile.change(f"night-{n}")
        report = await lg.enrich_leads.export(
            out, page_size=10, chains=chains, on_progress=meanwhile
        )
    check(out, report, meanwhile)
    assert report.runs == 2
