"""The account's own company."""

from __future__ import annotations

import msgspec

from leadgenius_async._http import decode
from leadgenius_async._http.call import SESSION, Call
from leadgenius_async._http.transport import Transport


class Company(msgspec.Struct, omit_defaults=True):
    """A company: what all leads, clients and users of an account belong to.

    The shape is assumed; the service documents only the path.

    Attributes:
        id: Record id; where `company_id` is absent it is the company's identifier too.
        company_id: What `companyId` of the bulk lists takes.
    """

    id: str | None = None
    company_id: str | None = None
    name: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None


class CompanyCalls:
    """Calls of `/api/company`. Takes a login; an API key is refused (documented)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(self) -> Company:
        """Return the company that the login belongs to.

        Raises:
            ConfigurationError: Only an API key is at hand.
            LeadGeniusError: See `errors`.
        """
        call = Call(method="GET", path="/company", takes=SESSION, repeatable=True)
        reply = await self._transport.request(call)
        return decode.payload(reply, Company, ("company", "data"), call=call)
