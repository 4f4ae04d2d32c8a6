"""All that reads the body of an answer, as one function."""

from __future__ import annotations

import contextlib

from broken_json import GET, answer

from leadgenius_async import errors
from leadgenius_async._extract.envelope import read_token, rows_of
from leadgenius_async._extract.rows import RowReader, row_struct
from leadgenius_async._fields import ENRICH_LEAD_FIELDS
from leadgenius_async._http import decode, record
from leadgenius_async._lead_structs import EnrichLead
from leadgenius_async._resources.lead_rows import json_object


class Item(record.Record, kw_only=True):
    """A record like those of the resources."""

    id: str
    size: float | None = None


_LEADS = RowReader(EnrichLead, ENRICH_LEAD_FIELDS, keep_extra=json_object)
_ROWS = RowReader(
    row_struct(ENRICH_LEAD_FIELDS, closed=True), ENRICH_LEAD_FIELDS, keep_extra=bytes.decode
)


def read_all(body: bytes) -> int:
    """Read a body in each way there is, and return how many of them found something."""
    assert str(decode.status_error(503, {}, body, call=GET)).isprintable()
    found = 0
    with contextlib.suppress(errors.ProtocolError):
        decode.parse(body, dict[str, object], of="x")
        found += 1
    with contextlib.suppress(errors.ProtocolError, errors.APIStatusError):
        record.payload(answer(body), list[Item], ("data.items", "data"), call=GET)
        found += 1
    with contextlib.suppress(errors.ProtocolError, errors.APIStatusError):
        record.payload(answer(body), Item, ("lead", "data", ""), call=GET)
        found += 1
    with contextlib.suppress(errors.ProtocolError, errors.APIStatusError):
        read_token(answer(body), call=GET)
        data = rows_of(body)
        rows, rejects = _LEADS.read(data)
        again = _ROWS.read(data)
        assert len(rows) + len(rejects) == len(again.rows) + len(again.rejects)
        found += 1
    return found
