"""The two bulk lists, EnrichLeads and SourceLeads: one pattern with two names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from operator import attrgetter
from typing import Generic, TypeVar

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.chain import fetch_page
from leadgenius_async._extract.envelope import rows_of
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.query import Query, make_query
from leadgenius_async._extract.rows import RowReader
from leadgenius_async._extract.tenants import check_tenant
from leadgenius_async._fields import TABLES
from leadgenius_async._http.call import Meter
from leadgenius_async._http.transport import Transport
from leadgenius_async._lead_structs import EnrichLead, SourceLead
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.bulk_arrow import BulkArrow
from leadgenius_async._resources.bulk_files import BulkFiles
from leadgenius_async._resources.lead_rows import LeadInput, json_object
from leadgenius_async._resources.leads import LeadById
from leadgenius_async._resources.listing import Listing, Page

LeadT = TypeVar("LeadT", bound=msgspec.Struct)

_company_id: Callable[[msgspec.Struct], str | None] = attrgetter("company_id")
_client_id: Callable[[msgspec.Struct], str | None] = attrgetter("client_id")


class BulkLeads(BulkArrow, BulkFiles, Generic[LeadT]):
    """One bulk list. Takes an API key (documented); a login is tried if there is no key.

    Everywhere, `company_id` defaults to the account's own company, which costs one request.
    """

    def __init__(
        self, transport: Transport, account: Account, table: str, lead: type[LeadT]
    ) -> None:
        super().__init__(transport, account, table)
        self._lead = lead
        self._reader = RowReader(lead, TABLES[table], keep_extra=json_object)

    def rows(
        self,
        *,
        company_id: str | None = None,
        client_id: str | None = None,
        fields: Iterable[str] | None = None,
        limit: int | None = None,
        page_size: int | None = None,
        token: str | None = None,
    ) -> Listing[LeadT]:
        """List leads one by one, typed.

        A value of another type than its field's becomes text (an object or list its compact
        JSON); fields that nobody declared are in `extra`.

        Args:
            company_id: The company; the account's own if not given.
            client_id: One client's leads only; all if not given.
            fields: Fields to ask for; the others are None. All if not given.
            limit: Most leads to give.
            page_size: Leads per request, 1 to 5,000; learned from the rows if not given.
            token: Where to start, as an earlier listing's `token` said.

        Raises:
            ValueError: A value out of range, or a field name that is a near miss.
            TenantMismatch: While it is iterated: a row of another company or client came; nothing
                of its page is given.
            LeadGeniusError: While it is iterated; see `errors`.

        ```python
        async for lead in lg.enrich_leads.rows(client_id="acme-corp", fields=["id", "email"]):
            print(lead.id, lead.email)
        ```
        """
        query = make_query(
            self._table,
            company_id=company_id,
            clients=() if client_id is None else [client_id],
            fields=fields,
            page_size=page_size,
        )
        return Listing(_PageFetch(self._checked, self._fetch, query), token=token, limit=limit)

    def pages(
        self,
        *,
        company_id: str | None = None,
        client_id: str | None = None,
        fields: Iterable[str] | None = None,
        page_size: int | None = None,
        token: str | None = None,
    ) -> AsyncIterator[Page[LeadT]]:
        """List leads page by page; a page may be short or empty with more to come.

        Args and errors are those of `rows`, whose `.pages()` this is.

        ```python
        async for page in lg.enrich_leads.pages(page_size=500):
            print(len(page.items), page.token)
        ```
        """
        return self.rows(
            company_id=company_id,
            client_id=client_id,
            fields=fields,
            page_size=page_size,
            token=token,
        ).pages()

    async def _fetch(
        self, query: Query, size: PageSize, *, token: str | None, limit: int
    ) -> Page[LeadT]:
        """Fetch one page of typed leads.

        Raises:
            ProtocolError: A row cannot be read at all; `export` keeps such rows aside instead.
            TenantMismatch: A row belongs to another company or client.
        """
        client_id = next(iter(query.clients), None)
        following, body = await fetch_page(
            self._transport, query, client_id, token=token, limit=limit, meter=Meter()
        )
        rows, rejects = self._reader.read(rows_of(body))
        size.observe(len(rows), len(body))
        check_tenant(
            query.path,
            map(_company_id, rows),
            map(_client_id, rows),
            company_id=query.company_id,
            client_id=client_id,
        )
        if rejects:
            raise errors.ProtocolError(
                f"{query.path}: {len(rejects)} rows of a page cannot be read "
                f"({rejects[0].reason}); export() keeps such rows aside"
            )
        self._transport.count_rows(self._table, len(rows))
        return Page(rows, following)


class _PageFetch(Generic[LeadT]):
    """Fetches the pages of one listing; the company is looked up with the first."""

    def __init__(
        self,
        check: Callable[[Query], Awaitable[Query]],
        fetch: Callable[..., Awaitable[Page[LeadT]]],
        query: Query,
    ) -> None:
        self._check = check
        self._fetch = fetch
        self._query = query
        self._size = PageSize(query.sent, fixed=query.page_size)
        self._checked = False

    async def __call__(self, token: str | None, left: int | None) -> Page[LeadT]:
        if not self._checked:
            self._query = await self._check(self._query)
            self._checked = True
        while True:
            limit = self._size.limit
            try:
                return await self._fetch(
                    self._query, self._size, token=token, limit=min(limit, left or limit)
                )
            except errors.PayloadTooLarge:
                if not self._size.refuse(limit):
                    raise


class EnrichLeads(BulkLeads[EnrichLead]):
    """The bulk list `/api/enrich-leads/list`, and the single lead below it."""

    def __init__(self, transport: Transport, account: Account) -> None:
        super().__init__(transport, account, "enrich_leads", EnrichLead)
        self._leads = LeadById(transport, account)

    async def get(self, lead_id: str) -> EnrichLead:
        """Return a lead by its id.

        Raises:
            NotFound: The company has no such lead.

        ```python
        lead = await lg.enrich_leads.get("lead_1")
        ```
        """
        return await self._leads.get(lead_id)

    async def update(self, lead_id: str, changes: LeadInput) -> EnrichLead:
        """Change a lead; fields that are not named stay.

        Args:
            lead_id: Its id.
            changes: Fields by the service's names; None clears one.

        Raises:
            ValueError: No field, a misspelt one, `phone` for `phoneNumber`, an empty `client_id`,
                another lead's `id`, or an e-mail address without `@`.
            TypeError: The `client_id` is no text: a lead belongs to a client.
            UnknownClient: The lead was to go to a `client_id` that no client has.
            NotFound: The company has no such lead.

        ```python
        lead = await lg.enrich_leads.update("lead_1", {"notes": "Call on Monday"})
        ```
        """
        return await self._leads.update(lead_id, changes)


class SourceLeads(BulkLeads[SourceLead]):
    """The bulk list `/api/source-leads/list`."""

    def __init__(self, transport: Transport, account: Account) -> None:
        super().__init__(transport, account, "source_leads", SourceLead)
