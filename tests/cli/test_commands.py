"""`leadgenius commands`: what there is, and that all of it explains itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from leadgenius_async.cli import failures
from leadgenius_async.cli.app import app, run
from leadgenius_async.cli.commands import each_command

NAMES = [command.name for command in each_command(app)]


@pytest.fixture
def listing(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert run(["commands", "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_list_is_whole(listing: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """People and programs get the same commands, each with a line of help."""
    assert [command["name"] for command in listing["commands"]] == NAMES
    assert len(NAMES) == len(set(NAMES)) > 60
    assert run(["commands"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for line, command in zip(lines, listing["commands"], strict=True):
        assert line.startswith(f"leadgenius {command['name']} ")
        assert line.endswith(command["help"])


def test_every_parameter_is_described(listing: dict[str, Any]) -> None:
    """A program knows what to give: names, type, whether it must, default, choices, purpose."""
    shared: dict[str, Any] = {"name": "shared", "parameters": listing["shared"]}
    commands: list[dict[str, Any]] = [*listing["commands"], shared]
    for command in commands:
        for parameter in command["parameters"]:
            assert parameter["names"], command
            assert parameter["type"], command
            assert parameter.get("help"), (command["name"], parameter)


def test_what_a_program_reads(listing: dict[str, Any]) -> None:
    """Requirements, choices and defaults are those of the command; shared options stand apart."""
    commands = {command["name"]: command for command in listing["commands"]}
    create = {p["names"][0]: p for p in commands["clients create"]["parameters"]}
    assert create["--name"]["required"] is True
    assert "required" not in create["--url"]
    assert "--base-url" not in create
    shared = {p["names"][0]: p for p in listing["shared"]}
    assert shared["--format"]["choices"] == ["table", "json", "ndjson", "csv"]
    assert {"--json", "--base-url", "--profile", "--rate", "--timeout", "--deadline"} <= set(shared)
    export = {p["names"][0]: p for p in commands["export enrich-leads"]["parameters"]}
    assert export["--format"]["choices"] == ["parquet", "ndjson"]
    assert export["--concurrency"]["default"] == 16


def test_the_exit_codes(listing: dict[str, Any]) -> None:
    """Every code that a command ends with is explained."""
    codes = {
        value for name, value in vars(failures).items() if name.isupper() and isinstance(value, int)
    }
    assert set(map(int, listing["exit_codes"])) == codes
