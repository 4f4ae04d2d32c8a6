"""`--help` is shown as it is kept in tests/cli/help; `python tests/screens.py` keeps it anew."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from screens import FOLDER, PARTS, file_of, help_of

#: With others the panels differ, as does what they say of types; the words are the same.
MADE_WITH = {"cyclopts": "5.5", "rich": "15.0"}
OTHERS = [name for name, made in MADE_WITH.items() if not version(name).startswith(f"{made}.")]


@pytest.mark.skipif(bool(OTHERS), reason=f"the screens are those of other versions: {OTHERS}")
@pytest.mark.parametrize("name", PARTS)
def test_the_screen_is_as_it_was(name: str) -> None:
    """What a user sees changes on purpose only."""
    assert help_of(name) == file_of(name).read_text(encoding="utf-8")


def test_there_is_no_screen_of_a_command_that_is_gone() -> None:
    """One file for each command and group."""
    assert sorted(FOLDER.glob("*")) == sorted(map(file_of, PARTS))


def test_every_one_has_help_that_fits() -> None:
    """It says how to use it, and no line is longer than a terminal, whatever the versions."""
    for name in PARTS:
        screen = help_of(name)
        assert screen.startswith(f"Usage: leadgenius {name}".rstrip()), name
        assert max(map(len, screen.splitlines())) <= 80, name
