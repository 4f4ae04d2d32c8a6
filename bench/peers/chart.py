"""A bar chart as SVG, put together by hand: one bar per contestant, longest first."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

_ROW, _LABELS, _BARS, _VALUES = 26, 260, 400, 100  # pixels
_OURS, _OTHERS = "#2a7", "#89a"


def chart(title: str, values: Mapping[str, float]) -> str:
    """Return the chart; those whose name begins with `ours` have a colour of their own."""
    ordered = sorted(values.items(), key=lambda item: -item[1])
    width, height = _LABELS + _BARS + _VALUES, _ROW * (len(ordered) + 1) + 8
    longest = max(values.values())
    bars = [_bar(place, *item, longest) for place, item in enumerate(ordered, 1)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="13" fill="#555">\n'
        f'<text x="{_LABELS}" y="18" font-weight="bold">{escape(title)}</text>\n'
        f"{''.join(bars)}</svg>\n"
    )


def _bar(place: int, name: str, value: float, longest: float) -> str:
    top, length = place * _ROW, max(1.0, _BARS * value / longest)
    colour = _OURS if name.startswith("ours") else _OTHERS
    return (
        f'<text x="{_LABELS - 8}" y="{top + 18}" text-anchor="end">{escape(name)}</text>'
        f'<rect x="{_LABELS}" y="{top + 4}" width="{length:.1f}" height="18" fill="{colour}"/>'
        f'<text x="{_LABELS + length + 6:.1f}" y="{top + 18}">{value:,.0f}</text>\n'
    )
