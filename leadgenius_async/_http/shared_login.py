"""One login for all that use it, processes or event loops: one of them refreshes, the others read.

Where refresh tokens rotate, two that refresh at once end the login for both: the second one's token
is dead already. So a refresh is made under a lock, and whoever gets it looks first whether another
was there. A saved login has its lock beside it in the file system, any other one in memory.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import anyio

from leadgenius_async._http.tokens import Tokens
from leadgenius_async.errors import LeadGeniusError

if TYPE_CHECKING:
    import filelock

#: Seconds that another's refresh is waited for; a process or a loop that is stopped holds the lock.
LONGEST_WAIT = 30.0
_LOOK_EVERY = 0.05

_log = logging.getLogger("leadgenius_async.auth")


class Failure(NamedTuple):
    """Why the last renewal failed; it counts for whoever asked for one before `until`."""

    error: LeadGeniusError
    until: float  # of the monotonic clock


class SharedLogin:
    """A saved login.

    Args:
        lock: File to lock; the system lets it go when its holder ends, however that happens.
        read: Returns the tokens that are saved, if any.
        write: Saves new ones, so that they outlive a crash.

    Attributes:
        failure: Why none of this process's event loops has new tokens.
    """

    failure: Failure | None = None

    def __init__(
        self, lock: Path, read: Callable[[], Tokens | None], write: Callable[[Tokens], None]
    ) -> None:
        self._path = lock
        self._read = read
        self._write = write

    @asynccontextmanager
    async def hold(self) -> AsyncGenerator[None]:
        """Keep other processes from refreshing meanwhile."""
        import filelock  # noqa: PLC0415 - 10 ms, for those whose login is renewed

        lock = filelock.FileLock(self._path, mode=0o600, thread_local=False)
        try:
            await self._acquire(lock)
            yield
        finally:
            lock.release()

    async def read(self) -> Tokens | None:
        """Return the tokens that are saved, if any."""
        return await anyio.to_thread.run_sync(self._read)

    async def write(self, tokens: Tokens) -> None:
        """Save new ones."""
        await anyio.to_thread.run_sync(self._write, tokens)

    async def _acquire(self, lock: filelock.BaseFileLock) -> None:
        # By short looks: a thread that waits for a lock cannot be called back at the deadline.
        with anyio.move_on_after(LONGEST_WAIT):
            while not await anyio.to_thread.run_sync(self._try, lock):  # noqa: ASYNC110 - not ours
                await anyio.sleep(_LOOK_EVERY)
            return
        _log.warning("another process has held %s for %g s: going on", self._path, LONGEST_WAIT)

    def _try(self, lock: filelock.BaseFileLock) -> bool:
        import filelock  # noqa: PLC0415 - as above

        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            return False
        except (OSError, NotImplementedError) as error:
            # A folder that cannot be written to: new tokens cannot be saved there either.
            _log.warning("%s cannot be locked (%s): going on", self._path, error)
        return True


class OwnLogin:
    """A login that is saved nowhere, for the event loops of this process.

    Args:
        tokens: Those that there are already.

    Attributes:
        failure: Why none of them has new tokens.
    """

    failure: Failure | None = None

    def __init__(self, tokens: Tokens | None) -> None:
        self._tokens = tokens
        self._lock = threading.Lock()

    @asynccontextmanager
    async def hold(self) -> AsyncGenerator[None]:
        """Keep other event loops from refreshing meanwhile."""
        held = await self._acquire()
        try:
            yield
        finally:
            if held:
                self._lock.release()

    async def read(self) -> Tokens | None:
        """Return the newest tokens, if any."""
        return self._tokens

    async def write(self, tokens: Tokens) -> None:
        """Keep new ones."""
        self._tokens = tokens

    async def _acquire(self) -> bool:
        with anyio.move_on_after(LONGEST_WAIT):
            while not self._lock.acquire(blocking=False):  # noqa: ASYNC110 - as above
                await anyio.sleep(_LOOK_EVERY)
            return True
        _log.warning("another event loop has renewed this login for %g s: going on", LONGEST_WAIT)
        return False
