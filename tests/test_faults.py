"""The page of faults says what the tests hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fault_table import FAULTS, TESTS, marks, render

PAGE = TESTS.parent / "docs" / "faults.md"
KNOWN = {name for faults in FAULTS.values() for name in faults}


def test_every_fault_has_a_test() -> None:
    """No row of the table is a promise alone."""
    assert sorted(KNOWN - {mark.fault for mark in marks()}) == []


def test_every_mark_is_of_a_known_fault() -> None:
    """A mark with a slip in it would hold nothing."""
    assert sorted({mark.fault for mark in marks()} - KNOWN) == []


def test_the_page_is_what_the_marks_say() -> None:
    """Make it anew by `python tests/fault_table.py > docs/faults.md`."""
    assert PAGE.read_text(encoding="utf-8") == render(marks())


def test_a_mark_outside_of_a_decorator_is_refused(tmp_path: Path) -> None:
    """It would belong to no test."""
    shutil.copy(__file__, tmp_path / "test_stray.py")
    with (tmp_path / "test_stray.py").open("a") as file:
        file.write('\nSTRAY = pytest.mark.fault("N1")\n')
    with pytest.raises(ValueError, match="decorators alone"):
        marks(tmp_path)


def test_marks_are_found_by_test(tmp_path: Path) -> None:
    """With the file's place, as pytest names it."""
    (tmp_path / "test_one.py").write_text(
        'import pytest\n\n@pytest.mark.fault("N1", "N2")\ndef test_it() -> None: ...\n'
    )
    assert marks(tmp_path) == (("N1", "test_one.py::test_it"), ("N2", "test_one.py::test_it"))
