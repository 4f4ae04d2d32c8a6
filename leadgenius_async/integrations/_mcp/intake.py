"""Files of rows that an agent hands in, and what is told of them: never what is in a row."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from leadgenius_async._fields import TABLES
from leadgenius_async._writes.columns import map_columns
from leadgenius_async._writes.rows import SourceError
from leadgenius_async._writes.source import Rows, read_rows
from leadgenius_async.integrations._mcp.answers import Column, Refusal

#: Names of columns that rows with names of their own may have in all.
_MOST_NAMES = 10_000
_LONGEST_NAME = 64
_LINES = 10
_FIELDS = {field.name for field in TABLES["enrich_leads"]}
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True, slots=True)
class Input:
    """A file of rows.

    Attributes:
        rows: Its rows.
        matched: The columns that go to fields.
        explicit: What the names of the columns do not say, for the calls that take the rows.
        not_sent: The columns that match no field, as far as they can be named.
    """

    rows: Rows
    matched: list[Column]
    explicit: dict[str, str]
    not_sent: list[str]


def open_input(path: Path, given: Mapping[str, str]) -> Input:
    """Open a file and match its columns with fields; what matches none is not sent.

    Args:
        path: The file.
        given: Fields by column, where the agent said so.

    Raises:
        ValueError: It cannot be read, or its first line is hardly the names of columns.
    """
    try:
        rows = read_rows(path)
        names = rows.columns = rows.columns or _names_of(rows)
    except SourceError as error:
        # Nobody knows yet whether the first line has names or somebody's data.
        raise ValueError(_QUOTED.sub("…", str(error))) from None
    _require_header(path, names, given)
    found = map_columns(names, explicit=given, unmatched="drop").columns
    return Input(
        rows,
        matched=[Column(column=each.column, field=each.field) for each in found if each.field],
        explicit={
            each.column: each.field or ""
            for each in found
            if each.how in {"given", "left out", "dropped"}
        },
        not_sent=[
            _name(each.column, place)
            for place, each in enumerate(found, 1)
            if each.how == "dropped"
        ],
    )


def _names_of(rows: Rows) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for batch in rows:
        for row in batch.rows:
            names |= dict.fromkeys(row.fields)
        if len(names) > _MOST_NAMES:
            raise SourceError(
                "its rows have more than 10,000 different names: these are no columns"
            )
    return tuple(names)


def _require_header(path: Path, names: Sequence[str], given: Mapping[str, str]) -> None:
    """Refuse columns that are not known for names: those of a file without a header are data.

    Raises:
        ValueError: Fewer than two go to fields, or one that was given is not there.
    """
    if absent := [column for column in given if column not in names]:
        raise ValueError(f"{path.name} has no column {absent[0]!r}, which columns names")
    known = [name for name in names if name in given or map_columns([name]).columns[0].field]
    if len(known) < min(2, len(names)):
        raise ValueError(
            f"{path.name}: of its {len(names):,} columns fewer than two go to fields of a lead. "
            "Its first line must have their names (rows of JSON: their keys); columns says "
            'where one goes: {"…": "firstName"}'
        )


def _name(column: str, place: int) -> str:
    """Return the name of a column, unless it could be a value."""
    is_name = len(column) <= _LONGEST_NAME and "@" not in column and not re.search(r"\d{4}", column)
    return column if is_name else f"(column {place})"


def refusals(reasons: Iterable[tuple[int, str | None]]) -> list[Refusal]:
    """Return why rows were refused, the most frequent first.

    The reasons quote the values that they are about: each becomes one of a few fixed texts.

    Args:
        reasons: Lines, and why each was refused.
    """
    lines: defaultdict[str, list[int]] = defaultdict(list)
    for line, said in reasons:
        for reason in sorted({_worded(each) for each in (said or "").split("; ")}):
            lines[reason].append(line)
    found = [
        Refusal(reason=reason, rows=len(those), lines=those[:_LINES])
        for reason, those in lines.items()
    ]
    return sorted(found, key=lambda each: -each.rows)


def _worded(reason: str) -> str:
    field, _, rest = reason.partition(" ")
    if field in _FIELDS:
        fault = (
            "is missing or empty" if rest.startswith("is missing") else "has a value unfit for it"
        )
        return f"{field} {fault}"
    if "client_id" in reason:
        return "client_id is no client's"
    if re.match(r"has \d+ values? for \d+ columns", reason):
        return "it has not one value for each column"
    return "another reason, which a report has"
