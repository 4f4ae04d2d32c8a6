"""Clients: the customer workspaces of a company."""

from __future__ import annotations

import msgspec

from leadgenius_async._http import decode
from leadgenius_async._http.call import SESSION_OR_KEY, Call
from leadgenius_async._http.transport import Transport
from leadgenius_async._resources.listing import Listing, Page


class Client(msgspec.Struct, omit_defaults=True):
    """A customer workspace.

    Attributes:
        id: Record id, for update and delete of the client itself.
        client_id: Business identifier, the one that every lead operation takes. It may be a
            readable slug or a UUID; its shape says nothing.
    """

    id: str
    client_id: str
    clientName: str | None = None
    companyURL: str | None = None
    description: str | None = None
    owner: str | None = None
    company_id: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None


class Clients:
    """Calls of `/api/clients`. Takes a login; an API key works too, as observed."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self, *, limit: int | None = None) -> Listing[Client]:
        """List the company's clients.

        The service gives all of them in one answer.

        Args:
            limit: Most clients to give.

        Raises:
            LeadGeniusError: While it is iterated; see `errors`.
        """
        return Listing(self._fetch, limit=limit)

    async def _fetch(self, token: str | None, left: int | None) -> Page[Client]:
        del token, left  # one page has them all
        call = Call(method="GET", path="/clients", takes=SESSION_OR_KEY, repeatable=True)
        reply = await self._transport.request(call)
        keys = ("clients", "data.items", "data")
        return Page(decode.payload(reply, list[Client], keys, call=call), None)
