"""Pages → NDJSON lines, each row byte for byte as the service sent it."""

from __future__ import annotations

from itertools import compress
from typing import Any

import msgspec
import pyarrow as pa

from leadgenius_async._extract.chain import RawPage
from leadgenius_async._extract.columns import (
    Decoded,
    key_batch,
    refuse_rejects,
    wanted_rows,
)
from leadgenius_async._extract.query import Query
from leadgenius_async._extract.rows import Reject, read_cell
from leadgenius_async._extract.tenants import check_tenant
from leadgenius_async._fields import Field
from leadgenius_async._http import decode

_ID = Field("id", "text")


class _Keys(msgspec.Struct, gc=False):
    id: msgspec.Raw = msgspec.Raw()
    company_id: str | None = None
    client_id: str | None = None
    updatedAt: object = None


class _RawPage(msgspec.Struct):
    data: list[msgspec.Raw]


class _KeysPage(msgspec.Struct):
    data: list[_Keys]


class LineDecoder:
    """Decodes pages of one query to lines of JSON.

    Where the caller did not want the key fields that checks need, each row is put together again
    from the bytes of the values that were wanted.

    Args:
        query: What is asked for.
        strict: Whether a row that cannot be read is an error; lines have no types to fit.

    Attributes:
        only: Ids of the rows that a recovery is to bring; it drops the others.
    """

    def __init__(self, query: Query, *, strict: bool = False) -> None:
        self.only: pa.Array[Any] | None = None
        self._query = query
        self._strict = strict
        self._keys = msgspec.json.Decoder(_KeysPage)
        self._key = msgspec.json.Decoder(_Keys)
        self._cells = msgspec.json.Decoder(dict[str, msgspec.Raw])
        self._wanted = {field.name for field in query.wanted}

    def __call__(self, page: RawPage) -> Decoded[bytes]:
        """Decode one page.

        Raises:
            TenantMismatch: A row belongs to another company or client.
            SchemaMismatch: A row cannot be read, and none such is allowed.
            ProtocolError: The rows cannot be told apart.
        """
        # The whole page each time: to cut its rows out first would be one more pass.
        raws = decode.parse(page.body, _RawPage, of="a page of rows").data
        keys, rejects = self._read_keys(page.body, raws)
        client_ids = [key.client_id for key in keys]
        check_tenant(
            self._query.path,
            [key.company_id for key in keys],
            client_ids,
            company_id=self._query.company_id,
            client_id=page.place.partition.client_id,
        )
        if self._strict:
            refuse_rejects(self._query, page.place, rejects)
        lines = self._lines(raws, page.body)
        read = len(lines)
        batch = key_batch(_texts([key.id for key in keys]), client_ids)
        wanted = wanted_rows(
            page.place,
            batch,
            self.only,
            since=self._query.since,
            changed=[key.updatedAt if isinstance(key.updatedAt, str) else None for key in keys],
        )
        if wanted is not None:
            lines = list(compress(lines, wanted.to_pylist()))
            batch = batch.filter(wanted)
        content = b"\n".join([*lines, b""]) if lines else b""
        return Decoded(page.place, read, len(lines), content, len(content), rejects, batch)

    def _read_keys(self, body: bytes, raws: list[msgspec.Raw]) -> tuple[list[_Keys], list[Reject]]:
        """Read the keys of all rows; rows that are no objects leave `raws` as rejects."""
        try:
            return self._keys.decode(body).data, []
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._read_keys_one_by_one(raws)

    def _read_keys_one_by_one(self, raws: list[msgspec.Raw]) -> tuple[list[_Keys], list[Reject]]:
        keys: list[_Keys] = []
        rejects: list[Reject] = []
        for raw in list(raws):
            try:
                keys.append(self._key.decode(raw))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raws.remove(raw)
                rejects.append(Reject(bytes(raw), str(error)))
        return keys, rejects

    def _lines(self, raws: list[msgspec.Raw], body: bytes) -> list[bytes | msgspec.Raw]:
        if not self._query.wants_all:
            return [self._without_keys(raw) for raw in raws]
        if b"\n" in body or b"\r" in body:
            # Only JSON that was laid out for reading has line ends between its tokens.
            return [msgspec.json.format(bytes(raw), indent=-1) for raw in raws]
        return list(raws)

    def _without_keys(self, raw: msgspec.Raw) -> bytes:
        cells = self._cells.decode(raw)
        return msgspec.json.encode({name: cells[name] for name in cells if name in self._wanted})


def _texts(ids: list[msgspec.Raw]) -> list[str | None]:
    """Return ids as text; of numbers the digits as they were sent, as in a text column."""
    try:
        return msgspec.json.decode(
            b"[%b]" % b",".join(id_ if memoryview(id_).nbytes else b"null" for id_ in ids),
            type=list[str | None],
        )
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return [_text(id_) for id_ in ids]


def _text(id_: msgspec.Raw) -> str | None:
    cell = read_cell(id_, _ID) if memoryview(id_).nbytes else None
    return cell if cell is None else str(cell)
