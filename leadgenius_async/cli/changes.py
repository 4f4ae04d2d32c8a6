"""What the commands that change many leads have in common: their options, and what they say."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from leadgenius_async.cli import failures
from leadgenius_async.cli.notes import NOTES, note
from leadgenius_async.cli.options import Flag
from leadgenius_async.cli.output import Show
from leadgenius_async.cli.wording import worded

if TYPE_CHECKING:
    from leadgenius_async._resources.lead_bulk import ChangeOptions
    from leadgenius_async._writes.source import Rows
    from leadgenius_async.models import BulkChanges, ChangeProgress, ChangeResult

_LINE_EVERY = 10.0  # seconds
#: Rows that did not go well and are told one by one; the report has them all.
_TOLD = 20
#: Columns that are no field and are named.
_NAMED = 20
_WELL = {"updated", "unchanged", "deleted", "ready"}

Pairs = Annotated[list[str], Parameter(consume_multiple=True, negative=())]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Bulk:
    """Many leads, and how they are taken.

    Attributes:
        file: CSV, NDJSON, a JSON array or Parquet, with a column id.
        map: Which field a column is, as COLUMN=FIELD; where its name does not say it.
        batch_size: Leads of a request, 1 to 100.
        verify: Read back what was written, and exit 6 if the service does not show it.
        dry_run: Send nothing; say what would be sent.
        report: A file that gets one JSON line for each row.
    """

    file: Path | None = None
    map: Pairs | None = None
    batch_size: int = 50
    verify: Flag = False
    dry_run: Flag = False
    report: Path | None = None

    @property
    def columns(self) -> dict[str, str]:
        """Fields by column, as `--map` says them."""
        return pairs("--map", self.map or [])

    @property
    def options(self) -> ChangeOptions:
        """The options of the SDK's calls."""
        return {
            "batch_size": self.batch_size,
            "verify": self.verify,
            "dry_run": self.dry_run,
            "report": self.report,
            "on_progress": Progress(),
        }

    def open(self) -> Rows:
        """Open the file, of which the id alone counts.

        Raises:
            BadInput: It cannot be read, or no column is the id.
            ValueError: There is none, or the report would take its place.
        """
        from leadgenius_async._writes.change_rows import IdIntake  # noqa: PLC0415 - loads aiohttp

        columns = self.columns
        with self._reading() as rows:
            IdIntake(rows, columns=columns)
        return rows

    def open_changes(self, *, keep: bool) -> tuple[Rows, dict[str, str]]:
        """Open the file and match its columns with fields, as an import does.

        Args:
            keep: Whether columns that are no field are sent too.

        Returns:
            Its rows, and the fields of columns whose names do not say them.

        Raises:
            BadInput: It cannot be read, or a column is missing or unclear.
            ValueError: There is none, or the report would take its place.
        """
        from leadgenius_async._writes.change_rows import UpdateIntake  # noqa: PLC0415 - as that
        from leadgenius_async.cli.import_source import names_of  # noqa: PLC0415 - as that

        columns = self.columns
        with self._reading() as rows:
            if rows.columns is None:
                rows.columns = names_of(rows, Path(str(self.file))) or None
            found = UpdateIntake(rows, columns=columns).columns
        unmatched = [] if keep or found is None else found.unmatched
        if unmatched:
            more = f" and {len(unmatched) - _NAMED:,} more" if len(unmatched) > _NAMED else ""
            note(
                f"not sent, since no field is named so: {', '.join(unmatched[:_NAMED])}{more} "
                "(--map COLUMN=FIELD says where one goes, --keep-columns sends them all)"
            )
        return rows, columns | dict.fromkeys(unmatched, "")

    @contextmanager
    def _reading(self) -> Generator[Rows]:
        """Open the file; what cannot be made of it is its fault."""
        from leadgenius_async._writes.report_file import check_report  # noqa: PLC0415 - as that
        from leadgenius_async._writes.source import read_rows  # noqa: PLC0415 - as that

        if self.file is None:
            raise ValueError("nothing was given to read leads from: give --file")
        if self.report is not None:
            check_report(self.report, source=self.file)
        try:
            rows = read_rows(self.file)
            yield rows
        except OSError as error:
            raise failures.BadInput(f"{self.file}: {error.strerror}") from None
        except ValueError as error:
            raise failures.BadInput(worded(str(error))) from None
        for text in rows.notes:
            note(text)


#: Nothing given.
BULK = Bulk()


class Progress:
    """Says every 10 s how far it is; in JSON mode nothing."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _LINE_EVERY

    def __call__(self, progress: ChangeProgress) -> None:
        """Show how far it is."""
        if NOTES.as_json or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LINE_EVERY
        text = f"{progress.ended:,} leads · {progress.requests:,} requests"
        if progress.throttled_for:
            text += f" · throttled, resumes in {progress.throttled_for:.0f} s"
        sys.stderr.write(f"{text}\n")


def pairs(option: str, given: list[str]) -> dict[str, str]:
    """Return what was given as A=B, by A.

    Raises:
        ValueError: One has no `=`.
    """
    for text in given:
        if "=" not in text:
            raise ValueError(f"{option} is {text!r}: give NAME=VALUE")
    return {name: value for name, _, value in (text.rpartition("=") for text in given)}


def finish(report: BulkChanges, show: Show) -> int:
    """Print what became of many leads, and return the exit code."""
    if show.chosen == "table":
        counts = {name: getattr(report, name) for name in _COUNTS if getattr(report, name)}
        if report.rows_gone > report.gone:  # of the deleted and missing
            counts["rows_gone"] = report.rows_gone
        show.one({"total": report.total, **counts, "requests": report.requests})
        _tell_rows(report)
    else:
        show.one(report)
    return failures.OK if report.complete else failures.PARTIAL


_COUNTS = (
    "ready", "updated", "unchanged", "deleted", "gone", "missing", "refused", "unverified",
)  # fmt: skip


def _tell_rows(report: BulkChanges) -> None:
    """Tell what did not go well: in a line a row, or a request where that is all that is known."""
    rows = [row for row in report.rows if row.state not in _WELL]
    groups = [[*each] for _, each in groupby(rows, key=_alike)]
    for group in groups[:_TOLD]:
        first, last = group[0], group[-1]
        name = f" {first.id}" if first.id and first is last else ""
        lines = (
            f"line {first.line:,}" if first is last else f"lines {first.line:,} to {last.line:,}"
        )
        note(f"{lines}: {first.state}{name}: {worded(first.reason or '')}")
    if len(groups) > _TOLD:
        left = sum(map(len, groups[_TOLD:]))
        note(f"and {left:,} more: --report FILE or --json has all")


def _alike(row: ChangeResult) -> tuple[object, ...]:
    return (row.state, row.reason) if row.state == "gone" else (row.line,)
