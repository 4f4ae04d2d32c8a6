"""Progress of a long job on stderr: a bar on a terminal, a line every 10 s elsewhere.

In JSON mode there is none.
"""

from __future__ import annotations

import math
import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress as Bar, SpinnerColumn, TextColumn

from leadgenius_async._extract.report import Progress
from leadgenius_async._writes.report import BulkProgress
from leadgenius_async.cli.notes import NOTES

_LINE_EVERY = 10.0  # seconds


class Display:
    """Shows how far a job is.

    Args:
        label: What is being done.
        total: Rows that will come, where that is known.
    """

    def __init__(self, label: str, *, total: int | None = None) -> None:
        self._label = label
        self._total = total
        self._next_line = time.monotonic() + _LINE_EVERY
        self._announced = False
        self._bar = _make_bar() if sys.stderr.isatty() and not NOTES.as_json else None
        self._task = self._bar.add_task(label, total=total, text="") if self._bar else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()

    def show(self, job_id: str, rows: int, text: str) -> None:
        """Show a line that says how far it is."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=rows, text=text)
            return
        if NOTES.as_json:
            return
        if not self._announced:
            self._announced = True
            sys.stderr.write(f"{self._label}: job {job_id}\n")
        if time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_EVERY
            sys.stderr.write(f"{self._label}: {text}\n")


class ProgressDisplay(Display):
    """Shows the `Progress` of an export."""

    def __call__(self, progress: Progress) -> None:
        """Show how far the export is."""
        self.show(progress.job_id, progress.rows, describe(progress, self._total))


class ImportDisplay(Display):
    """Shows the `BulkProgress` of an import; its job's id comes first, on a terminal too."""

    def __call__(self, progress: BulkProgress) -> None:
        """Show how far the import is."""
        if self._bar is not None and not self._announced:
            self._announced = True
            self._bar.console.print(f"{self._label}: job {progress.job_id}", highlight=False)
        ends = progress.created + progress.existing + progress.rejected + progress.unresolved
        self.show(progress.job_id, ends, describe_import(progress))


def describe(progress: Progress, total: int | None = None) -> str:
    """Return one line: rows, rows/s, pages, requests of the limit, time left, throttling."""
    rate = progress.rows / progress.seconds if progress.seconds > 0 else 0.0
    parts = [
        f"{progress.rows:,} rows",
        f"{rate:,.0f} rows/s",
        f"{progress.pages:,} pages",
        _requests(progress),
    ]
    if progress.chains > 1:
        parts.append(f"{progress.chains_done}/{progress.chains} chains")
    if total and rate:
        parts.append(f"{max(0, total - progress.rows) / rate:.0f} s left")
    if progress.uploads:
        parts.append(f"{progress.uploads_done}/{progress.uploads} files uploaded")
    if progress.throttled_for:
        parts.append(f"throttled, resumes in {progress.throttled_for:.0f} s")
    return " · ".join(parts)


def describe_import(progress: BulkProgress) -> str:
    """Return one line: what became of the rows, requests of the limit, waiting, throttling."""
    parts = [
        f"{progress.read:,} rows read",
        f"{progress.created:,} created",
        f"{progress.existing:,} existing",
        f"{progress.rejected:,} rejected",
        f"{progress.unresolved:,} unresolved",
    ]
    if progress.open:
        parts.append(f"{progress.open:,} sent and not seen yet")
    parts.append(_requests(progress))
    if progress.waiting:
        what = f"for {progress.open:,} rows to show" if progress.open else "before the next look"
        parts.append(f"waiting up to {math.ceil(progress.waiting)} s {what}")
    if progress.throttled_for:
        parts.append(f"throttled, resumes in {progress.throttled_for:.0f} s")
    return " · ".join(parts)


def _requests(progress: Progress | BulkProgress) -> str:
    if progress.limit is None:
        return f"{progress.requests:,} requests"
    per_minute = 60 * progress.requests / max(progress.seconds, 1.0)
    return f"{progress.requests:,} requests ({per_minute:,.0f} of {progress.limit:,.0f} a minute)"


def _make_bar() -> Bar:
    return Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[text]}"),
        console=Console(stderr=True),
    )
