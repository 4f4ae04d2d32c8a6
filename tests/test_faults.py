"""The page of faults says what the tests hold."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from fault_table import FAULTS, TESTS, Mark, render

PAGE = TESTS.parent / "docs" / "faults.md"
ALL = [Mark(name, "test_it.py::test_it") for faults in FAULTS.values() for name in faults]


def test_the_page_is_what_the_marks_say() -> None:
    """Make it anew by `python tests/fault_table.py > docs/faults.md`."""
    done = subprocess.run(
        [sys.executable, "-P", "fault_table.py"],
        check=False,
        capture_output=True,
        text=True,
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    assert done.returncode == 0, done.stderr
    assert PAGE.read_text(encoding="utf-8") == done.stdout


def test_every_fault_has_a_test() -> None:
    """No row of the table is a promise alone."""
    with pytest.raises(ValueError, match=r"no test: N1$"):
        render(ALL[1:])


def test_every_mark_is_of_a_known_fault() -> None:
    """A mark with a slip in it would hold nothing."""
    with pytest.raises(ValueError, match="test_it is marked with N99"):
        render([*ALL, Mark("N99", "test_it.py::test_it")])
