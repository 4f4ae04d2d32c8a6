"""The gate: no request leaves without its permit.

The service allows L requests a minute and does not say whether its window is fixed or sliding.
Evenly paced sends are right under both: any window of length W sees at most
W/g + b permits, where g = W / (0.985 · L) is the spacing and b the bucket, 1.25 at most. With
sends that reach the service up to J seconds late, there is no 429 as long as
0.985 · L · (1 + J/W) + b < L + 1, that is J ≤ 0.76 s at L = 100 and J ≤ 0.89 s at 1,000. Below
L = 17 a bucket of 1.25 would break that by itself, so it shrinks from L = 33 down: J ≤ 0.45 s.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Literal

import anyio
from aiolimiter import AsyncLimiter

Rate = Literal["standard", "premium", "off"] | float

WINDOW = 60.0  # seconds
#: Share of the limit that is used; the rest is what lateness may cost (see above).
USED = 0.985
#: One permit and a quarter. With exactly 1, each timer's lateness (about 1 ms) is lost for good,
#: which is 2 % of the limit at 1,000 a minute; a quarter of a spacing lets it be caught up.
BUCKET = 1.25
#: What the bucket may have beyond 1, per request a minute: half of the share that is not used.
_SPARE = (1 - USED) / 2
#: A permit older than this when its connection is ready is dropped, and another one taken.
PERMIT_LIFE = 0.25  # seconds

#: Requests a minute, as the platform documents them.
TIERS = {"standard": 100.0, "premium": 1000.0}

_log = logging.getLogger("leadgenius_async.limiter")


def parse_rate(text: str | float | None) -> Rate | None:
    """Return the rate that a setting names: a tier, `off`, or requests per minute.

    Raises:
        ValueError: Neither a tier nor a positive number.
    """
    match text:
        case None | "standard" | "premium" | "off":
            return text
        case _:
            return _per_minute(text)


def _per_minute(text: str | float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ValueError(
            f"rate is {text!r}: give 'standard' (100 requests a minute), 'premium' (1,000), "
            "'off' or a positive number of requests a minute"
        )
    return number


class Gate:
    """Paces all sends of one account.

    Args:
        rate: `standard` or `premium` say what the account has, and the service's
            `X-RateLimit-Limit` corrects them either way. A number is the most that the caller
            wants to use: the header lowers it and never raises it. `off` does not pace.
            None starts at `standard` and follows the header.
    """

    def __init__(self, rate: Rate | None = None) -> None:
        self._ceiling = rate if isinstance(rate, (int, float)) else math.inf
        self._paced = rate != "off"
        self._resumes_at = -math.inf
        self._announced: float | None = None
        self._turn = anyio.Lock()
        self._limit = 0.0
        named = TIERS["premium" if rate == "premium" else "standard"]
        self._set_limit(rate if isinstance(rate, (int, float)) else named)

    @property
    def limit(self) -> float | None:
        """Requests per minute in force, or None if not paced."""
        return self._limit if self._paced else None

    @property
    def paused_for(self) -> float:
        """Seconds until the gate opens again after a 429; 0 when it is open."""
        return max(0.0, self._resumes_at - anyio.current_time())

    async def permit(self) -> float:
        """Wait for the turn to send one request, and return when it was granted.

        The time is the event loop's, in seconds. A permit granted while the gate was being
        paused, or from a pace that has changed meanwhile, is dropped.
        """
        # One task at a time at the pacer: the others have no old pace to sit out when it changes.
        async with self._turn:
            while True:
                await self._wait_until_open()
                pacer = await self._take_turn()
                if pacer is self._pacer and not self.paused_for:
                    return anyio.current_time()

    async def renew(self, granted: float) -> float:
        """Return `granted`, or a fresh permit if that one is too old, or the gate was paused."""
        if anyio.current_time() - granted <= PERMIT_LIFE and not self.paused_for:
            return granted
        _log.debug("dropped a permit: too old, or from before a pause")
        return await self.permit()

    def pause(self, seconds: float) -> None:
        """Let nobody through for `seconds`: the service answered 429."""
        self._resumes_at = max(self._resumes_at, anyio.current_time() + seconds)

    def observe(self, headers: Mapping[str, str]) -> None:
        """Take the account's real limit from the service's headers."""
        limit = _positive(headers.get("x-ratelimit-limit"))
        if limit is None or limit == self._announced:
            return
        if min(limit, self._ceiling) != self._limit:
            _log.info("the account's limit is %g requests a minute", limit)
            self._set_limit(limit)
        self._announced = limit

    def _set_limit(self, limit: float) -> None:
        self._limit = min(limit, self._ceiling)
        spacing = WINDOW / (USED * self._limit)
        bucket = min(BUCKET, 1 + _SPARE * self._limit)
        self._pacer = AsyncLimiter(bucket, bucket * spacing)
        self._primed = False

    async def _take_turn(self) -> AsyncLimiter:
        pacer = self._pacer
        if not self._paced:
            return pacer
        if not self._primed:
            # Start as if a request had just gone out: one may have, from the process before us.
            self._primed = True
            await pacer.acquire(pacer.max_rate)
        await pacer.acquire()
        return pacer

    async def _wait_until_open(self) -> None:
        while wait := self.paused_for:  # noqa: ASYNC110 - a pause may grow while it is waited out
            await anyio.sleep(wait)


def _positive(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None
