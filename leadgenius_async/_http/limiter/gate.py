"""The gate: what the request path asks for its permits."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Mapping
from functools import partial
from typing import Self

import anyio

from leadgenius_async._http.clock import loop_time
from leadgenius_async._http.limiter import feedback
from leadgenius_async._http.limiter.books import Book, Local
from leadgenius_async._http.limiter.desk import Desk
from leadgenius_async._http.limiter.ledger import Ledger
from leadgenius_async._http.limiter.rates import WINDOW, Rate, Windows

#: A permit older than this when its connection is ready is dropped, and another one taken.
PERMIT_LIFE = 0.25  # seconds

_LONGEST_SLEEP = 60.0  # seconds
_EXTRA = 0.1  # of a pause, at the most
_SHOWN = 20  # times of sends in the log

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
        desk: Where another gate's permits come from, to share it, its rate and its book.
    """

    def __init__(
        self,
        rate: Rate | Windows | None = None,
        book: Book | None = None,
        *,
        desk: Desk | None = None,
    ) -> None:
        self._desk = desk or Desk(rate, book or Local())
        self._turn = anyio.Lock()
        self._next = -math.inf
        self._has_warned = False

    def twin(self) -> Self:
        """Return a gate for another event loop, which gets its permits from the same desk."""
        return type(self)(desk=self._desk)

    @property
    def book(self) -> Book:
        """Where the account's ledger is kept now."""
        return self._desk.book

    @property
    def limit(self) -> float | None:
        """Requests per minute in force, or None if not paced."""
        return self._limit(self._desk.peek()) if self._desk.paced else None

    @property
    def last_limit(self) -> float | None:
        """The same as this process last read it: nothing is read now, so any thread may ask."""
        return self._limit(self.book.last) if self._desk.paced else None

    @property
    def paused_for(self) -> float:
        """Seconds until the gate opens again after a 429; 0 when it is open."""
        resumes_at = self._desk.peek().resumes_at
        return max(0.0, resumes_at - self.book.clock()) if resumes_at > -math.inf else 0.0

    @property
    def opens_in(self) -> float:
        """Seconds that whoever waits at the gate waits for at least, as far as is known."""
        return max(self._next - loop_time(), self.paused_for)

    def at_once(self) -> float | None:
        """Take a permit whose time has come, and return when it was granted; None if none is there.

        It is not there either where somebody else waits.
        """
        if self._turn.locked() or (self._desk.take() if self._desk.paced else self.paused_for):
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
            while wait := self._desk.take():
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
        self._desk.change(lambda ledger, now: ledger.pause(now, seconds), must=True)

    def refused(self, seconds: float, granted: float) -> None:
        """Pause, and use less of the limit for a while: the service answered 429.

        Args:
            seconds: How long it asks to wait.
            granted: When the refused request's permit was taken.
        """
        self.pause(seconds)
        if not self._desk.paced:
            return
        extra = random.uniform(0, _EXTRA)  # noqa: S311 - spreads hosts, hides nothing

        def change(ledger: Ledger, now: float) -> None:
            if ledger.refused(now, now - _age(granted), extra=extra):
                self._report(ledger, now)

        self._desk.change(change, must=True)

    def observe(self, headers: Mapping[str, str], granted: float | None = None) -> None:
        """Take the account's real limit from the service's headers, and what others leave of it.

        Args:
            headers: The answer's headers.
            granted: When its request's permit was taken.
        """
        limit = feedback.limit(headers) if self._desk.paced else None
        if limit is None or self._desk.terms.names(limit):
            return
        said = feedback.read(headers)

        def change(ledger: Ledger, now: float) -> None:
            if ledger.announce(limit, now, self._desk.terms):
                told = {"limit": limit}
                text = "the account's limit is %(limit)g requests a minute"
                self._desk.found(partial(_log.info, text, told, extra=told))
            if said is not None and granted is not None:
                ledger.heed(said, now, now - _age(granted))

        self._desk.change(change)

    def _limit(self, ledger: Ledger) -> float:
        return min(ledger.limit or self._desk.terms.named, self._desk.terms.ceiling)

    def _report(self, ledger: Ledger, now: float) -> None:
        """Log a 429, which should not be: with the sends before it, once loudly."""
        ages = ledger.last(WINDOW, now)
        self._desk.found(partial(
            _log.log,
            logging.INFO if self._has_warned else logging.WARNING,
            "429 although sends are paced: %d in the last minute, the last ones %s s ago; "
            "another host or program may use the account. Using %.1f%% of the limit for now",
            len(ages), ", ".join(f"{age:.3f}" for age in ages[:_SHOWN]), ledger.cut * 100,
        ))  # fmt: skip
        self._has_warned = True


def _check(wait: float, by: float) -> None:
    if loop_time() + wait > by:
        raise NoTurn


def _age(granted: float) -> float:
    return loop_time() - granted
