"""Leads one by one and in batches, and the two ways to look for them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile
from typing import Annotated, Any

import msgspec

from leadgenius_async.emulator.errors import (
    ApiError,
    already_exists,
    invalid_value,
    no_such,
)
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.leads import TABLE, Lead
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.structs import Done, Pagination
from leadgenius_async.emulator.tokens import Cursor

Text = Annotated[str, msgspec.Meta(min_length=1)]
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


class NewLead(msgspec.Struct):
    """What a lead must have; any other field may come with it."""

    client_id: Text
    firstName: Text
    lastName: Text


class LeadBatch(msgspec.Struct):
    """Several leads."""

    leads: Annotated[list[NewLead], msgspec.Meta(min_length=1)]


class LeadChanges(msgspec.Struct):
    """A lead's id, and beside it the fields that change."""

    id: Text
    client_id: Text | msgspec.UnsetType = msgspec.UNSET


class ChangeBatch(msgspec.Struct):
    """Changes of several leads."""

    leads: Annotated[list[LeadChanges], msgspec.Meta(min_length=1)]


class LeadRemoval(msgspec.Struct):
    """The query of a delete of one lead."""

    id: str = ""


class RemovalBatch(msgspec.Struct):
    """The body of a delete of several leads."""

    ids: Annotated[list[Text], msgspec.Meta(min_length=1)]


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


class LeadAnswer(msgspec.Struct):
    """One lead."""

    lead: dict[str, Any]
    success: bool = True


class Created(msgspec.Struct):
    """How many of a batch were created; `skipped` has the e-mail addresses of duplicates."""

    created: int
    skipped: list[str]
    success: bool = True


class Updated(msgspec.Struct):
    """How many of a batch were changed."""

    updated: int
    success: bool = True


class Deleted(msgspec.Struct):
    """How many of a batch were deleted."""

    deleted: int
    success: bool = True


@call("GET", "/api/leads", Credentials.KEY_TOO, known="documented")
async def list_leads(ask: Ask[LeadQuery, None]) -> LeadPage | SearchPage:
    """A client's leads; without a client a search."""
    return _page(ask) if ask.query.client_id else _search(ask)


@call("POST", "/api/leads", Credentials.KEY_TOO, status=201, refuses=(409, 500), known="documented")
async def create(ask: Ask[NoQuery, NewLead | LeadBatch]) -> LeadAnswer | Created:
    """Make a lead, or a batch of them."""
    if isinstance(ask.body, LeadBatch):
        return _create_batch(ask, _rows(ask))
    if ask.service.config.habits and _is_poison(ask.members):
        raise _no_data_returned()
    email = ask.members.get("email")
    if ask.service.config.duplicate_create == "conflict" and _known(ask, ask.members):
        raise already_exists("Lead", f"email={str(email)[:80]!r}")
    return LeadAnswer(_create(ask, ask.members))


@call("PUT", "/api/leads", Credentials.KEY_TOO, refuses=(404,), known="documented")
async def update(ask: Ask[NoQuery, LeadChanges | ChangeBatch]) -> LeadAnswer | Updated:
    """Change a lead, or several."""
    if isinstance(ask.body, ChangeBatch):
        _check_size(ask, "leads", len(ask.body.leads))
        return Updated(sum(_update(ask, changes) is not None for changes in _rows(ask)))
    lead = _update(ask, ask.members)
    if lead is None and ask.service.config.unknown_ids == "not_found":
        raise no_such("Lead", ask.body.id)
    return LeadAnswer(lead or {"id": ask.body.id})


@call("DELETE", "/api/leads", Credentials.KEY_TOO, refuses=(404,), known="documented")
async def delete(ask: Ask[LeadRemoval, RemovalBatch | None]) -> Done | Deleted:
    """Delete the lead that the query names, or the leads that the body names."""
    delete, strict = ask.service.leads.delete, ask.service.config.unknown_ids == "not_found"
    if ask.body is not None and not ask.query.id:
        _check_size(ask, "ids", len(ask.body.ids))
        return Deleted(sum(delete(ask.company_id, lead_id) for lead_id in ask.body.ids))
    # Without any id there is nothing to be found either.
    if not delete(ask.company_id, ask.query.id) and (strict or not ask.query.id):
        raise no_such("Lead", ask.query.id)
    return Done()


