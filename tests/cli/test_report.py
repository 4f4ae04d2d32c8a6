"""`leadgenius report`: of every kind of folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from accounts import connect
from world import World

from leadgenius_async import errors, make_report
from leadgenius_async._extract import jobs, lock, parts
from leadgenius_async._extract.journal import Journal
from leadgenius_async._extract.own_files import JOURNAL, STATE, forget
from leadgenius_async._extract.report import PartReport
from leadgenius_async._extract.rewrite import extra_fields
from leadgenius_async._report import counting
from leadgenius_async._report.standing import Standing, read_standing
from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run
from leadgenius_async.models import Progress

EXPORT = ["export", "enrich-leads", "--out"]


class CutOff(Exception):
    """Stands for whatever ends an export."""


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def refused(capsys: pytest.CaptureFixture[str], *command: str, code: int) -> str:
    """Run a command that must fail so, and return what it says."""
    capsys.readouterr()
    assert run(["report", *command]) == code
    return capsys.readouterr().err


@pytest.mark.usefixtures("world")
def test_text_json_and_page(capsys: pytest.CaptureFixture[str]) -> None:
    """The same figures, three ways."""
    assert run([*EXPORT, "leads"]) == 0
    capsys.readouterr()
    assert run(["report", "leads"]) == 0
    assert "22 leads of company-1 (enrich_leads)" in capsys.readouterr().out
    assert run(["report", "leads", "--json", "--html", "report.html"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 22
    assert found["run"]["requests"] == sum(each["requests"] for each in found["run"]["pace"]) > 0
    assert 'id="clients"' in Path("report.html").read_text()
    assert "acme-corp" in Path("report.html").read_text()
    assert "@" not in Path("report.html").read_text().split("</style>")[1]
    Path("mine.html").write_text("mine")
    assert "--overwrite" in refused(capsys, "leads", "--html", "mine.html", code=failures.USAGE)
    assert run(["report", "leads", "--html", "mine.html", "--overwrite"]) == 0


@pytest.mark.usefixtures("world")
def test_only_some_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """What was not asked for is null, and not zero."""
    assert run([*EXPORT, "leads", "--fields", "id,title"]) == 0
    report = make_report("leads")
    assert (report.clients, report.duplicates, report.growth, report.scores) == (None,) * 3 + ([],)
    assert [field.field for field in report.fields] == ["id", "title"]
    capsys.readouterr()
    assert run(["report", "leads"]) == 0
    assert "the files have no column email" in capsys.readouterr().out


@pytest.fixture
def unfinished(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An export that was cut off."""
    monkeypatch.setattr(parts, "PART_PAGES", 2)

    def stop(progress: Progress) -> None:
        if progress.pages >= 8:
            raise CutOff

    async def cut_off() -> None:
        async with connect(world.emulator) as lg:
            with pytest.raises(CutOff):
                await lg.enrich_leads.export("leads", page_size=2, on_progress=stop)

    world.portal.call(cut_off)
    return Path("leads")


@pytest.mark.usefixtures("unfinished")
def test_an_unfinished_export() -> None:
    """What is durable is counted, by the journal, with or without a manifest."""
    report = make_report("leads")
    assert report.state == "unfinished"
    assert report.clients
    assert 0 < report.rows == sum(each.rows for each in report.clients.largest) < 22
    assert report.findings.chains_done < report.findings.chains
    assert report.run.pace
    Path("leads/manifest.json").unlink()
    assert make_report("leads") == report


