"""The file of a call's results: one line of JSON for each row, whole once it is in its place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from leadgenius_async._writes.jobs import COMMAND, JOURNAL

#: Takes results, in order.
Write = Callable[[Iterable[msgspec.Struct]], None]


def check_report(
    path: str | Path, *, source: Path | None = None, journal: str | Path | None = None
) -> None:
    """Refuse a report that nothing can be written to, or that would take something else's place.

    Args:
        path: The report.
        source: The file that the rows come from.
        journal: The folder of the import's journal.

    Raises:
        ValueError: It is one of these, by whatever name; or a folder, or in one that is not there.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise ValueError(f"report is {path}, which is a folder: give a file in it")
    if not target.parent.is_dir():
        raise ValueError(f"report is {path}: there is no folder {target.parent}")
    if source is not None and any(map(_is(source), (target, _beside(target)))):
        raise ValueError(f"report is {path}, the file that the rows come from: give another one")
    of_journal = journal is not None and target.parent == Path(os.path.realpath(journal))
    if of_journal and target.name.startswith((JOURNAL, COMMAND)):
        raise ValueError(f"report is {path}, a file of the journal: give another one")


@contextmanager
def report_file(path: str | Path | None, source: Path | None = None) -> Generator[Write | None]:
    """Give what writes the report; None if there is to be none.

    What is written stands beside the report until the end, whatever that is; then it takes its
    place. Where nothing was written by an end that is an error, an earlier report stays.

    Raises:
        ValueError: It cannot be written, or is the file that the rows come from.
    """
    if path is None:
        yield None
        return
    check_report(path, source=source)
    if not _is_replaceable(Path(path)):
        with _open(Path(path)) as file:
            yield _writer(file)
        return
    target = Path(os.path.realpath(path))
    beside, whole = _beside(target), False
    file = _open(beside, anew=True)  # a link that somebody has put there is not followed
    try:
        with file:
            if target.exists():
                shutil.copymode(target, beside)
            yield _writer(file)
        whole = True
    finally:
        if whole or beside.stat().st_size:
            beside.replace(target)
        beside.unlink(missing_ok=True)


def _is_replaceable(path: Path) -> bool:
    """Return whether another file can take its place: that of a pipe, none can."""
    return (path.is_file() or not path.exists()) and not path.is_relative_to("/dev")


def _open(path: Path, *, anew: bool = False) -> BinaryIO:
    try:
        if anew:
            path.unlink(missing_ok=True)
        return path.open("xb" if anew else "wb")
    except OSError as error:
        raise ValueError(
            f"the report cannot be written to {path.parent} ({error.strerror}): give another place"
        ) from None


def _writer(file: BinaryIO) -> Write:
    def write(results: Iterable[msgspec.Struct]) -> None:
        file.writelines(msgspec.json.encode(result) + b"\n" for result in results)
        file.flush()

    return write


def _beside(target: Path) -> Path:
    return target.with_name(f".{target.name}.tmp")


def _is(one: Path) -> Callable[[Path], bool]:
    """Return what tells whether a path is a file, by this name or another."""
    return lambda other: one.exists() and other.exists() and one.samefile(other)
