"""Rows on their way in, with the number that each has in its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

#: Rows of a batch.
BATCH_ROWS = 1_000
#: Size of a batch, in characters or bytes of its source: wide rows make small batches.
BATCH_SIZE = 4_000_000
#: Size of one row, in characters or bytes of its source. What is longer is no row, but a quote
#: that is never closed or a file of another kind.
MAX_RECORD = 32_000_000


class SourceError(ValueError):
    """The rows of a source cannot be told apart; the message says what it is and what to do."""


class Row(NamedTuple):
    """A row as its source has it.

    Attributes:
        number: The line at which it starts, counted from 1; where there are no lines, its place.
        fields: Its values by column.
    """

    number: int
    fields: Mapping[str, object]


class Rejected(NamedTuple):
    """A row that cannot be read.

    Attributes:
        number: As of a `Row`.
        reason: What is wrong with it.
    """

    number: int
    reason: str


@dataclass(slots=True)
class Batch:
    """Rows that follow each other in their source.

    Attributes:
        rows: Those that could be read.
        rejected: The others.
    """

    rows: list[Row] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    _size: int = 0

    def add(self, item: Row | Rejected, size: int) -> None:
        """Add a row that has this size in its source."""
        if isinstance(item, Row):
            self.rows.append(item)
        else:
            self.rejected.append(item)
        self._size += size

    @property
    def is_full(self) -> bool:
        """Whether it is time for the next one."""
        return len(self.rows) + len(self.rejected) >= BATCH_ROWS or self._size >= BATCH_SIZE

    def __bool__(self) -> bool:
        return bool(self.rows or self.rejected)


#: A row, and its size in its source.
Item = tuple[Row | Rejected, int]


def batched(items: Iterable[Item]) -> Iterator[Batch]:
    """Give rows in batches: 1,000 rows, or less where they are large."""
    batch = Batch()
    for item, size in items:
        batch.add(item, size)
        if batch.is_full:
            yield batch
            batch = Batch()
    if batch:
        yield batch


def check_columns(names: Iterable[str], source: str) -> tuple[str, ...]:
    """Return the names of columns.

    Raises:
        SourceError: There is none, one is empty, or one is there twice.
    """
    columns = tuple(names)
    if not columns:
        raise SourceError(f"{source} has no columns")
    for place, name in enumerate(columns, 1):
        if not name:
            raise SourceError(f"{source}: column {place} has no name: give it one")
        if (first := columns.index(name) + 1) != place:
            raise SourceError(
                f"{source}: columns {first} and {place} are both named {name!r}: rename one of them"
            )
    return columns
