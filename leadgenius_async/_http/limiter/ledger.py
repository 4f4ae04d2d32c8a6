"""The arithmetic of the gate, without clock and I/O: when the next request may leave.

The service allows L requests a minute and does not say whether its window is fixed or sliding.
Evenly paced sends are right under both. Sends are g = W / (0.985 · L) apart; a permit that was
taken late moves the next one by all of its lateness but LAG. So L + 1 sends take at least
L · g - LAG = W / 0.985 - LAG, which is 60.9 s whatever L is: sends that reach the service up to
0.9 s later than others fit into every window of 60 s, at any limit.

One number is the whole state of that, `tat`: the time from which the next request may leave (the
"theoretical arrival time" of the cell rate algorithm). It is enough for one task, for all tasks of
a process, and in a file for all processes of a host.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, field

from leadgenius_async._http.limiter.feedback import Said
from leadgenius_async._http.limiter.rates import MOST_IN_A_WINDOW, WINDOW, Window

#: Share of the limit that is used; the rest is what lateness on the way may cost.
USED = 0.985
#: Lateness that the next permit has back, seconds. With none, each timer's lateness (about 1 ms)
#: is lost for good, 2 % of the limit at 1,000 a minute. What is left of W / 0.985 - W - 0.9 s.
LAG = 0.013
#: Times of sends that are kept.
KEPT = 2**17
assert KEPT > MOST_IN_A_WINDOW  # noqa: S101 - a larger window looks so far back

#: Added to a larger window: what its own sends may be late by, and the service's rounding.
_GUARD = 1.0  # seconds
_AFTER_429 = 0.9  # of the share that was used until then
_REGAINED = 0.005  # of the limit, by each window without a 429
#: A pause that lasts longer is looked at again: one request goes out.
_LONGEST_PAUSE = 3600.0  # seconds
#: What may be used beside our own sends, of the limit, before it is taken for somebody else.
_UNEXPLAINED = 0.02
#: By how much the service's Reset and Date may be rounded together.
_GRAIN = 2.0  # seconds


class Times:
    """When the last requests left, by their numbers."""

    def __init__(self) -> None:
        self._ring: list[float] = []

    def get(self, number: int) -> float:
        return self._ring[number % KEPT]

    def put(self, number: int, at: float) -> None:
        place = number % KEPT
        if place == len(self._ring):
            self._ring.append(at)
        else:
            self._ring[place] = at


@dataclass(slots=True)
class Terms:
    """What one gate may use.

    Attributes:
        named: Requests a minute as long as the service has not announced a limit.
        ceiling: The most requests a minute that the caller wants to use.
        larger: Windows of an hour and a day.
        tat: From when the ceiling allows the next request; this gate's own, others have theirs.
    """

    named: float
    ceiling: float = math.inf
    larger: tuple[Window, ...] = ()
    tat: float = -math.inf

    def names(self, limit: float) -> bool:
        """Return whether a limit is that of an hour or a day, of which a header may tell too."""
        return any(limit == window.limit for window in self.larger)


@dataclass(slots=True)
class Ledger:
    """What is known of an account's requests. All times are of one clock, in seconds.

    Attributes:
        count: Requests so far.
        tat: From when the next request may leave.
        resumes_at: When the pause after a 429 ends.
        limit: Requests a minute that the service announced, 0 before it did.
        cut: Share of the limit that was left in use at the last 429.
        cut_at: When that was.
        slow: Spacing while others use the account too.
        slow_until: How long it holds.
        reset_at: When the newest window that an answer told of ends.
        times: When the requests left.
    """

    count: int = 0
    tat: float = -math.inf
    resumes_at: float = -math.inf
    limit: float = 0.0
    cut: float = USED
    cut_at: float = -math.inf
    slow: float = 0.0
    slow_until: float = -math.inf
    reset_at: float = -math.inf
    times: Times = field(default_factory=Times)

    def by_another_clock(self, ahead: float) -> Ledger:
        """Return it by a clock that is so many seconds ahead, without the times of requests."""
        return Ledger(
            tat=self.tat + ahead,
            resumes_at=self.resumes_at + ahead,
            limit=self.limit,
            cut=self.cut,
            cut_at=self.cut_at + ahead,
            slow=self.slow,
            slow_until=self.slow_until + ahead,
            reset_at=self.reset_at + ahead,
        )

    def take(self, now: float, terms: Terms) -> float:
        """Take the permit for one request, and return 0; or return the seconds to wait first."""
        spacing = self.spacing(now, terms)
        if self.tat == -math.inf:
            # Start as if a request had just gone out: one may have, from the process before us.
            self.tat = now + spacing
        if (wait := self._opens_at(terms) - now) > 0:
            return wait
        self.tat = _advanced(self.tat, now, spacing)
        if terms.ceiling < math.inf:
            terms.tat = _advanced(terms.tat, now, WINDOW / (USED * terms.ceiling))
        if spacing:
            self.times.put(self.count, now)
            self.count += 1
        return 0.0

    def spacing(self, now: float, terms: Terms) -> float:
        """Return the seconds between two requests of the account."""
        even = WINDOW / (self.share(now) * (self.limit or terms.named))
        return max(even, self.slow) if now < self.slow_until else even

    def share(self, now: float) -> float:
        """Return the share of the limit in use: less after a 429, and more again with time."""
        if self.cut == USED:
            return USED
        return min(USED, self.cut + _REGAINED * math.floor((now - self.cut_at) / WINDOW))

    def pause(self, now: float, seconds: float) -> None:
        """Let nobody through for so long, an hour at the most."""
        self.resumes_at = max(self.resumes_at, now + min(seconds, _LONGEST_PAUSE))

    def refused(self, now: float, sent_at: float, *, extra: float) -> bool:
        """Use less of the limit after a 429, and return whether it is news.

        Args:
            now: Now.
            sent_at: When the permit of the refused request was taken; one from before the last
                cut tells nothing new.
            extra: By what share of the pause it is longer, so that hosts do not come back together.
        """
        self.tat = max(self.tat, self.resumes_at + extra * max(0.0, self.resumes_at - now))
        if sent_at <= self.cut_at:
            return False
        self.cut, self.cut_at = self.share(now) * _AFTER_429, now
        return True

    def announce(self, limit: float, now: float, terms: Terms) -> bool:
        """Take the limit that the service announces, and return whether it is another one."""
        if limit == self.limit:
            return False
        changed = limit != (self.limit or terms.named)
        lower = limit < (self.limit or terms.named)
        self.limit = limit
        if lower and self.tat != -math.inf:  # at once, also for the one who waits already
            self.tat = max(self.tat, now + self.spacing(now, terms))
        return changed

    def heed(self, said: Said, now: float, sent_at: float) -> None:
        """Slow down if others use the account too.

        Only what our own sends do not explain counts: whoever budgets by `Remaining` alone loses
        two to five per cent of the limit with nobody else about.

        Args:
            said: What an answer told of its window.
            now: When it came.
            sent_at: When its request left.
        """
        reset_at = now + said.reset_in
        if reset_at < self.reset_at - _GRAIN:
            return  # a late answer, of a window that is over
        self.reset_at = max(self.reset_at, reset_at)
        since = self._before(sent_at, also=True)
        if self._explains(said, reset_at - WINDOW - _GRAIN, since):
            self.slow_until = -math.inf
        elif (budget := said.remaining - (self.count - since)) > 0:
            self.slow, self.slow_until = said.reset_in / budget, reset_at
        else:
            self.pause(now, said.reset_in + _GUARD)

    def last(self, seconds: float, now: float) -> list[float]:
        """Return how long ago the requests of the last seconds left, newest first."""
        first = self._before(now - seconds)
        return [now - self.times.get(number) for number in range(self.count - 1, first - 1, -1)]

    def _explains(self, said: Said, opened_at: float, since: int) -> bool:
        """Return whether requests of our own are all that an answer counts.

        A window counts those since it opened. A weighted one counts those of the window before
        too, by the share of it that is still within a minute: if that is the number, it is ours.
        """
        used, some = said.limit - said.remaining, 1 + _UNEXPLAINED * said.limit
        first = self._before(opened_at)
        own = since - first
        if used - own <= some:
            return True
        faded = (first - self._before(opened_at - WINDOW)) * said.reset_in / WINDOW
        grain = said.limit * _GRAIN / WINDOW
        return -some - grain <= used - own - faded <= some

    def _opens_at(self, terms: Terms) -> float:
        opens = max(self.tat, self.resumes_at, terms.tat)
        for window in terms.larger:
            allowed = max(1, int(USED * window.limit))
            if self.count >= allowed:
                oldest = self.times.get(self.count - allowed)
                opens = max(opens, oldest + window.seconds + _GUARD)
        return opens

    def _before(self, at: float, *, also: bool = False) -> int:
        """Return how many requests left before a time (`also`: or at it)."""
        numbers = range(max(0, self.count - KEPT), self.count)
        side = bisect.bisect_right if also else bisect.bisect_left
        return numbers.start + side(numbers, at, key=self.times.get)


def _advanced(tat: float, now: float, spacing: float) -> float:
    return max(tat, now - min(LAG, spacing / 4)) + spacing
