"""The bulk lists: one pattern, two tables."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import NamedTuple

import msgspec
from aiohttp import web

from leadgenius_async.emulator.errors import (
    gateway_page,
    invalid_value,
    missing_field,
    owner_mismatch,
)
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Endpoint, answer
from leadgenius_async.emulator.rows import ServedRow, wanted_fields
from leadgenius_async.emulator.service import CALLER, ROWS, SERVICE, Service
from leadgenius_async.emulator.structs import BulkPage, PageMeta
from leadgenius_async.emulator.tokens import Cursor

_LIMITS = range(1, 5_001)
_DEFAULT_LIMIT = 1_000
_ALL_CLIENTS = {None, "", "ALL", "DEFAULT"}
_PAYLOAD_TOO_LARGE = 413


async def list_enrich_leads(request: web.Request) -> web.StreamResponse:
    """`GET /api/enrich-leads/list`."""
    return await _list(request, "enrich_leads")


async def list_source_leads(request: web.Request) -> web.StreamResponse:
    """`GET /api/source-leads/list`."""
    return await _list(request, "source_leads")


ENDPOINTS = (
    Endpoint("GET", "/api/enrich-leads/list", Credentials.API_KEY, list_enrich_leads),
    Endpoint("GET", "/api/source-leads/list", Credentials.API_KEY, list_source_leads),
)


class _Query(NamedTuple):
    """What a listing is asked for; `start` is the listing's own first place."""

    start: Cursor
    limit: int
    token: str | None
    fields: tuple[str, ...] | None


async def _list(request: web.Request, table: str) -> web.StreamResponse:
    query = _read_query(request, table)
    service = request.app[SERVICE]
    if service.config.latency:
        await asyncio.sleep(service.config.latency)
    if query.start.company_id != request[CALLER].company_id:
        return _foreign(service, query.start)
    began = time.perf_counter()
    body, rows = _build_page(service, query)
    service.page_timer.append(time.perf_counter() - began)
    cap = service.habits.body_cap
    if cap is not None and len(body) > cap:
        return gateway_page(_PAYLOAD_TOO_LARGE)
    request[ROWS] = rows
    return web.Response(body=body, content_type="application/json")


def _read_query(request: web.Request, table: str) -> _Query:
    query = request.query
    company_id = query.get("companyId")
    if not company_id:
        raise missing_field("companyId")
    client_id = query.get("clientId")
    return _Query(
        start=Cursor(
            table=table,
            company_id=company_id,
            client_id=None if client_id in _ALL_CLIENTS else client_id,
        ),
        limit=_limit(query.get("limit")),
        token=query.get("nextToken") or None,
        fields=wanted_fields(query.get("fields", "")),
    )


def _limit(text: str | None) -> int:
    if text is None:
        return _DEFAULT_LIMIT
    # No longer than a number of the range, so that int() cannot choke on it.
    if text.isascii() and text.isdecimal() and len(text) <= len(str(_LIMITS.stop)):
        limit = int(text)
        if limit in _LIMITS:
            return limit
    raise invalid_value("limit", text, f"a whole number from 1 to {_LIMITS.stop - 1}")


def _foreign(service: Service, start: Cursor) -> web.Response:
    if service.config.foreign_company == "forbidden":
        raise owner_mismatch(start.company_id)
    return answer(_page(start, [], [], None))


def _build_page(service: Service, query: _Query) -> tuple[bytes, int]:
    """The body of a page, and the number of its rows."""
    now = time.time()
    cursor = query.start
    if query.token is not None:
        cursor = service.tokens.open(query.token, query.start, now)
    rows, following = _read_rows(service, cursor, query.limit)
    token = None if following is None else service.tokens.seal(following, now)
    data = service.builders[cursor.table].build(rows, query.fields)
    return msgspec.json.encode(_page(cursor, rows, data, token)), len(rows)


def _read_rows(
    service: Service, cursor: Cursor, limit: int
) -> tuple[list[ServedRow], Cursor | None]:
    """The rows of the page at `cursor`, and the place where the listing goes on."""
    count = service.habits.page_rows(cursor, limit)
    if count == 0:
        return [], msgspec.structs.replace(cursor, empties=cursor.empties + 1)
    rows, after = service.store.page(
        cursor.table, cursor.company_id, cursor.client_id, cursor.after, count
    )
    if after is None:
        return rows, None
    return rows, msgspec.structs.replace(cursor, after=after, empties=0)


def _page(cursor: Cursor, rows: list[ServedRow], data: object, token: str | None) -> BulkPage:
    return BulkPage(
        success=True,
        data=data,
        next_token=token,
        meta=PageMeta(
            total_returned=len(rows),
            query_method="company_id-GSI" if cursor.client_id is None else "client_id-GSI",
            client_summary=Counter(client_id for _, client_id, _, _ in rows),
        ),
    )
