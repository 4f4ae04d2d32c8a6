"""Who follows calls and jobs, if anybody does; `integrations.otel` is one.

What an observer is given holds bodies and query values too: what it tells of them is its business,
and that of OpenTelemetry tells nothing.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from leadgenius_async import errors
from leadgenius_async._http.call import Call, Reply
from leadgenius_async._http.flight import Flight

#: What is told of a job, by names of its report.
Facts = dict[str, str | bool | int | float]


class Observer(Protocol):
    """Follows the calls and jobs of a client. Whatever it raises ends what it follows."""

    async def call(self, call: Call, flight: Flight, going: Coroutine[Any, Any, Reply]) -> Reply:
        """Wait for a call, and return its answer or raise its error.

        Args:
            call: The call.
            flight: Where it is, up to its end.
            going: The call on its way.
        """
        ...

    def failed(self, call: Call, flight: Flight, error: BaseException) -> None:
        """Note that a try failed, or that it was ended by a deadline (`Late`) or cancelled."""
        ...

    def retries(self, call: Call, error: errors.LeadGeniusError, wait: float) -> None:
        """Note that a call is tried again, so many seconds after it failed."""
        ...

    def read(self, table: str, rows: int) -> None:
        """Note that rows of a bulk list came."""
        ...

    def job(self, name: str, facts: Facts) -> AbstractContextManager[None]:
        """Follow a job.

        Args:
            name: The method that it is, such as `export`.
            facts: What is known of it; at its end there are more.
        """
        ...


@contextmanager
def followed(observer: Observer | None, name: str, **facts: str | bool) -> Generator[Facts]:
    """Let a job be followed, and give its facts, to which it adds what is known at its end."""
    known: Facts = {**facts}
    if observer is None:
        yield known
    else:
        with observer.job(name, known):
            yield known


def facts_of(report: object, names: Iterable[str]) -> Facts:
    """Return these of a report's attributes, but for those that are None."""
    found = ((name, getattr(report, name)) for name in names)
    return {name: value for name, value in found if value is not None}
