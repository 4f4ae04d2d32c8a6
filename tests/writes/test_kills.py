"""Imports that are killed go on; no row is lost, and none is there twice."""

from __future__ import annotations

import killing_imports
import pytest
from victim import IMPORT_POINTS


@pytest.mark.fault("C1", "C2", "C7")
def test_killed_imports_bring_each_row_to_one_end() -> None:
    """Fourteen imports, killed at random times and at named points; the seed repeats them."""
    kills, ends = killing_imports.crash(14, seed=0)
    assert kills.total() >= 14
    assert kills["at random"] > 0
    assert sum(kills[point] > 0 for point in IMPORT_POINTS) > len(IMPORT_POINTS) * 3 / 4, kills
    assert ends.total() == 14 * 62
    assert ends["created"] > 14 * 45
