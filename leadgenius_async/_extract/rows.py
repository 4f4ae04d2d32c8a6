"""Pages → rows: strictly at first, leniently where a page does not fit.

The strict decoder reads a page in one go and fails on the first odd value; that is what makes it
three times as fast as decoding to dicts. A page that it refuses is read again row by row: a value
of another type finds its place as text or in `extra`, and a row that cannot be read at all is
handed back raw.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from leadgenius_async._fields import Field
from leadgenius_async._http import decode

RowT = TypeVar("RowT", bound=msgspec.Struct)

#: Under this name a row struct holds what nobody declared. No sender knows it.
_EXTRA_IN_JSON = "_leadgenius_extra"

#: A service that sends a new name in each row is not to fill the memory with them.
_MOST_ODD = 100
#: Names that no struct can have for a member.
_AWKWARD = re.compile(r'["\\\x00-\x1f\ud800-\udfff]').search

_JSON_TYPES = {b'"': "string", b"{": "object", b"[": "array", b"t": "boolean", b"f": "boolean",
               b"n": "null"}  # fmt: skip
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Reject(NamedTuple):
    """A row that cannot be read.

    Attributes:
        raw: Its bytes, as they came.
        reason: Why, without its values.
    """

    raw: bytes
    reason: str


class Rows(NamedTuple, Generic[RowT]):
    """The rows of a page, and those of them that could not be read."""

    rows: list[RowT]
    rejects: list[Reject]


def row_struct(fields: Sequence[Field], *, closed: bool) -> type[msgspec.Struct]:
    """Return the struct of a projection: attributes `f0, f1, …`, then `extra` (JSON text).

    Args:
        fields: The fields, in order.
        closed: Whether an undeclared field is refused, so that the page is read leniently.
    """
    types = {"text": str, "number": float}
    members: list[tuple[str, Any, Any]] = [
        (f"f{n}", types[field.type] | None, None) for n, field in enumerate(fields)
    ]
    rename = {f"f{n}": field.name for n, field in enumerate(fields)} | {"extra": _EXTRA_IN_JSON}
    return msgspec.defstruct(
        "Row",
        [*members, ("extra", str | None, None)],
        rename=rename,
        forbid_unknown_fields=closed,
        # Without reference cycles to find, tracking 5,000 rows a page would be wasted work.
        gc=False,
    )


class RowReader(Generic[RowT]):
    """Reads the rows of pages as one struct type.

    Args:
        row: The struct; its attributes are the fields in order, then `extra`.
        fields: The fields, in the same order.
        keep_extra: Turns the JSON text of what nobody declared into the value of `extra`;
            None drops undeclared fields, as under a projection, where they only mean that the
            service ignored `fields`.

    Attributes:
        odd: Fields whose values were not of their declared type, or that nobody declared; the
            first hundred of them.
    """

    def __init__(
        self,
        row: type[RowT],
        fields: Sequence[Field],
        *,
        keep_extra: Callable[[bytes], object] | None,
    ) -> None:
        self.odd: set[str] = set()
        self._row = row
        self._keep_undeclared = keep_extra is not None
        self._extra = keep_extra or _as_text
        self._page_decoder: msgspec.json.Decoder[list[RowT]] = msgspec.json.Decoder(
            list[row]  # type: ignore[valid-type] # made at run time, as its struct is
        )
        self._row_decoder = msgspec.json.Decoder(row)
        self._cells_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
        attributes = row.__struct_fields__
        self._fields = [(attributes[n], field) for n, field in enumerate(fields)]

    def read(self, data: msgspec.Raw) -> Rows[RowT]:
        """Read a JSON array of rows.

        Raises:
            ProtocolError: Not an array that can be split into rows.
        """
        try:
            return Rows(self._page_decoder.decode(data), [])
        except _UNREADABLE:
            return self.read_each(split(data))

    def read_each(self, raws: list[msgspec.Raw]) -> Rows[RowT]:
        """Read rows one by one: as they are declared, or else cell by cell."""
        rows: list[RowT] = []
        rejects: list[Reject] = []
        for raw in raws:
            try:
                rows.append(self._read_row(raw))
            except _UNREADABLE as error:
                rejects.append(Reject(bytes(raw), _reason(error)))
        return Rows(rows, rejects)

    def _read_row(self, raw: msgspec.Raw) -> RowT:
        try:
            return self._row_decoder.decode(raw)
        except _UNREADABLE:
            return self._read_cells(self._cells_decoder.decode(raw))

    def _read_cells(self, cells: dict[str, msgspec.Raw]) -> RowT:
        extra: dict[str, msgspec.Raw] = {}
        values: dict[str, object] = {}
        for attribute, field in self._fields:
            cell = cells.pop(field.name, None)
            if cell is None:
                continue
            try:
                values[attribute] = read_cell(cell, field)
            except msgspec.ValidationError:
                extra[field.name] = cell
            else:
                self._note(field.name, is_odd=not fits(cell, field))
        if self._keep_undeclared:
            extra |= cells
        for name in extra:
            self._note(name, is_odd=True)
        if extra:
            values["extra"] = self._extra(compact_object(extra))
        return self._row(**values)

    def _note(self, name: str, *, is_odd: bool) -> None:
        if is_odd and len(self.odd) < _MOST_ODD and not _AWKWARD(name):
            self.odd.add(name)


def split(data: msgspec.Raw) -> list[msgspec.Raw]:
    """Split a JSON array into its elements, each as its own bytes.

    Raises:
        ProtocolError: Not an array, or nested too deep.
    """
    return decode.parse(data, list[msgspec.Raw], of="a page of rows")


def starts_with(raw: msgspec.Raw, byte: bytes) -> bool:
    """Return whether a JSON value starts with this byte, which tells its type."""
    return bytes(memoryview(raw)[:1]) == byte


def json_type(raw: msgspec.Raw) -> str:
    """Return the name of a JSON value's type."""
    return _JSON_TYPES.get(bytes(memoryview(raw)[:1]), "number")


