"""`schema.json`: the columns of a Parquet dataset, and what its `_extra` holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from leadgenius_async._fields import TABLES

SCHEMA = "schema.json"
#: The last column: JSON text of undeclared fields, and of values that do not fit their column.
EXTRA_COLUMN = "_extra"

_SOURCES = {"D": "documented", "O": "observed", "A": "assumed"}


class Column(msgspec.Struct, frozen=True):
    """A column of the dataset.

    Attributes:
        name: The field's name.
        type: `text` (Arrow `string`) or `number` (`float64`).
        group: What the field is about; empty where nobody declared it.
        source: Where it is known from: `documented`, `observed`, `assumed`, `asked for` (by
            `fields`, though undeclared), or `promoted` (from `_extra`).
    """

    name: str
    type: str
    group: str
    source: str


class ExtraField(msgspec.Struct):
    """A field in `_extra`.

    Attributes:
        rows: In how many rows.
        types: How often each JSON type was seen.
        type: What type a column of its own would have: `number` only if every value is a number
            that `float64` holds digit for digit.
    """

    rows: int = 0
    types: dict[str, int] = {}
    type: str = "text"


class DatasetSchema(msgspec.Struct, kw_only=True):
    """What `schema.json` says.

    Attributes:
        table: `enrich_leads` or `source_leads`.
        columns: The columns in order, without the last one, `_extra`.
        extra: The fields that `_extra` holds, by name.
    """

    schema_version: int = 1
    table: str
    columns: list[Column]
    extra: dict[str, ExtraField]


def describe_schema(
    table: str,
    columns: Iterable[tuple[str, str]],
    extra: Mapping[str, ExtraField],
    promoted: Collection[str] = (),
) -> DatasetSchema:
    """Return what `schema.json` says.

    Args:
        table: `enrich_leads` or `source_leads`.
        columns: Names and types of the columns, in order.
        extra: What `_extra` holds.
        promoted: Columns that were fields in `_extra` once.
    """
    known = {field.name: field for field in TABLES[table]}
    listed: list[Column] = []
    for name, type_ in columns:
        if name in promoted:
            listed.append(Column(name, type_, "", "promoted"))
        elif field := known.get(name):
            listed.append(Column(name, type_, field.group, _SOURCES[field.source]))
        else:
            listed.append(Column(name, type_, "", "asked for"))
    return DatasetSchema(table=table, columns=listed, extra=dict(extra))
