"""One process at a time writes to an output folder."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import filelock
import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.files import make_private

_LOCK = "lock"
_HOLDER = "holder.json"
#: Seconds: whoever looks whether it is held (`is_locked`) holds it for a moment.
_PATIENCE = 0.2
_POLL = 0.01


class Holder(msgspec.Struct, frozen=True):
    """Who writes to a folder."""

    pid: int
    host: str
    job_id: str


class Lock:
    """The lock of a folder; the system lets it go when its process ends, however that happens.

    Args:
        folder: The folder; the lock's file stands in it.
        job_id: What others are told.

    Raises:
        ExportLocked: Another process holds it; the message names it.
        OSError: The folder cannot be written to.
    """

    def __init__(self, folder: Path, job_id: str) -> None:
        path = folder / _LOCK
        # Taken and let go on whichever thread writes files then.
        self._lock = filelock.FileLock(path, mode=0o600, timeout=_PATIENCE, thread_local=False)
        while True:
            try:
                self._lock.acquire(poll_interval=_POLL)
            except filelock.Timeout:
                raise errors.ExportLocked(
                    f"{folder.parent} is being written to by {_holder(folder)}: wait for it, or "
                    "choose another folder"
                ) from None
            if path.exists():
                break
            self._lock.release()  # its last holder was just done, and deleted it
            folder.mkdir(exist_ok=True)
        holder = Holder(os.getpid(), socket.gethostname(), job_id)
        try:
            make_private(folder / _HOLDER)
            (folder / _HOLDER).write_bytes(msgspec.json.encode(holder))
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        """Let others have it."""
        self._lock.release()


def read_holder(folder: Path) -> Holder | None:
    """Return who holds or last held the lock of a folder; None if nobody ever did."""
    try:
        return msgspec.json.decode((folder / _HOLDER).read_bytes(), type=Holder)
    except (OSError, msgspec.MsgspecError):
        return None


def is_locked(folder: Path) -> bool | None:
    """Return whether some process holds the lock of a folder; None where that cannot be known."""
    try:
        return (folder / _LOCK).exists() and _is_held(folder / _LOCK)
    except FileNotFoundError:  # its last holder was just done, and deleted it
        return False
    except OSError:  # it is another user's
        return None


if sys.platform == "win32":

    def _is_held(path: Path) -> bool:
        lock = filelock.FileLock(path, timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            return True
        lock.release()
        return False

else:
    import fcntl

    def _is_held(path: Path) -> bool:
        # Not by filelock, which makes a file that is gone, and its folder, and needs to write.
        descriptor = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def _holder(folder: Path) -> str:
    found = read_holder(folder)
    if found is None:
        return "another process"
    return f"process {found.pid} on {found.host}, job {found.job_id}"
