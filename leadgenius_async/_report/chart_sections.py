"""The sections with charts of the leads: growth and scores."""

from __future__ import annotations

from leadgenius_async._report import words
from leadgenius_async._report.figures import (
    DatasetReport,
    Growth,
    Scores,
)
from leadgenius_async._report.markup import absent, figures, name, note, section
from leadgenius_async._report.svg import Bar, Label, Line, chart, nice_top


def growth(report: DatasetReport) -> str:
    """Return when leads were created."""
    found = report.growth
    if found is None:
        return section("growth", "Growth", absent("createdAt", report.files))
    left = [
        (found.undated, "without createdAt"),
        (found.unreadable, "with a createdAt that is no date"),
    ]
    rest = "".join(f" {words.count(leads)} {what}." for leads, what in left if leads)
    if not found.periods:
        return section("growth", "Growth", note(f"No lead has a createdAt to go by.{rest}"))
    said = note(
        f"Leads by the {found.unit} of their createdAt (UTC), {found.first} to {found.last}.{rest}"
    )
    return section("growth", "Growth", said, _created(found), _totals(found), _periods(found))


def _created(found: Growth) -> str:
    room, most = 1 / len(found.periods), max(period.leads for period in found.periods)
    bars = (
        Bar(n * room, room, period.leads, f"{period.start}: {words.several(period.leads, 'lead')}")
        for n, period in enumerate(found.periods)
    )
    title = f"Leads created by {found.unit}: {words.count(most)} at the most"
    return f"<h3>Created in each {found.unit}</h3>" + chart(
        title, bars, top=nice_top(most), labels=_dates(found)
    )


def _totals(found: Growth) -> str:
    room, most = 1 / len(found.periods), found.periods[-1].total
    points = [((n + 1) * room, period.total) for n, period in enumerate(found.periods)]
    line = Line([(0.0, 0.0), *points], "total")
    title = f"Leads in all, rising to {words.count(most)}"
    return "<h3>In all</h3>" + chart(
        title, (), top=nice_top(most), lines=[line], labels=_dates(found), class_="low"
    )


def _dates(found: Growth) -> list[Label]:
    periods, cut = found.periods, {"month": 7, "year": 4}.get(found.unit, 10)
    places = sorted({0, (len(periods) - 1) // 2, len(periods) - 1})
    return [Label((n + 0.5) / len(periods), periods[n].start[:cut]) for n in places]


def _periods(found: Growth) -> str:
    rows = ((p.start, words.count(p.leads), words.count(p.total)) for p in found.periods)
    return figures("The same as a table", (f"{found.unit} from", "leads", "in all"), rows)


def scores(report: DatasetReport) -> str:
    """Return how scores are spread."""
    if not report.scores:
        return section("scores", "Scores", absent("that holds a score", report.files))
    shown = [each for each in report.scores if each.numbers]
    others = [each for each in report.scores if not each.numbers]
    charts = "".join(map(_score, shown))
    rest = "".join(note(f"{each.field}: {_without(each)}.") for each in others)
    said = note(
        "Numbers, and texts that are one. A bin holds its lower bound; the last holds both."
    )
    return section("scores", "Scores", said, f'<div class="few">{charts}</div>{rest}')


def _score(found: Scores) -> str:
    room, most = 1 / len(found.bins), max(each.leads for each in found.bins)
    bars = (
        Bar(n * room, room, each.leads, f"{_bounds(each.least, each.below)}: {each.leads:,}")
        for n, each in enumerate(found.bins)
    )
    edges = [each.least for each in found.bins] + [found.bins[-1].below]
    places = sorted({0, len(edges) // 2, len(edges) - 1})
    labels = [Label(n / (len(edges) - 1), words.number(edges[n])) for n in places]
    rows = ((_bounds(each.least, each.below), words.count(each.leads)) for each in found.bins)
    title = f"Distribution of {found.field} in {words.several(found.numbers, 'lead')}"
    return (
        f"<div><h3>{name(found.field)}</h3>{note(_middle(found))}"
        f"{chart(title, bars, top=nice_top(most), labels=labels, class_='mid')}"
        f"{note(_without(found))}"
        f"{figures(f'{found.field} as a table', ('score', 'leads'), rows)}</div>"
    )


def _bounds(least: float, below: float) -> str:
    return f"{words.number(least)} to {words.number(below)}"


def _middle(found: Scores) -> str:
    if found.least is None or found.median is None or found.most is None:
        return ""
    least, median, most = map(words.number, (found.least, found.median, found.most))
    return f"{least} to {most}, median {median}"


def _without(found: Scores) -> str:
    said = f"{words.count(found.absent)} without a score"
    if found.not_numbers:
        said += f", {words.count(found.not_numbers)} with one that is no number"
    return said
