"""Exports that are killed go on, and lose and double nothing."""

from __future__ import annotations

import killing
import pytest
from victim import LAYOUT_POINTS, POINTS

#: The points of a swap of parts, which a kill hits seldom by chance.
SWAP = [point for point in POINTS if "swap" in point or "written again" in point]


@pytest.mark.fault("C1", "C2", "C7")
def test_killed_exports_hold_every_row_once() -> None:
    """Sixty kills, at random times and at named points; the seed repeats them."""
    done = killing.crash(60, seed=0)
    assert sum(done.kills.values()) >= 60
    assert done.kills["at random"] > 0
    assert len(SWAP) == 4
    assert all(done.kills[point] > 0 for point in SWAP), done.kills
    assert sum(count > 0 for count in done.kills.values()) > len(POINTS) * 3 / 4


def test_killed_layouts_hold_every_row_once() -> None:
    """At each point of the step that writes the dataset anew, and at random times."""
    done = killing.crash(16, seed=3, layouts=True)
    assert all(done.kills[point] > 0 for point in LAYOUT_POINTS), done.kills
