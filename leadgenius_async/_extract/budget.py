"""Memory of an extraction, bounded in bytes in flight over all its chains."""

from __future__ import annotations

from collections import deque

import anyio


class ByteBudget:
    """Bytes that may be on their way from the service to a file at one time.

    A chain takes a share before it asks for a page, and gives it back when the page's rows are
    written. One share is at most half of the total: rows wait in memory until they make a group,
    and a page must fit beside a group that is nearly full, or neither would ever get on.

    Args:
        total: Bytes.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._taken = 0
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    @property
    def total(self) -> int:
        """Bytes that may be in flight."""
        return self._total

    @property
    def taken(self) -> int:
        """Bytes in flight."""
        return self._taken

    async def take(self, size: int) -> int:
        """Wait until `size` bytes fit, first come first served; return how many were taken."""
        size = min(size, self._total // 2)
        if not self._waiting and self._fits(size):
            self._taken += size
            return size
        turn = anyio.Event()
        entry = (size, turn)
        self._waiting.append(entry)
        try:
            await turn.wait()
        except BaseException:
            # Cancelled. If the turn had come meanwhile, its bytes go back.
            if turn.is_set():
                self.give_back(size)
            else:
                self._waiting.remove(entry)
            raise
        return size

    def give_back(self, size: int) -> None:
        """Return bytes, and let those go on that fit now."""
        self._taken -= size
        while self._waiting and self._fits(self._waiting[0][0]):
            size, turn = self._waiting.popleft()
            self._taken += size
            turn.set()

    def correct(self, guessed: int, real: int) -> None:
        """Replace a share that was taken by guess with its real size; this never waits."""
        self.give_back(guessed - real)

    def _fits(self, size: int) -> bool:
        return self._taken + size <= self._total
