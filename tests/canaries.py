"""A watch over the whole run: nothing secret is in a log, an error or a file that stays.

The sample accounts' keys, passwords and tokens have shapes of their own, so that each can be told
wherever it turns up; the leads' e-mail addresses end in `.example`.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from leadgenius_async.errors import LeadGeniusError

TESTS = Path(__file__).parent
SECRET = re.compile(rb"lgp_[0-9a-f]{40}|sample-password-\d|eyJ[\w-]{10,}\.eyJ[\w-]{10,}")
#: But for the one that messages have as an example.
ADDRESS = re.compile(rb"(?!name@company)\b[\w.+-]+@[\w.-]+\.example")
#: Files that are there to hold credentials: those of users, and those of the emulator.
_HOLDERS = re.compile(
    r"\.leadgenius_auth\.json|profiles\.json|emulator\.env|gamma\.key|.*ready.*\.json|(emulator|kept|sample.*)\.db"
)


class Watch(logging.Handler):
    """Collects what should not have been told.

    Attributes:
        leaks: Where something was, and what.
    """

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.leaks: list[str] = []
        self._patches = pytest.MonkeyPatch()

    def begin(self) -> None:
        """Listen to the package's log in full, and look at every error that is made and met."""
        logger = logging.getLogger("leadgenius_async")
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self)
        watch = self

        def looked_at(error: LeadGeniusError, *words: Any) -> None:
            watch.look(f"{type(error).__name__}", " ".join(map(str, words)).encode())

        self._patches.setattr(LeadGeniusError, "__init__", looked_at)
        leave = pytest.RaisesExc.__exit__

        def left(
            raises: pytest.RaisesExc[BaseException],
            class_: type[BaseException] | None,
            error: BaseException | None,
            trace: TracebackType | None,
        ) -> bool:
            if isinstance(error, LeadGeniusError):
                watch.look_at_locals(error)
            return leave(raises, class_, error, trace)

        self._patches.setattr(pytest.RaisesExc, "__exit__", left)

    def end(self, folder: Path) -> None:
        """Stop, and look at the files that the tests left."""
        self._patches.undo()
        logging.getLogger("leadgenius_async").removeHandler(self)
        for path in _files(folder):
            self.look(str(path.relative_to(folder)), path.read_bytes())

    def emit(self, record: logging.LogRecord) -> None:
        """Look at a line of the log, its traceback included."""
        said = self.format(record).encode(errors="replace")
        self.look(f"log of {record.name}", said)
        self.look(f"log of {record.name}", said, ADDRESS)

    def look_at_locals(self, error: BaseException) -> None:
        """Look at what a traceback with locals would print, but for those of the tests."""
        for frame, _ in traceback.walk_tb(error.__traceback__):
            file = Path(frame.f_code.co_filename)
            if not file.is_relative_to(TESTS):
                for name, value in frame.f_locals.items():
                    said = repr(value).encode(errors="replace")
                    self.look(f"{name} in {file.name}:{frame.f_code.co_name}", said)

    def look(self, where: str, what: bytes, shape: re.Pattern[bytes] = SECRET) -> None:
        """Note what looks like a secret, without its end."""
        if found := shape.search(what):
            self.leaks.append(f"{where}: {found[0][:16]!r}…")


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not _HOLDERS.fullmatch(path.name):
            yield path
