"""Rows of a source, each with what the rules make of it: what an import takes in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping

from leadgenius_async._writes.columns import ColumnMap, Unmatched, map_columns
from leadgenius_async._writes.engine import Checked
from leadgenius_async._writes.rows import Batch, Rejected, Row
from leadgenius_async._writes.rules import Refused, Rules, apply_rules
from leadgenius_async._writes.source import Rows


class Intake:
    """Takes rows of a source through its columns' names and the rules.

    Args:
        rows: The source.
        rules: What the caller chose.
        columns: Fields of columns, where the caller said so.
        unmatched: What becomes of columns that are no field.
        clients: The account's `client_id`s; a row of another one is refused. None: not known.
    """

    def __init__(
        self,
        rows: Rows,
        rules: Rules,
        *,
        columns: Mapping[str, str] | None = None,
        unmatched: Unmatched = "keep",
        clients: Collection[str] | None = None,
    ) -> None:
        self._rows = rows
        self._rules = rules
        self._explicit = columns
        self._unmatched: Unmatched = unmatched
        self._clients = clients
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
        checked = apply_rules(columns.rename(item.fields), rules=self._rules)
        if self._clients is not None and not isinstance(checked, Refused):
            name = checked.fields["client_id"]
            if name not in self._clients:
                reason = f"no client of the account has the client_id {name!r}"
                checked = Refused((reason,), checked.changes)
        return item.number, item.fields, checked
