"""The file of an import: opened, its columns matched with fields, and shown."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from leadgenius_async._writes.columns import ColumnMap, How, MappedColumn, map_columns
from leadgenius_async._writes.rows import Row
from leadgenius_async._writes.rules import EXTRA, NEEDED, SERVICE_FIELDS
from leadgenius_async._writes.source import Rows, read_rows
from leadgenius_async.cli.failures import BadInput
from leadgenius_async.cli.import_folder import STDIN, ImportOptions
from leadgenius_async.cli.notes import note, one_line
from leadgenius_async.cli.options import confirm

#: Rows that give the samples.
_SAMPLES = 20
#: Columns that are no field, of which each is shown.
_SHOWN = 20
#: Columns that are named where none is what is needed.
_NAMED = 20
_LONGEST_SAMPLE = 40  # characters
#: Names of columns that rows with names of their own may have in all.
_MOST_NAMES = 10_000
_DELIMITERS = {"tab": "\t", "\\t": "\t"}
_ENDINGS = {"csv": ".csv", "ndjson": ".ndjson", "json": ".json", "parquet": ".parquet"}


@dataclass(frozen=True, slots=True)
class Input:
    """A file that can be imported.

    Attributes:
        name: How it is called.
        rows: Its rows.
        columns: Where its columns go.
    """

    name: str
    rows: Rows
    columns: ColumnMap

    @property
    def given(self) -> dict[str, str]:
        """What differs from what the names of the columns say, for the import."""
        hows = {"given", "left out", "dropped"}
        return {each.column: each.field or "" for each in self.columns.columns if each.how in hows}

    @property
    def fields(self) -> set[str]:
        """The fields that its columns fill."""
        return {each.field for each in self.columns.columns if each.field is not None}

    @property
    def is_doubtful(self) -> bool:
        """Whether somebody should look at where the columns go."""
        return any(each.how in {"alias", "dropped"} for each in self.columns.columns)


@contextlib.contextmanager
def local_file(file: str, options: ImportOptions) -> Generator[Path]:
    """Give the path of the file; of stdin, a copy that is gone afterwards.

    Raises:
        ValueError: It is stdin, and nobody said what comes from there.
    """
    if file != STDIN:
        yield Path(file)
        return
    if options.kind is None:
        raise ValueError(f"--kind is missing: say what comes from stdin, {', '.join(_ENDINGS)}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"stdin{_ENDINGS[options.kind]}"
        with path.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield path


def open_input(path: Path, options: ImportOptions) -> Input:
    """Open a file of rows, and match its columns with fields.

    Raises:
        SourceError: It is not what it says, or cannot be read.
        BadInput: It cannot be opened, has no rows, or too many names of columns.
        ValueError: An option that does not fit it.
    """
    delimiter = _DELIMITERS.get(options.delimiter or "", options.delimiter)
    try:
        rows = read_rows(
            path,
            kind=options.kind,
            encoding=options.encoding,
            delimiter=delimiter,
            unescape=options.unescape,
        )
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    if not any(True for _ in rows):
        raise BadInput(f"{path.name} has no rows")
    if rows.columns is None:
        rows.columns = names_of(rows, path)
    columns = map_columns(
        rows.columns,
        explicit=_explicit(options.map_),
        unmatched="keep" if options.keep_columns else "drop",
        samples=[row.fields for row in islice(_each(rows), _SAMPLES)],
    )
    found = Input(path.name, rows, columns)
    _check_fields(found, options)
    return found


def _each(rows: Rows) -> Iterator[Row]:
    return (row for batch in rows for row in batch.rows)


def names_of(rows: Rows, path: Path) -> tuple[str, ...]:
    """Return the names that any row has: what becomes of each is said before anything is sent.

    Raises:
        BadInput: They are more than 10,000.
    """
    names: dict[str, None] = {}
    for row in _each(rows):
        names |= dict.fromkeys(row.fields)
        if len(names) > _MOST_NAMES:
            raise BadInput(
                f"{path.name}: its rows have more than {_MOST_NAMES:,} different names by line "
                f"{row.number:,}: these are no columns"
            )
    return tuple(names)


def _explicit(given: list[str]) -> dict[str, str]:
    explicit: dict[str, str] = {}
    for each in given:
        column, equals, field = each.rpartition("=")
        if not equals or not column:
            raise ValueError(f"--map {each!r}: give COLUMN=FIELD, or COLUMN= to leave it out")
        if column in explicit:
            raise ValueError(f"--map names the column {column!r} twice")
        explicit[column] = field
    return explicit


def _check_fields(found: Input, options: ImportOptions) -> None:
    """Say at once what every row would be refused for.

    Raises:
        ValueError: The rows are nobody's.
        BadInput: They have no names or no e-mail address, and must have them.
    """
    fields = found.fields
    if not options.client and not options.new_client and "client_id" not in fields:
        raise ValueError(
            f"{found.name} has no column client_id: give --client CLIENT_ID, or --new-client NAME"
        )
    _check_names(found, options)
    if "email" in fields:
        return
    missing = f"{found.name}: no column goes to email; --map COLUMN=email says which one has it"
    if options.require_email:
        raise BadInput(missing)
    if "linkedinUrl" not in fields:
        missing += (
            "; rows without it or a LinkedIn profile go one by one, and none can look for them"
        )
    note(missing)


def _check_names(found: Input, options: ImportOptions) -> None:
    fields = found.fields
    made = options.names_from_email and "email" in fields
    missing = [name for name in NEEDED if name not in fields]
    if made or EXTRA in fields or not missing:
        return
    names = [each.column for each in found.columns.columns]
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    there = ", ".join(map(_short, names[:_NAMED]))
    maps = " ".join(f"COLUMN={name}" for name in missing)
    raise BadInput(
        f"{found.name}: no column goes to {' or '.join(missing)}, and the service takes no lead "
        f"without; there are {there}{more}: --map {maps} says which it is"
    )


def show_columns(found: Input) -> None:
    """Show on stderr where the columns go."""
    for each in found.rows.notes:
        note(f"{found.name}: {each}")
    rows, of_csv = found.rows, ""
    if rows.delimiter is not None:
        of_csv = f", {_named(rows.encoding)}, values separated by {rows.delimiter!r}"
    lines = [f"{found.name}: {rows.kind}{of_csv}"]
    unmatched = [each for each in found.columns.columns if each.how in {"kept", "dropped"}]
    hidden = {each.column for each in unmatched[_SHOWN:]}
    shown = [each for each in found.columns.columns if each.column not in hidden]
    width = max((len(_short(each.column)) for each in shown), default=0)
    lines += [f"  {_short(each.column):<{width}}  {_described(each)}" for each in shown]
    if hidden:
        lines.append(f"  … and {len(hidden):,} more columns that are no field")
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def ask_about_columns(found: Input, *, yes: bool) -> None:
    """Ask whether the columns go where they should, if there is a doubt and somebody to ask.

    Raises:
        ValueError: The answer was no.
    """
    if found.is_doubtful and not yes and sys.stdin.isatty():
        confirm(f"import {found.name} with these columns", yes=False)


def _named(encoding: str | None) -> str:
    return "utf-8 with a byte order mark" if encoding == "utf-8-sig" else str(encoding)


def target_of(column: MappedColumn) -> tuple[str | None, How | Literal["service"]]:
    """Return the field that a column is sent as, None if it is not, and why."""
    if column.field in SERVICE_FIELDS:
        return None, "service"
    return "phoneNumber" if column.field == "phone" else column.field, column.how


def _described(column: MappedColumn) -> str:
    hows = {
        "given": "as you said",
        "name": "by its name",
        "alias": "a usual other name",
        "left out": "as you said",
        "kept": "no field, kept",
        "dropped": "no field",
        "service": "the service sets it",
    }
    field, how = target_of(column)
    target = f"→ {field}" if field is not None else "not sent"
    hint = f"; did you mean {column.near}?" if column.near else ""
    sample = "" if column.sample is None else f": {_short(str(column.sample))}"
    return f"{target} ({hows[how]}{hint}){sample}"


def _short(text: str) -> str:
    line = one_line(text[: 2 * _LONGEST_SAMPLE])
    return line if len(line) <= _LONGEST_SAMPLE else f"{line[: _LONGEST_SAMPLE - 1]}…"
