"""`leadgenius export --estimate`: what it would cost, and nothing is taken out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from world import World

from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own, where nothing may be left."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.mark.usefixtures("world")
def test_a_handful_of_lines(capsys: Said, folder: Path) -> None:
    """For people: rows, requests and minutes, bytes twice, and what it is from; no file."""
    assert run(["export", "enrich-leads", "--estimate", "--format", "ndjson"]) == 0
    said = capsys.readouterr()
    rows, requests, wire, disk, how = said.out.splitlines()
    assert rows == "22 rows of enrich_leads, which is all"
    assert requests.startswith("1 requests of ")
    assert "minutes at no limit" in requests
    assert "MB on the wire" in wire
    assert "MB of ndjson" in disk
    assert how == "estimated from the first 22 rows, with 2 requests"
    assert said.err == ""
    assert [*folder.iterdir()] == []


def test_one_object(world: World, capsys: Said) -> None:
    """For programs: the same figures, of what the options ask for."""
    line = ["export", "enrich-leads", "--estimate", "--json", "--page-size", "1"]
    company = ["--company-id", world.emulator.ready.company_id]
    assert run([*line, *company, "--client", "acme-corp", "--fields", "id,email"]) == 0
    said = capsys.readouterr()
    cost = json.loads(said.out)
    assert (cost["rows"], cost["rows_from"], cost["requests"]) == (2, "pipeline", 2)
    assert (cost["clients"], cost["requests_used"]) == (["acme-corp"], 3)
    assert said.err == ""


@pytest.mark.usefixtures("world")
def test_what_is_not_known_is_said(capsys: Said) -> None:
    """Nobody counts SourceLeads."""
    assert run(["export", "source-leads", "--estimate", "--page-size", "1", "--rate", "600"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("1,000,000 rows of source_leads, as if there were so many\n")
    assert "at 600 requests a minute" in said.out
    assert "the number of rows is not known" in said.err


@pytest.mark.usefixtures("world")
def test_an_empty_client_is_no_error(capsys: Said) -> None:
    """0 rows, exit code 0, and a hint."""
    assert run(["clients", "create", "--name", "Empty Rooms"]) == 0
    capsys.readouterr()
    assert run(["export", "enrich-leads", "--estimate", "--client", "empty-rooms"]) == 0
    said = capsys.readouterr()
    assert said.out == "no row of enrich_leads was found, with 3 requests\n"
    assert "gave no row" in said.err


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_an_export_needs_a_folder(capsys: Said, more: list[str]) -> None:
    """Without --estimate, a missing --out is wrong usage, and says so."""
    assert run(["export", "enrich-leads", *more]) == failures.USAGE
    said = capsys.readouterr()
    assert "--out is missing" in said.err
    assert said.out == ""
