"""Part files on the disk: made durable, described, and checked against their description."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from leadgenius_async._extract.report import PartReport

#: Levels of folders that are looked through for exports and imports.
DEEPEST = 3


def sync(path: Path) -> None:
    """Make a file's content, or a folder's names, outlast a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private(path: Path) -> None:
    """Make a file that its owner alone can read, if there is none: tokens or rows come into it."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def replace(path: Path, data: bytes, *, private: bool = False, shared: bool = False) -> None:
    """Write a small file whole, durably: nobody sees a half of it.

    Args:
        path: The file.
        data: Its content.
        private: Whether its owner alone can read it.
        shared: Whether several may write it at a time, under no lock; the last one stays.
    """
    mark = f"{secrets.token_hex(4)}." if shared else ""
    temporary = path.with_name(f".{path.name.lstrip('.')}.{mark}tmp")
    try:
        if private:
            make_private(temporary)
        temporary.write_bytes(data)
        sync(temporary)
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def pretty(value: object) -> bytes:
    """Return JSON that is laid out for reading."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


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


def sizes_in(folder: Path) -> dict[str, int]:
    """Return the bytes of the files in a folder and below it, by their paths there."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def folders(folder: Path, depth: int) -> Iterator[Path]:
    """Give a folder and those below it, so many levels down; hidden ones are passed over."""
    yield folder
    if depth == 0:
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except PermissionError:
        return  # somebody else's folder holds nothing of ours
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from folders(Path(entry.path), depth - 1)
