"""The gate: what the request path asks for its permits."""

from __future__ import annotations

import functools
import logging
import math
import random
from collections.abc import Callable, Mapping

import anyio

from leadgenius_async._http.clock import loop_time
from leadgenius_async._http.limiter import feedback
from leadgenius_async._http.limiter.books import Book, Busy, Local
from leadgenius_async._http.limiter.ledger import Ledger, Terms
from leadgenius_async._http.limiter.rates import TIERS, WINDOW, Rate, Windows

#: A permit older than this when its connection is ready is dropped, and another one taken.
PERMIT_LIFE = 0.25  # seconds

#: Between looks at a lock that is held for microseconds, and from the 50th on: it is held longer.
_LOCK_RETRY, _LATER_RETRY = 0.002, 0.02  # seconds
#: After so many, which take some 5 s, its holder is stopped.
_LOCK_LOOKS = 270
_LONGEST_SLEEP = 60.0  # seconds
_EXTRA = 0.1  # of a pause, at the most
_SHOWN = 20  # times of sends in the log

_Change = Callable[[Ledger, float], None]

_log = logging.getLogger("leadgenius_async.limiter")


class NoTurn(Exception):
    """The turn comes too late for whoever asks."""


class Gate:
    """Paces all sends of one account.

    Permits are taken when their time has come, none ahead of it. So a task or a process that ends
    while it waits wastes none, a pause or a new limit holds for everyone who waits, and a timer
    that goes off late makes a permit later, never older.

    Args:
        rate: `standard` or `premium` say what the account has, and the service's
            `X-RateLimit-Limit` corrects them either way. A number is the most that the caller
            wants to use: the header lowers it and never raises it. `off` does not pace.
            None starts at `standard` and follows the header.
        book: Where the account's ledger is kept: this gate's own if not given.

    Attributes:
        book: Where it is kept now.
    """

    def __init__(self, rate: Rate | Windows | None = None, book: Book | None = None) -> None:
        self._terms = _terms(rate)
        self._paced = rate != "off"
        self.book: Book = book or Local()
        self._turn = anyio.Lock()
        self._next = -math.inf
        self._locked_out = 0
        self._has_warned = False
        self._kept: list[_Change] = []

    @property
    def limit(self) -> float | None:
        """Requests per minute in force, or None if not paced."""
        return self._limit(self._peek()) if self._paced else None

    @property
    def last_limit(self) -> float | None:
        """The same as this process last read it: nothing is read now, so any thread may ask."""
        return self._limit(self.book.last) if self._paced else None

    @property
    def paused_for(self) -> float:
        """Seconds until the gate opens again after a 429; 0 when it is open."""
        resumes_at = self._peek().resumes_at
        return max(0.0, resumes_at - self.book.clock()) if resumes_at > -math.inf else 0.0

    @property
    def opens_in(self) -> float:
        """Seconds that whoever waits at the gate waits for at least, as far as is known."""
        return max(self._next - loop_time(), self.paused_for)

    def at_once(self) -> float | None:
        """Take a permit whose time has come, and return when it was granted; None if none is there.

        It is not there either where somebody else waits.
        """
        if self._turn.locked() or (self._take() if self._paced else self.paused_for):
            return None
        return loop_time()

    async def permit(self, by: float = math.inf) -> float:
        """Wait for the turn to send one request, and return when it was granted.

        Both times are the event loop's, in seconds.

        Args:
            by: When it must be granted at the latest.

        Raises:
            NoTurn: It is known that it will not; nobody waits in vain.
        """
        if self._turn.locked():  # somebody is ahead, and waits for so long
            _check(self.opens_in, by)
        async with self._turn:  # in the order of asking
            while wait := self._take():
                self._next = loop_time() + wait
                _check(wait, by)
                # Not all of a long wait at once: this clock stands still while the machine sleeps.
                await anyio.sleep(min(wait, _LONGEST_SLEEP))
            return loop_time()

    async def renew(self, granted: float, by: float = math.inf) -> float:
        """Return `granted`, or a fresh permit if that one is too old, or the gate was paused.

        Raises:
            NoTurn: There is none before `by`.
        """
        if self.is_fresh(granted):
            return granted
        _log.debug("dropped a permit: too old, or from before a pause")
        return await self.permit(by)

    def is_fresh(self, granted: float) -> bool:
        """Return whether a permit is young enough, and the gate was not paused since."""
        return loop_time() - granted <= PERMIT_LIFE and not self.paused_for

    def pause(self, seconds: float) -> None:
        """Let nobody through for `seconds`."""
        self._change(lambda ledger, now: ledger.pause(now, seconds), must=True)

    def refused(self, seconds: float, granted: float) -> None:
        """Pause, and use less of the limit for a while: the service answered 429.

        Args:
            seconds: How long it asks to wait.
            granted: When the refused request's permit was taken.
        """
        self.pause(seconds)
        if not self._paced:
            return
        extra = random.uniform(0, _EXTRA)  # noqa: S311 - spreads hosts, hides nothing

        def change(ledger: Ledger, now: float) -> None:
            if ledger.refused(now, now - _age(granted), extra=extra):
                self._report(ledger, now)

        self._change(change, must=True)

    def observe(self, headers: Mapping[str, str], granted: float | None = None) -> None:
        """Take the account's real limit from the service's headers, and what others leave of it.

        Args:
            headers: The answer's headers.
            granted: When its request's permit was taken.
        """
        limit = feedback.limit(headers) if self._paced else None
        if limit is None or self._terms.names(limit):
            return
        said = feedback.read(headers)

        def change(ledger: Ledger, now: float) -> None:
            if ledger.announce(limit, now, self._terms):
                told = {"limit": limit}
                _log.info("the account's limit is %(limit)g requests a minute", told, extra=told)
            if said is not None and granted is not None:
                ledger.heed(said, now, now - _age(granted))

        self._change(change)

    def _limit(self, ledger: Ledger) -> float:
        return min(ledger.limit or self._terms.named, self._terms.ceiling)

    def _take(self) -> float:
        """Take a permit and return 0, or return the seconds to wait before the next look."""
        try:
            with self.book as ledger:
                self._locked_out = 0
                now = self.book.clock()
                while self._kept:
                    self._kept.pop(0)(ledger, now)
                return ledger.take(now, self._terms)
        except Busy:
            self._locked_out += 1
            if self._locked_out < _LOCK_LOOKS:
                return _LOCK_RETRY if self._locked_out < 50 else _LATER_RETRY
            self._go_alone("a process that is stopped holds its lock")
        except OSError as error:
            self._go_alone(_reason(error))
        return self._take()

    def _change(self, change: _Change, *, must: bool = False) -> None:
        """Change the ledger now; where it is locked, before the next permit if it must be."""
        try:
            with self.book as ledger:
                change(ledger, self.book.clock())
        except Busy:
            if must:
                self._kept.append(change)
        except OSError as error:
            self._go_alone(_reason(error))
            self._change(change)

    def _peek(self) -> Ledger:
        try:
            return self.book.peek()
        except OSError as error:
            self._go_alone(_reason(error))
            return self.book.peek()

    def _go_alone(self, why: str) -> None:
        """Pace this process by itself, from what is known: what all share cannot be had."""
        shared, alone = self.book, Local()
        ahead = alone.clock() - shared.clock()
        self.book = Local(shared.last.by_another_clock(ahead))
        self._terms.tat += ahead
        warn_alone(why)

    def _report(self, ledger: Ledger, now: float) -> None:
        """Log a 429, which should not be: with the sends before it, once loudly."""
        ages = ledger.last(WINDOW, now)
        _log.log(
            logging.INFO if self._has_warned else logging.WARNING,
            "429 although sends are paced: %d in the last minute, the last ones %s s ago; "
            "another host or program may use the account. Using %.1f%% of the limit for now",
            len(ages), ", ".join(f"{age:.3f}" for age in ages[:_SHOWN]), ledger.cut * 100,
        )  # fmt: skip
        self._has_warned = True


def _terms(rate: Rate | Windows | None) -> Terms:
    match rate:
        case "off":
            return Terms(math.inf)
        case Windows(per_minute=None, larger=larger):
            return Terms(TIERS["standard"], larger=larger)
        case Windows(per_minute=float(number), larger=larger):
            return Terms(number, number, larger)
        case int() | float():
            return Terms(rate, rate)
        case _:
            return Terms(TIERS["premium" if rate == "premium" else "standard"])


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _check(wait: float, by: float) -> None:
    if loop_time() + wait > by:
        raise NoTurn


def _age(granted: float) -> float:
    return loop_time() - granted


@functools.cache
def warn_alone(why: str) -> None:
    _log.warning(
        "processes of this host cannot share the rate limit (%s): each is paced by itself; "
        "give each its share as a number (`rate`)",
        why,
    )
