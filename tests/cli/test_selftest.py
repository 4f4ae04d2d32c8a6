"""`leadgenius selftest`: every step passes on a sound account, and nothing stays behind."""

from __future__ import annotations

import json
import signal
from collections.abc import Generator
from typing import Any

import anyio
import pytest
from world import World, running_world, service_of

from leadgenius_async.cli.app import run
from leadgenius_async.cli.trial import Trial


def start(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the command line for this account, its password in the environment."""
    monkeypatch.setenv("LEADGENIUS_PASSWORD", world.emulator.ready.password)
    return [
        "selftest", "--username", world.emulator.ready.username,
        "--base-url", world.emulator.base_url, "--rate=off", "--settle=0",
    ]  # fmt: skip


@pytest.fixture
def world() -> Generator[World, None, None]:
    with running_world() as world:
        yield world


def left(world: World) -> list[str]:
    """Return what of self-tests is left in the emulator."""
    service = service_of(world.emulator)
    clients = service.store.clients("company-1")
    rows = [row.decode() for row in world.emulator.rows("enrich_leads")]
    return [text for text in (*(c.clientName for c in clients), *rows) if "selftest-" in text]


def outcomes(said: str) -> dict[str, Any]:
    """Return the printed object, its steps by their names."""
    report = json.loads(said)
    return {**report, "steps": {step["step"]: step for step in report["steps"]}}


def test_everything_passes_and_nothing_stays(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a sound account each step passes, in at most 60 requests; all of it is deleted."""
    code = run([*start(world, monkeypatch), "--json"])
    report = outcomes(capsys.readouterr().out)
    assert code == 0, report
    assert (report["failed"], report["skipped"]) == (0, 0)
    assert report["passed"] == len(report["steps"]) >= 18
    assert len(world.emulator.log) <= 60
    assert left(world) == []


def test_the_table(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """People get a line a step, and the counts beside it."""
    assert run(start(world, monkeypatch)) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].split() == ["outcome", "step", "detail"]
    assert all(line.startswith("passed") for line in lines[1:])
    assert "0 failed" in said.err


def test_what_was_made_may_stay(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --skip-cleanup the client is left, and named."""
    assert run([*start(world, monkeypatch), "--skip-cleanup"]) == 0
    [client] = {text for text in left(world) if text.startswith("selftest-")}
    assert client in capsys.readouterr().err


@pytest.mark.parametrize("batch_create", ["none", "part"])
def test_a_batch_that_is_not_stored_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], batch_create: str
) -> None:
    """The service said created: only reading back tells. The rest goes on, and is cleaned up."""
    with running_world(batch_create=batch_create) as world:
        code = run([*start(world, monkeypatch), "--json"])
        report = outcomes(capsys.readouterr().out)
        assert code == 1
        [failed] = [step for step in report["steps"].values() if step["outcome"] == "failed"]
        assert failed["step"] == "create a batch, and read it back"
        assert "not stored" in failed["detail"]
        assert left(world) == []


def test_a_wrong_password_skips_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a login nothing can be made: said once, with the service's words."""
    line = start(world, monkeypatch)
    monkeypatch.setenv("LEADGENIUS_PASSWORD", "wrong-password")
    assert run([*line, "--json"]) == 1
    report = outcomes(capsys.readouterr().out)
    assert report["steps"]["log in"]["outcome"] == "failed"
    assert "401" in report["steps"]["log in"]["detail"]
    assert report["passed"] == 0


def test_what_is_needed(world: World) -> None:
    """A name and a password; neither is asked for where there is nobody."""
    base = ["selftest", "--base-url", world.emulator.base_url]
    assert run(base) == 3
    assert run([*base, "--username", "demo@company-1.example", "--no-input"]) == 3


def test_an_interrupt_is_cleaned_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of it leaves nothing behind either."""

    async def interrupt(_: Trial) -> None:
        signal.raise_signal(signal.SIGINT)
        await anyio.sleep_forever()

    monkeypatch.setattr(Trial, "_search", interrupt)
    assert run(start(world, monkeypatch)) == 130
    assert left(world) == []


def test_an_account_that_is_broken_in_the_middle(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Steps that need what a failed one should have made are skipped; cleaning up still happens."""
    with running_world() as world:

        async def broken(_: Trial) -> None:
            raise ValueError("no leads today")

        monkeypatch.setattr(Trial, "_create_lead", broken)
        assert run([*start(world, monkeypatch), "--json"]) == 1
        report = outcomes(capsys.readouterr().out)
        assert report["steps"]["create a lead"]["detail"] == "no leads today"
        assert report["steps"]["get the lead"]["outcome"] == "skipped"
        assert report["steps"]["clean up"]["outcome"] == "passed"
        assert left(world) == []
