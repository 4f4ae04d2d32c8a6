"""What a setting may say of the rate: a tier, a number, or several windows."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

Rate = Literal["standard", "premium", "off"] | float

WINDOW = 60.0  # seconds
#: Requests a minute, as the platform documents them.
TIERS = {"standard": 100.0, "premium": 1000.0}
#: Requests that a larger window may allow: the times of so many are kept.
MOST_IN_A_WINDOW = 100_000

_HOUR, _DAY = 3600.0, 86400.0  # seconds
_UNITS = {"min": WINDOW, "minute": WINDOW, "h": _HOUR, "hour": _HOUR, "d": _DAY, "day": _DAY}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*([a-z]+)\s*")


class Window(NamedTuple):
    """So many requests in so many seconds."""

    limit: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Windows:
    """Several limits at once.

    Attributes:
        per_minute: The most requests a minute; None follows the service's header.
        larger: Those of an hour and of a day.
    """

    per_minute: float | None = None
    larger: tuple[Window, ...] = ()


def parse_rate(text: str | float | None) -> Rate | Windows | None:
    """Return the rate that a setting names: a tier, `off`, requests per minute, or windows.

    Raises:
        ValueError: None of these.
    """
    match text:
        case None | "standard" | "premium" | "off":
            return text
        case str() if "/" in text:
            return _windows(text)
        case _:
            return _per_minute(text)


def _windows(text: str) -> Windows:
    found: dict[float, float] = {}
    for part in text.split(","):
        match = _PART.fullmatch(part.lower())
        seconds = _UNITS.get(match[2]) if match else None
        if match is None or seconds is None or seconds in found or not float(match[1]):
            raise _refused(text)
        found[seconds] = float(match[1])
    per_minute = found.pop(WINDOW, None)
    if any(not 1 <= limit <= MOST_IN_A_WINDOW for limit in found.values()):
        raise ValueError(
            f"rate is {text!r}: a window of an hour or a day may allow 1 to {MOST_IN_A_WINDOW:,} "
            "requests; leave a larger one out"
        )
    larger = tuple(Window(int(limit), seconds) for seconds, limit in sorted(found.items()))
    return Windows(per_minute, larger)


def _per_minute(text: str | float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise _refused(text)
    return number


def _refused(text: str | float) -> ValueError:
    return ValueError(
        f"rate is {text!r}: give 'standard' (100 requests a minute), 'premium' (1,000), "
        "'off', a positive number of requests a minute, or windows such as "
        "'100/min,1000/hour,10000/day'"
    )
