"""How scores are spread."""

from __future__ import annotations

import math
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from leadgenius_async._fields import TABLES
from leadgenius_async._report.figures import Bin, Scores
from leadgenius_async._report.tally import Tally

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_OTHER = ("Justification", "Recommendation", "AgentId")
_BINS = 10
_MOST = sys.float_info.max


def score_fields(table: str) -> list[str]:
    """Return the fields of a table that hold a score."""
    names = (field.name for field in TABLES[table])
    return [
        name for name in names if "Score" in name or "score" in name if not name.endswith(_OTHER)
    ]


class ScoreCounter:
    """Counts the scores of one field.

    Args:
        field: Its name.
    """

    def __init__(self, field: str) -> None:
        self.columns = (field,)
        self._field = field
        self._numbers = Tally(pa.float64())
        self._not_numbers = 0
        self._absent = 0

    def add(self, table: pa.Table) -> None:
        """Count the scores of a row group."""
        counts = pc.value_counts(table.column(self._field))
        values: list[Any] = counts.field("values").to_pylist()
        times: list[Any] = counts.field("counts").to_pylist()
        found: dict[float, int] = {}
        for value, count in zip(values, times, strict=True):
            number = _number(value)
            if value in {None, ""}:
                self._absent += count
            elif number is None:
                self._not_numbers += count
            else:
                found[number] = found.get(number, 0) + count
        self._numbers.add_counts(
            pa.array(found, pa.float64()), pa.array(found.values(), pa.int64())
        )

    def result(self) -> Scores:
        """Return the distribution."""
        found = self._numbers.result().sort_by("value")
        values: list[Any] = found.column("value").to_pylist()
        times: list[Any] = found.column("count").to_pylist()
        return Scores(
            field=self._field,
            numbers=sum(times),
            not_numbers=self._not_numbers,
            absent=self._absent,
            least=values[0] if values else None,
            median=_median(values, times),
            most=values[-1] if values else None,
            bins=[*_bins(values, times)],
        )


def _number(value: object) -> float | None:
    """Return a score that is a finite number, or a text that is one, blanks around it apart."""
    if isinstance(value, str):
        text = value.strip()
        value = float(text) if _NUMBER.fullmatch(text) else None
    return value + 0.0 if isinstance(value, float) and math.isfinite(value) else None  # no -0.0


def _median(values: Sequence[float], times: Sequence[int]) -> float | None:
    total = sum(times)
    if not total:
        return None
    low, high = (_at(values, times, place // 2) for place in (total - 1, total))
    # Halved before they are added: the sum may be more than a float can be.
    return low if low == high else low / 2 + high / 2


def _at(values: Sequence[float], times: Sequence[int], place: int) -> float:
    for value, count in zip(values, times, strict=True):
        place -= count
        if place < 0:
            return value
    raise IndexError(place)


def _bins(values: Sequence[float], times: Sequence[int]) -> Iterator[Bin]:
    """Give ten bins or so between round numbers: of 0 to 1, 10 or 100, if all are in there."""
    if not values:
        return
    edges = _edges(values[0], values[-1])
    counts = [0] * (len(edges) - 1)
    for value, count in zip(values, times, strict=True):
        counts[min(bisect_right(edges, value), len(counts)) - 1] += count
    for n, count in enumerate(counts):
        yield Bin(edges[n], edges[n + 1], count)


def _edges(least: float, most: float) -> list[float]:
    for usual in (1, 10, 100):
        if least >= 0 and most <= usual:
            return [float(Decimal(usual) * n / _BINS) for n in range(_BINS + 1)]
    width = _round_width((Decimal(most) - Decimal(least)) / _BINS)
    first = math.floor(Decimal(least) / width) if width else 0
    last = max(first + 1, math.ceil(Decimal(most) / width)) if width else 1
    edges = (float(width * n) for n in range(first, last + 1))
    return [max(-_MOST, min(_MOST, edge)) for edge in edges]


def _round_width(width: Decimal) -> Decimal:
    """Return the next larger number whose only digit is 1, 2 or 5; 1 where all are the same."""
    if not width:
        return Decimal(1)
    ten = Decimal(10) ** width.adjusted()
    return next(ten * step for step in (1, 2, 5, 10) if ten * step >= width)
