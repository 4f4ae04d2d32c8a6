"""The emulator's time: the machine's own, which a test can turn forward."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Epoch seconds for all that has a life: tokens, windows, runs."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Epoch seconds."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Turn the clock forward.

        Raises:
            ValueError: `seconds` is less than 0: what was answered cannot be taken back.
        """
        if seconds < 0:
            raise ValueError(f"seconds={seconds!r} would turn the clock back: give 0 or more")
        self._ahead += seconds


def timestamp(now: float) -> str:
    """Epoch seconds as ISO 8601 in UTC with milliseconds and a Z."""
    moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03}Z"
