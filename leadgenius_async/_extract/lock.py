"""One process at a time writes to an output folder."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import filelock
import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.files import make_private

_LOCK = "lock"
_HOLDER = "holder.json"


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
        self._lock = filelock.FileLock(path, mode=0o600, timeout=0, thread_local=False)
        while True:
            try:
                self._lock.acquire()
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


def is_locked(folder: Path) -> bool:
    """Return whether some process holds the lock of a folder."""
    if not (folder / _LOCK).exists():
        return False
    lock = filelock.FileLock(folder / _LOCK, mode=0o600, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        return True
    lock.release()
    return False


def _holder(folder: Path) -> str:
    found = read_holder(folder)
    if found is None:
        return "another process"
    return f"process {found.pid} on {found.host}, job {found.job_id}"
