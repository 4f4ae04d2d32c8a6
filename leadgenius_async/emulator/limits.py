"""How often an account may ask, and how often an address may try to log in."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

#: The window of the plans' limits, seconds.
WINDOW = 60.0
#: The window in which logins are counted, seconds.
LOGIN_WINDOW = 900.0


@dataclass(frozen=True, slots=True)
class Permit:
    """What the limiter says about one request.

    Attributes:
        admitted: Whether the request may go on.
        limit: Requests per window.
        remaining: Requests left in the window after this one.
        reset: Epoch seconds when the oldest counted request leaves the window.
        retry_after: Seconds until one more request is admitted, for a refused one.
    """

    admitted: bool
    limit: int
    remaining: int
    reset: float
    retry_after: float

    def headers(self) -> dict[str, str]:
        """The rate headers, whole seconds rounded up: waiting for them is always enough."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(math.ceil(self.reset)),
        }
        if not self.admitted:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after)))
        return headers


class SlidingLog:
    """At most `limit` admitted requests in any `window` seconds, counted per key.

    The strictest model there is: whoever passes it passes fixed windows and buckets of the
    same figures too. A refused request is not counted.
    """

    def __init__(self, limit: int, window: float = WINDOW) -> None:
        self._limit = limit
        self._window = window
        self._admitted: dict[str, deque[float]] = {}

    def ask(self, key: str, now: float) -> Permit:
        """Admit one request of `key` at `now` (epoch seconds), or say when to come again."""
        stamps = self._admitted.setdefault(key, deque())
        while stamps and stamps[0] <= now - self._window:
            stamps.popleft()
        admitted = len(stamps) < self._limit
        if admitted:
            stamps.append(now)
        reset = stamps[0] + self._window
        return Permit(admitted, self._limit, self._limit - len(stamps), reset, reset - now)
