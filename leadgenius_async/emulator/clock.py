"""The emulator's time: the machine's own, which a test can turn forward."""

from __future__ import annotations

import time
from datetime import UTC, datetime

#: A year before the last moment that can be written: what is due later has room.
_END = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


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
            ValueError: `seconds` is less than 0: what was answered cannot be taken back. Or the
                year 9999 would begin: times of the service have four figures for the year.
        """
        if seconds < 0:
            raise ValueError(f"seconds={seconds!r} would turn the clock back: give 0 or more")
        if not self.now() + seconds < _END:
            raise ValueError(
                f"seconds={seconds!r} would turn the clock to the year 9999: give less"
            )
        self._ahead += seconds


def timestamp(now: float) -> str:
    """Epoch seconds as ISO 8601 in UTC with milliseconds and a Z."""
    moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03}Z"
