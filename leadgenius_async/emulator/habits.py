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
    """Decides how many rows a page may have, and which pages overlap.

    A decision depends on the seed and on the place in the listing alone, so it is the same
    whatever else is asked meanwhile and however often.

    Args:
        seed: Where the randomness comes from.
        on: Whether there are short and empty pages, and a cap.
        repeat_share: Share of the pages whose last row comes again.
        endless_empty: Whether all pages but the first are empty.
    """

    def __init__(
        self, seed: int, *, on: bool, repeat_share: float = 0.0, endless_empty: bool = False
    ) -> None:
        self._seed = seed
        self._on = on
        self._repeat_share = repeat_share
        self._endless_empty = endless_empty

    @property
    def body_cap(self) -> int | None:
        """Bytes an answer may have, None for no cap."""
        return BODY_CAP if self._on else None

    def page_rows(self, cursor: Cursor, limit: int) -> int:
        """Rows that the page at `cursor` may have: 0 for an empty page, else up to `limit`."""
        if self._endless_empty and (cursor.after or cursor.empties):
            return 0
        if not self._on:
            return limit
        dice = self._dice(cursor)
        draw = dice.random()
        if draw < _EMPTY_SHARE:
            return 0
        if draw < _EMPTY_SHARE + _SHORT_SHARE:
            return dice.randint(1, limit)
        return limit

    def repeats(self, cursor: Cursor) -> bool:
        """Whether the last row of the page at `cursor` comes again on the page that follows."""
        if not self._repeat_share:
            return False
        return self._dice(cursor, "repeat/").random() < self._repeat_share

    def _dice(self, cursor: Cursor, purpose: str = "") -> Random:
        # Spelled out: the pages that led to a place have no say in what happens there.
        place = (
            f"Cursor(table={cursor.table!r}, company_id={cursor.company_id!r}, "
            f"client_id={cursor.client_id!r}, after={cursor.after}, empties={cursor.empties})"
        )
        return Random(f"{purpose}{self._seed}/{place}")
