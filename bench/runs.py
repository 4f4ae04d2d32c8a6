"""What contestants cost: medians of their runs, and ratios to ours within a round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

OURS = "ours_parquet"


@dataclass(frozen=True)
class Run:
    """What one contestant cost in one round.

    Attributes:
        contestant: Its script.
        round: The round, from 0.
        wall: Seconds.
        cpu: Seconds of user and system time.
        peak_mb: Peak resident memory of the largest process.
        rows: Rows that it wrote, or that it says it has read.
        columns: Columns of its Parquet files; 0 without any.
        written_mb: What stands in its folder at the end.
        failure: Why it has not done what it was asked; empty where it has.
    """

    contestant: str
    round: int
    wall: float
    cpu: float
    peak_mb: float
    rows: int
    columns: int
    written_mb: float
    failure: str = ""


def contestants(runs: Sequence[Run]) -> list[str]:
    """Who ran, in the order in which they did."""
    return list(dict.fromkeys(run.contestant for run in runs))


def failure(runs: Sequence[Run], name: str) -> str:
    """Why a contestant failed, the first time that it did; empty if it never did."""
    return next((run.failure for run in runs if run.contestant == name and run.failure), "")


def code(reason: str) -> str:
    """A reason as a Markdown code span, which may stand in a table."""
    return f"`{reason.replace('`', ' ').replace('|', ' ')}`"


def median(runs: Sequence[Run], name: str, what: str) -> float:
    """The median of a figure of one contestant."""
    return float(statistics.median(getattr(run, what) for run in runs if run.contestant == name))


def ratio(runs: Sequence[Run], name: str, what: str, to: str = OURS) -> float | None:
    """The median of a figure's ratios to another's in the same round; None where one failed."""
    if failure(runs, name) or failure(runs, to):
        return None
    base = {run.round: getattr(run, what) for run in runs if run.contestant == to}
    theirs = [run for run in runs if run.contestant == name and run.round in base]
    if not theirs:
        return None
    return float(statistics.median(getattr(run, what) / base[run.round] for run in theirs))
