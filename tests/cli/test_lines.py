"""The command lines that users' scripts have today, word for word."""

from __future__ import annotations

import shlex
from collections.abc import Generator

import pytest
from world import World, running_world

from leadgenius_async.cli.app import run

YOU = "you@company.example"
LINES = [
    "leadgenius auth --email you@company.example",
    "leadgenius leads list",
    'leadgenius leads find --full-name "First Last"',
    "leadgenius leads find --first-name First --last-name Last",
    "leadgenius leads find --email first.last@valid.example",
    'leadgenius leads find --company "Sample Company"',
    "leadgenius leads enrich --ids lead_1 lead_2",
    "leadgenius campaigns list",
    'leadgenius campaigns create --name "Q3 Expansion"',
    "leadgenius pipeline --start 2026-01-01 --end 2026-02-08",
    "leadgenius maintenance bugs list",
    'leadgenius maintenance bugs report --desc "The list is empty"',
    'leadgenius maintenance bugs report --desc "The list is empty" --email you@company.example',
    "leadgenius maintenance enhancements list",
    'leadgenius maintenance enhancements request --desc "Dark mode"',
    "leadgenius generate-key",
    'leadgenius generate-key --name "Production Agent"',
    'leadgenius generate-key --name "Production Agent" --desc "Nightly export"',
    "leadgenius admin companies",
    "leadgenius admin users",
    "leadgenius api GET /clients",
    "leadgenius api GET /api/clients",
    'leadgenius api GET "/leads?client_id=x"',
    (
        """leadgenius api POST /leads --data '{"client_id": "acme-corp", "firstName": "Mia", """
        """"lastName": "Sample"}'"""
    ),
]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Generator[World, None, None]:
    """The account of somebody who is an admin, logged in by name."""
    with running_world(run_seconds=0.0) as world:
        world.add_user(YOU, "sample-password", role="admin")
        monkeypatch.setenv("LEADGENIUS_USERNAME", YOU)
        monkeypatch.setenv("LEADGENIUS_PASSWORD", "sample-password")
        monkeypatch.setenv("LEADGENIUS_RATE", "off")
        yield world


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("from_environment", [True, False], ids=["environment", "--base-url"])
def test_the_line_works(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    line: str,
    from_environment: bool,  # noqa: FBT001 - a parameter
) -> None:
    """It ends with 0 and prints something, with the server in the environment or in the line."""
    command, *arguments = shlex.split(line)
    assert command == "leadgenius"
    if from_environment:
        monkeypatch.setenv("LEADGENIUS_BASE_URL", world.emulator.base_url)
    else:
        arguments += ["--base-url", f"{world.emulator.base_url}/api"]
    code = run(arguments)
    said = capsys.readouterr()
    assert code == 0, said.err
    assert said.out
    assert "Traceback" not in said.err
    assert len(world.emulator.log) > 0
    assert world.emulator.log.count(status=500) == 0
