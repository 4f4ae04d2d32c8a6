"""Pages → Arrow columns: strictly at first, leniently where a page does not fit."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from leadgenius_async import errors
from leadgenius_async._extract.batch_reader import BatchReader, columns_of
from leadgenius_async._extract.chain import PagePlace, RawPage
from leadgenius_async._extract.ids import KEYS
from leadgenius_async._extract.lenient_reader import LenientReader
from leadgenius_async._extract.query import CHANGED, Query, is_since
from leadgenius_async._extract.rows import Reject, json_type
from leadgenius_async._extract.schema import EXTRA_COLUMN
from leadgenius_async._extract.tenants import check_tenant

ContentT_co = TypeVar("ContentT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Decoded(Generic[ContentT_co]):
    """A page ready to be written.

    Attributes:
        place: Where its page stands.
        read: How many rows the page had, without the rejected ones.
        rows: How many of them are kept: those that were changed since the moment asked for, and
            of a recovery's only those that are missing.
        content: A `pyarrow.RecordBatch`, or NDJSON lines as bytes.
        size: Bytes of memory that the content takes.
        rejects: Rows that could not be read.
        keys: The rows' ids and `client_id`s, as a record batch of the schema `ids.KEYS`.
    """

    place: PagePlace
    read: int
    rows: int
    content: ContentT_co
    size: int
    rejects: list[Reject]
    keys: pa.RecordBatch

    def first(self, rows: int) -> Self:
        """Return it with so many rows at most; what could not be read may have come after them."""
        if rows >= self.rows:
            return self
        content: Any = self.content
        if isinstance(content, bytes):
            content = b"".join(line + b"\n" for line in content.split(b"\n")[:rows])
        else:
            content = content.slice(0, rows)
        keys = self.keys.slice(0, rows)
        return dataclasses.replace(self, rows=rows, content=content, keys=keys, rejects=[])


def arrow_schema(query: Query) -> pa.Schema:
    """Return the one schema of a dataset: the wanted fields in order, then `_extra`.

    Every column is nullable: an absent field and a null are both null.
    """
    return pa.schema([*columns_of(query.wanted), pa.field(EXTRA_COLUMN, pa.string())])


class ArrowDecoder:
    """Decodes pages of one query to record batches of one schema.

    Args:
        query: What is asked for.
        strict: Whether a row that does not fit the schema is an error.

    Attributes:
        only: Ids of the rows that a recovery is to bring; it drops the others.
    """

    def __init__(self, query: Query, *, strict: bool = False) -> None:
        self.only: pa.Array[Any] | None = None
        self.schema = arrow_schema(query)
        self._query = query
        self._strict = strict
        self._fast = BatchReader(query.read, closed=not query.projected)
        self._lenient = LenientReader(query.read, closed=not query.projected)
        self._wanted = [*range(len(query.wanted)), len(query.read)]

    def __call__(self, page: RawPage) -> Decoded[pa.RecordBatch]:
        """Decode one page.

        Raises:
            TenantMismatch: A row belongs to another company or client.
            SchemaMismatch: A row does not fit the schema, which is to be kept strictly.
            ProtocolError: The rows cannot be told apart.
        """
        rows, rejects = self._read(page)
        ids, companies, clients = (rows.column(name) for name in ("id", "company_id", "client_id"))
        check_tenant(
            self._query.path,
            companies.unique().to_pylist(),
            clients.unique().to_pylist(),
            company_id=self._query.company_id,
            client_id=page.place.partition.client_id,
        )
        if self._strict:
            refuse_rejects(self._query, page.place, rejects)
            _refuse_extra(self._query, page.place, rows.column(EXTRA_COLUMN))
        keys = pa.RecordBatch.from_arrays([ids, clients], schema=KEYS)
        changed = rows.column(CHANGED).to_pylist() if self._query.since else ()
        wanted = wanted_rows(page.place, keys, self.only, since=self._query.since, changed=changed)
        columns = [rows.column(place) for place in self._wanted]
        batch = pa.RecordBatch.from_arrays(columns, schema=self.schema)
        if wanted is not None:
            batch, keys = batch.filter(wanted), keys.filter(wanted)
        size = batch.nbytes
        return Decoded(page.place, rows.num_rows, batch.num_rows, batch, size, rejects, keys)

    def _read(self, page: RawPage) -> tuple[pa.RecordBatch, list[Reject]]:
        """Return the fields that were asked for and `_extra`, and what could not be read."""
        rows = self._fast.read(page.body)
        return self._read_leniently(page) if rows is None else (rows, [])

    def _read_leniently(self, page: RawPage) -> tuple[pa.RecordBatch, list[Reject]]:
        """Read a page row by row, and expect of the next ones what was odd about it."""
        found = self._lenient.read(page.body)
        odd = self._lenient.odd
        if odd != self._fast.odd:  # the reader's own: two threads may change it at a time
            closed = not self._query.projected
            self._fast = BatchReader(self._query.read, closed=closed, odd=odd)
        return found


def key_batch(ids: Sequence[str | None], client_ids: Sequence[str | None]) -> pa.RecordBatch:
    """Return the keys of a page's rows."""
    columns = [pa.array(ids, pa.string()), pa.array(client_ids, pa.string())]
    return pa.RecordBatch.from_arrays(columns, schema=KEYS)


