"""Leads one by one and in batches, and the two ways to look for them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from aiohttp import web

from leadgenius_async.emulator.errors import no_such
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.routes.lead_writes import (
    WRITE_REFUSES,
    ChangeBatch,
    Created,
    Deleted,
    EnrichedChanges,
    LeadAnswer,
    LeadBatch,
    LeadChanges,
    LeadRemoval,
    NewLead,
    RemovalBatch,
    Updated,
    create_batch,
    create_one,
    delete_batch,
    delete_one,
    update_batch,
    update_by_path,
    update_one,
)
from leadgenius_async.emulator.routes.writing import carry_out
from leadgenius_async.emulator.structs import Done, Pagination
from leadgenius_async.emulator.tokens import Cursor

#: Parameters that a search takes.
_SEARCHABLE = ("firstName", "lastName", "fullName", "email", "companyName", "status")


class LeadQuery(msgspec.Struct):
    """With `client_id` a listing, without it a search."""

    client_id: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 100
    nextToken: str = ""
    page: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    pageSize: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    firstName: str = ""
    lastName: str = ""
    fullName: str = ""
    email: str = ""
    companyName: str = ""
    status: str = ""


class FindQuery(msgspec.Struct):
    """An e-mail address or a LinkedIn URL, of one client or of any."""

    email: str = ""
    linkedinUrl: str = ""
    client_id: str = ""


class LeadPage(msgspec.Struct):
    """A page of a listing; `total` is its own size, not the count."""

    leads: list[dict[str, Any]]
    total: int
    nextToken: str | None
    success: bool = True


class SearchPage(msgspec.Struct):
    """A page of a search."""

    data: list[dict[str, Any]]
    pagination: Pagination
    success: bool = True


@call("GET", "/api/leads", Credentials.KEY_TOO, known="documented")
async def list_leads(ask: Ask[LeadQuery, None]) -> LeadPage | SearchPage:
    """A client's leads; without a client a search."""
    return _page(ask) if ask.query.client_id else _search(ask)


@call(
    "POST",
    "/api/leads",
    Credentials.KEY_TOO,
    status=201,
    refuses=(409, *WRITE_REFUSES, 500),
    known="documented",
)
async def create(ask: Ask[NoQuery, NewLead | LeadBatch]) -> LeadAnswer | Created | web.Response:
    """Make a lead, or a batch of them."""
    if isinstance(ask.body, LeadBatch):
        return carry_out(ask, "create_batch", create_batch)
    return carry_out(ask, "create", create_one)


@call("PUT", "/api/leads", Credentials.KEY_TOO, refuses=(404, *WRITE_REFUSES), known="documented")
async def update(
    ask: Ask[NoQuery, LeadChanges | ChangeBatch],
) -> LeadAnswer | Updated | web.Response:
    """Change a lead, or several."""
    if isinstance(ask.body, ChangeBatch):
        return carry_out(ask, "update_batch", update_batch)
    return carry_out(ask, "update", update_one)


@call(
    "DELETE", "/api/leads", Credentials.KEY_TOO, refuses=(404, *WRITE_REFUSES), known="documented"
)
async def delete(ask: Ask[LeadRemoval, RemovalBatch | None]) -> Done | Deleted | web.Response:
    """Delete the lead that the query names, or the leads that the body names."""
    if ask.body is not None and not ask.query.id:
        return carry_out(ask, "delete_batch", delete_batch)
    return carry_out(ask, "delete", delete_one)


@call("GET", "/api/find-lead", Credentials.KEY_TOO, refuses=(404,))
async def find(ask: Ask[FindQuery, None]) -> LeadAnswer:
    """The lead with an e-mail address or a LinkedIn URL."""
    query, leads = ask.query, ask.service.leads
    for name, by_case in (("email", ask.service.config.find_by_case), ("linkedinUrl", False)):
        value = getattr(query, name)
        lead = value and leads.find(
            ask.company_id, query.client_id, name, value, by_case=by_case, shown_at=ask.now
        )
        if lead:
            return LeadAnswer(lead)
    raise no_such("Lead", query.email or query.linkedinUrl)


@call("GET", "/api/enrich-leads/{id}", Credentials.KEY_TOO, refuses=(404,))
async def get_enriched(ask: Ask[NoQuery, None]) -> LeadAnswer:
    """The lead of an id."""
    lead = ask.service.leads.get(ask.company_id, ask.path("id"), ask.now)
    if lead is None:
        raise no_such("Lead", ask.path("id"))
    return LeadAnswer(lead)


@call("PUT", "/api/enrich-leads/{id}", Credentials.KEY_TOO, refuses=(404, *WRITE_REFUSES))
async def update_enriched(ask: Ask[NoQuery, EnrichedChanges]) -> LeadAnswer | web.Response:
    """Change the lead of an id."""
    return carry_out(ask, "update", update_by_path)


ENDPOINTS = (list_leads, create, update, delete, find, get_enriched, update_enriched)


def _page(ask: Ask[LeadQuery, None]) -> LeadPage:
    query, service = ask.query, ask.service
    # Another table's name, so that a token of the bulk list is none of this one.
    start = Cursor(table="leads", company_id=ask.company_id, client_id=query.client_id)
    place = start
    if query.nextToken:
        place = service.tokens.open(query.nextToken, start, ask.now)
    rows, after = service.leads.page(
        ask.company_id, query.client_id, place.after, query.limit, ask.now
    )
    if not service.config.list_by_record_id and service.store.client(
        ask.company_id, query.client_id
    ):
        rows, after = [], None
    leads = service.leads.read(rows)
    token = None
    if after is not None:
        token = service.tokens.seal(msgspec.structs.replace(start, after=after), ask.now)
    return LeadPage(leads, len(leads), token)


def _search(ask: Ask[LeadQuery, None]) -> SearchPage:
    query = ask.query
    wanted = {name: value for name in _SEARCHABLE if (value := getattr(query, name))}
    found = ask.service.leads.search(ask.company_id, ask.caller.user_id, wanted, ask.now)
    start = (query.page - 1) * query.pageSize
    pages = -(-len(found) // query.pageSize)
    return SearchPage(
        found[start : start + query.pageSize],
        Pagination(query.page, query.pageSize, len(found), pages),
    )
