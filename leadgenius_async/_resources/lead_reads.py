"""Leads read back by their ids, and listed over all clients, for calls that change many."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from leadgenius_async import errors
from leadgenius_async._fields import TABLES
from leadgenius_async._http import origin
from leadgenius_async._http.call import make_call
from leadgenius_async._http.transport import Transport
from leadgenius_async._lead_structs import EnrichLead
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.lead_rows import read_lead

_DECLARED = {field.name for field in TABLES["enrich_leads"]}


class LeadReads:
    """Reads leads.

    Args:
        transport: The way to the wire.
        account: Knows the account's company.
    """

    def __init__(self, transport: Transport, account: Account) -> None:
        self._transport = transport
        self._account = account

    async def get(self, lead_id: str) -> EnrichLead | None:
        """Return a lead by its id, None if there is none."""
        call = make_call("GET", f"/enrich-leads/{origin.segment(lead_id)}")
        try:
            return read_lead(("lead", "data"), call, await self._transport.request(call))
        except errors.NotFound as error:
            if error.from_gateway:
                raise  # a wrong base URL says nothing of the lead
            return None

    def listing(
        self, fields: Collection[str], client_id: str | None = None
    ) -> AsyncIterator[EnrichLead]:
        """Give the leads of the company, or of a client, with these fields."""
        from leadgenius_async._resources.bulk import (  # noqa: PLC0415 - which imports the leads
            EnrichLeads,
        )

        # What nobody declared comes only where all is asked for.
        asked = sorted(fields) if _DECLARED.issuperset(fields) else None
        section = EnrichLeads(self._transport, self._account)
        return aiter(section.rows(client_id=client_id, fields=asked))
