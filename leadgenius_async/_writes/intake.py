"""Rows of a source, each with what the rules make of it: what an import takes in."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from functools import lru_cache

import msgspec

from leadgenius_async._writes.columns import ColumnMap, Unmatched, map_columns
from leadgenius_async._writes.engine import Checked
from leadgenius_async._writes.rows import Batch, Rejected, Row
from leadgenius_async._writes.rules import Refused, Rules, apply_rules
from leadgenius_async._writes.source import Rows
from leadgenius_async._writes.values import NO_TEXT, UNWRITABLE


class Intake:
    """Takes rows of a source through its columns' names and the rules.

    Args:
        rows: The source.
        rules: What the caller chose.
        columns: Fields of columns, where the caller said so.
        unmatched: What becomes of columns that are no field.
        fault_of: Says why a `client_id` is no client's, None if it is one; that row is refused.
            None: it is known to be one.
    """

    def __init__(
        self,
        rows: Rows,
        rules: Rules,
        *,
        columns: Mapping[str, str] | None = None,
        unmatched: Unmatched = "keep",
        fault_of: Callable[[str], str | None] | None = None,
    ) -> None:
        self._rows = rows
        self._rules = rules
        self._explicit = columns
        self._unmatched: Unmatched = unmatched
        # What is near a name takes long to find, and the same one comes in many rows.
        self._fault_of = fault_of and lru_cache(maxsize=1024)(fault_of)
        self.columns: ColumnMap | None = None
        if rows.columns is not None:
            self.columns = map_columns(rows.columns, explicit=columns, unmatched=unmatched)

    async def __aiter__(self) -> AsyncIterator[list[Checked]]:
        async for batch in self._rows:
            yield self._check(batch)

    def _check(self, batch: Batch) -> list[Checked]:
        if self.columns is None:
            names = dict.fromkeys(name for row in batch.rows for name in row.fields)
            self.columns = map_columns([*names], explicit=self._explicit, unmatched=self._unmatched)
        items: list[Row | Rejected] = [*batch.rows, *batch.rejected]
        items.sort(key=lambda item: item.number)
        return [self._check_one(item, self.columns) for item in items]

    def _check_one(self, item: Row | Rejected, columns: ColumnMap) -> Checked:
        if isinstance(item, Rejected):
            return item.number, item.reason, Refused((item.reason,))
        if (reason := unreadable(item.fields)) is not None:
            return item.number, repr(item.fields), Refused((reason,))
        checked = apply_rules(columns.rename(item.fields), rules=self._rules)
        if self._fault_of is None or isinstance(checked, Refused):
            return item.number, item.fields, checked
        if fault := self._fault_of(str(checked.fields["client_id"])):
            checked = Refused((fault,), checked.changes)
        return item.number, item.fields, checked


class UpToRefused:
    """An input that ends before the first row that is refused.

    Args:
        source: The whole input.
        known: How many of its first rows were taken in before: at these it does not end.
        with_it: Whether it ends with that row, and not before it.

    Attributes:
        refused: The line of that row and what is wrong with it; None if there was none.
    """

    def __init__(
        self, source: AsyncIterable[Sequence[Checked]], known: int, *, with_it: bool = False
    ) -> None:
        self._source = source
        self._known = known
        self._with_it = with_it
        self.refused: tuple[int, str] | None = None

    async def __aiter__(self) -> AsyncIterator[Sequence[Checked]]:
        place = 0
        async for rows in self._source:
            for at, (line, _, checked) in enumerate(rows):
                if isinstance(checked, Refused) and place + at >= self._known:
                    self.refused = line, checked.reason
                    yield rows[: at + self._with_it]
                    return
            place += len(rows)
            yield rows


def unreadable(fields: Mapping[str, object]) -> str | None:
    """Return what is wrong with a row that has bytes which are no text, None with any other.

    Such a row cannot even be written down, to be known again.
    """
    if not _is_damaged(fields):
        return None
    field = next(str(name) for name, value in fields.items() if _is_damaged({name: value}))
    return f"{field.encode(errors='replace').decode()} {NO_TEXT}"


def _is_damaged(fields: Mapping[str, object]) -> bool:
    try:
        msgspec.json.encode(fields, enc_hook=repr)
    except UnicodeEncodeError:
        return True
    except UNWRITABLE:  # the rules say of which field
        return False
    return False
