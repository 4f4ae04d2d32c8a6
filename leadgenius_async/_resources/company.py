"""The account's own company."""

from __future__ import annotations

from leadgenius_async._http.record import Record
from leadgenius_async._resources.section import Section

_COMPANY = ("company", "data")


class Company(Record):
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


class CompanyCalls(Section):
    """Calls of `/api/company`. Takes a login; an API key is refused (documented)."""

    async def get(self) -> Company:
        """Return the company that the login belongs to.

        Raises:
            ConfigurationError: Only an API key is at hand.
            LeadGeniusError: See `errors`.

        ```python
        company = await lg.company.get()
        ```
        """
        return await self._ask("GET", "/company", Company, _COMPANY)
