"""What an export did when: requests, retries, waits and rows, by stretches of its time."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable
from typing import NamedTuple

from leadgenius_async._extract.journal import Totals
from leadgenius_async._extract.query import moment
from leadgenius_async._extract.report import Pace

#: Stretches that are kept at most; where there would be more, they become twice as long.
MOST = 360


class Spent(NamedTuple):
    """What a run has cost up to a moment."""

    requests: int = 0
    retries: int = 0
    throttled: float = 0.0
    rows: int = 0


class Pacing:
    """Takes down what a run costs, beside the totals of the journal, as often as it is asked to.

    Only time in which the export ran has stretches: what is between two runs shows as a gap. They
    become durable with the journal's next commit, and cost none of their own.

    Args:
        totals: Of the journal; their stretches are those of the runs before.
        started_at: When the export was started first, ISO 8601.
        rows: Rows that were taken by then.
    """

    def __init__(self, totals: Totals, started_at: str, *, rows: int) -> None:
        self._totals = totals
        self._offset = _since(started_at)
        if totals.pace:  # a clock that was set back makes no time that has been already
            self._offset = max(self._offset, totals.pace[-1].at + totals.pace[-1].seconds)
        self._started = self._seen = time.monotonic()
        self._before = Spent(rows=rows)

    def note(self, spent: Spent, limit: float | None) -> None:
        """Take down what was spent since the last time.

        Args:
            spent: What the run has cost up to now.
            limit: Requests per minute in force, or None if not paced.
        """
        now = time.monotonic()
        stretch = self._stretch(self._offset + now - self._started)
        stretch.seconds += now - self._seen
        stretch.requests += spent.requests - self._before.requests
        stretch.retries += spent.retries - self._before.retries
        stretch.throttled += spent.throttled - self._before.throttled
        stretch.rows += spent.rows - self._before.rows
        stretch.limit = limit
        self._seen, self._before = now, spent

    def _stretch(self, at: float) -> Pace:
        totals = self._totals
        begin = at - at % totals.pace_seconds
        if not totals.pace or totals.pace[-1].at < begin:
            totals.pace.append(Pace(at=begin))
            while len(totals.pace) > MOST:
                totals.pace_seconds *= 2
                totals.pace = widened(totals.pace, totals.pace_seconds)
        return totals.pace[-1]


def widened(stretches: Iterable[Pace], seconds: float) -> list[Pace]:
    """Put stretches together to such of so many seconds."""
    wide: list[Pace] = []
    for each in stretches:
        begin = each.at - each.at % seconds
        if not wide or wide[-1].at < begin:
            wide.append(Pace(at=begin))
        last = wide[-1]
        last.seconds += each.seconds
        last.requests += each.requests
        last.retries += each.retries
        last.throttled += each.throttled
        last.rows += each.rows
        last.limit = each.limit
    return wide


def rounded(stretches: Iterable[Pace]) -> list[Pace]:
    """Return copies whose seconds have three decimals, as manifests have them."""
    return [
        Pace(
            at=each.at,
            seconds=round(each.seconds, 3),
            requests=each.requests,
            retries=each.retries,
            throttled=round(each.throttled, 3),
            rows=each.rows,
            limit=each.limit,
        )
        for each in stretches
    ]


def _since(started_at: str) -> float:
    """Return how many seconds ago an export was started; 0 where its journal does not tell."""
    try:
        began = moment("started_at", started_at)
    except ValueError:
        return 0.0
    return max(0.0, (dt.datetime.now(dt.UTC) - began).total_seconds())
