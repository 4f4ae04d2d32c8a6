"""How full each column is: mostly by what the files say of themselves, without reading it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from leadgenius_async._extract.schema import EXTRA_COLUMN
from leadgenius_async._fields import TABLES
from leadgenius_async._report.figures import FieldFill
from leadgenius_async._report.groups import Group

_NONE = pa.scalar(0, pa.int32())


class FillCounter:
    """Counts values: neither null nor an empty text."""

    def __init__(self) -> None:
        self._filled = Counter[str]()

    def told(self, group: Group) -> set[str]:
        """Count what a row group says of itself, and return the columns that it tells."""
        known = {
            column.path_in_schema: filled
            for column in map(group.about.column, range(group.about.num_columns))
            if (filled := _told(column)) is not None
        }
        if group.folder is not None:
            name, value = group.folder
            known[name] = group.rows if value else 0
        self._filled.update(known)
        return set(known)

    def add(self, table: pa.Table, names: Iterable[str]) -> None:
        """Count what a row group does not tell."""
        self._filled.update({name: _filled(table.column(name)) for name in names})

    def result(self, table: str, columns: Sequence[str], rows: int) -> list[FieldFill]:
        """Return how full each column is, but for `_extra`.

        Args:
            table: `enrich_leads` or `source_leads`.
            columns: The columns.
            rows: How many leads there are.
        """
        groups: Mapping[str, str] = {field.name: field.group for field in TABLES[table]}
        return [
            FieldFill(
                field=name,
                group=groups.get(name, ""),
                rows=self._filled[name],
                share=self._filled[name] / rows if rows else 0.0,
            )
            for name in columns
            if name != EXTRA_COLUMN
        ]


def is_filled(texts: Any) -> Any:
    """Return which texts of a column are neither null nor empty."""
    return pc.fill_null(pc.greater(pc.binary_length(texts), _NONE), pa.scalar(value=False))


def _filled(column: Any) -> int:
    if pa.types.is_string(column.type):
        column = column.filter(is_filled(column))
    there: int = len(column) - column.null_count
    return there


def _told(column: pq.ColumnChunkMetaData) -> int | None:
    """Return how many values a column has; None if that is not told.

    No text comes before the empty one: where the least is another, none is empty.
    """
    told = column.statistics
    if told is None or told.null_count is None:
        return None
    there = column.num_values - told.null_count
    if there and column.physical_type == "BYTE_ARRAY" and not (told.has_min_max and told.min_raw):
        return None
    return there
