"""Reads that lag behind writes: for some seconds a place of the listing is shown as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.rows import ServedRow


class Past(NamedTuple):
    """What a place held before a write.

    Attributes:
        at: When the write was applied, epoch seconds.
        company_id: Whose place it is.
        row_id: Id of the row that was written.
        row: The row as it was; None where the write has created it.
    """

    at: float
    company_id: str
    row_id: str
    row: ServedRow | None


class Lag:
    """The past of the places that were written of late, as reads show them.

    Args:
        config: `read_lag` and `find_lag`.
    """

    def __init__(self, config: EmulatorConfig) -> None:
        #: Each place's pasts, oldest first.
        self._pasts: dict[int, list[Past]] = {}
        self.change(config)

    def change(self, config: EmulatorConfig) -> None:
        """Lag by other seconds; of writes that were shown already nothing is hidden again."""
        self._read = config.read_lag
        self._find = config.read_lag if config.find_lag is None else config.find_lag
        self._most = max(self._read, self._find)

    def note(self, place: int, past: Past) -> None:
        """Remember what a place held before a write."""
        if self._most:
            self._pasts.setdefault(place, []).append(past)

    def stale(self, now: float, *, find: bool = False) -> dict[int, Past]:
        """The places that reads, or find alone, show at a time as they were, and what they show."""
        if not self._pasts:
            return {}
        self._forget(now)
        seconds = self._find if find else self._read
        shown = {place: _shown(pasts, now - seconds) for place, pasts in self._pasts.items()}
        return {place: past for place, past in shown.items() if past is not None}

    def _forget(self, now: float) -> None:
        kept = {
            place: [past for past in pasts if past.at + self._most > now]
            for place, pasts in self._pasts.items()
        }
        self._pasts = {place: pasts for place, pasts in kept.items() if pasts}


def _shown(pasts: list[Past], since: float) -> Past | None:
    return next((past for past in pasts if past.at > since), None)


def rows_of(stale: dict[int, Past], company_id: str, client_id: str | None) -> Iterator[ServedRow]:
    """The rows of a listing among what stale places show."""
    for past in stale.values():
        if past.row and past.company_id == company_id and client_id in {None, past.row[1]}:
            yield past.row
