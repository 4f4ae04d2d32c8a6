"""Rows of a source as updates and deletes take them: each with the id of a lead."""

from __future__ import annotations

import os
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
)
from typing import TypeGuard

import msgspec

from leadgenius_async._writes.change_items import Checked
from leadgenius_async._writes.columns import ColumnMap, plain_name
from leadgenius_async._writes.intake import Intake, unreadable
from leadgenius_async._writes.rows import Rejected, Row
from leadgenius_async._writes.rules import Ready, Refused, Rules, apply_update_rules, removal
from leadgenius_async._writes.source import LeadRow, Rows, Source, read_rows

#: Leads by their ids, or in rows that have one.
Leads = Source | Rows | Iterable[LeadRow | str] | AsyncIterable[LeadRow | str]


class UpdateIntake(Intake):
    """Takes rows through their columns' names and the rules of updates.

    Args:
        rows: The source.
        columns: Fields of columns, where the caller said so.

    Raises:
        ValueError: No column is the id.
    """

    def __init__(self, rows: Rows, *, columns: Mapping[str, str] | None = None) -> None:
        super().__init__(rows, Rules(), columns=columns)
        if self.columns is not None and all(each.field != "id" for each in self.columns.columns):
            raise _no_id(each.column for each in self.columns.columns)

    def _check_one(self, item: Row | Rejected, columns: ColumnMap) -> Checked:
        if isinstance(item, Rejected):
            return item.number, item.reason, Refused((item.reason,))
        if (reason := unreadable(item.fields)) is not None:
            return item.number, repr(item.fields), Refused((reason,))
        return item.number, item.fields, apply_update_rules(columns.rename(item.fields))


class IdIntake:
    """Takes of each row the id alone.

    Args:
        rows: The source.
        fields: What every row gets besides.
        columns: The id's column, where the caller said it: `{"Lead ID": "id"}`.

    Raises:
        ValueError: No column is the id.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        fields: Mapping[str, object] | None = None,
        columns: Mapping[str, str] | None = None,
    ) -> None:
        self._rows = rows
        self._fields = fields or {}
        self._given = columns or {}
        if rows.columns is not None and self._column(rows.columns) is None:
            raise _no_id(rows.columns)

    async def __aiter__(self) -> AsyncIterator[list[Checked]]:
        async for batch in self._rows:
            items: list[Row | Rejected] = [*batch.rows, *batch.rejected]
            items.sort(key=lambda item: item.number)
            yield list(map(self._check, items))

    def _check(self, item: Row | Rejected) -> Checked:
        if isinstance(item, Rejected):
            return item.number, item.reason, Refused((item.reason,))
        column = self._column(item.fields)
        checked = removal(None if column is None else item.fields[column])
        if isinstance(checked, Ready):
            checked.fields.update(self._fields)
        return item.number, item.fields, checked

    def _column(self, names: Collection[str]) -> str | None:
        given = [name for name, field in self._given.items() if field == "id"]
        if given:
            return given[0] if given[0] in names else None
        if "id" in names:
            return "id"
        return next((name for name in names if plain_name(name) == "id"), None)


def read_leads(leads: Leads) -> Rows:
    """Open leads that are given by their ids, or as rows that have one.

    Raises:
        ValueError, OSError, TypeError: As of `read_rows`.
    """
    if isinstance(leads, Rows):
        return leads
    if _is_source(leads):
        return read_rows(leads)
    if isinstance(leads, AsyncIterable):
        return read_rows(_each_later(leads))
    return read_rows(_each(leads) if isinstance(leads, Iterable) else leads)


def _is_source(leads: object) -> TypeGuard[Source]:
    """Return whether it is a path or a table, or nothing that could be taken; a column is none."""
    if isinstance(leads, str | bytes | os.PathLike | Mapping | msgspec.Struct):
        return True
    is_column = len(getattr(leads, "shape", ())) == 1
    return not is_column and (hasattr(leads, "__arrow_c_stream__") or hasattr(leads, "iloc"))


def _each(leads: Iterable[object]) -> Iterator[LeadRow]:
    return map(_as_lead, leads)


async def _each_later(
    leads: AsyncIterable[object],
) -> AsyncIterator[LeadRow]:
    async for lead in leads:
        yield _as_lead(lead)


def _as_lead(lead: object) -> LeadRow:
    return lead if isinstance(lead, Mapping | msgspec.Struct) else {"id": lead}


def client_refused(row: Checked, fault_of: Callable[[str], str | None]) -> Checked:
    """Return a row, refused if it would go to a client that there is not."""
    line, item, checked = row
    if isinstance(checked, Refused) or "client_id" not in checked.fields:
        return row
    fault = fault_of(str(checked.fields["client_id"]))
    return row if fault is None else (line, item, Refused((fault,), checked.changes))


def _no_id(columns: Iterable[str]) -> ValueError:
    return ValueError(
        f"no column is the leads' id: there are {', '.join(columns)}; name it `id`, or say which "
        'it is: columns={"…": "id"} (--map "…=id")'
    )