def wanted_rows(
    place: PagePlace,
    keys: pa.RecordBatch,
    only: pa.Array[Any] | None,
    *,
    since: dt.datetime | None,
    changed: Sequence[str | None],
) -> pa.BooleanArray | None:
    """Return which rows of a page are kept; None for all.

    Args:
        place: Where the page stands.
        keys: The keys of its rows.
        only: Ids of the rows that a recovery is to bring.
        since: The moment from which on rows are wanted.
        changed: When each row was changed last.
    """
    if place.partition.kind == "recovery" and only is not None:
        return pc.is_in(keys["id"], value_set=only)  # a sweep has looked at `since` already
    if since is None:
        return None
    return pa.array([is_since(text, since) for text in changed], pa.bool_())


class KeysDecoder:
    """Decodes the pages of a sweep: their keys are all that they are read for."""

    def __init__(self, query: Query) -> None:
        self._decode = ArrowDecoder(query)

    def __call__(self, page: RawPage) -> Decoded[None]:
        """Decode one page. A row that cannot be read here can be none in the dataset either.

        Raises:
            TenantMismatch: A row belongs to another company.
            ProtocolError: The rows cannot be told apart.
        """
        found = self._decode(page)
        keys = found.keys
        return Decoded(page.place, found.read, found.rows, None, keys.nbytes, [], keys)


def refuse_rejects(query: Query, place: PagePlace, rejects: Sequence[Reject]) -> None:
    """Refuse a page with rows that cannot be read.

    Raises:
        SchemaMismatch: It has some.
    """
    if rejects:
        raise _mismatch(query, place, f"a row cannot be read ({rejects[0].reason})")


def _refuse_extra(query: Query, place: PagePlace, extra: pa.Array[Any]) -> None:
    if extra.null_count == len(extra):
        return
    text: str = extra.drop_null()[0].as_py()
    name, raw = next(iter(msgspec.json.decode(text, type=dict[str, msgspec.Raw]).items()))
    types = {field.name: field.type for field in query.read}
    found = json_type(raw)
    what = (
        f"{name!r} is declared as {types[name]}, and {found} was found"
        if name in types
        else f"{name!r} is not declared ({found} was found)"
    )
    raise _mismatch(query, place, what)


def _mismatch(query: Query, place: PagePlace, what: str) -> errors.SchemaMismatch:
    return errors.SchemaMismatch(
        f"{query.path}, page {place.number}, client {place.partition.name}: {what}; without "
        "--strict-schema an export keeps such values in _extra, and such rows in rejects.ndjson"
    )