def is_exact(number: msgspec.Raw) -> bool:
    """Return whether a JSON number survives as `float64`, digit for digit."""
    text = bytes(number).decode()
    try:
        return Decimal(repr(float(text))) == Decimal(text)
    except ArithmeticError:  # an exponent beyond all bounds
        return False


def fits(cell: msgspec.Raw, field: Field) -> bool:
    """Return whether a JSON value that can be read is of its field's declared type."""
    return field.type == "number" or json_type(cell) in {"string", "null"}


def read_cell(cell: msgspec.Raw, field: Field) -> object:
    """Return a JSON value as what its field's column holds.

    Raises:
        ValidationError: It does not fit a number column.
    """
    if field.type == "number":
        return msgspec.json.decode(cell, type=float | None)
    if starts_with(cell, b'"'):
        return msgspec.json.decode(cell, type=str)
    if starts_with(cell, b"n"):  # JSON has no other word with n than null
        return None
    # An object, a list, a number or a boolean: its own text, so that no digit changes.
    return _compact(cell).decode()


def _compact(raw: msgspec.Raw) -> bytes:
    return msgspec.json.format(bytes(raw), indent=-1)


def compact_object(cells: Mapping[str, msgspec.Raw]) -> bytes:
    """Return the compact JSON of an object whose members are JSON already, in order of name."""
    return msgspec.json.encode({name: msgspec.Raw(_compact(cells[name])) for name in sorted(cells)})


def _as_text(data: bytes) -> str:
    return data.decode()


def _reason(error: Exception) -> str:
    if isinstance(error, msgspec.MsgspecError):
        return str(error)  # msgspec names types and places, never values
    return "nested too deep" if isinstance(error, RecursionError) else "not UTF-8"
