"""Waiting for what the service does in the background."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import anyio

from leadgenius_async import errors
from leadgenius_async._resources import checks

T = TypeVar("T")

FIRST_PAUSE = 1.0  # seconds
LONGEST_PAUSE = 15.0  # seconds
SHOWN_WITHIN = 15.0  # seconds; what was just started may not be shown at once (assumed)

#: Statuses after which nothing changes any more, in any case. One that is not among them counts
#: as unfinished: a state that is new here is waited for, up to the deadline.
FINISHED = frozenset(
    {
        "COMPLETED",
        "FAILED",
        "CANCELED",
        "CRASHED",
        "SYSTEM_FAILURE",
        "EXPIRED",
        "TIMED_OUT",
        "INTERRUPTED",
    }
)


def is_finished(status: str | None) -> bool:
    """Return whether a status is one of the last."""
    return (status or "").upper() in FINISHED


async def until_finished(
    ids: Iterable[str],
    fetch: Callable[[str], Awaitable[T]],
    status_of: Callable[[T], str | None],
    *,
    deadline: float,
    what: str,
) -> list[T]:
    """Ask for each until it is finished, in rounds that are ever further apart.

    One after the other, and not all at once: the requests take their turn at the rate limit,
    which other work of the account shares.

    Args:
        ids: What to ask for.
        fetch: Asks for one.
        status_of: Its status.
        deadline: Seconds for everything.
        what: What they are, for the message.

    Returns:
        The last answers, in the order of the ids.

    Raises:
        DeadlineExceeded: Some are not finished; the message names them.
        NotFound: There is no such thing, not even after 15 s.
    """
    checks.seconds("deadline", deadline)
    wanted = list(ids)
    found: dict[str, T] = {}
    left = list(dict.fromkeys(wanted))
    pause = FIRST_PAUSE
    began = anyio.current_time()
    with anyio.move_on_after(deadline):
        while True:
            for each in left:
                try:
                    found[each] = await fetch(each)
                except errors.NotFound:
                    if each in found or anyio.current_time() - began >= SHOWN_WITHIN:
                        raise
            left = [e for e in left if e not in found or not is_finished(status_of(found[e]))]
            if not left:
                return [found[each] for each in wanted]
            await anyio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
    left = [each for each in left if each not in found or not is_finished(status_of(found[each]))]
    named = ", ".join(f"{each} ({_last(found.get(each), status_of)})" for each in left)
    raise errors.DeadlineExceeded(
        f"not finished within {deadline:g} s (`deadline`): {what} {named}; wait for them again"
    )


def _last(found: T | None, status_of: Callable[[T], str | None]) -> str:
    return "not asked for" if found is None else status_of(found) or "no status"
