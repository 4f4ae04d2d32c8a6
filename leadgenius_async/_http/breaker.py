"""The breaker: while the service is out, one call at a time asks whether it is back.

Five failures in a row, of any calls, are an outage: a 502, a 503 or a connection that failed. A 500
or a 504 does not count: it may be one request's own, poisoned or too large. Nor do 502s of one call
alone: a gateway answers so too where a request kills its worker each time. From then on calls wait
here before they are sent, and each second and a half one of them goes ahead; with the first good
answer all go on, as fast as the rate limit lets them. So an outage costs 40 sends a minute, however
many calls wait, and its end is noticed within two seconds.

A service that had answered well is waited for: tries count only after 90 seconds, so that a job
outlives an outage of a minute. Else each call has its five tries. After the 90 seconds nobody waits
here any more, and each call fails by one try of its own. A host that has never answered anything is
a wrong address, not an outage, and nobody waits for it.
"""

from __future__ import annotations

import logging

import anyio

from leadgenius_async import errors
from leadgenius_async._http.clock import loop_time
from leadgenius_async._http.retry import MAX_TRIES

#: Failures in a row that are an outage.
FAILURES = 5
#: Seconds from one failure to the next look whether the service is back.
LOOK_EVERY = 1.5
#: The most that a `Retry-After` lengthens that: it is one answer's, and all calls wait for it.
LONGEST_LOOK_WAIT = 30.0
#: Seconds that an outage is waited out.
PATIENCE = 90.0

_BAD_GATEWAY = 502
_OUT = {_BAD_GATEWAY, 503}

_log = logging.getLogger("leadgenius_async.http")


def is_outage(error: errors.LeadGeniusError) -> bool:
    """Return whether a failure says that the service, and not one request, is at fault."""
    if isinstance(error, errors.ConnectionFailed):
        return not isinstance(error, errors.TLSFailed)
    return isinstance(error, errors.ServerError) and error.status in _OUT


class Breaker:
    """Whether the service is there, as the answers to all calls of an account show."""

    def __init__(self) -> None:
        self._turn = anyio.Lock()
        self._failures = 0
        self._of_all = False  # whether they cannot be one request's own
        self._told = False
        self._reached = False  # by any answer, be it a 503
        self._served = False  # by a good one
        self._since = 0.0
        self._next_look = 0.0

    @property
    def out(self) -> bool:
        """Whether there is an outage."""
        return self._reached and self._of_all and self._failures >= FAILURES

    @property
    def out_for(self) -> float:
        """Seconds since its first failure."""
        return loop_time() - self._since

    @property
    def holds(self) -> bool:
        """Whether calls wait for the service to come back."""
        return self.out and self.out_for < PATIENCE

    async def wait(self) -> bool:
        """Wait for the end of the outage, or for the turn to look for it.

        Returns:
            Whether this call is the one that looks; it must call `looked` afterwards.
        """
        if not self.holds:
            return False
        looks = False
        await self._turn.acquire()  # in order: each call that waits has its turn
        try:
            if self.holds:
                await anyio.sleep_until(self._next_look)
            looks = self.holds
            self._next_look = loop_time() + LOOK_EVERY
        finally:
            if not looks:
                self._turn.release()
        return looks

    def looked(self) -> None:
        """Let the next call look."""
        self._turn.release()

    def count(self, error: errors.LeadGeniusError, tries: int) -> int:
        """Return how many tries count: those of an outage do not while it is waited out.

        Args:
            error: What the last of them failed with, right after `failed` learnt it.
            tries: How many of the call's tries counted until now, with that one.
        """
        if not is_outage(error):
            return tries
        self._of_all = self._of_all or self._failures > tries  # so another call failed as well
        self._tell(error)
        if not self.out:
            if self._failures >= FAILURES:
                self._forget()  # it was one call's own: the next one's are not added to them
            return tries
        if not self.holds:
            return MAX_TRIES
        return 1 if self._served else tries

    def failed(self, error: errors.LeadGeniusError) -> None:
        """Learn from a try that failed."""
        answered = isinstance(error, errors.APIStatusError)
        self._reached = self._reached or answered
        if is_outage(error):
            self._count_failure(error)
        elif answered and not isinstance(error, errors.ServerError):
            self.served()

    def served(self) -> None:
        """Learn from a good answer, or from a refusal, which is one too."""
        if self.out:
            _log.warning("the service is back, after %.0f s", self.out_for)
        self._forget()
        self._reached = self._served = True

    def _count_failure(self, error: errors.LeadGeniusError) -> None:
        now = loop_time()
        if not self._failures:
            self._since = now
        self._failures += 1
        wait = min(max(LOOK_EVERY, error.retry_after or 0.0), LONGEST_LOOK_WAIT)
        self._next_look = max(self._next_look, now + wait)
        self._of_all = self._of_all or not _may_be_its_own(error)
        self._tell(error)

    def _tell(self, error: errors.LeadGeniusError) -> None:
        if self.out and not self._told:
            self._told = True
            told = {"error": type(error).__name__}
            _log.warning("the service fails (%(error)s): all calls wait for it", told, extra=told)

    def _forget(self) -> None:
        self._failures = 0
        self._of_all = self._told = False


def _may_be_its_own(error: errors.LeadGeniusError) -> bool:
    """Return whether one request alone may fail so each time, while the service is there."""
    return isinstance(error, errors.ServerError) and error.status == _BAD_GATEWAY
