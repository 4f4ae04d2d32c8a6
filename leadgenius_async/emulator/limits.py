"""How often an account may ask, and how often an address may try to log in.

Each model of counting is a class with one method, `ask`. Which one the platform uses is not
known, so there are five; none needs the rest of the emulator.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

RateModel = Literal["sliding_log", "fixed", "first_request", "weighted", "bucket"]
RateHeaders = Literal["epoch", "epoch_ms", "delta", "draft", "none"]

#: The window of the plans' limits, seconds.
WINDOW = 60.0
#: The windows of `rate_hour` and `rate_day`, seconds.
HOUR, DAY = 3_600.0, 86_400.0
#: The window in which logins are counted, seconds.
LOGIN_WINDOW = 900.0
#: What a token may lack of a whole one: ten refills of a tenth are not 1.
_ROUNDING = 1e-6
#: Seconds by which a weighted count lies below the limit for sure.
_JUST_AFTER = 0.001


@dataclass(frozen=True, slots=True)
class Permit:
    """What the limiter says about one request.

    Attributes:
        admitted: Whether the request may go on.
        limit: Requests per window.
        remaining: Requests left in the window after this one.
        reset: Epoch seconds when the window ends; of a sliding log, when the oldest counted
            request leaves it; of a bucket, when it is full.
        retry_after: Seconds until one more request is admitted, for a refused one.
        window: Seconds that the limit is for.
    """

    admitted: bool
    limit: int
    remaining: int
    reset: float
    retry_after: float
    window: float = WINDOW

    def headers(self, dialect: RateHeaders = "epoch", now: float = 0.0) -> dict[str, str]:
        """The rate headers, whole seconds rounded up: waiting for them is always enough.

        Args:
            dialect: How the end of the window is written: as epoch seconds or milliseconds, as
                seconds from now (`"delta"`), those under the lower-case names of the IETF's
                drafts (`"draft"`), or no header at all.
            now: Epoch seconds, for the dialects that count from there.
        """
        if dialect == "none":
            return {}
        names = _DRAFT_NAMES if dialect == "draft" else _NAMES
        values = (self.limit, self.remaining, self._reset(dialect, now))
        headers = {name: str(value) for name, value in zip(names, values, strict=True)}
        if not self.admitted:
            headers["Retry-After"] = str(max(1, math.ceil(self.retry_after)))
        return headers

    def _reset(self, dialect: RateHeaders, now: float) -> int:
        if dialect == "epoch":
            return math.ceil(self.reset)
        if dialect == "epoch_ms":
            return math.ceil(self.reset * 1_000)
        return max(0, math.ceil(self.reset - now))


_NAMES = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
_DRAFT_NAMES = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-reset")


class Limiter(Protocol):
    """What counts requests per key."""

    def ask(self, key: str, now: float) -> Permit:
        """Admit one request of `key` at `now` (epoch seconds), or say when to come again."""
        ...


class _Model(ABC):
    """One window, counted per key. A refused request is not counted.

    Args:
        limit: Requests per window.
        window: Seconds.
    """

    def __init__(self, limit: int, window: float = WINDOW) -> None:
        #: Requests that are admitted at once, when none were before.
        self.capacity: int = limit
        self._limit = limit
        self._window = window

    def ask(self, key: str, now: float) -> Permit:
        """Admit one request of `key` at `now` (epoch seconds), or say when to come again."""
        permit = self.look(key, now)
        if permit.admitted:
            self.take(key, now)
        return permit

    @abstractmethod
    def look(self, key: str, now: float) -> Permit:
        """What `ask` would say; nothing is counted."""

    @abstractmethod
    def take(self, key: str, now: float) -> None:
        """Count a request that `look` admitted at the same time."""

    def _permit(self, used: int, reset: float, retry_after: float) -> Permit:
        admitted = used < self._limit
        left = self._limit - used - admitted
        return Permit(admitted, self._limit, max(0, left), reset, retry_after, self._window)


class SlidingLog(_Model):
    """At most `limit` admitted requests in any `window` seconds.

    The strictest model there is: whoever passes it passes fixed windows and buckets of the
    same figures too.
    """

    def __init__(self, limit: int, window: float = WINDOW) -> None:
        super().__init__(limit, window)
        self._admitted: dict[str, deque[float]] = {}

    def look(self, key: str, now: float) -> Permit:
        """See `ask`."""
        stamps = self._admitted.setdefault(key, deque())
        while stamps and stamps[0] + self._window <= now:
            stamps.popleft()
        reset = (stamps[0] if stamps else now) + self._window
        return self._permit(len(stamps), reset, reset - now)

    def take(self, key: str, now: float) -> None:
        """See `ask`."""
        self._admitted[key].append(now)


class _Windows(_Model):
    """Windows that follow each other, each with a count of its own."""

    def __init__(self, limit: int, window: float = WINDOW) -> None:
        super().__init__(limit, window)
        #: Start and count of each key's window.
        self._open: dict[str, tuple[float, int]] = {}

    @abstractmethod
    def _start(self, key: str, now: float) -> float:
        """When the window of a request began, epoch seconds."""

    def _used(self, key: str, start: float) -> int:
        opened, used = self._open.get(key, (start, 0))
        return used if opened == start else 0

    def look(self, key: str, now: float) -> Permit:
        """See `ask`."""
        start = self._start(key, now)
        reset = start + self._window
        return self._permit(self._used(key, start), reset, reset - now)

    def take(self, key: str, now: float) -> None:
        """See `ask`."""
        start = self._start(key, now)
        self._open[key] = (start, self._used(key, start) + 1)


class FixedWindow(_Windows):
    """`limit` requests in each window; windows begin by the clock, as minutes do."""

    def _start(self, key: str, now: float) -> float:  # noqa: ARG002 - the same for all keys
        return math.floor(now / self._window) * self._window


class FirstRequestWindow(_Windows):
    """`limit` requests in each window; a window begins with the first request after the last."""

    def _start(self, key: str, now: float) -> float:
        opened, _ = self._open.get(key, (-math.inf, 0))
        return opened if now < opened + self._window else now


class WeightedWindow(_Model):
    """Fixed windows; the count of the one before fades over the present one.

    The requests of the window before count by the share of it that still lies within the last
    `window` seconds, rounded down.
    """

    def __init__(self, limit: int, window: float = WINDOW) -> None:
        super().__init__(limit, window)
        #: Number of each key's window, its count, and that of the window before.
        self._counts: dict[str, tuple[int, int, int]] = {}

    def look(self, key: str, now: float) -> Permit:
        """See `ask`."""
        number, count, before = self._at(key, now)
        end = (number + 1) * self._window
        weighted = math.floor(before * (end - now) / self._window + _ROUNDING)
        return self._permit(count + weighted, end, self._wait(count, before, end - now))

    def take(self, key: str, now: float) -> None:
        """See `ask`."""
        number, count, before = self._at(key, now)
        self._counts[key] = (number, count + 1, before)

    def _at(self, key: str, now: float) -> tuple[int, int, int]:
        present = math.floor(now / self._window)
        number, count, before = self._counts.get(key, (present, 0, 0))
        if number == present:
            return number, count, before
        return present, 0, count if number == present - 1 else 0

    def _wait(self, count: int, before: int, left: float) -> float:
        """Seconds until the weighted count lies below the limit."""
        room = self._limit - count
        if room <= 0 or not before:
            return left + _JUST_AFTER
        return max(0.0, left - self._window * room / before) + _JUST_AFTER


class TokenBucket(_Model):
    """A bucket that fills by `limit` tokens per window; each request takes one.

    Args:
        limit: Requests per window.
        window: Seconds.
        size: Tokens that it holds, and has at first; `limit` if not given.
    """

    def __init__(self, limit: int, window: float = WINDOW, size: int | None = None) -> None:
        super().__init__(limit, window)
        self._size = limit if size is None else size
        self.capacity: int = self._size
        self._each = window / limit
        #: Each key's tokens, and when they were counted.
        self._tokens: dict[str, tuple[float, float]] = {}

    def look(self, key: str, now: float) -> Permit:
        """See `ask`."""
        tokens = self._filled(key, now)
        admitted = tokens >= 1 - _ROUNDING
        left = max(0.0, tokens - admitted)
        full = now + (self._size - left) * self._each
        wait = max(0.0, 1 - tokens) * self._each
        return Permit(admitted, self._limit, int(left + _ROUNDING), full, wait, self._window)

    def take(self, key: str, now: float) -> None:
        """See `ask`."""
        self._tokens[key] = (self._filled(key, now) - 1, now)

    def _filled(self, key: str, now: float) -> float:
        tokens, at = self._tokens.get(key, (float(self._size), now))
        return min(float(self._size), tokens + (now - at) / self._each)


@dataclass(frozen=True, slots=True)
class Usage:
    """How full one window is for a key.

    Attributes:
        used: Requests that count at present.
        limit: Requests at which the next one is refused.
        window: Seconds that the window spans.
        reset: Epoch seconds, as `Permit.reset`.
        refill: Tokens that a bucket gets per window; None where requests are counted.
    """

    used: int
    limit: int
    window: float
    reset: float
    refill: int | None = None


class Together:
    """Several windows at once; a request that one of them refuses is counted in none."""

    def __init__(self, models: Sequence[_Model]) -> None:
        self.models = models

    def ask(self, key: str, now: float) -> Permit:
        """The permit of the window that has the least left; of a refusal, the longest wait."""
        permits = [model.look(key, now) for model in self.models]
        refused = [permit for permit in permits if not permit.admitted]
        if refused:
            return max(refused, key=lambda permit: permit.retry_after)
        for model in self.models:
            model.take(key, now)
        return min(permits, key=lambda permit: permit.remaining)

    def usage(self, key: str, now: float) -> list[Usage]:
        """How full each window is for a key; nothing is counted."""
        return [_usage(model, model.look(key, now)) for model in self.models]


def rate_limiter(
    limits: Sequence[tuple[int, float]], model: RateModel = "sliding_log", size: int | None = None
) -> Together | None:
    """What counts the requests of accounts; None without a limit.

    Args:
        limits: Requests and seconds of each window.
        model: How they are counted.
        size: Tokens that the bucket of the first window holds, where the model is a bucket.
    """
    if not limits:
        return None
    if model == "bucket":
        first, *others = limits
        return Together([TokenBucket(*first, size), *(TokenBucket(*each) for each in others)])
    return Together([_MODELS[model](*each) for each in limits])


def _usage(model: _Model, permit: Permit) -> Usage:
    left = permit.remaining + permit.admitted
    used = max(0, model.capacity - left)
    refill = permit.limit if isinstance(model, TokenBucket) else None
    return Usage(used, model.capacity, permit.window, permit.reset, refill)


_MODELS: dict[RateModel, type[SlidingLog | FixedWindow | FirstRequestWindow | WeightedWindow]] = {
    "sliding_log": SlidingLog,
    "fixed": FixedWindow,
    "first_request": FirstRequestWindow,
    "weighted": WeightedWindow,
}
