"""The account's own company."""

from __future__ import annotations

from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
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

    async def id(self) -> str:
        """Return the account's company as the bulk lists' `company_id` has it.

        An API key, which may not ask for the company, takes it from the clients (observed).

        Raises:
            ConfigurationError: No client says it, or the credentials cannot ask.

        ```python
        company_id = await lg.company.id()
        ```
        """
        return await self._account.company_id()

    async def create(self, *, name: str, **fields: object) -> Company:
        """Make the company of an account that has none.

        Args:
            name: Its name.
            fields: Others that the service knows; it documents none.

        Raises:
            ValueError: The name is empty.
            Conflict: The account has a company already (assumed).

        ```python
        company = await lg.company.create(name="Northwind")
        ```
        """
        payload = {"name": checks.text("name", name), **fields}
        return await self._ask("POST", "/company", Company, _COMPANY, payload=payload)

    async def update(self, **changes: object) -> Company:
        """Change the company; an owner or an admin may (documented).

        Args:
            changes: `name`, and others that the service knows; None clears one.

        Raises:
            ValueError: Nothing to change was given, or the name is empty.
            PermissionDenied: The login is neither an owner's nor an admin's.

        ```python
        company = await lg.company.update(name="Northwind Traders")
        ```
        """
        payload = checks.changes(changes)
        if "name" in payload:
            checks.text("name", str(payload["name"] or ""))
        return await self._ask("PUT", "/company", Company, _COMPANY, payload=payload)
