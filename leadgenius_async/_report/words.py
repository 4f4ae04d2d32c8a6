"""Figures as people read them."""

from __future__ import annotations

import html
import math
import re

#: What may be somebody's address in the words of an error. A character that others of the same
#: kind stand before does not begin one: else a long text without blanks takes its square of time.
_ADDRESS = re.compile(r"(?<![^\s@<>\"'(),;:])[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")
_UNITS = ("kB", "MB", "GB", "TB")
#: Where there is no figure.
NONE = "\N{EN DASH}"


def count(number: float) -> str:
    """Return a whole number with separators of thousands."""
    return f"{number:,.0f}"


def several(number: int, one: str, more: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


def share(part: float, whole: float) -> str:
    """Return a share as per cent; 0 and 100 stand for none and all alone."""
    if not whole:
        return NONE
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99.9 < percent < 100:
        return "> 99.9 %"
    return f"{percent:.0f} %" if percent in {0, 100} else f"{percent:.1f} %"


def size(number: float) -> str:
    """Return so many bytes, in units of 1,000."""
    if number < 1000:
        return f"{number:,.0f} bytes"
    power = min(len(_UNITS), int(math.log10(number)) // 3)
    return f"{number / 1000**power:,.1f} {_UNITS[power - 1]}"


def span(seconds: float) -> str:
    """Return a duration, by its two largest units."""
    whole = round(seconds)
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds else "0 s"
    if whole < 3600:
        return _two(whole, 60, "min", 1, "s")
    if whole < 86400:
        return _two(whole, 3600, "h", 60, "min")
    return _two(whole, 86400, "d", 3600, "h")


def _two(seconds: int, large: int, one: str, small: int, other: str) -> str:
    many, few = seconds // large, seconds % large // small
    shown = [f"{many:,} {one}"] * bool(many) + [f"{few} {other}"] * bool(few)
    return " ".join(shown)


def number(value: float) -> str:
    """Return a score: its digits, and no more."""
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:,.6g}"


def without_addresses(text: str) -> str:
    """Return a text without what may be e-mail addresses."""
    return _ADDRESS.sub("…@…", text)


def escape(text: str) -> str:
    """Return a text as HTML shows it; whatever cannot be seen, or turns the line around, is a �."""
    shown = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return html.escape(shown).replace(" %", "&nbsp;%")
