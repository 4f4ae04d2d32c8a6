"""Fixtures of the commands' tests."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from world import World, running_world

from leadgenius_async.cli.notes import NOTES


@pytest.fixture(autouse=True)
def no_notes_of_another_command() -> None:
    """A command that was asked for JSON before says nothing of how the next one speaks."""
    NOTES.begin(as_json=False)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Generator[World, None, None]:
    """Run an emulator, with its account in the environment."""
    with running_world() as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        yield world