def test_an_export_that_ends_meanwhile(unfinished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that goes in the moment of a look is not made anew: the manifest tells."""
    journal = unfinished / STATE / JOURNAL
    kept = journal.read_bytes()

    def ending(path: Path, *, writable: bool) -> Journal:
        forget(path.parent)
        return Journal(path, writable=writable)

    monkeypatch.setattr(jobs, "Journal", ending)
    assert make_report(unfinished).state == "incomplete"
    assert not journal.exists()
    journal.write_bytes(kept)
    found = jobs.read_job(unfinished)
    assert found is not None
    assert found.state == "incomplete"
    assert not journal.exists()


def test_an_export_of_somebody_else(unfinished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the lock cannot be opened, nothing is said of whether it runs."""

    def not_allowed(path: Path) -> bool:
        raise PermissionError(path)

    monkeypatch.setattr(lock, "_is_held", not_allowed)
    report = make_report(unfinished)
    assert report.state == "unfinished"
    assert "its owner alone can tell" in str(report.incomplete_because)


def test_a_folder_that_cannot_be_written_to(unfinished: Path) -> None:
    """A journal is read without a file beside it."""
    state = unfinished / STATE
    before = {*state.iterdir()}
    journal = Journal(state / JOURNAL, writable=False)
    try:
        assert {*state.iterdir()} == before
        assert sum(part.rows for part in journal.parts.values()) == make_report(unfinished).rows
    finally:
        journal.close()


@pytest.mark.usefixtures("world")
def test_files_that_are_replaced_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read again, and once more they are not called damaged."""
    assert run([*EXPORT, "leads"]) == 0
    outdated = [1]

    def a_moment_ago(out: Path) -> Standing:
        found = read_standing(out)
        if outdated:
            name = f"enrich_leads/part-{90_000 + outdated.pop()}.parquet"
            found.report.parts = [PartReport(name, found.report.rows, found.report.bytes)]
        return found

    monkeypatch.setattr(counting, "read_standing", a_moment_ago)
    assert make_report("leads").rows == 22
    outdated = [1, 2, 3]
    with pytest.raises(errors.ExportConflict, match="written anew"):
        make_report("leads")


@pytest.mark.usefixtures("world")
def test_figures_that_no_export_has() -> None:
    """The manifest is named; nothing overflows, and no chart of a thousand stretches is drawn."""
    assert run([*EXPORT, "leads"]) == 0
    path = Path("leads/manifest.json")
    whole: dict[str, Any] = json.loads(path.read_bytes())
    [stretch, *_] = whole["pace"]
    for change in (
        {"rows": 10**400},
        {"seconds": -1.0},
        {"pace": [stretch | {"at": 1e308}]},
        {"pace": [stretch] * 1_000},
        {"parts": [part | {"bytes": 10**30} for part in whole["parts"]]},
    ):
        path.write_text(json.dumps(whole | change))
        with pytest.raises(errors.ExportDamaged, match=r"manifest\.json"):
            make_report("leads")


@pytest.mark.usefixtures("world")
def test_an_older_manifest() -> None:
    """One that does not say what was done when is read all the same."""
    assert run([*EXPORT, "leads"]) == 0
    path = Path("leads/manifest.json")
    manifest: dict[str, Any] = json.loads(path.read_bytes())
    del manifest["pace"], manifest["pace_seconds"]
    path.write_text(json.dumps(manifest))
    assert make_report("leads").run.pace is None
    assert run(["report", "leads", "--html", "report.html"]) == 0
    assert "was not recorded" in Path("report.html").read_text()


@pytest.mark.usefixtures("world")
def test_an_empty_export() -> None:
    """There is nothing to divide by."""
    assert run([*EXPORT, "leads", "--since", "2999-01-01", "--allow-empty"]) == 0
    report = make_report("leads")
    assert report.rows == 0
    assert {field.share for field in report.fields} == {0.0}
    assert run(["report", "leads", "--html", "report.html"]) == 0


def test_compacted(world: World) -> None:
    """A compacted dataset holds the same, with what was promoted as columns."""
    world.emulator.insert("enrich_leads", [{"client_id": "acme-corp", "intentTopic": "data"}])
    assert run([*EXPORT, "leads"]) == 0
    before = make_report("leads")
    assert before.extra == {"intentTopic": 1}
    assert run(["compact", "leads", "--promote"]) == 0
    after = make_report("leads")
    assert after.extra == {}
    assert (after.clients, after.growth) == (before.clients, before.growth)
    assert {field.field: field.rows for field in after.fields}["intentTopic"] == 1


def spoilt(path: Path, column: str) -> bytes:
    """Return a part in whose column a byte is another one."""
    group = pq.read_metadata(path).row_group(0)
    [chunk] = [
        group.column(n) for n in range(group.num_columns)
        if group.column(n).path_in_schema == column
    ]  # fmt: skip
    data = bytearray(path.read_bytes())
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    data[start + chunk.total_compressed_size - 1] ^= 0xFF
    return bytes(data)


def test_damaged_files(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is named, whatever is wrong with it."""
    world.emulator.insert("enrich_leads", [{"client_id": "acme-corp", "intentTopic": "data"}])
    assert run([*EXPORT, "leads"]) == 0
    path = Path("leads/enrich_leads/part-00000.parquet")
    whole = path.read_bytes()
    for data in (whole[:-100], whole[:-4] + b"xxxx", whole[:4] + b"\0" * 2_000 + whole[2_004:]):
        path.write_bytes(data)
        assert str(path) in refused(capsys, "leads", code=failures.OTHER)
    path.write_bytes(whole)
    path.write_bytes(spoilt(path, "_extra"))
    with pytest.raises(errors.ExportDamaged, match="part-00000"):
        extra_fields(Path("leads"), [PartReport("enrich_leads/part-00000.parquet", 0, 0)])
    path.unlink()
    assert "is missing" in refused(capsys, "leads", code=failures.OTHER)


@pytest.mark.usefixtures("world")
def test_other_folders(capsys: pytest.CaptureFixture[str]) -> None:
    """What holds no Parquet export says what to do instead."""
    assert run([*EXPORT, "lines", "--format", "ndjson"]) == 0
    assert "--format parquet" in refused(capsys, "lines", code=failures.USAGE)
    Path("nothing").mkdir()
    assert "no export" in refused(capsys, "nothing", code=failures.USAGE)
    assert "no folder" in refused(capsys, "nowhere", code=failures.USAGE)
    assert run([*EXPORT, "leads"]) == 0
    inner = refused(capsys, "leads/enrich_leads", code=failures.USAGE)
    assert "give the folder that it is in" in inner
    tenants = {"table": "enrich_leads", "out": "all", "tenants": [
        {"name": name, "status": "complete", "out": f"all/{name}"} for name in ("acme", "beta")
    ]}  # fmt: skip
    Path("nothing/tenants.json").write_text(json.dumps(tenants))
    assert "(acme, beta)" in refused(capsys, "nothing", code=failures.USAGE)
    error = json.loads(refused(capsys, "s3://bucket/leads", "--json", code=failures.USAGE))
    assert "no folder on this machine" in error["message"]
