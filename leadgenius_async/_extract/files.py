"""Part files on the disk: made durable, described, and checked against their description."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from leadgenius_async._extract.report import PartReport


def sync(path: Path) -> None:
    """Make a file's content, or a folder's names, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def describe(path: Path, name: str, rows: int) -> PartReport:
    """Return what the manifest says of a part file that stands at `path`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return PartReport(name, rows, path.stat().st_size, digest)


def damage(out: Path, parts: Iterable[PartReport]) -> Iterator[str]:
    """Give what is wrong with part files, one sentence each."""
    for part in parts:
        path = out / part.file
        if not path.exists():
            yield f"{part.file} is missing"
        elif describe(path, part.file, part.rows) != part:
            yield f"{part.file} has been changed since it was written"
