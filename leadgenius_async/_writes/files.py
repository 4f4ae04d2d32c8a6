"""Files of rows: what they are, by name and by content, and how they are opened."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import re
import zlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from leadgenius_async._writes.rows import SourceError

Kind = Literal["csv", "ndjson", "json", "parquet"]

_SUFFIXES: dict[str, Kind] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson",
    ".json": "json", ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
_PACKED = (".gz", ".zst")
#: Bytes of a file by which it is known.
_HEAD = 65_536

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PARQUET = b"PAR1"

#: How files start that are none of ours: what they are, and what to do.
_STRANGERS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive", "unpack it"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "save the sheet as CSV (UTF-8)"),
    (b"%PDF", "a PDF", "export the table as CSV"),
    (b"ARROW1", "an Arrow file", "read it with pyarrow and hand over the table"),
    (b"SQLite format 3", "an SQLite database", "export the table as CSV"),
    (b"BZh", "packed with bzip2", "unpack it, or pack it as .gz or .zst"),
    (b"\xfd7zXZ", "packed with xz", "unpack it, or pack it as .gz or .zst"),
    (_GZIP, "packed twice", "unpack it once"),
    (_ZSTD, "packed twice", "unpack it once"),
)
_MARKUP = (
    (re.compile(rb"<!doctype html|<html", re.IGNORECASE), "an HTML page",
     "a login page may have been saved in place of the file: download it again"),
    (re.compile(rb"<\?xml|<[a-z]+[ >]", re.IGNORECASE), "XML", "export the table as CSV"),
)  # fmt: skip
_JSON_ARRAY = re.compile(rb"\[\s*[{\]]")
_JSON_OBJECT = re.compile(rb'\{\s*["}]')


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that is what it is taken for.

    Attributes:
        path: Where it is.
        kind: What it is.
        head: Its first bytes, unpacked.
        packed: How it is packed, or None.
    """

    path: Path
    kind: Kind
    head: bytes
    packed: Literal["gz", "zst"] | None

    @property
    def name(self) -> str:
        """Its name, as messages show it."""
        return self.path.name

    def open(self) -> BinaryIO:
        """Open it from its start, unpacked."""
        return _open(self.path, self.packed)

    @contextlib.contextmanager
    def reading(self) -> Generator[BinaryIO]:
        """Open it from its start, unpacked, for as long as it is read.

        Raises:
            SourceError: Meanwhile the file turns out to be cut off or damaged.
        """
        with self.open() as stream, telling_damage(self.name):
            yield stream

    @contextlib.contextmanager
    def text(self, encoding: str) -> Generator[io.TextIOWrapper]:
        """Open it from its start, decoded, for as long as it is read; line ends stay as they are.

        A byte that does not decode becomes a lone surrogate, to be seen row by row: one damaged
        row does not end the file.

        Raises:
            SourceError: Meanwhile the file turns out to be cut off or damaged.
        """
        with (
            self.reading() as stream,
            io.TextIOWrapper(stream, encoding, errors="surrogateescape", newline="") as text,
        ):
            yield text


@contextlib.contextmanager
def telling_damage(name: str) -> Generator[None]:
    """Say of which file it is that cannot be read to its end.

    Raises:
        SourceError: It cannot.
    """
    try:
        yield
    except UnicodeError as error:
        raise SourceError(f"{name} does not decode ({error}): give its encoding") from error
    except (EOFError, zlib.error, OSError) as error:
        raise SourceError(f"{name} is cut off or damaged ({error}): get it anew") from error


def open_source(path: str | os.PathLike[str], kind: Kind | None = None) -> SourceFile:
    """Return a file of rows; its first bytes are read.

    Args:
        path: The file.
        kind: What it is; by its name, if not said.

    Raises:
        SourceError: It is no file, its name says nothing, or its content is something else.
        OSError: It cannot be opened.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise SourceError(f"{path} is no file: give one with rows")
    with path.open("rb") as file:
        start = file.read(4)
    packed: Literal["gz", "zst"] | None = (
        "gz" if start.startswith(_GZIP) else "zst" if start == _ZSTD else None
    )
    with _open(path, packed) as stream, telling_damage(path.name):
        head = stream.read(_HEAD)
    kind = kind or _kind_of(path)
    if kind == "parquet" and packed:
        raise SourceError(f"{path.name} is Parquet packed once more: unpack it")
    _check(path.name, kind, head)
    return SourceFile(path, kind, head, packed)


def _open(path: Path, packed: str | None) -> BinaryIO:
    if packed == "gz":
        return cast("BinaryIO", gzip.open(path))
    if packed == "zst":
        import pyarrow as pa  # noqa: PLC0415 - only for this, and slow to load

        stream = pa.CompressedInputStream(pa.OSFile(str(path), "rb"), "zstd")
        return io.BufferedReader(cast("io.RawIOBase", stream))
    return path.open("rb")


def _kind_of(path: Path) -> Kind:
    name = path.with_suffix("") if path.suffix.lower() in _PACKED else path
    if found := _SUFFIXES.get(name.suffix.lower()):
        return found
    raise SourceError(
        f"{path.name}: its name does not say what it is: name it {', '.join(_SUFFIXES)} "
        f"(and {' or '.join(_PACKED)}, if it is packed), or give its kind"
    )


def _check(name: str, kind: Kind, head: bytes) -> None:
    """Refuse a file whose content is not of its kind."""
    if not head.strip():
        raise SourceError(f"{name} is empty")
    if found := _stranger(head, kind):
        what, remedy = found
        raise SourceError(f"{name} is taken for {kind}, and seems to be {what}: {remedy}")


def _stranger(head: bytes, kind: Kind) -> tuple[str, str] | None:
    """Return what a file seems to be if not of its kind, and what to do."""
    for start, what, remedy in _STRANGERS:
        if head.startswith(start):
            if b"xl/" in head:
                return ("an Excel workbook", "save the sheet as CSV (UTF-8)")
            return (what, remedy)
    if kind == "parquet":
        return None if head.startswith(_PARQUET) else ("something else", "name it by what it is")
    if head.startswith(_PARQUET):
        return ("Parquet", "name it .parquet")
    if b"\0" in head and kind != "csv":  # of a CSV file the encoding is found out
        return ("UTF-16 or no text at all", "save it as UTF-8")
    return _other_text(head.removeprefix(b"\xef\xbb\xbf").lstrip(), kind)


def _other_text(text: bytes, kind: Kind) -> tuple[str, str] | None:
    for pattern, what, remedy in _MARKUP:
        if pattern.match(text):
            return (what, remedy)
    if _JSON_ARRAY.match(text) and kind != "json":
        return ("a JSON array", "name it .json")
    if _JSON_OBJECT.match(text) and kind != "ndjson":
        return ("JSON objects", "write one a line and name it .ndjson")
    return None
