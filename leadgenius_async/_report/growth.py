"""When leads were created."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from leadgenius_async._extract.query import moment
from leadgenius_async._report.fields import is_filled
from leadgenius_async._report.figures import Growth, Period, Unit

COLUMN = "createdAt"
#: Moments in UTC as the service writes them, whose first ten characters are their day.
_USUAL = r"^\d{4}-\d\d-\d\d([T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?Z?)?$"
#: The most days of a span whose periods are days, weeks, months.
_SPANS: tuple[tuple[int, Unit], ...] = ((92, "day"), (2 * 366, "week"), (15 * 366, "month"))


class GrowthCounter:
    """Counts leads by the day of their `createdAt`, in UTC."""

    columns = (COLUMN,)

    def __init__(self) -> None:
        self._days = Counter[dt.date]()
        self._undated = 0
        self._unreadable = 0

    def add(self, table: pa.Table) -> None:
        """Count the leads of a row group."""
        texts = table.column(COLUMN)
        there = texts.filter(is_filled(texts))
        self._undated += len(texts) - len(there)
        usual = pc.match_substring_regex(there, _USUAL)
        self._count(pc.utf8_slice_codeunits(there.filter(usual), 0, 10))
        self._count(there.filter(pc.invert(usual)))

    def _count(self, texts: Any) -> None:
        counts = pc.value_counts(texts)
        values: list[Any] = counts.field("values").to_pylist()
        times: list[Any] = counts.field("counts").to_pylist()
        for text, count in zip(values, times, strict=True):
            try:
                self._days[moment(COLUMN, text).date()] += count
            except ValueError:
                self._unreadable += count

    def result(self) -> Growth:
        """Return the periods from the first to the last."""
        first, last = min(self._days, default=None), max(self._days, default=None)
        unit = _unit(first, last)
        return Growth(
            unit=unit,
            dated=self._days.total(),
            undated=self._undated,
            unreadable=self._unreadable,
            first=first.isoformat() if first else None,
            last=last.isoformat() if last else None,
            periods=[*_periods(self._days, unit)],
        )


def _unit(first: dt.date | None, last: dt.date | None) -> Unit:
    days = (last - first).days + 1 if first and last else 1
    fitting: list[Unit] = [unit for most, unit in _SPANS if days <= most]
    return fitting[0] if fitting else "year"


def _periods(days: Counter[dt.date], unit: Unit) -> Iterator[Period]:
    leads = Counter[dt.date]()
    for day, count in days.items():
        leads[_start(day, unit)] += count
    total = 0
    for start in _each_start(leads, unit):
        total += leads[start]
        yield Period(start.isoformat(), leads[start], total)


def _each_start(starts: Counter[dt.date], unit: Unit) -> Iterator[dt.date]:
    if not starts:
        return
    start, last = min(starts), max(starts)
    while start < last:
        yield start
        start = _next(start, unit)
    yield last


def _start(day: dt.date, unit: Unit) -> dt.date:
    match unit:
        case "day":
            return day
        case "week":
            return day - dt.timedelta(days=min(day.weekday(), day.toordinal() - 1))
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)


def _next(start: dt.date, unit: Unit) -> dt.date:
    if unit in {"day", "week"}:
        return start + dt.timedelta(days=1 if unit == "day" else 7)
    months = 1 if unit == "month" else 12
    years, month = divmod(start.month - 1 + months, 12)
    return dt.date(start.year + years, month + 1, 1)
