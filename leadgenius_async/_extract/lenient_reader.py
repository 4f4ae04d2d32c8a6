"""Pages → record batches, row by row: whatever a row holds finds its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from leadgenius_async._extract.batch_reader import columns_of
from leadgenius_async._extract.envelope import rows_of
from leadgenius_async._extract.rows import Reject, RowReader, row_struct, split
from leadgenius_async._extract.schema import EXTRA_COLUMN
from leadgenius_async._fields import Field


class LenientReader:
    """Reads pages of one projection that do not fit its schema.

    Args:
        fields: The fields, in order.
        closed: Whether undeclared fields are kept, in `_extra`; else they are dropped.
    """

    def __init__(self, fields: Sequence[Field], *, closed: bool) -> None:
        row = row_struct(fields, closed=closed)
        self._rows = RowReader(row, fields, keep_extra=bytes.decode if closed else None)
        self._schema = pa.schema([*columns_of(fields), pa.field(EXTRA_COLUMN, pa.string())])

    @property
    def odd(self) -> frozenset[str]:
        """The fields whose values have not fitted their columns, or that nobody declared."""
        return frozenset(self._rows.odd)

    def read(self, body: bytes) -> tuple[pa.RecordBatch, list[Reject]]:
        """Return the rows with `_extra` as their last column, and what could not be read.

        Raises:
            ProtocolError: The rows cannot be told apart.
        """
        rows, rejects = self._rows.read_each(split(rows_of(body)))
        columns: Sequence[Sequence[Any]] = [()] * len(self._schema)
        if rows:
            columns = list(zip(*map(msgspec.structs.astuple, rows), strict=True))
        arrays = [
            pa.array(column, type=field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema), rejects
