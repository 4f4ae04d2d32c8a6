"""The searches that were run. The bodies of the answers are assumed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.errors import no_such
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.routes.pages import cut

Text = Annotated[str, msgspec.Meta(min_length=1)]
Status = Literal["initiated", "running", "completed", "failed"]

#: What a caller cannot set: the service does.
_OWN = ("id", "owner", "company_id", "createdAt", "updatedAt")
_FILTERS = ("client_id", "status", "icpId", "category")


class SearchHistoryQuery(msgspec.Struct):
    """Filters, and the page."""

    client_id: str = ""
    status: Status | msgspec.UnsetType = msgspec.UNSET
    icpId: str = ""
    category: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: str = ""


class NewSearch(msgspec.Struct):
    """The body of a create; a name is needed (assumed)."""

    searchName: Text
    searchDescription: str | None = None
    searchCriteria: dict[str, Any] | None = None
    searchFilters: dict[str, Any] | None = None
    client_id: str | None = None
    clientName: str | None = None
    icpId: str | None = None
    icpName: str | None = None
    apifyActorId: str | None = None
    category: str | None = None
    tags: list[str] = msgspec.field(default_factory=list)


class SearchChanges(msgspec.Struct):
    """The body of an update: beside these any metrics, which are kept as they come."""

    id: Text
    status: Status | msgspec.UnsetType = msgspec.UNSET


class SearchRecord(msgspec.Struct):
    """A search as it is kept: all members in one, since the names of metrics are free."""

    id: str
    members: dict[str, Any]


class SearchHistoryPage(msgspec.Struct):
    """A page of the list."""

    items: list[dict[str, Any]]
    cursor: str | None
    success: bool = True


class SearchAnswer(msgspec.Struct):
    """One search."""

    item: dict[str, Any]
    success: bool = True


@call("GET", "/api/search-history", Credentials.JWT)
async def list_searches(ask: Ask[SearchHistoryQuery, None]) -> SearchHistoryPage:
    """The company's searches, oldest first."""
    wanted = {name: value for name in _FILTERS if (value := getattr(ask.query, name))}

    def matches(record: SearchRecord) -> bool:
        return all(record.members.get(name) == value for name, value in wanted.items())

    found = ask.service.documents.all(SearchRecord, ask.company_id, matches)
    page, cursor = cut(ask, found, ask.query.cursor, ask.query.limit)
    return SearchHistoryPage([record.members for record in page], cursor)


@call("POST", "/api/search-history", Credentials.EITHER, status=201)
async def create(ask: Ask[NoQuery, NewSearch]) -> SearchAnswer:
    """Record a search that begins."""
    now, search_id = timestamp(ask.now), ask.service.ids.uuid()
    members = {
        "id": search_id,
        "status": "initiated",
        **msgspec.to_builtins(ask.body),
        "owner": ask.caller.user_id,
        "company_id": ask.company_id,
        "createdAt": now,
        "updatedAt": now,
    }
    ask.service.documents.add(ask.company_id, SearchRecord(search_id, members))
    return SearchAnswer(members)


@call("PUT", "/api/search-history", Credentials.JWT, refuses=(404,))
async def update(ask: Ask[NoQuery, SearchChanges]) -> SearchAnswer:
    """Change a search's status and metrics."""
    documents = ask.service.documents
    record = documents.get(SearchRecord, ask.company_id, ask.body.id)
    if record is None:
        raise no_such("Search", ask.body.id)
    record.members |= {name: value for name, value in ask.members.items() if name not in _OWN}
    record.members["updatedAt"] = timestamp(ask.now)
    documents.put(ask.company_id, record)
    return SearchAnswer(record.members)


ENDPOINTS = (list_searches, create, update)
