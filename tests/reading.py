"""What the tests of readers share."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from leadgenius_async._writes.rows import Batch, Rejected, Row
from leadgenius_async._writes.source import read_rows


def all_of(batches: Iterable[Batch]) -> tuple[list[Row], list[Rejected]]:
    """Return the rows of all batches, and what was rejected."""
    listed = list(batches)
    return [row for batch in listed for row in batch.rows], [
        each for batch in listed for each in batch.rejected
    ]


def write(folder: Path, content: str | bytes, name: str = "leads.csv") -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(folder: Path, content: str | bytes, name: str = "leads.csv", **options: Any) -> list[Any]:
    """Return the rows of a file, as (number, fields) or (number, reason), by number."""
    rows, rejected = all_of(read_rows(write(folder, content, name), **options))
    return sorted([*rows, *rejected], key=lambda row: row.number)
