"""`leadgenius report`: of every kind of folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from accounts import connect
from world import World

from leadgenius_async import make_report
from leadgenius_async._extract import parts
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


def test_an_unfinished_export(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is durable is counted, by the journal, with or without a manifest."""
    monkeypatch.setattr(parts, "PART_PAGES", 2)

    def stop(progress: Progress) -> None:
        if progress.pages >= 8:
            raise CutOff

    async def cut_off() -> None:
        async with connect(world.emulator) as lg:
            with pytest.raises(CutOff):
                await lg.enrich_leads.export("leads", page_size=2, on_progress=stop)

    world.portal.call(cut_off)
    report = make_report("leads")
    assert report.state == "unfinished"
    assert report.clients
    assert 0 < report.rows == sum(each.rows for each in report.clients.largest) < 22
    assert report.findings.chains_done < report.findings.chains
    assert report.run.pace
    Path("leads/manifest.json").unlink()
    assert make_report("leads") == report


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


@pytest.mark.usefixtures("world")
def test_damaged_files(capsys: pytest.CaptureFixture[str]) -> None:
    """The file is named, whatever is wrong with it."""
    assert run([*EXPORT, "leads"]) == 0
    path = Path("leads/enrich_leads/part-00000.parquet")
    whole = path.read_bytes()
    for data in (whole[:-100], whole[:-4] + b"xxxx", whole[:4] + b"\0" * 2_000 + whole[2_004:]):
        path.write_bytes(data)
        assert str(path) in refused(capsys, "leads", code=failures.OTHER)
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
