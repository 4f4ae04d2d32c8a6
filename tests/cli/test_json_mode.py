"""In JSON mode stderr has one object when a command fails, and nothing when it does not."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from world import running_world

from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run

Said = pytest.CaptureFixture[str]


@pytest.fixture
def open_file(no_settings_from_outside: Path) -> Path:
    """A credentials file that others can read, about which there is a warning."""
    file = no_settings_from_outside / ".leadgenius_auth.json"
    file.write_text("{}")
    file.chmod(0o644)
    return file


def one_object(text: str) -> dict[str, Any]:
    """Return the object that is all there is."""
    [line] = text.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


@pytest.mark.usefixtures("open_file")
def test_warnings_are_a_part_of_the_failure(capsys: Said) -> None:
    """They would else stand before the object, and a program could not read it."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert run(["auth", "status", "--json"]) == failures.AUTH
    error = one_object(capsys.readouterr().err)
    assert (error["error"], error["exit_code"]) == ("CredentialsMissing", 3)
    [note] = error["notes"]
    assert note.startswith("warning: ")
    assert "0600" in note


@pytest.mark.usefixtures("open_file")
def test_without_json_they_are_lines(capsys: Said) -> None:
    """For people nothing changes."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert run(["auth", "status"]) == failures.AUTH
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("leadgenius: warning: ")
    assert second.startswith("leadgenius: there are no credentials")


@pytest.mark.parametrize("asked", [["--json"], ["--format", "json"], ["--format=json"]])
@pytest.mark.usefixtures("world")
def test_each_way_to_ask_for_it(capsys: Said, asked: list[str]) -> None:
    """An error is JSON wherever the answer would be."""
    assert run(["clients", "get", "nobody", *asked]) == failures.NOT_FOUND
    error = one_object(capsys.readouterr().err)
    assert error["error"] == "NotFound"
    assert "notes" not in error


@pytest.mark.parametrize("line", [["clients", "list", "--nope"], ["nonsense"], ["leads", "get"]])
def test_wrong_usage_is_one_object_too(capsys: Said, line: list[str]) -> None:
    """Whatever the command line is."""
    assert run([*line, "--json"]) == failures.USAGE
    assert one_object(capsys.readouterr().err)["exit_code"] == 2


@pytest.mark.usefixtures("world")
def test_a_success_says_nothing_beside_the_answer(
    capsys: Said, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither hints nor progress; without --json both are there."""
    monkeypatch.chdir(tmp_path)
    for line in (
        ["leads", "list", "--client-id", "acme-corp", "--limit", "1"],
        ["export", "enrich-leads", "--out", "out", "--overwrite"],
    ):
        assert run([*line, "--json"]) == 0
        said = capsys.readouterr()
        assert json.loads(said.out)
        assert said.err == ""
        assert run(line) == 0
        assert capsys.readouterr().err != ""


@pytest.mark.usefixtures("world")
def test_what_was_deleted_is_one_object_too(capsys: Said) -> None:
    """Every command has something to say to a program, and says it in JSON."""
    assert run(["clients", "create", "--name", "Short-lived", "--json"]) == 0
    client = json.loads(capsys.readouterr().out)
    lines = {
        ("clients", "delete", client["id"]): 1,
        ("leads", "delete", "lead_1"): 1,
        ("leads", "delete", "lead_2", "nobody"): 1,
    }
    for line, count in lines.items():
        assert run([*line, "--yes", "--json"]) == 0
        said = capsys.readouterr()
        assert (json.loads(said.out), said.err) == ({"deleted": count}, "")


@pytest.mark.usefixtures("world")
def test_a_search_without_a_result_is_an_empty_list(capsys: Said) -> None:
    """What a search sees is a hint for people, on stderr."""
    line = ["leads", "find", "--full-name", "No One"]
    assert run([*line, "--json"]) == 0
    said = capsys.readouterr()
    assert (json.loads(said.out), said.err) == ([], "")
    assert run(line) == 0
    assert "a search sees 1,000 leads" in capsys.readouterr().err


def test_a_part_that_was_not_done(capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is on stdout all the same; the object has what was said about it."""
    with running_world(run_failures=1) as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        assert run(["tasks", "trigger", "score-leads", "--json"]) == 0
        run_id = json.loads(capsys.readouterr().out)["runId"]
        assert run(["tasks", "wait", run_id, "--json"]) == failures.PARTIAL
    said = capsys.readouterr()
    assert json.loads(said.out)[0]["status"] == "FAILED"
    error = one_object(said.err)
    assert (error["error"], error["exit_code"]) == ("Incomplete", 6)
    assert error["notes"] == [f"score-leads {run_id}: FAILED"]


@pytest.mark.usefixtures("world")
def test_the_mode_does_not_outlive_its_line(capsys: Said) -> None:
    """Several command lines may run in one process."""
    assert run(["clients", "get", "nobody", "--json"]) == failures.NOT_FOUND
    assert run(["clients", "get", "nobody"]) == failures.NOT_FOUND
    assert capsys.readouterr().err.splitlines()[1].startswith("leadgenius: ")


@pytest.mark.usefixtures("world")
def test_api_takes_json(capsys: Said) -> None:
    """Its answer is JSON anyway, and so is its error then."""
    assert run(["api", "GET", "/clients", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["success"] is True
    assert run(["api", "GET", "/nowhere", "--json"]) == failures.NOT_FOUND
    said = capsys.readouterr()
    assert said.out == ""
    assert one_object(said.err)["status"] == 404


@pytest.mark.usefixtures("world")
def test_a_queue_longer_than_the_deadline_is_the_rate_limits(capsys: Said) -> None:
    """Exits 5 and not 7: the network is all right."""
    assert run(["clients", "list", "--rate", "1", "--deadline", "0.2"]) == failures.RATE
    assert "rate limit" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--timeout", "0"], ["--deadline", "-1"]], ids=" ".join)
def test_spans_of_time_that_are_none(capsys: Said, option: list[str]) -> None:
    """Wrong usage, with the bound in the message."""
    assert run(["clients", "list", *option]) == failures.USAGE
    assert "more than 0 seconds" in capsys.readouterr().err
