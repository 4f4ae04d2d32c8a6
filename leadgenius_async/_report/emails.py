"""Leads that share an e-mail address.

Addresses are compared by 64 bits of their hash, which differs from one process to the next: two
of ten million different ones are taken for one with a chance of 3 in a million. The hashes wait in
a file, and are counted share by share, so that memory does not grow with the leads.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from leadgenius_async._report.clients import COLUMN as CLIENT
from leadgenius_async._report.fields import is_filled
from leadgenius_async._report.figures import Duplicates, Repeated

SHARE = 2_000_000  # addresses compared at a time
COLUMN = "email"
_BYTES = 8  # of a hash


class _Hashes(NamedTuple):
    """Addresses, and addresses together with their clients."""

    emails: Any
    pairs: Any


class EmailCounter:
    """Counts addresses that come again.

    Args:
        scratch: An empty file, for the hashes.
        with_clients: Whether the leads say whose they are.
        share: Addresses compared at a time.
    """

    def __init__(self, scratch: IO[bytes], *, with_clients: bool, share: int = SHARE) -> None:
        self.columns = (COLUMN, CLIENT) if with_clients else (COLUMN,)
        self._with_clients = with_clients
        self._share = share
        self._file = scratch
        self._sizes: list[int] = []
        self._rows = 0

    def add(self, table: pa.Table) -> None:
        """Count the addresses of a row group."""
        self._rows += table.num_rows
        plain = pc.utf8_lower(pc.utf8_trim_whitespace(table.column(COLUMN)))
        table = table.set_column(table.schema.get_field_index(COLUMN), COLUMN, plain)
        table = table.filter(is_filled(plain))
        emails: list[Any] = table.column(COLUMN).to_pylist()
        self._file.write(array("q", map(hash, emails)))
        if self._with_clients:
            clients: list[Any] = table.column(CLIENT).to_pylist()
            self._file.write(array("q", map(hash, zip(emails, clients, strict=True))))
        self._sizes.append(table.num_rows)

    def result(self) -> Duplicates:
        """Return what was found."""
        rows, addresses = sum(self._sizes), 0
        repeated = within = Repeated(addresses=0, leads=0, surplus=0)
        for share in self._shares():
            addresses += pc.count_distinct(share.emails).as_py()
            repeated = _sum(repeated, _again(share.emails, share.emails))
            within = _sum(within, _again(share.pairs, share.emails))
        return Duplicates(
            with_email=rows,
            without_email=self._rows - rows,
            addresses=addresses,
            repeated=repeated,
            within_client=within if self._with_clients else None,
        )

    def _shares(self) -> Iterator[_Hashes]:
        """Give hashes so that the same ones are in one share."""
        count = 1
        while sum(self._sizes) > count * self._share:
            count *= 2
        for n in range(count):
            blocks = [_in_share(block, count, n) for block in self._blocks()]
            emails = pa.chunked_array([block.emails for block in blocks], pa.int64())
            yield _Hashes(emails, pa.chunked_array([block.pairs for block in blocks], pa.int64()))

    def _blocks(self) -> Iterator[_Hashes]:
        self._file.seek(0)
        for size in self._sizes:
            emails = self._block(size)
            yield _Hashes(emails, self._block(size) if self._with_clients else emails)

    def _block(self, size: int) -> Any:
        data = pa.py_buffer(self._file.read(size * _BYTES))
        return pa.Array.from_buffers(pa.int64(), size, [None, data])


def _in_share(block: _Hashes, count: int, n: int) -> _Hashes:
    if count == 1:
        return block
    mask = pc.equal(pc.bit_wise_and(block.emails, _whole(count - 1)), _whole(n))
    return _Hashes(block.emails.filter(mask), block.pairs.filter(mask))


def _whole(number: int) -> pa.Scalar[Any]:
    return pa.scalar(number, pa.int64())


def _again(keys: Any, emails: Any) -> Repeated:
    """Return what comes more than once among `keys`, by the addresses that have these."""
    counts = pc.value_counts(keys)
    twice = counts.filter(pc.greater(counts.field("counts"), _whole(1)))
    leads = pc.sum(twice.field("counts")).as_py() or 0
    if not leads:
        return Repeated(addresses=0, leads=0, surplus=0)
    mask = pc.is_in(keys, value_set=twice.field("values"))
    addresses = pc.count_distinct(emails.filter(mask)).as_py()
    return Repeated(addresses=addresses, leads=leads, surplus=leads - len(twice))


def _sum(one: Repeated, other: Repeated) -> Repeated:
    return Repeated(
        addresses=one.addresses + other.addresses,
        leads=one.leads + other.leads,
        surplus=one.surplus + other.surplus,
    )
