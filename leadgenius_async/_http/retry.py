"""Whether a failed try is followed by another, and after how long.

A call that may be repeated (every GET) is tried again when the service or the network failed.
A create is not: once its first byte may have gone out, its outcome is unknown. It is tried
again only when nothing was sent, or when the service refused it unread (429).
"""

from __future__ import annotations

import random

from leadgenius_async import errors
from leadgenius_async._http.call import Call

MAX_TRIES = 5
#: A gateway's page or a cut body seldom heals; two more tries tell a hiccup from a fault.
MAX_PROTOCOL_TRIES = 3
_FIRST_WAIT = 0.5  # seconds; doubled each time
_LONGEST_WAIT = 30.0  # seconds
_LONGEST_429 = 60.0  # seconds

_GATEWAY_TIMEOUT = 504
_TRANSIENT = {408, 425, 500, 502, 503, _GATEWAY_TIMEOUT}


def wait_before_retry(call: Call, error: errors.LeadGeniusError, tries: int) -> float | None:
    """Return the seconds to wait before the next try, or None to give up.

    Args:
        call: The call that failed.
        error: What it failed with.
        tries: How many times it has been tried, from 1.
    """
    if isinstance(error, errors.RateLimited) and call.takes:
        # Never given up here: the deadline is what ends it. (A login has a limit of its own,
        # 5 attempts in 15 minutes, and that is the caller's to hear of.)
        return _rate_limit_wait(error, tries)
    if tries >= _most_tries(call, error):
        return None
    return max(error.retry_after or 0.0, backoff(tries))


def is_too_slow(error: errors.LeadGeniusError) -> bool:
    """Return whether a call failed since its answer takes too long: less of it may not."""
    if isinstance(error, errors.TimedOut):
        return error.outcome != "not_sent"
    return isinstance(error, errors.ServerError) and error.status == _GATEWAY_TIMEOUT


def backoff(tries: int) -> float:
    """Return seconds that double with each try, less a random share so that tasks spread out."""
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * _doubled(tries))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads tasks, hides nothing


def _rate_limit_wait(error: errors.RateLimited, tries: int) -> float:
    if error.retry_after is None:
        return min(_LONGEST_429, _doubled(tries))
    return max(1.0, error.retry_after)


def _doubled(tries: int) -> float:
    return 2.0 ** min(tries - 1, 10)  # a call may be refused a thousand times: no float holds that


def _is_final(error: errors.LeadGeniusError) -> bool:
    if isinstance(error, errors.ProxyFailed):
        return error.outcome == "rejected"
    return isinstance(error, (errors.TLSFailed, errors.BodyTooLarge, errors.UnexpectedRedirect))


def _most_tries(call: Call, error: errors.LeadGeniusError) -> int:
    if _is_final(error):
        return 1
    if error.outcome == "not_sent":
        return MAX_TRIES
    if not call.repeatable or (call.shrinks and is_too_slow(error)):
        return 1
    if isinstance(error, errors.ProtocolError):
        return MAX_PROTOCOL_TRIES
    if isinstance(error, errors.APIStatusError):
        return MAX_TRIES if error.status in _TRANSIENT else 1
    return MAX_TRIES if isinstance(error, (errors.ConnectionFailed, errors.TimedOut)) else 1
