"""Search history: the searches for leads that were run, and what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict, Unpack

from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.paging import BY_CURSOR
from leadgenius_async._resources.section import Section

#: States of a search (documented).
STATUSES = ("initiated", "running", "completed", "failed")

_SEARCHES = ("items", "data.items", "data")
_SEARCH = ("item", "searchHistory", "data")


class Search(Record):
    """One search for leads. Its metrics, whose names nobody lists, are in `extra`.

    Attributes:
        status: initiated, running, completed or failed (documented); others may come.
        searchCriteria: What was searched for.
        searchFilters: What narrowed it.
        icpId: The ideal customer profile that it was made from.
        apifyActorId: The scraper that ran it.
    """

    id: str
    status: str | None = None
    searchName: str | None = None
    searchDescription: str | None = None
    searchCriteria: object = None
    searchFilters: object = None
    client_id: str | None = None
    clientName: str | None = None
    icpId: str | None = None
    icpName: str | None = None
    apifyActorId: str | None = None
    category: str | None = None
    tags: list[str] | None = None
    owner: str | None = None
    company_id: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None


class SearchFilters(TypedDict, total=False):
    """What searches can be narrowed by."""

    client_id: str
    status: str
    icpId: str
    category: str


class NewSearch(TypedDict):
    """What a new search is made of."""

    searchName: str
    searchDescription: NotRequired[str]
    searchCriteria: NotRequired[Mapping[str, object]]
    searchFilters: NotRequired[Mapping[str, object]]
    client_id: NotRequired[str]
    clientName: NotRequired[str]
    icpId: NotRequired[str]
    icpName: NotRequired[str]
    apifyActorId: NotRequired[str]
    category: NotRequired[str]
    tags: NotRequired[Sequence[str]]


class SearchHistory(Section):
    """Calls of `/api/search-history`.

    A create takes a login or an API key; the list and an update take a login alone (documented).
    """

    def list(
        self,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        token: str | None = None,
        **filters: Unpack[SearchFilters],
    ) -> Listing[Search]:
        """List the company's searches.

        Args:
            limit: Most searches to give.
            page_size: Searches per request, 1 to 100 (assumed).
            token: Where to start, as an earlier listing's `token` said.
            client_id: Only this client's.
            status: Only these: initiated, running, completed or failed.
            icpId: Only those of this ideal customer profile.
            category: Only those of this category.

        Raises:
            ValueError: A number out of range, an unknown status, or an empty filter.
            TypeError: A filter is no text.
            UnknownClient: While it is iterated: no client of the account has this `client_id`.

        ```python
        async for search in lg.search_history.list(client_id="acme-corp", status="completed"):
            print(search.searchName, search.extra)
        ```
        """
        checks.known(filters, SearchFilters)
        query = {name: checks.text(name, value) for name, value in filters.items()}
        if "status" in query:
            checks.choice("status", query["status"], STATUSES)
        return self._list(
            "/search-history",
            Search,
            _SEARCHES,
            query=query,
            paging=BY_CURSOR,
            page_size=page_size,
            client_id=query.get("client_id"),
            token=token,
            limit=limit,
        )

    async def create(self, **fields: Unpack[NewSearch]) -> Search:
        """Record a search that begins; its status is `initiated` (assumed).

        Args:
            searchName: Its name.
            searchDescription: What it is about.
            searchCriteria: What is searched for.
            searchFilters: What narrows it.
            client_id: The client that it is for.
            clientName: That client's name.
            icpId: The ideal customer profile that it is made from.
            icpName: That profile's name.
            apifyActorId: The scraper that runs it.
            category: What it is filed under.
            tags: Words to find it by.

        Raises:
            ValueError: The name, the `client_id` or a tag is empty.
            TypeError: One of them is no text.
            UnknownClient: No client of the account has this `client_id`.

        ```python
        search = await lg.search_history.create(
            searchName="Heads of data",
            searchCriteria={"titles": ["Head of Data"]},
            client_id="acme-corp",
            tags=["q3"],
        )
        ```
        """
        checks.known(fields, NewSearch)
        checks.text("searchName", fields.get("searchName", ""))
        if fields.get("tags"):
            checks.many("tags", fields.get("tags", ()))
        if "client_id" in fields:
            await self._account.check_clients([checks.text("client_id", fields["client_id"])])
        return await self._ask("POST", "/search-history", Search, _SEARCH, payload=fields)

    async def update(self, record_id: str, **changes: object) -> Search:
        """Change a search: its status, and any metrics.

        Args:
            record_id: Its id.
            changes: `status` (initiated, running, completed or failed), and metrics under names
                of your choice, such as `leadsFound`; None clears one.

        Raises:
            ValueError: Nothing to change was given, an unknown status, or an empty `client_id`.
            TypeError: The `client_id` is no text.
            NotFound: The company has no such search.

        ```python
        search = await lg.search_history.create(searchName="Heads of data")
        search = await lg.search_history.update(search.id, status="completed", leadsFound=120)
        print(search.extra["leadsFound"])
        ```
        """
        checks.text("record_id", record_id)
        if "id" in changes:
            raise ValueError("id is no field to change: the search is named by record_id")
        if "status" in changes:
            checks.choice("status", str(changes["status"]), STATUSES)
        if "client_id" in changes:
            await self._account.check_clients([checks.text("client_id", changes["client_id"])])
        payload = {**checks.changes(changes), "id": record_id}
        return await self._ask("PUT", "/search-history", Search, _SEARCH, payload=payload)
