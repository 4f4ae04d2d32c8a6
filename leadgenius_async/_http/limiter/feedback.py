"""What an answer's headers say of the account's limit and of the window."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from leadgenius_async._http.limiter.rates import WINDOW


class Said(NamedTuple):
    """What an answer told of its window.

    Attributes:
        limit: Requests that the window allows.
        remaining: Those that are left of them.
        reset_in: Seconds until the window ends, from the answer on.
    """

    limit: float
    remaining: float
    reset_in: float


def limit(headers: Mapping[str, str]) -> float | None:
    """Return the announced limit of a minute, one request at the least.

    A cached answer's is an old one, and ignored. So is one whose window ends more than two minutes
    from now: it is an hour's or a day's.
    """
    number = _rate_header(headers, "limit")
    if number is None or number <= 0 or _is_cached(headers):
        return None
    ends_in = _ends_in(headers)
    return max(1.0, number) if ends_in is None or ends_in <= 2 * WINDOW else None


def read(headers: Mapping[str, str]) -> Said | None:
    """Return what the headers say of the window, None if that is not all of it or from a cache."""
    allowed = limit(headers)
    remaining = _rate_header(headers, "remaining")
    seconds = reset_in(headers)
    if allowed is None or remaining is None or seconds is None:
        return None
    return Said(allowed, max(0.0, remaining), seconds)


def reset_in(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the window ends, or None.

    The header holds epoch seconds, epoch milliseconds, or seconds to go. An epoch is compared
    with the service's own `Date`, so the clock of this machine may say what it likes; without
    that header it says nothing. An end that is more than two minutes away is none of a minute.
    """
    seconds = _ends_in(headers)
    if seconds is None or seconds > 2 * WINDOW:
        return None  # of a larger window
    return min(max(0.0, seconds), WINDOW + 1)  # the second is what it may be rounded up by


def _ends_in(headers: Mapping[str, str]) -> float | None:
    number = _rate_header(headers, "reset")
    if number is None or number <= 1e9:
        return number
    date = epoch(headers.get("date"))
    return None if date is None else (number / 1000 if number > 1e12 else number) - date


def _rate_header(headers: Mapping[str, str], name: str) -> float | None:
    # The second one is how the drafts of the IETF call it.
    return _number(headers.get(f"x-ratelimit-{name}") or headers.get(f"ratelimit-{name}"))


def _is_cached(headers: Mapping[str, str]) -> bool:
    return (_number(headers.get("age")) or 0.0) > 0


def epoch(text: str | None) -> float | None:
    """Return the epoch seconds of an HTTP date, or None if it is none."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
