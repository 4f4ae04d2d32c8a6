"""The section of a report's page that shows the run: requests against the limit, over time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from leadgenius_async._extract.report import Pace
from leadgenius_async._report import words
from leadgenius_async._report.figures import DatasetReport, RunFigures
from leadgenius_async._report.markup import NOTHING_YET, figures, note, pairs, section
from leadgenius_async._report.svg import Bar, Label, Line, chart, nice_top

_GAP = 0.02  # of the width
_SHOWN = 2  # gaps whose lengths are told
_EDGE = 0.2  # of the width, which the labels of the ends take
#: A stretch in which the export ran for less says nothing of its pace.
_LEAST = 1.0  # seconds


class _Place(NamedTuple):
    """Where a stretch stands in the charts, of 1, and whether a gap is before it."""

    stretch: Pace
    at: float
    width: float
    gap: bool


def pace(report: DatasetReport) -> str:
    """Return how the run went."""
    run = report.run
    if run.pace is None:
        said = "What was done when was not recorded by the version that made this export."
        shown = note(said if report.files else NOTHING_YET)
        return section("pace", "Pace", shown, pairs(_totals(run)))
    places = [*_places(run.pace, run.pace_seconds)]
    said = note(
        f"What the export did when, in stretches of {words.span(run.pace_seconds)}"
        f"{' and of all its runs' if run.runs > 1 else ''}."
    )
    return section(
        "pace",
        "Pace",
        said,
        _requests(places),
        _legend(places),
        f'<div class="few">{_retries(places)}{_rows(places)}</div>',
        _figures(run.pace),
        pairs(_totals(run)),
    )


def _places(stretches: list[Pace], seconds: float) -> Iterator[_Place]:
    """Give each stretch its place: all equally wide, since a gap may have lasted for days."""
    before = [None, *stretches[:-1]]
    gaps = [
        earlier is not None and each.at - earlier.at > 1.5 * seconds
        for earlier, each in zip(before, stretches, strict=True)
    ]
    gap = min(_GAP, 0.3 / max(1, sum(gaps)))
    width = (1 - gap * sum(gaps)) / len(stretches)
    at = 0.0
    for each, is_after_gap in zip(stretches, gaps, strict=True):
        at += gap if is_after_gap else 0.0
        yield _Place(each, at, width, is_after_gap)
        at += width


def _per_minute(stretch: Pace, value: float) -> float:
    return 60 * value / max(_LEAST, stretch.seconds)


def _requests(places: list[_Place]) -> str:
    rates = [_per_minute(place.stretch, place.stretch.requests) for place in places]
    limits = [place.stretch.limit or 0.0 for place in places]
    top = nice_top(max([*rates, *limits]))
    bars = (
        Bar(place.at, place.width, rate, f"{_when(place.stretch)}: {rate:,.0f} a minute")
        for place, rate in zip(places, rates, strict=True)
    )
    said = f"{words.count(max(rates))} at the most"
    limit = f", with a limit of {words.count(max(limits))}" if any(limits) else ", without a limit"
    return "<h3>Requests a minute</h3>" + chart(
        f"Requests a minute: {said}{limit}",
        bars,
        top=top,
        lines=[Line([*_limit(places)], "limit")],
        bands=[*_bands(places)],
        labels=_labels(places),
    )


def _limit(places: list[_Place]) -> Iterator[tuple[float, float] | None]:
    for place in places:
        if place.gap:
            yield None
        if (limit := place.stretch.limit) is None:
            yield None
            continue
        yield place.at, limit
        yield place.at + place.width, limit


def _bands(places: list[_Place]) -> Iterator[tuple[float, float, str]]:
    """Give the gaps, and the waits after a 429, which go on past the stretch that it came in."""
    end = 0.0
    for place in places:
        if place.gap:
            yield end, place.at - end, "gap"
        end = place.at + place.width
        if place.stretch.throttled:
            share = place.stretch.throttled / max(_LEAST, place.stretch.seconds)
            yield place.at, min(1 - place.at, place.width * share), "wait"


def _legend(places: list[_Place]) -> str:
    kinds = [("bar", "requests a minute")]
    if any(place.stretch.limit for place in places):
        kinds.append(("limit", "the account's limit"))
    if any(place.stretch.throttled for place in places):
        kinds.append(("wait", "standing still after a 429"))
    if any(place.gap for place in places):
        kinds.append(("gap", "the export did not run"))
    items = "".join(f'<span><i class="k-{kind}"></i>{text}</span>' for kind, text in kinds)
    return f'<p class="legend">{items}</p>'


def _retries(places: list[_Place]) -> str:
    retries = [place.stretch.retries for place in places]
    waits = sum(place.stretch.throttled for place in places)
    said = f"{words.several(sum(retries), 'retry', 'retries')}; {words.span(waits)} throttled"
    if not any(retries):
        return f"<div><h3>Retries</h3>{note(said)}</div>"
    bars = (
        Bar(place.at, place.width, count, f"{_when(place.stretch)}: {count:,}")
        for place, count in zip(places, retries, strict=True)
    )
    drawn = chart(
        f"Retries: {said}", bars, top=nice_top(max(retries)), labels=_labels(places), class_="low"
    )
    return f"<div><h3>Retries</h3>{note(said)}{drawn}</div>"


def _rows(places: list[_Place]) -> str:
    rates = [place.stretch.rows / max(_LEAST, place.stretch.seconds) for place in places]
    said = f"{words.count(max(rates))} at the most"
    bars = (
        Bar(place.at, place.width, rate, f"{_when(place.stretch)}: {rate:,.0f} a second")
        for place, rate in zip(places, rates, strict=True)
    )
    drawn = chart(
        f"Rows a second: {said}",
        bars,
        top=nice_top(max(rates)),
        labels=_labels(places),
        class_="low",
    )
    return f"<div><h3>Rows a second</h3>{note(said)}{drawn}</div>"


def _labels(places: list[_Place]) -> list[Label]:
    first, last = places[0], places[-1]
    end = last.stretch.at + last.stretch.seconds
    return [Label(first.at, _clock(first.stretch.at)), *_pauses(places), Label(1.0, _clock(end))]


def _pauses(places: list[_Place]) -> Iterator[Label]:
    """Give the lengths of the gaps, where they are so few that these can be read."""
    gaps = [(one, other) for one, other in pairwise(places) if other.gap]
    for one, other in gaps if len(gaps) <= _SHOWN else ():
        at = (one.at + one.width + other.at) / 2
        if _EDGE < at < 1 - _EDGE:
            ended = one.stretch.at + one.stretch.seconds
            yield Label(at, f"{_clock(other.stretch.at - ended)} off")


def _when(stretch: Pace) -> str:
    return f"from {_clock(stretch.at)} on"


def _clock(seconds: float) -> str:
    return words.span(round(seconds) if seconds >= 10 else round(seconds, 1))


def _figures(stretches: list[Pace]) -> str:
    heads = ("from", "ran for", "requests", "a minute", "limit", "retries", "throttled", "rows")
    rows = (
        (
            _clock(each.at),
            words.span(each.seconds),
            words.count(each.requests),
            words.count(_per_minute(each, each.requests)),
            "none" if each.limit is None else words.count(each.limit),
            words.count(each.retries),
            words.span(each.throttled) if each.throttled else "0",
            words.count(each.rows),
        )
        for each in stretches
    )
    return figures("The same as a table", heads, rows)


def _totals(run: RunFigures) -> Iterator[tuple[str, str, str]]:
    yield "Requests", "with retries", words.count(run.requests)
    yield "Retries", "tries after the first", words.count(run.retries)
    yield (
        "Throttled",
        "time that requests stood still after a 429",
        words.span(run.throttled_seconds),
    )
    yield "Pages", f"{words.size(run.wire_bytes)} after decompression", words.count(run.pages)
    yield "Duration", f"of {words.several(run.runs, 'run')}", words.span(run.seconds)
