"""NDJSON files and JSON arrays → rows, without holding a whole file."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from leadgenius_async._writes.files import SourceFile
from leadgenius_async._writes.rows import MAX_RECORD, Item, Rejected, Row, SourceError

_BLOCK = 65_536
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def ndjson_items(file: SourceFile) -> Iterator[Item]:
    """Give the rows of an NDJSON file; blank lines are none.

    Raises:
        SourceError: The file is damaged.
    """
    with file.reading() as stream:
        for number, line in _lines(stream):
            if line is None:
                yield Rejected(number, f"is longer than {MAX_RECORD:,} bytes"), 0
            elif line.strip():
                yield _row(number, line), len(line)


def _row(number: int, line: bytes) -> Row | Rejected:
    try:
        return Row(number, msgspec.json.decode(line, type=dict[str, object]))
    except _UNREADABLE as error:
        return Rejected(number, f"is no JSON object ({error})")


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Give lines and their numbers; None for a line that is too long to be held."""
    number = 0
    while line := stream.readline(MAX_RECORD + 1):
        number += 1
        if len(line) > MAX_RECORD:
            while line and not line.endswith(b"\n"):
                line = stream.readline(_BLOCK)
            yield number, None
        else:
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def array_items(file: SourceFile) -> Iterator[Item]:
    """Give the rows of a JSON array by their places in it.

    Raises:
        SourceError: It is no well-formed array of JSON, or the file is damaged.
    """
    with file.text("utf-8-sig") as text:
        for number, (value, size) in enumerate(_Array(text, file.name), 1):
            if isinstance(value, dict):
                yield Row(number, value), size
            else:
                yield Rejected(number, f"is no JSON object, but a {type(value).__name__}"), size


class _Array:
    """The values of a JSON array, read block by block; not more than one is held."""

    def __init__(self, text: io.TextIOWrapper, name: str) -> None:
        self._text = text
        self._name = name
        self._buffer = ""
        self._at = 0
        self._number = 0
        # Control characters in texts are for the rules to refuse, row by row.
        self._decoder = json.JSONDecoder(strict=False)

    def __iter__(self) -> Iterator[tuple[object, int]]:
        self._expect("[")
        if self._peek() == "]":
            self._at += 1
        else:
            yield self._value()
            while self._peek() == ",":
                self._at += 1
                yield self._value()
            self._expect("]")
        if self._peek():
            raise SourceError(f"{self._name}: something follows the array: leave it out")

    def _peek(self) -> str:
        """Return the next character that is no blank; empty at the end."""
        while True:
            rest = self._buffer[self._at : self._at + _BLOCK]
            if found := rest.lstrip(" \t\r\n"):
                self._at += len(rest) - len(found)
                return found[0]
            self._at += len(rest)
            if self._at >= len(self._buffer) and not self._more(_BLOCK):
                return ""

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise self._malformed(f"{sign!r} is missing")
        self._at += 1

    def _value(self) -> tuple[object, int]:
        self._number += 1
        self._peek()
        while True:
            fault = "it is cut off"
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except RecursionError:
                raise self._malformed("it is too deep") from None
            except ValueError as error:
                fault = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            else:
                size = end - self._at
                # A number at the end of the block may go on in the next one.
                if end == len(self._buffer) and self._more(_BLOCK):
                    continue
                self._at += size
                return value, size
            held = len(self._buffer) - self._at
            # Twice as much each time: what was read is parsed again.
            if held > MAX_RECORD or not self._more(max(held, _BLOCK)):
                raise self._malformed(fault)

    def _more(self, size: int) -> bool:
        """Read on; whether there was more."""
        block = self._text.read(size)
        self._buffer = self._buffer[self._at :] + block
        self._at = 0
        return bool(block)

    def _malformed(self, fault: str) -> SourceError:
        where = f"item {self._number}" if self._number else "the start"
        return SourceError(f"{self._name}: the JSON is malformed at {where} of the array ({fault})")
