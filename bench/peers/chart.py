"""Charts as SVG, put together by hand: a bar per contestant, or a line over what is varied."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_ROW, _LABELS, _BARS, _VALUES = 26, 260, 400, 100  # pixels
_OURS, _OTHERS = "#2a7", "#89a"
_LEFT, _WIDTH, _TOP, _HEIGHT, _LEGEND = 80, 420, 40, 260, 260  # pixels
_COLOURS = (_OURS, "#36c", "#c63", "#939", "#a80", "#089")
_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
#: The name of a line that nobody ran: what could be reached at the most.
IDEAL = "ideal"


def bars(title: str, values: Mapping[str, float]) -> str:
    """Return bars, longest first; those whose name begins with `ours` have their own colour."""
    ordered = sorted(values.items(), key=lambda item: -item[1])
    longest = max(values.values(), default=1.0)
    drawn = [_bar(place, *item, longest) for place, item in enumerate(ordered, 1)]
    heading = f'<text x="{_LABELS}" y="18" font-weight="bold">{escape(title)}</text>\n'
    return _svg(_LABELS + _BARS + _VALUES, _ROW * (len(ordered) + 1) + 8, [heading, *drawn])


def _bar(place: int, name: str, value: float, longest: float) -> str:
    top, length = place * _ROW, max(1.0, _BARS * value / longest)
    colour = _OURS if name.startswith("ours") else _OTHERS
    return (
        f'<text x="{_LABELS - 8}" y="{top + 18}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{_LABELS}" y="{top + 4}" width="{length:.1f}" height="18" fill="{colour}"/>'
        f'<text x="{_LABELS + length + 6:.1f}" y="{top + 18}">{value:,.0f}</text>\n'
    )


def lines(
    title: str,
    varied: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    logarithmic: bool = False,
) -> str:
    """Return lines over what was varied; the vertical axis begins at 0.

    Args:
        title: What is drawn, with its unit.
        varied: What the horizontal axis says.
        series: The points of each line; the one called `ideal` is dashed.
        logarithmic: Whether the horizontal axis is.
    """
    places = sorted({x for points in series.values() for x, _ in points})
    top = _above(max((y for points in series.values() for _, y in points), default=1.0))
    scale = math.log10 if logarithmic else float
    first, last = (scale(places[0]) if logarithmic else 0.0), scale(places[-1])

    def across(x: float) -> float:
        return _LEFT + _WIDTH * (scale(x) - first) / ((last - first) or 1.0)

    def down(y: float) -> float:
        return _TOP + _HEIGHT * (1 - y / top)

    drawn = [f'<text x="{_LEFT}" y="18" font-weight="bold">{escape(title)}</text>\n']
    drawn += [_rung(top * step / 4, down(top * step / 4)) for step in range(5)]
    drawn += [_below(f"{x:,g}" if x < 1e6 else f"{x:,.0f}", across(x), 18) for x in places]
    drawn.append(_below(varied, _LEFT + _WIDTH / 2, 38))
    for place, (name, points) in enumerate(series.items()):
        drawn.append(_line(name, place, [(across(x), down(y)) for x, y in points]))
    return _svg(_LEFT + _WIDTH + _LEGEND, _TOP + _HEIGHT + 48, drawn)


def _above(value: float) -> float:
    """The next round number."""
    unit = 10 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(step * unit for step in _STEPS if step * unit >= value * 0.999)


def _rung(value: float, y: float) -> str:
    said = f"{value:,.0f}" if value >= 1_000 else f"{value:g}"
    return (
        f'<path d="M{_LEFT} {y:.1f}h{_WIDTH}" stroke="#ccc" fill="none"/>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{said}</text>\n'
    )


def _below(said: str, x: float, gap: int) -> str:
    y = _TOP + _HEIGHT + gap
    return f'<text x="{x:.1f}" y="{y}" text-anchor="middle">{escape(said)}</text>\n'


def _line(name: str, place: int, points: Sequence[tuple[float, float]]) -> str:
    colour = _OTHERS if name == IDEAL else _COLOURS[place % len(_COLOURS)]
    dashes = ' stroke-dasharray="6 4"' if name == IDEAL else ""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
    left, top = _LEFT + _WIDTH + 16, _TOP + 10 + place * 22
    return (
        f'<path d="M{path}" stroke="{colour}" stroke-width="2" fill="none"{dashes}/>'
        f"{'' if name == IDEAL else ''.join(dots)}"
        f'<path d="M{left} {top}h20" stroke="{colour}" stroke-width="2"{dashes}/>'
        f'<text x="{left + 28}" y="{top + 4}">{escape(name)}</text>\n'
    )


def _svg(width: int, height: int, drawn: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="13" fill="#555">\n{"".join(drawn)}</svg>\n'
    )
