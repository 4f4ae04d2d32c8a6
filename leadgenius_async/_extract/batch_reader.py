"""Pages → record batches: the fast road.

arrow-rs reads a page as one row with a list of structs, in half the time that structs, their
transposition and `pa.array` take, and without the interpreter lock. It lets some things pass, and
dies of others; both are looked for beforehand, by msgspec. Fields that have not fitted their
columns before are read by msgspec as well, and a page that nobody expects goes the lenient way.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import arro3.io
import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from leadgenius_async._extract.rows import compact_object, read_cell
from leadgenius_async._extract.schema import EXTRA_COLUMN
from leadgenius_async._fields import Field

ARROW_TYPES = {"text": pa.string(), "number": pa.float64()}

#: A NUL; and the first half of a pair for a character that arrow-rs takes for another: it puts the
#: halves together with `|`, and so loses what is to be carried, as of U+20000 (Chinese, Japanese).
_ESCAPED_TRAPS = r"\\u(?:0000|[dD][89abAB][4-7c-fC-F])"

_Cell = msgspec.Raw | msgspec.UnsetType
# What one row has for `_extra`, by field.
_Extra = dict[str, msgspec.Raw]


def columns_of(fields: Iterable[Field]) -> list[pa.Field[Any]]:
    """Return the columns of fields, in order; each is nullable."""
    return [pa.field(field.name, ARROW_TYPES[field.type]) for field in fields]


class BatchReader:
    """Reads pages of one projection.

    Args:
        fields: The fields, in order.
        closed: Whether undeclared fields are kept, in `_extra`; else they are dropped.
        odd: Fields whose values have not fitted their columns, or that nobody declared.
    """

    def __init__(self, fields: Sequence[Field], *, closed: bool, odd: Collection[str] = ()) -> None:
        self.odd: frozenset[str] = frozenset(odd)
        self._schema = pa.schema([*columns_of(fields), pa.field(EXTRA_COLUMN, pa.string())])
        fitting = [field for field in fields if field.name not in odd]
        self._page = pa.schema([pa.field("data", pa.list_(pa.struct(columns_of(fitting))))])
        names = {field.name for field in fields}
        self._loose = [field for field in fields if field.name in odd]
        self._undeclared = sorted(set(odd) - names) if closed else []
        asked = fitting if closed else [field for field in fitting if field.type == "number"]
        loose = [*(field.name for field in self._loose), *self._undeclared]
        self._check = _check_of(asked, loose, closed=closed)

    def read(self, body: bytes) -> pa.RecordBatch | None:
        """Return the rows of a page, `_extra` last; None if it is to be read leniently."""
        if _has_traps(body):
            return None
        try:
            cells = self.check(body)
            # Through pyarrow's reader: arro3's own holds the interpreter lock.
            stream = pa.RecordBatchReader.from_stream(arro3.io.read_json(body, self._page))
            rows = _rows(stream.read_all())
            return None if rows is None else self._complete(rows, cells)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, pa.ArrowException):
            return None

    def check(self, body: bytes) -> list[list[_Cell]]:
        """Check a page, and return the cells of the odd fields, field by field.

        Raises:
            MsgspecError: A row does not fit, or the page is no JSON.
            RecursionError: It is nested too deep.
        """
        rows = self._check.decode(body).data  # 8 MB of a full page's, which go away right here
        count = len(self._loose) + len(self._undeclared)
        return [[getattr(row, f"loose{place}") for row in rows] for place in range(count)]

    def _complete(self, rows: pa.RecordBatch, cells: list[list[_Cell]]) -> pa.RecordBatch:
        """Add the columns that arrow-rs was not asked for."""
        found = {name: rows.column(name) for name in rows.schema.names}
        extras: dict[int, _Extra] = {}
        for place, field in enumerate(self._loose):
            found[field.name] = _loose_column(cells[place], field, extras)
        for place, name in enumerate(self._undeclared, len(self._loose)):
            for row, cell in enumerate(cells[place]):
                if cell is not msgspec.UNSET:
                    extras.setdefault(row, {})[name] = cell
        found[EXTRA_COLUMN] = _extra_column(rows.num_rows, extras)
        arrays = [found[name] for name in self._schema.names]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)


def _loose_column(cells: Sequence[_Cell], field: Field, extras: dict[int, _Extra]) -> pa.Array[Any]:
    """Return a column of whatever came; what does not fit goes into the rows' `extras`."""
    values: list[object] = [None] * len(cells)
    for row, cell in enumerate(cells):
        if cell is msgspec.UNSET:
            continue
        try:
            values[row] = read_cell(cell, field)
        except msgspec.ValidationError:
            extras.setdefault(row, {})[field.name] = cell
    return pa.array(values, ARROW_TYPES[field.type])


def _extra_column(rows: int, extras: dict[int, _Extra]) -> pa.Array[Any]:
    if not extras:
        return pa.nulls(rows, pa.string())
    texts = {row: compact_object(extra).decode() for row, extra in extras.items()}
    return pa.array([texts.get(row) for row in range(rows)], pa.string())


def _has_traps(body: bytes) -> bool:
    """Return whether a page has what arrow-rs dies of, or reads as something else.

    It dies of a NUL in the text of an error, and misreads some pairs of escapes. For those, RE2
    takes 1 ms in 5.4 MB, 10 where each row has escapes, `bytes.find` 4 and Arrow's other search 10.
    """
    bounds = pa.py_buffer(struct.pack("=qq", 0, len(body)))
    page = pa.Array.from_buffers(pa.large_binary(), 1, [None, bounds, pa.py_buffer(body)])
    return b"\x00" in body or bool(pc.match_substring_regex(page, _ESCAPED_TRAPS)[0].as_py())


def _rows(pages: pa.Table) -> pa.RecordBatch | None:
    if pages.num_rows != 1:  # not one page, but several values in a row
        return None
    page: Any = pages.column(0).chunk(0)
    rows = page.flatten()
    if page.null_count or rows.null_count:  # no list, or a row that is null
        return None
    return pa.RecordBatch.from_struct_array(rows)


def _check_of(
    fields: Sequence[Field], loose: Sequence[str], *, closed: bool
) -> msgspec.json.Decoder[Any]:
    """Return what refuses the pages that arrow-rs must not get, and reads `loose` fields as bytes.

    arrow-rs drops a field that it does not know, takes the text `"85"` for a number, and dies of
    values that are nested too deep. Values of text fields are left as bytes: a full page of 1,250
    rows takes 14 ms, and one of a projection of texts is skipped over in 3.
    """
    types: dict[str, Any] = {"text": msgspec.Raw, "number": float | None}
    members = [(f"f{n}", field.name, types[field.type]) for n, field in enumerate(fields)]
    members += [(f"loose{n}", name, msgspec.Raw) for n, name in enumerate(loose)]
    row = msgspec.defstruct(
        "Row",
        [(member, type_ | msgspec.UnsetType, msgspec.UNSET) for member, _, type_ in members],
        rename={member: name for member, name, _ in members},
        forbid_unknown_fields=closed,
        gc=False,
    )
    rows: Any = list[row] if members else msgspec.Raw  # type: ignore[valid-type] # made just now
    return msgspec.json.Decoder(msgspec.defstruct("Page", [("data", rows)]))
