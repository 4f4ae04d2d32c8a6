"""Where the ledger is kept: in memory, or in a file that all processes of the host share.

A file's lock (`flock`) is the system's: it goes when its holder does, however that happens. It is
held for some ten microseconds; whoever finds it taken does not wait for it on the event loop, but
comes back in a moment. Plain reads and writes, no memory map: a full disk or a file that somebody
cut off is an error then, not the end of the process.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import os
import struct
import sys
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from platformdirs import user_state_path

from leadgenius_async._http.clock import loop_time
from leadgenius_async._http.limiter.ledger import KEPT, USED, Ledger, Times
from leadgenius_async._private import make_private_folder
from leadgenius_async._secret import Secret

if sys.platform != "win32":
    import fcntl

HAS_LOCKS = sys.platform != "win32"

#: Tries for a lock that is held for microseconds, and what is between them.
_TRIES = 3
_BETWEEN = 20e-6  # seconds
#: Files that nobody has opened for so long are deleted when a new one is made.
_FORGOTTEN = 30 * 86400.0  # seconds
#: Nothing waits for longer than the largest window: what would, is not ours, or damaged.
_LONGEST = 2 * 86400.0  # seconds

#: A mark of the format, then the ledger's fields in their order.
HEAD = struct.Struct("<8sQ8d")
MARK = b"lg-rate1"
_TIME = struct.Struct("<d")
_TIMES_AT = 128  # bytes


class Busy(Exception):
    """The lock is held by somebody who does not let go of it at once."""


class Book(Protocol):
    """Gives the ledger for a moment in which nobody else has it."""

    @property
    def last(self) -> Ledger:
        """The ledger as it was read last."""
        ...

    def clock(self) -> float:
        """Return the time by the clock of the ledger."""
        ...

    def peek(self) -> Ledger:
        """Return the ledger as it is just now, to be read only."""
        ...

    def __enter__(self) -> Ledger: ...

    def __exit__(self, *exc: object) -> None: ...


class Local:
    """A ledger in memory, for the tasks of one event loop.

    Args:
        ledger: What is known already.
    """

    def __init__(self, ledger: Ledger | None = None) -> None:
        self.last: Ledger = ledger or Ledger()

    def clock(self) -> float:
        """Return the event loop's time."""
        return loop_time()

    def peek(self) -> Ledger:
        """Return the ledger."""
        return self.last

    def __enter__(self) -> Ledger:
        return self.last

    def __exit__(self, *exc: object) -> None:
        """Nobody else is waiting."""


class Shared:
    """A ledger in a file, for all processes of this host and user.

    Args:
        name: The file's name, from `file_name`.
        folder: Where it is; the user's folder for state if not given.

    Raises:
        OSError: On use: the file cannot be made, read or written, or there are no locks here.
        Busy: On use: its lock is not to be had at once.
    """

    def __init__(self, name: str, folder: Path | None = None) -> None:
        self._name = name
        self._folder = folder
        self._file: int | None = None
        self.last = Ledger()

    def clock(self) -> float:
        """Return seconds since the host was started, those in which it slept among them."""
        if sys.platform == "win32":
            return time.monotonic()
        return time.clock_gettime(_CLOCK)

    def peek(self) -> Ledger:
        """Return the ledger without its lock: numbers of one moment, or of two close ones."""
        return self.last if self._file is None else self._load(self._file)

    def __enter__(self) -> Ledger:
        if self._file is None:
            self._file = self._open()
        self._lock(self._file)
        try:
            self.last = self._load(self._file)
        except BaseException:
            self._unlock(self._file)
            raise
        return self.last

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            try:
                self._store(self._file)
            finally:
                self._unlock(self._file)

    def _open(self) -> int:
        if not HAS_LOCKS:
            raise OSError("there are no file locks on this system")
        folder = self._folder or user_state_path("leadgenius") / "rate"
        make_private_folder(folder)
        path = folder / self._name
        if not path.exists():
            _forget_old(folder)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        weakref.finalize(self, os.close, file)
        os.utime(file)
        return file

    def _lock(self, file: int) -> None:
        for _ in range(_TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(_BETWEEN)
        raise Busy

    def _unlock(self, file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)

    def _load(self, file: int) -> Ledger:
        data = os.pread(file, HEAD.size, 0)
        times = _InFile(file)
        if len(data) < HEAD.size or not data.startswith(MARK):
            return Ledger(times=times)
        ledger = Ledger(*HEAD.unpack(data)[1:])
        ledger.times = times
        return ledger if _is_sound(ledger, self.clock()) else Ledger(times=times)

    def _store(self, file: int) -> None:
        own = self.last
        data = HEAD.pack(
            MARK, own.count, own.tat, own.resumes_at, own.limit,
            own.cut, own.cut_at, own.slow, own.slow_until, own.reset_at,
        )  # fmt: skip
        os.pwrite(file, data, 0)


class _InFile(Times):
    """Times of requests, each at its place in the file."""

    def __init__(self, file: int) -> None:
        self._file = file

    def get(self, number: int) -> float:
        data = os.pread(self._file, _TIME.size, _place(number))
        return _TIME.unpack(data)[0] if len(data) == _TIME.size else -math.inf

    def put(self, number: int, at: float) -> None:
        os.pwrite(self._file, _TIME.pack(at), _place(number))


def _place(number: int) -> int:
    return _TIMES_AT + _TIME.size * (number % KEPT)


#: The one of Linux goes on while the machine sleeps; others do so by themselves, or cannot.
_CLOCK: int = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", 0))


def file_name(base_url: str, account: Secret) -> str:
    """Return the name of an account's file: it tells nobody the key.

    The start of the host is in it too: its clock begins anew then, and old times mean nothing.
    """
    text = f"{base_url}\0{boot_id()}".encode()
    return hmac.new(account.reveal().encode(), text, hashlib.sha256).hexdigest()[:40]


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""  # a clock that began anew is known by times that are yet to come


def _is_sound(ledger: Ledger, now: float) -> bool:
    """Return whether a ledger can be: not damaged, and not from before the host's last start."""
    last = ledger.times.get(ledger.count - 1) if ledger.count else -math.inf
    ahead = (ledger.tat, ledger.resumes_at, ledger.slow_until, ledger.reset_at)
    return (
        last <= now
        and all(at - now <= _LONGEST for at in ahead)
        and 0 <= ledger.limit < math.inf
        and 0 <= ledger.slow < math.inf
        and (ledger.cut == USED or (0 < ledger.cut < USED and 0 <= ledger.cut_at <= now))
    )


def _forget_old(folder: Path) -> None:
    for path in folder.iterdir():
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _FORGOTTEN:
                path.unlink()
