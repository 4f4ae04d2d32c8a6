"""SKILL.md: what an agent is told works, line by line, in the order that it stands."""

from __future__ import annotations

import json
import re
import shlex
from importlib import resources
from pathlib import Path

import pytest
from world import running_world

from leadgenius_async.cli.app import run

TEXT = resources.files("leadgenius_async").joinpath("SKILL.md").read_text("utf-8")
LINES = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
]


def test_there_are_fifteen_lines() -> None:
    """As many as it promises."""
    assert len(LINES) == 15
    assert all(line.startswith("leadgenius ") for line in LINES)


def test_every_line_works(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other against one account: each ends with 0 and prints JSON."""
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text("First Name,Last Name,Email\nMia,Sample,mia.s@sample.example\n")
    with running_world() as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        # As it says: log in once, so that not every command logs in anew (5 in 15 minutes).
        assert run(["auth", "--email", world.emulator.ready.username]) == 0
        monkeypatch.delenv("LEADGENIUS_PASSWORD")
        monkeypatch.delenv("LEADGENIUS_USERNAME")
        capsys.readouterr()
        for line in LINES:
            code = run(shlex.split(line)[1:])
            said = capsys.readouterr()
            assert code == 0, (line, said.err)
            assert json.loads(said.out) is not None, line


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    """It is in the wheel, and a command away."""
    assert run(["skill"]) == 0
    assert capsys.readouterr().out == TEXT
