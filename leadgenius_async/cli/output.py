"""Answers on stdout: a table for people, JSON, NDJSON or CSV for programs."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from cyclopts import Parameter

from leadgenius_async._http.decode import printable
from leadgenius_async._http.record import plain
from leadgenius_async.cli.options import OUTPUT, Json

Format = Literal["table", "json", "ndjson", "csv"]

_LONGEST_CELL = 60  # characters
#: What a spreadsheet takes for a formula, at the start of a cell (CWE-1236); full-width too.
_FORMULA = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
#: Control characters that JSON lets stand as they are, and that a terminal may obey.
_ESCAPED = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}
#: Those that a cell of CSV may not have.
_REPLACED = dict.fromkeys({*range(0x20), *_ESCAPED} - {ord("\n"), ord("\t")}, "\ufffd")


@Parameter(name="*", group=OUTPUT)
@dataclass(frozen=True, kw_only=True)
class Show:
    """How an answer is printed.

    Attributes:
        format: How the answer is printed; a table has the most important columns alone.
        json: The same as --format json.
    """

    format: Format = "table"
    json: Json = False

    @property
    def chosen(self) -> Format:
        """The format in force."""
        return "json" if self.json else self.format

    def one(self, value: object) -> None:
        """Print one record, or any other answer that is an object."""
        members = plain(value)
        if self.chosen == "table":
            _lines([[_cell(name), _cell(value)] for name, value in members.items()])
            return
        _write(self.chosen, [members], list(members))

    async def many(self, records: AsyncIterable[object], columns: Sequence[str]) -> int:
        """Print a list, as it comes where the format allows, and return how many there were.

        Args:
            records: The list.
            columns: What a table shows; the other formats show every member.
        """
        if self.chosen != "ndjson":
            listed = [plain(record) async for record in records]
            self.rows(listed, columns)
            return len(listed)
        count = 0
        async for record in records:
            count += 1
            _write("ndjson", [plain(record)], [])
        return count

    def rows(self, listed: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
        """Print a list that is here already."""
        if self.chosen == "table":
            _table(listed, columns)
            return
        names = dict.fromkeys(name for members in listed for name in members)
        if self.chosen == "json":
            sys.stdout.write(_pretty(listed))
            return
        _write(self.chosen, listed, list(names) or list(columns))


#: Nothing given: a table.
SHOW = Show()


def _write(format_: Format, listed: Iterable[Mapping[str, object]], names: Sequence[str]) -> None:
    match format_:
        case "json":
            sys.stdout.write("".join(map(_pretty, listed)))
        case "ndjson":
            sys.stdout.write("".join(map(_line, listed)))
        case _:
            _csv(listed, names)


def indented(encoded: bytes) -> str:
    """Return JSON as it is printed for people: over several lines, and safe for a terminal."""
    return _safe(msgspec.json.format(encoded, indent=2))


def _pretty(value: object) -> str:
    return indented(msgspec.json.encode(value))


def _line(value: object) -> str:
    return _safe(msgspec.json.encode(value))


def _safe(encoded: bytes) -> str:
    return encoded.decode().translate(_ESCAPED) + "\n"


def _csv(listed: Iterable[Mapping[str, object]], names: Sequence[str]) -> None:
    if not names:
        return
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(map(_defused, names))
    writer.writerows([_defused(row.get(name)) for name in names] for row in listed)
    sys.stdout.write(text.getvalue())


def _defused(value: object) -> str:
    """A value for a spreadsheet: no formula, no control characters but line ends and tabs."""
    text = _text(value)
    clean = text.replace("\r\n", "\n").replace("\r", "\n").translate(_REPLACED)
    # Of what is not a text only a negative number begins like a formula, and it is none.
    return f"'{clean}" if isinstance(value, str) and text.startswith(_FORMULA) else clean


def _table(listed: Sequence[Mapping[str, object]], columns: Sequence[str]) -> None:
    _lines([list(columns), *([_cell(row.get(name)) for name in columns] for row in listed)])


def _lines(cells: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def _cell(value: object) -> str:
    """A value for a terminal: one line, no control characters, cut where it is long."""
    text = printable(_text(value).replace("\n", " "))
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