@call("GET", "/api/find-lead", Credentials.KEY_TOO, refuses=(404,))
async def find(ask: Ask[FindQuery, None]) -> LeadAnswer:
    """The lead with an e-mail address or a LinkedIn URL."""
    query, leads = ask.query, ask.service.leads
    for name in ("email", "linkedinUrl"):
        value = getattr(query, name)
        lead = value and leads.find(ask.company_id, query.client_id, name, value, ask.now)
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


class EnrichedChanges(msgspec.Struct):
    """The fields of a lead that change; the path has its id."""

    client_id: Text | msgspec.UnsetType = msgspec.UNSET


@call("PUT", "/api/enrich-leads/{id}", Credentials.KEY_TOO, refuses=(404,))
async def update_enriched(ask: Ask[NoQuery, EnrichedChanges]) -> LeadAnswer:
    """Change the lead of an id."""
    lead = _update(ask, {**ask.members, "id": ask.path("id")})
    if lead is None:
        raise no_such("Lead", ask.path("id"))
    return LeadAnswer(lead)


ENDPOINTS = (list_leads, create, update, delete, find, get_enriched, update_enriched)


def _page(ask: Ask[LeadQuery, None]) -> LeadPage:
    query, service = ask.query, ask.service
    # Another table's name, so that a token of the bulk list is none of this one.
    start = Cursor(table="leads", company_id=ask.company_id, client_id=query.client_id)
    place = start
    if query.nextToken:
        place = service.tokens.open(query.nextToken, start, ask.now)
    rows, after = service.store.page(
        TABLE, ask.company_id, query.client_id, place.after, query.limit
    )
    if not service.config.list_by_record_id and service.store.client(
        ask.company_id, query.client_id
    ):
        rows, after = [], None
    leads = service.leads.read(service.leads.readable(rows, ask.now))
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


def _create_batch(ask: Ask[Any, Any], rows: list[Lead]) -> Created:
    config = ask.service.config
    _check_size(ask, "leads", len(rows))
    sound = rows
    if config.habits:
        sound = list(takewhile(lambda row: not _is_poison(row), rows))
    poisoned = len(sound) < len(rows)
    answer = Created(0, [])
    if not poisoned or config.poison_batch == "part":
        for row in sound:
            _create_in_batch(ask, row, answer)
    if poisoned:
        raise _no_data_returned()
    return answer


def _create_in_batch(ask: Ask[Any, Any], row: Lead, answer: Created) -> None:
    """Count a lead of a batch, and store it as far as the service does what it says."""
    if _known(ask, row):
        answer.skipped.append(str(row["email"]))
        return
    answer.created += 1
    stores = ask.service.config.batch_create
    if stores == "all" or (stores == "part" and answer.created % 2):
        _create(ask, row)


def _check_size(ask: Ask[Any, Any], name: str, count: int) -> None:
    limit = ask.service.config.batch_limit
    if count > limit:
        raise invalid_value(name, f"{count} leads", f"{limit} at the most")


def _rows(ask: Ask[Any, Any]) -> list[Lead]:
    return msgspec.convert(ask.members["leads"], list[Lead])


def _create(ask: Ask[Any, Any], fields: Mapping[str, object]) -> Lead:
    return ask.service.leads.create(ask.company_id, ask.caller.user_id, fields, ask.now)


def _update(ask: Ask[Any, Any], changes: Mapping[str, object]) -> Lead | None:
    kept = dict(changes)
    if not ask.service.config.move_leads:
        kept.pop("client_id", None)
    return ask.service.leads.update(ask.company_id, str(changes["id"]), kept, ask.now)


def _known(ask: Ask[Any, Any], fields: Mapping[str, object]) -> bool:
    """Whether the client has a lead of this e-mail address."""
    email, client_id = fields.get("email"), str(fields["client_id"])
    if not isinstance(email, str) or not email:
        return False
    return ask.service.leads.find(ask.company_id, client_id, "email", email) is not None


def _is_poison(fields: Mapping[str, object]) -> bool:
    """Whether the service fails to store it: an empty text, a `phone`, a lone full stop."""
    last_name = str(fields["lastName"])
    lone = len(last_name) == 1 and not last_name.isalnum() and last_name != "-"
    return "phone" in fields or lone or any(value == "" for value in fields.values())


def _no_data_returned() -> ApiError:
    return ApiError(
        500,
        "internal_error",
        "Failed to create lead - no data returned",
        recommendation="Try again.",
    )
