"""Leads: rows of EnrichLeads, one by one and in plain batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TypedDict, Unpack

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.tenants import check_tenant
from leadgenius_async._http import origin
from leadgenius_async._http.call import Call, Reply
from leadgenius_async._http.record import Record
from leadgenius_async._lead_structs import EnrichLead
from leadgenius_async._resources import checks
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.lead_bulk import LeadBulk
from leadgenius_async._resources.lead_rows import (
    LeadInput,
    client_ids,
    created_lead,
    lead_changes,
    new_lead,
    read_lead,
    read_leads,
)
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.paging import BY_NEXT_TOKEN, BY_PAGE
from leadgenius_async._resources.section import Section

#: The service's documented ceiling for a batch (on its agent surface); 50 is recommended.
MAX_BATCH = 100

_LEAD = ("lead", "data")


class BatchCreated(Record):
    """What the service says of a batch of creates.

    Attributes:
        created: How many it says it created. It may have stored none of them (observed): read
            them back before you rely on it.
        skipped: E-mail addresses that the client has already.
    """

    created: int = 0
    skipped: list[str] = msgspec.field(default_factory=list)


class LeadSearch(TypedDict, total=False):
    """What leads can be searched by: exact, without case (assumed)."""

    firstName: str
    lastName: str
    fullName: str
    email: str
    companyName: str
    status: str


class LeadById(Section):
    """Calls of `/api/enrich-leads/{id}`: one lead, read and changed by its id."""

    async def get(self, lead_id: str) -> EnrichLead:
        """Return a lead by its id."""
        return read_lead(_LEAD, *await self._send("GET", _path(lead_id)))

    async def update(self, lead_id: str, changes: LeadInput) -> EnrichLead:
        """Change a lead; fields that are not named stay."""
        payload = lead_changes(changes, lead_id)
        await self._account.check_clients(client_ids([payload]))
        return read_lead(_LEAD, *await self._send("PUT", _path(lead_id), payload=payload))


class Leads(LeadBulk):
    """Calls of `/api/leads`. Takes a login (documented); an API key works too (observed).

    Every `client_id` is checked against the account's clients before a lead goes out: under a
    wrong one the service would store it where nobody sees it.
    """

    def list(
        self,
        *,
        client_id: str,
        limit: int | None = None,
        page_size: int | None = None,
        token: str | None = None,
    ) -> Listing[EnrichLead]:
        """List a client's leads. `enrich_leads` takes many of them out much faster.

        Args:
            client_id: The client, by its business identifier.
            limit: Most leads to give.
            page_size: Leads per request, 1 to 1,000.
            token: Where to start, as an earlier listing's `token` said.

        Raises:
            ValueError: A number out of range.
            UnknownClient: While it is iterated: no client of the account has this `client_id`.
            TenantMismatch: While it is iterated: a lead of another company or client came; nothing
                of its page is given.

        ```python
        async for lead in lg.leads.list(client_id="acme-corp", limit=10):
            print(lead.fullName, lead.email)
        ```
        """
        return self._list_read(
            "/leads",
            partial(_read_own, self._account, client_id),
            query={"client_id": checks.text("client_id", client_id)},
            paging=BY_NEXT_TOKEN,
            page_size=page_size,
            client_id=client_id,
            token=token,
            limit=limit,
        )

    def search(
        self, *, limit: int | None = None, token: str | None = None, **wanted: Unpack[LeadSearch]
    ) -> Listing[EnrichLead]:
        """Search the leads that the signed-in user owns.

        The service looks at 1,000 leads at the most (documented): what it does not find may
        exist all the same.

        Args:
            limit: Most leads to give.
            token: Where to start, as an earlier listing's `token` said.
            firstName: Exact first name, without case (assumed, as for all of these).
            lastName: Exact last name.
            fullName: Exact full name.
            email: Exact e-mail address.
            companyName: Exact company.
            status: Exact status.

        Raises:
            ValueError: A value is empty, or `email` is no address.
            TypeError: A value is no text.

        ```python
        found = [lead async for lead in lg.leads.search(fullName="Ada Sample")]
        ```
        """
        checks.known(wanted, LeadSearch)
        query = {name: checks.text(name, value) for name, value in wanted.items()}
        if "email" in query:
            query["email"] = checks.email("email", query["email"])
        read = partial(read_leads, ("data", "data.items", "leads"))
        return self._list_read(
            "/leads", read, query=query, paging=BY_PAGE, token=token, limit=limit
        )

    async def find(
        self,
        *,
        email: str | None = None,
        linkedin_url: str | None = None,
        client_id: str | None = None,
    ) -> EnrichLead | None:
        """Look a lead up by its e-mail address or its LinkedIn URL.

        Args:
            email: The address, without case (assumed).
            linkedin_url: The URL of the profile.
            client_id: Only this client's leads.

        Returns:
            The lead, or None if there is none.

        Raises:
            ValueError: Neither was given, one is empty, or the address has no `@`.
            UnknownClient: No client of the account has this `client_id`.

        ```python
        lead = await lg.leads.find(email="ada@sample.example", client_id="acme-corp")
        ```
        """
        if email is None and linkedin_url is None:
            raise ValueError("email and linkedin_url are both missing: give one of them")
        query: dict[str, str] = {}
        if email is not None:
            query["email"] = checks.email("email", email)
        if linkedin_url is not None:
            query["linkedinUrl"] = checks.text("linkedin_url", linkedin_url)
        if client_id is not None:
            query["client_id"] = checks.text("client_id", client_id)
            await self._account.check_clients([client_id])
        try:
            return read_lead(_LEAD, *await self._send("GET", "/find-lead", query=query))
        except errors.NotFound as error:
            if error.from_gateway:
                raise  # a wrong base URL says nothing of the lead
            return None

    async def get(self, lead_id: str) -> EnrichLead:
        """Return a lead by its id.

        Raises:
            NotFound: The company has no such lead.

        ```python
        lead = await lg.leads.get("lead_1")
        ```
        """
        return read_lead(_LEAD, *await self._send("GET", _path(lead_id)))

    async def create(self, lead: LeadInput, *, client_id: str | None = None) -> EnrichLead:
        """Create one lead. A single create always persists (observed).

        Args:
            lead: Its fields by the service's names; `firstName` and `lastName` are needed.
            client_id: The client, unless the lead names it itself.

        Raises:
            ValueError: What the service is known to refuse or to fail at; see `errors` and the
                guide on leads.
            UnknownClient: No client of the account has this `client_id`.
            Conflict: The client has a lead of this e-mail address already (assumed).
            OutcomeUnknown: The answer was lost: look it up before you send it again.

        ```python
        fields = {"firstName": "Grace", "lastName": "Sample", "email": "grace@sample.example"}
        lead = await lg.leads.create(fields, client_id="acme-corp")
        ```
        """
        payload = new_lead(lead, client_id)
        await self._account.check_clients(client_ids([payload]))
        return created_lead(_LEAD, *await self._send("POST", "/leads", payload=payload))

    async def create_batch(
        self, leads: Iterable[LeadInput], *, client_id: str | None = None
    ) -> BatchCreated:
        """Create up to 100 leads in one request, as the service's plain batch call does.

        The service may answer that it created them and store nothing (observed).

        Args:
            leads: The leads; 50 a batch are recommended (documented).
            client_id: The client of those that name none themselves.

        Raises:
            ValueError: None or more than 100 leads, or one that the service is known to refuse.
            UnknownClient: No client of the account has one of the `client_id`s.
            OutcomeUnknown: The answer was lost: look them up before you send them again.

        ```python
        leads = [{"firstName": "Ida", "lastName": f"Sample {n}"} for n in range(3)]
        said = await lg.leads.create_batch(leads, client_id="acme-corp")
        print(said.created, said.skipped)
        ```
        """
        rows = _batch("leads", [new_lead(lead, client_id) for lead in leads])
        await self._account.check_clients(client_ids(rows))
        keys = ("data", "")
        return await self._ask("POST", "/leads", BatchCreated, keys, payload={"leads": rows})

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
            NotFound: The company has no such lead (assumed).

        ```python
        lead = await lg.leads.update("lead_1", {"status": "contacted", "headline": None})
        ```
        """
        payload = {**lead_changes(changes, lead_id), "id": checks.text("lead_id", lead_id)}
        await self._account.check_clients(client_ids([payload]))
        return read_lead(_LEAD, *await self._send("PUT", "/leads", payload=payload))

    async def update_batch(self, changes: Iterable[Mapping[str, object]]) -> int:
        """Change up to 100 leads in one request.

        Args:
            changes: For each lead its `id` and the fields that change.

        Returns:
            How many were changed; unknown ids are not counted (assumed).

        Raises:
            ValueError: None or more than 100, one without an id, or what `update` refuses.
            TypeError: A `client_id` or an `id` is no text.

        ```python
        changed = await lg.leads.update_batch([{"id": "lead_1", "status": "won"}])
        ```
        """
        rows = _batch("changes", [_with_id(change) for change in changes])
        await self._account.check_clients(client_ids(rows))
        keys = ("updated", "data.updated")
        return await self._ask("PUT", "/leads", int, keys, payload={"leads": rows})

    async def delete(self, lead_id: str) -> None:
        """Delete a lead.

        Raises:
            NotFound: The company has no such lead (assumed).

        ```python
        lead = await lg.leads.create({"firstName": "Abe", "lastName": "-"}, client_id="acme-corp")
        await lg.leads.delete(lead.id)
        ```
        """
        await self._do("DELETE", "/leads", query={"id": checks.text("lead_id", lead_id)})

    async def delete_batch(self, lead_ids: Iterable[str]) -> int:
        """Delete up to 100 leads in one request.

        Returns:
            How many were deleted; unknown ids are not counted (assumed).

        Raises:
            ValueError: No id, or more than 100.

        ```python
        lead = await lg.leads.create({"firstName": "Abe", "lastName": "-"}, client_id="acme-corp")
        deleted = await lg.leads.delete_batch([lead.id])
        ```
        """
        ids = checks.many("lead_ids", lead_ids, most=MAX_BATCH)
        keys = ("deleted", "data.deleted")
        return await self._ask("DELETE", "/leads", int, keys, payload={"ids": ids})


def _read_own(account: Account, client_id: str, call: Call, reply: Reply) -> list[EnrichLead]:
    """Read a page of a client's leads, and refuse it where one is somebody else's."""
    leads = read_leads(("leads", "data.items", "data"), call, reply)
    check_tenant(
        call.path,
        [lead.company_id for lead in leads],
        [lead.client_id for lead in leads],
        company_id=account.company_of(client_id),
        client_id=client_id,
    )
    return leads


def _path(lead_id: str) -> str:
    return f"/enrich-leads/{origin.segment(lead_id)}"


def _batch(name: str, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    checks.whole(f"the number of {name}", len(rows), 1, MAX_BATCH)
    return rows


def _with_id(change: Mapping[str, object]) -> dict[str, object]:
    fields = lead_changes(change)
    checks.text("id", fields.get("id", ""))
    return fields
