"""The service's habit of short and empty pages, from the seed.

DynamoDB reads up to 1 MB and filters afterwards, so a page may be shorter than asked for, or
empty, and the listing still goes on.
"""

from __future__ import annotations

from random import Random

from leadgenius_async.emulator.tokens import Cursor

#: Bytes of an answer above which the gateway answers 413.
BODY_CAP = 6 * 1024 * 1024

_EMPTY_SHARE = 0.02
_SHORT_SHARE = 0.10


class Habits:
    """Decides how many rows a page may have.

    A decision depends on the seed and on the place in the listing alone, so it is the same
    whatever else is asked meanwhile and however often.
    """

    def __init__(self, seed: int, *, on: bool) -> None:
        self._seed = seed
        self._on = on

    @property
    def body_cap(self) -> int | None:
        """Bytes an answer may have, None for no cap."""
        return BODY_CAP if self._on else None

    def page_rows(self, cursor: Cursor, limit: int) -> int:
        """Rows that the page at `cursor` may have: 0 for an empty page, else up to `limit`."""
        if not self._on:
            return limit
        dice = Random(f"{self._seed}/{cursor!r}")
        draw = dice.random()
        if draw < _EMPTY_SHARE:
            return 0
        if draw < _EMPTY_SHARE + _SHORT_SHARE:
            return dice.randint(1, limit)
        return limit
