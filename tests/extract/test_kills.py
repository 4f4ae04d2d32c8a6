"""Exports that are killed go on, and lose and double nothing."""

from __future__ import annotations

import killing
from victim import POINTS


def test_killed_exports_hold_every_row_once() -> None:
    """Sixty kills, at random times and at every named point; the seed repeats them."""
    done = killing.crash(60, seed=0)
    assert sum(done.kills.values()) >= 60
    assert done.kills["at random"] > 0
    assert sum(count > 0 for count in done.kills.values()) > len(POINTS) / 2
