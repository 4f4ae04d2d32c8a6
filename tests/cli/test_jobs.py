"""`leadgenius jobs` and `verify`: what stands in folders, and whether it is whole."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from accounts import connect
from world import World, running_world

from leadgenius_async import errors
from leadgenius_async._extract import jobs, parts
from leadgenius_async._extract.jobs import discard, find_jobs, read_job, verify
from leadgenius_async._extract.journal import Journal
from leadgenius_async._extract.lock import Lock
from leadgenius_async._writes.jobs import find_imports
from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Progress


class CutOff(Exception):
    """Stands for whatever ends an export."""


def stop(progress: Progress) -> None:
    if progress.pages >= 8:
        raise CutOff


async def leave_unfinished(emulator: Emulator, out: Path, **options: Any) -> None:
    """Begin an export of 20 rows, and end it in the middle."""
    async with connect(emulator) as lg:
        with pytest.raises(CutOff):
            await lg.enrich_leads.export(out, page_size=2, on_progress=stop, **options)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run an emulator, with its account in the environment and a folder of its own to be in."""
    monkeypatch.setattr(parts, "PART_PAGES", 2)
    monkeypatch.chdir(tmp_path)
    with running_world() as found:
        for name, value in found.environment().items():
            monkeypatch.setenv(name, value)
        yield found


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_from_list_to_resume(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """An unfinished export is found, shown, and gone on with by its id, as it was asked for."""
    world.portal.call(
        lambda: leave_unfinished(
            world.emulator,
            Path("deep/down/out"),
            fields=["id"],
            strict_schema=True,
            since="2001-01-01",
            limit=5_000,
            compression="gzip",
            max_file_bytes=1_234_567,
        )
    )
    assert run(["jobs", "list", "--json"]) == 0
    [job] = answer(capsys)
    assert (job["state"], job["out"], job["table"]) == (
        "unfinished",
        "deep/down/out",
        "enrich_leads",
    )
    assert 0 < job["rows"] < 20
    assert run(["jobs", "show", job["job_id"], "--json"]) == 0
    shown = answer(capsys)
    assert shown["spec"]["fields"] == ["id"]
    assert shown["partitions"][0]["pages"] > 0
    assert run(["jobs", "resume", job["job_id"], "--json"]) == 0
    report = answer(capsys)
    assert report["complete"]
    assert report["runs"] == 2
    assert run(["jobs", "show", "deep/down/out", "--json"]) == 0
    assert answer(capsys)["state"] == "complete"
    assert run(["jobs", "resume", "deep/down/out"]) == failures.USAGE
    assert "complete" in capsys.readouterr().err


def test_discard(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """It deletes what the export wrote, after a question, and nothing else."""
    world.portal.call(lambda: leave_unfinished(world.emulator, Path("out")))
    Path("out/mine.txt").write_text("mine")
    assert run(["jobs", "discard", "out"]) == failures.USAGE
    assert "--yes" in capsys.readouterr().err
    assert run(["jobs", "discard", "out", "--yes", "--json"]) == 0
    assert answer(capsys) == {"deleted": 1, "out": "out"}
    assert [path.name for path in Path("out").iterdir()] == ["mine.txt"]
    assert run(["jobs", "discard", "out", "--yes"]) == failures.USAGE
    assert run(["jobs", "list", "nowhere"]) == failures.USAGE
    capsys.readouterr()


def test_layouts(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """One file, or a folder a client; what does not go together is a mistake in usage."""
    layout: dict[str, Any] = {"partition_by": "client_id", "single_file": True}
    world.portal.call(lambda: leave_unfinished(world.emulator, Path("both"), **layout))
    assert run(["jobs", "resume", "both", "--json"]) == 0
    assert layout.items() <= answer(capsys).items()
    command = ["export", "enrich-leads", "--out"]
    assert run([*command, "one", "--format", "ndjson", "--single-file"]) == 0
    assert [path.name for path in Path("one/enrich_leads").iterdir()] == ["part-00000.ndjson.zst"]
    assert run([*command, "by", "--partition-by", "client_id"]) == 0
    files = [path for path in Path("by").rglob("*") if path.suffix == ".parquet"]
    assert all(path.parent.name.startswith("client_id=") for path in files)
    assert run(["verify", "by"]) == 0
    assert run([*command, "no", "--partition-by", "client_id", "--format", "ndjson"]) == 2
    assert run([*command, "no", "--partition-by", "client_id", "--fields", "id"]) == 2
    assert "add it" in capsys.readouterr().err
    assert run(["jobs", "discard", "by", "--yes"]) == 0
    assert not Path("by").exists()


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
def test_verify(capsys: pytest.CaptureFixture[str], format_: str) -> None:
    """Whole files pass; one that was changed, lost or added is named, with exit code 6."""
    assert run(["export", "enrich-leads", "--out", "out", "--format", format_]) == 0
    capsys.readouterr()
    assert run(["verify", "out", "--json"]) == 0
    verdict = answer(capsys)
    assert verdict["ok"]
    assert verdict["rows"] == json.loads(Path("out/manifest.json").read_text())["rows"]
    [part] = Path("out/enrich_leads").iterdir()
    whole = part.read_bytes()
    part.write_bytes(whole[:-4] + b"XXXX")
    assert run(["verify", "out"]) == failures.PARTIAL
    assert f"{part.name} has been changed" in capsys.readouterr().err
    part.unlink()
    assert run(["verify", "out"]) == failures.PARTIAL
    assert f"{part.name} is missing" in capsys.readouterr().err
    part.write_bytes(whole)
    part.with_name(part.name.replace("00000", "00007")).write_bytes(whole)
    Path("out/_SUCCESS").unlink()
    assert run(["verify", "out"]) == failures.PARTIAL
    said = capsys.readouterr().err
    assert "00007" in said
    assert "_SUCCESS is missing" in said


async def test_states(emulator: Emulator, tmp_path: Path) -> None:
    """Running, unfinished, damaged, none: each is told by what stands there."""
    out = tmp_path / "a" / "out"
    assert read_job(tmp_path) is None
    await leave_unfinished(emulator, out)
    lock = Lock(out / ".leadgenius", "job-1")
    found = read_job(out)
    assert found is not None
    assert found.state == "running"
    assert found.holder is not None
    assert found.holder.job_id == "job-1"
    with pytest.raises(errors.ExportLocked):
        discard(out)
    lock.release()
    (out / ".leadgenius" / "journal.db").write_bytes(b"torn")
    for path in (out / ".leadgenius").glob("journal.db-*"):
        path.unlink()
    broken = tmp_path / "b"
    broken.mkdir()
    (broken / "manifest.json").write_bytes(b"{")
    found_jobs = await anyio.to_thread.run_sync(lambda: list(find_jobs(tmp_path)))
    assert [job.state for job in found_jobs] == ["damaged", "damaged"]
    assert all(job.problem for job in found_jobs)
    with pytest.raises(errors.ExportDamaged, match="cannot be read"):
        verify(broken)
    with pytest.raises(errors.ExportDamaged, match="no manifest"):
        verify(tmp_path)


async def test_a_journal_that_is_being_closed(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite may tell that as an I/O error: it is opened once more."""
    out = tmp_path / "out"
    await leave_unfinished(emulator, out)
    tries: list[Path] = []

    def closing_once(path: Path, *, writable: bool) -> Journal:
        tries.append(path)
        if len(tries) == 1:
            raise OSError("disk I/O error")
        return Journal(path, writable=writable)

    monkeypatch.setattr(jobs, "Journal", closing_once)
    found = read_job(out)
    assert found is not None
    assert (found.state, len(tries)) == ("unfinished", 2)


def test_folders_of_others_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be read does not end the list of those that may."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_bytes(b"{")
    scandir = os.scandir

    def closed(folder: Path) -> Any:
        if folder.name == "a":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", closed)
    assert [Path(job.out).name for job in find_jobs(tmp_path)] == ["a", "b"]


def leave_import(world: World, *options: str, file: str = "people.csv") -> None:
    """Begin an import of three rows whose creates are refused."""
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    rows = "".join(f"N{n},Sample,n{n}@import.example,{n}\n" for n in range(3))
    Path(file).write_text(f"firstName,lastName,email,Size\n{rows}")
    world.emulator.change(refused_writes=1.0, refusal=401)
    command = ["leads", "import", file, "--client", "acme-corp", "--map", "Size=notes", *options]
    assert run(command) == failures.AUTH
    world.emulator.change(refused_writes=0.0)


@pytest.fixture
def by_key(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The same account by its API key alone."""
    monkeypatch.delenv("LEADGENIUS_USERNAME")
    monkeypatch.delenv("LEADGENIUS_PASSWORD")
    return world


def test_an_import_from_list_to_resume(by_key: World, capsys: pytest.CaptureFixture[str]) -> None:
    """It is found beside exports, shown, and gone on with by its id from any folder above it."""
    by_key.portal.call(lambda: leave_unfinished(by_key.emulator, Path("deep/out")))
    leave_import(by_key, "--report", "report.ndjson", file="deep/down/people.csv")
    capsys.readouterr()
    assert run(["jobs", "list", "--json"]) == 0
    export, job = answer(capsys)
    assert (export["kind"], export["out"]) == ("export", "deep/out")
    assert (job["kind"], job["state"], job["out"]) == (
        "import",
        "unfinished",
        "deep/down/people.csv.import",
    )
    assert (job["read"], job["rows"], job["client_id"]) == (3, 0, "acme-corp")
    assert run(["jobs", "list"]) == 0
    head, of_export, of_import = capsys.readouterr().out.splitlines()
    assert head.split()[2:7] == ["state", "out", "of", "rows", "progress"]
    assert re.search(r"enrich_leads +[0-9]+ +[0-9] of [0-9] chains ", of_export)
    assert "  import  unfinished  " in of_import
    # A lead may have been on its way when another was refused: it is "not seen yet" then.
    assert re.search(r" acme-corp +0 +0 of 3 rows[ ,]", of_import)
    assert run(["jobs", "show", job["job_id"], "--json"]) == 0
    shown = answer(capsys)
    assert shown["file"] == str(Path("deep/down/people.csv").absolute())
    assert shown["open"] == 0
    assert "leads import" in shown["command"]
    assert "--map Size=notes" in shown["command"]
    assert run(["jobs", "resume", job["job_id"], "--json"]) == 0
    report = answer(capsys)
    assert (report["created"], report["runs"]) == (3, 2)
    assert ("2",) in by_key.emulator.created("notes")
    assert len(Path("report.ndjson").read_text().splitlines()) == 3
    assert not Path("deep/down/people.csv.import").exists()


def test_an_import_without_its_file(by_key: World, capsys: pytest.CaptureFixture[str]) -> None:
    """What it goes on from is told as the exact command line to give."""
    leave_import(by_key)
    Path("people.csv").rename("gone.csv")
    assert run(["jobs", "resume", "people.csv.import"]) == failures.USAGE
    said = capsys.readouterr().err
    assert "its rows are not here" in said
    assert "leadgenius leads import" in said
    assert "--client acme-corp --map Size=notes" in said
    Path("people.csv.import/command.json").unlink()
    assert run(["jobs", "resume", "people.csv.import"]) == failures.USAGE
    assert "leads import FILE … --journal people.csv.import" in capsys.readouterr().err
    assert run(["jobs", "show", "people.csv.import"]) == 0
    capsys.readouterr()


def test_an_import_is_discarded(by_key: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Its journal goes, after a question; what others put there stays, and nobody is at it."""
    leave_import(by_key)
    folder = Path("people.csv.import")
    (folder / "mine.txt").write_text("mine")
    assert run(["jobs", "discard", str(folder)]) == failures.USAGE
    assert "3 of its rows not at an end: give --yes" in capsys.readouterr().err
    lock = Lock(folder, "job-1")
    assert run(["jobs", "show", str(folder), "--json"]) == 0
    shown = answer(capsys)
    assert (shown["state"], shown["holder"]["job_id"]) == ("running", "job-1")
    assert run(["jobs", "discard", str(folder), "--yes"]) == failures.OTHER
    assert "is under way in process" in capsys.readouterr().err
    lock.release()
    assert run(["jobs", "discard", str(folder), "--yes", "--json"]) == 0
    assert answer(capsys) == {"deleted": 1, "out": str(folder)}
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    assert run(["jobs", "discard", str(folder), "--yes"]) == failures.USAGE
    capsys.readouterr()


def test_journals_of_others_are_no_imports(tmp_path: Path) -> None:
    """A database of that name may be anybody's; only where ours should stand is it damaged."""
    for name, content in (("a", b"torn"), ("b", b""), ("c.csv.import", b"torn" * 300)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "journal.db").write_bytes(content)
    [found] = find_imports(tmp_path)
    assert (found.state, Path(found.out).name) == ("damaged", "c.csv.import")
    assert found.problem
