"""The desk: where a process gives out an account's permits, to the gates of all its event loops."""

from __future__ import annotations

import functools
import logging
import math
import threading
from collections.abc import Callable

from leadgenius_async._http.limiter.books import Book, Busy, Local
from leadgenius_async._http.limiter.ledger import Ledger, Terms
from leadgenius_async._http.limiter.rates import TIERS, Rate, Windows

#: Between looks at a lock that is held for microseconds, and from the 50th on: it is held longer.
_LOCK_RETRY, _LATER_RETRY = 0.002, 0.02  # seconds
#: After so many, which take some 5 s, its holder is stopped.
_LOCK_LOOKS = 270

Change = Callable[[Ledger, float], None]

_log = logging.getLogger("leadgenius_async.limiter")


class Desk:
    """Keeps a book by the terms of a rate, for one thread at a time; nobody waits here.

    The event loops' times are of one clock: the system's monotonic one.

    Args:
        rate: As the gate has it.
        book: Where the account's ledger is kept.

    Attributes:
        book: Where it is kept now.
        terms: What may be used.
        paced: Whether permits are paced at all.
    """

    def __init__(self, rate: Rate | Windows | None, book: Book) -> None:
        self.book: Book = book
        self.terms: Terms = _terms(rate)
        self.paced: bool = rate != "off"
        self._one_at_a_time = threading.Lock()  # 0.1 µs; held for as long as the book is open
        self._locked_out = 0
        self._kept: list[Change] = []
        self._found: list[Callable[[], None]] = []

    def take(self) -> float:
        """Take a permit and return 0, or return the seconds to wait before the next look."""
        with self._one_at_a_time:
            wait = self._take()
        self._log_found()
        return wait

    def change(self, change: Change, *, must: bool = False) -> None:
        """Change the ledger now; where it is locked, before the next permit if it must be."""
        with self._one_at_a_time:
            self._change(change, must=must)
        self._log_found()

    def peek(self) -> Ledger:
        """Return the ledger, to be read only."""
        with self._one_at_a_time:
            ledger = self._peek()
        self._log_found()
        return ledger

    def found(self, log: Callable[[], None]) -> None:
        """Have a change's news logged once the desk is free: a log handler may ask it something."""
        self._found.append(log)

    def _log_found(self) -> None:
        if not self._found:
            return
        with self._one_at_a_time:
            found, self._found = self._found, []
        for log in found:
            log()

    def _peek(self) -> Ledger:
        try:
            return self.book.peek()
        except OSError as error:
            self._go_alone(_reason(error))
            return self.book.peek()

    def _take(self) -> float:
        try:
            with self.book as ledger:
                self._locked_out = 0
                now = self.book.clock()
                while self._kept:
                    self._kept.pop(0)(ledger, now)
                return ledger.take(now, self.terms)
        except Busy:
            self._locked_out += 1
            if self._locked_out < _LOCK_LOOKS:
                return _LOCK_RETRY if self._locked_out < 50 else _LATER_RETRY
            self._go_alone("a process that is stopped holds its lock")
        except OSError as error:
            self._go_alone(_reason(error))
        return self._take()

    def _change(self, change: Change, *, must: bool) -> None:
        try:
            with self.book as ledger:
                change(ledger, self.book.clock())
        except Busy:
            if must:
                self._kept.append(change)
        except OSError as error:
            self._go_alone(_reason(error))
            self._change(change, must=must)

    def _go_alone(self, why: str) -> None:
        """Pace this process by itself, from what is known: what all share cannot be had."""
        shared, alone = self.book, Local()
        ahead = alone.clock() - shared.clock()
        self.book = Local(shared.last.by_another_clock(ahead))
        self.terms.tat += ahead
        self.found(functools.partial(warn_alone, why))


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


@functools.cache
def warn_alone(why: str) -> None:
    _log.warning(
        "processes of this host cannot share the rate limit (%s): each is paced by itself; "
        "give each its share as a number (`rate`)",
        why,
    )
