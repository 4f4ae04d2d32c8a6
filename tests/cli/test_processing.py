"""Commands about processing: what they print, and what they exit with."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from world import World, running_world

from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run

KEY = "sk-made-up-123"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Generator[World, None, None]:
    with running_world(run_failures=1) as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        yield world


@pytest.mark.usefixtures("world")
def test_settings_are_shown_without_their_keys(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """They are asked for by name; what is shown without them can be set again as it is."""
    assert run(["settings", "url", "show"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "leadgenius: nothing is set\n")
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"emailFinder": "finder", "emailFinder_Apikey": KEY}))
    assert run(["settings", "url", "set", "--data", f"@{file}"]) == 0
    said = capsys.readouterr()
    assert "finder" in said.out
    assert KEY not in said.out + said.err
    assert "left out: emailFinder_Apikey" in said.err
    assert run(["settings", "url", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["emailFinder"] == "finder"
    assert "emailFinder_Apikey" not in shown
    assert run(["settings", "url", "show", "--reveal", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["emailFinder_Apikey"] == KEY
    # No secret is in what clears one: it may stand on the command line.
    assert run(["settings", "url", "set", "--data", '{"emailFinder_Apikey": null}']) == 0
    assert "left out" not in capsys.readouterr().err


@pytest.mark.usefixtures("world")
def test_an_unknown_setting_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """It names those that there are."""
    assert run(["settings", "agent", "set", "--data", '{"agentId": "a"}']) == failures.USAGE
    assert "give one of projectId, enrichment1AgentId" in capsys.readouterr().err


@pytest.mark.usefixtures("world")
def test_enrich_where_nothing_is_configured(capsys: pytest.CaptureFixture[str]) -> None:
    """All is skipped, and it says so."""
    assert run(["leads", "enrich", "--ids", "lead_1", "lead_2", "--json"]) == 0
    said = capsys.readouterr()
    rows = json.loads(said.out)
    assert [(row["leadId"], row["triggered"], len(row["skipped"])) for row in rows] == [
        ("lead_1", [], 12),
        ("lead_2", [], 12),
    ]
    assert run(["leads", "enrich", "--ids", "lead_1", "lead_2"]) == 0
    assert "nothing was triggered" in capsys.readouterr().err


@pytest.mark.usefixtures("world")
def test_enrich_reports_by_lead(capsys: pytest.CaptureFixture[str]) -> None:
    """A lead that failed is in the report, and the command exits 6."""
    assert run(["settings", "url", "set", "--data", '{"enrichment1": "one"}']) == 0
    capsys.readouterr()
    arguments = ["leads", "enrich", "--services", "enrichment1", "--wait", "--json", "--ids"]
    assert run([*arguments, "lead_1", "nobody"]) == failures.PARTIAL
    said = capsys.readouterr()
    found, missing = json.loads(said.out)
    assert (found["triggered"], found["statuses"]) == (["enrichment1"], ["COMPLETED"])
    assert "Lead not found" in missing["error"]
    assert run([*arguments[:-2], "--overwrite", "--ids", "lead_1"]) == 0
    assert "nothing was triggered" not in capsys.readouterr().err
    assert run(["leads", "enrich", "--services", "phone", "--ids", "lead_1"]) == failures.USAGE


@pytest.mark.usefixtures("failing")
def test_a_run_that_fails_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command that waits exits 6, and names it."""
    assert run(["settings", "url", "set", "--data", '{"enrichment1": "one"}']) == 0
    assert run(["leads", "enrich", "--ids", "lead_1", "--wait"]) == failures.PARTIAL
    assert run(["process", "enrich", "lead_1", "--wait"]) == failures.PARTIAL
    assert "enrich-enrichment1 run_" in capsys.readouterr().err
    assert run(["tasks", "trigger", "score-leads", "--json"]) == 0
    run_id = json.loads(capsys.readouterr().out)["runId"]
    assert run(["tasks", "wait", run_id]) == failures.PARTIAL
    assert capsys.readouterr().err == f"leadgenius: score-leads {run_id}: FAILED\n"


@pytest.mark.usefixtures("world")
def test_what_is_not_there() -> None:
    """Exits 4: a lead, a run."""
    assert run(["process", "sdr", "nobody"]) == failures.NOT_FOUND
    assert run(["tasks", "get", "run_nobody"]) == failures.NOT_FOUND


@pytest.mark.usefixtures("world")
def test_an_enrichment_job_that_lacks_a_lead(capsys: pytest.CaptureFixture[str]) -> None:
    """Waiting for it exits 6; looking at it does not."""
    assert run(["enrichment", "create", "lead_1", "nobody", "--json"]) == 0
    job_id = json.loads(capsys.readouterr().out)["jobId"]
    assert run(["enrichment", "wait", job_id, "--json"]) == failures.PARTIAL
    assert json.loads(capsys.readouterr().out)["failed"] == 1
    assert run(["enrichment", "get", job_id]) == 0
