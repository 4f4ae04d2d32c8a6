"""Charts as inline SVG, which stretch to the width that there is; the labels around them are HTML.

Each is an image with a title for those who do not see it, and stands above a table of its figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from leadgenius_async._report.words import count, escape

WIDTH, HEIGHT = 1000.0, 100.0
_BETWEEN = 0.16  # of a bar's room


class Bar(NamedTuple):
    """A bar: where it begins, how wide its room is, both of 1, its value and what it says."""

    at: float
    room: float
    value: float
    says: str


class Line(NamedTuple):
    """A line through points, of 1 in width; a None lifts the pen."""

    points: Sequence[tuple[float, float] | None]
    class_: str


class Label(NamedTuple):
    """A label below a chart, at a place of 1."""

    at: float
    text: str


def chart(
    title: str,
    bars: Iterable[Bar],
    *,
    top: float,
    labels: Sequence[Label],
    lines: Iterable[Line] = (),
    bands: Iterable[tuple[float, float, str]] = (),
    class_: str = "",
) -> str:
    """Return a chart of bars, with lines above them.

    Args:
        title: What it shows, for those who do not see it.
        bars: The bars.
        top: The value at its upper edge.
        labels: What stands below it.
        lines: Lines over the bars.
        bands: Stretches of 1 that are marked from top to bottom, and their class.
        class_: The chart's class.
    """
    drawn = [f"<title>{escape(title)}</title>"]
    drawn += [_grid(y) for y in (0.0, 0.5)]
    drawn += [_band(*band) for band in bands]
    drawn += [_bar(bar, top) for bar in bars if bar.value > 0]
    drawn += [_line(line, top) for line in lines]
    return (
        f'<div class="chart {class_}"><div class="y" aria-hidden="true">'
        f"<span>{_tick(top)}</span><span>{_tick(top / 2)}</span><span>0</span></div>"
        f'<svg role="img" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" preserveAspectRatio="none">'
        f'{"".join(drawn)}</svg><div class="x" aria-hidden="true">{_labels(labels)}</div></div>'
    )


def nice_top(most: float) -> float:
    """Return a round number that is no less."""
    if most <= 10:  # even, for what is halfway
        return max(2.0, 2.0 * math.ceil(most / 2))
    ten = 10.0 ** math.floor(math.log10(most))
    return next(
        step * ten for step in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10) if step * ten >= most
    )


def meter(part: float, whole: float) -> str:
    """Return a bar that is as long as a share of 1."""
    percent = 100 * part / whole if whole else 0.0
    return f'<span class="meter" aria-hidden="true"><i style="width:{percent:.2f}%"></i></span>'


def _bar(bar: Bar, top: float) -> str:
    height = max(0.6, HEIGHT * bar.value / top)
    x, width = WIDTH * (bar.at + bar.room * _BETWEEN / 2), WIDTH * bar.room * (1 - _BETWEEN)
    return (
        f'<rect class="bar" x="{x:.2f}" y="{HEIGHT - height:.2f}" width="{width:.2f}" '
        f'height="{height:.2f}"><title>{escape(bar.says)}</title></rect>'
    )


def _band(at: float, width: float, class_: str) -> str:
    return (
        f'<rect class="{class_}" x="{WIDTH * at:.2f}" y="0" width="{WIDTH * width:.2f}" '
        f'height="{HEIGHT:g}"/>'
    )


def _grid(y: float) -> str:
    return f'<line class="grid" x1="0" x2="{WIDTH:g}" y1="{HEIGHT * y:g}" y2="{HEIGHT * y:g}"/>'


def _line(line: Line, top: float) -> str:
    path, pen = [], "M"
    for point in line.points:
        if point is None:
            pen = "M"
            continue
        path.append(f"{pen}{WIDTH * point[0]:.2f} {HEIGHT * (1 - point[1] / top):.2f}")
        pen = "L"
    return f'<path class="{line.class_}" d="{"".join(path)}"/>'


def _labels(labels: Iterable[Label]) -> str:
    return "".join(
        f'<span class="{_side(label.at)}" style="left:{100 * label.at:.2f}%">'
        f"{escape(label.text)}</span>"
        for label in labels
    )


def _side(at: float) -> str:
    return "begin" if at < 0.12 else "end" if at > 0.88 else "middle"


def _tick(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1000:,.4g}k" if value < 1_000_000 else f"{value / 1e6:,.4g}M"
    return count(value) if value.is_integer() else f"{value:g}"
