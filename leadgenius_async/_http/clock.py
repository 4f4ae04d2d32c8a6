"""The clock that deadlines and permits go by."""

from __future__ import annotations

import asyncio


def loop_time() -> float:
    """Return the event loop's time, in seconds.

    `anyio.current_time` first looks for the library that runs, which here is asyncio always: it
    takes 0.7 µs more, five times a call.
    """
    return asyncio.get_running_loop().time()
