"""The bulk lists: one pattern, two tables."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Annotated, Any, NamedTuple

import msgspec
from aiohttp import web

from leadgenius_async.emulator.errors import gateway_page, owner_mismatch
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.leads import TABLE
from leadgenius_async.emulator.routes.endpoint import Ask, answer, call
from leadgenius_async.emulator.rows import ServedRow, wanted_fields
from leadgenius_async.emulator.service import ROWS, Service
from leadgenius_async.emulator.tokens import Cursor


class BulkQuery(msgspec.Struct):
    """The parameters of both lists."""

    companyId: Annotated[str, msgspec.Meta(min_length=1)]
    clientId: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 1_000
    nextToken: str = ""
    fields: str = ""


class PageMeta(msgspec.Struct):
    """What a bulk page says about itself; `clientSummary` counts its rows per client_id."""

    totalReturned: int
    queryMethod: str
    clientSummary: dict[str, int]


class BulkPage(msgspec.Struct):
    """One page of a bulk list; `data` holds its rows."""

    success: bool
    data: list[Any]
    nextToken: str | None
    meta: PageMeta


_ALL_CLIENTS = {"", "ALL", "DEFAULT"}
_PAYLOAD_TOO_LARGE = 413
_GATEWAY_TIMEOUT = 504
_REFUSES = (403, _PAYLOAD_TOO_LARGE, _GATEWAY_TIMEOUT)
#: Epoch seconds, far ahead: tokens of a loop are written then, so that they do not expire.
_FAR_AHEAD = 1e11


@call(
    "GET",
    "/api/enrich-leads/list",
    Credentials.API_KEY,
    refuses=_REFUSES,
    answer=BulkPage,
    known="documented",
)
async def list_enrich_leads(ask: Ask[BulkQuery, None]) -> web.StreamResponse:
    """A page of the company's EnrichLeads."""
    return await _list(ask, "enrich_leads")


@call(
    "GET",
    "/api/source-leads/list",
    Credentials.API_KEY,
    refuses=_REFUSES,
    answer=BulkPage,
    known="documented",
)
async def list_source_leads(ask: Ask[BulkQuery, None]) -> web.StreamResponse:
    """A page of the company's SourceLeads."""
    return await _list(ask, "source_leads")


ENDPOINTS = (list_enrich_leads, list_source_leads)


class _Listing(NamedTuple):
    """What is listed: `start` is the listing's own first place."""

    start: Cursor
    limit: int
    token: str
    fields: tuple[str, ...] | None


async def _list(ask: Ask[BulkQuery, None], table: str) -> web.StreamResponse:
    arrived = ask.now
    try:
        return _answer(ask, table)
    finally:  # refusals take their time as well
        if (left := arrived + ask.service.config.latency - ask.now) > 0:
            await asyncio.sleep(left)


def _answer(ask: Ask[BulkQuery, None], table: str) -> web.StreamResponse:
    listing, service = _listing(ask, table), ask.service
    if listing.start.company_id != ask.company_id:
        return _foreign(service, listing.start)
    began = time.perf_counter()
    body, rows = _build_page(service, listing)
    service.page_timer.append(time.perf_counter() - began)
    cap, slow_above = service.habits.body_cap, service.config.slow_above
    if cap is not None and len(body) > cap:
        return gateway_page(_PAYLOAD_TOO_LARGE)
    if slow_above is not None and rows > slow_above:
        return gateway_page(_GATEWAY_TIMEOUT)
    ask.request[ROWS] = rows
    return web.Response(body=body, content_type="application/json")


def _listing(ask: Ask[BulkQuery, None], table: str) -> _Listing:
    query = ask.query
    client_id = None if query.clientId in _ALL_CLIENTS else query.clientId
    return _Listing(
        start=Cursor(table=table, company_id=query.companyId, client_id=client_id),
        limit=query.limit,
        token=query.nextToken,
        fields=wanted_fields(query.fields),
    )


def _foreign(service: Service, start: Cursor) -> web.Response:
    if service.config.foreign_company == "forbidden":
        raise owner_mismatch(start.company_id)
    return answer(_page(start, [], [], None))


def _build_page(service: Service, query: _Listing) -> tuple[bytes, int]:
    """The body of a page, and the number of its rows."""
    now = service.clock.now()
    cursor = query.start
    if query.token:
        cursor = service.tokens.open(query.token, query.start, now)
    rows, following = _read_rows(service, cursor, query.limit, now)
    loop_pages = service.config.loop_pages
    if loop_pages is not None:
        pages = cursor.pages + bool(rows)
        following = query.start if pages >= loop_pages else _counted(following, pages)
        now = _FAR_AHEAD  # a place has the same token each time round
    token = None if following is None else service.tokens.seal(following, now)
    data = service.builders[cursor.table].build(rows, query.fields)
    return msgspec.json.encode(_page(cursor, rows, data, token)), len(rows)


def _read_rows(
    service: Service, cursor: Cursor, limit: int, now: float
) -> tuple[list[ServedRow], Cursor | None]:
    """The rows of the page at `cursor`, and the place where the listing goes on."""
    count = service.habits.page_rows(cursor, limit)
    if count == 0:
        return [], msgspec.structs.replace(cursor, empties=cursor.empties + 1)
    company_id, client_id = cursor.company_id, cursor.client_id
    if cursor.table == TABLE:
        rows, after = service.leads.page(company_id, client_id, cursor.after, count, now)
    else:
        rows, after = service.store.page(cursor.table, company_id, client_id, cursor.after, count)
    if after is None:
        return rows, None
    if len(rows) > 1 and service.habits.repeats(cursor):
        after = rows[-2][0]
    return rows, msgspec.structs.replace(cursor, after=after, empties=0)


def _counted(following: Cursor | None, pages: int) -> Cursor | None:
    return None if following is None else msgspec.structs.replace(following, pages=pages)


def _page(cursor: Cursor, rows: list[ServedRow], data: list[Any], token: str | None) -> BulkPage:
    return BulkPage(
        success=True,
        data=data,
        nextToken=token,
        meta=PageMeta(
            totalReturned=len(rows),
            queryMethod="company_id-GSI" if cursor.client_id is None else "client_id-GSI",
            clientSummary=Counter(client_id for _, client_id, _, _ in rows),
        ),
    )
