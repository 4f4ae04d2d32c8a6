"""What users report about the service itself: bugs, and enhancements that they wish for."""

from __future__ import annotations

from typing import NotRequired, TypedDict, Unpack

from leadgenius_async._http.record import Record
from leadgenius_async._http.transport import Transport
from leadgenius_async._resources import checks
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.section import Section


class MaintenanceReport(Record):
    """A bug or an enhancement. The shape is assumed, beyond what a new one is made of.

    Attributes:
        id: Its id.
        description: What was reported.
        userEmail: Who is told about it.
        status: How far it has come, in the service's own words.
    """

    id: str | None = None
    description: str | None = None
    userEmail: str | None = None
    status: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None


class NewReport(TypedDict):
    """What a new report is made of."""

    description: str
    userEmail: NotRequired[str]


class Reports(Section):
    """Reports of one kind. Takes a login or an API key (assumed).

    Args:
        transport: The way to the wire.
        account: Knows the account's company and clients.
        one: What an answer calls one of them; several have an s behind.
    """

    def __init__(self, transport: Transport, account: Account, one: str) -> None:
        super().__init__(transport, account)
        self._path = f"/maintenance/{one}s"
        self._one = (one, "data")
        self._several = (f"{one}s", "data.items", "data")

    def list(self, *, limit: int | None = None) -> Listing[MaintenanceReport]:
        """List what the company has reported.

        The service gives all in one answer (assumed).

        Args:
            limit: Most reports to give.

        ```python
        open_ones = [bug async for bug in lg.maintenance.bugs.list() if bug.status == "open"]
        ```
        """
        return self._list(self._path, MaintenanceReport, self._several, limit=limit)

    async def create(self, **fields: Unpack[NewReport]) -> MaintenanceReport:
        """Report something.

        Args:
            description: What it is.
            userEmail: Who is told about it.

        Raises:
            ValueError: The description is empty, or the address has no `@`.

        ```python
        bug = await lg.maintenance.bugs.create(
            description="The list is empty", userEmail="you@company.example"
        )
        ```
        """
        checks.known(fields, NewReport)
        checks.text("description", fields.get("description", ""))
        if "userEmail" in fields:
            fields["userEmail"] = checks.email("userEmail", fields["userEmail"])
        return await self._ask("POST", self._path, MaintenanceReport, self._one, payload=fields)


class Bugs(Reports):
    """Calls of `/api/maintenance/bugs`."""

    def __init__(self, transport: Transport, account: Account) -> None:
        super().__init__(transport, account, "bug")


class Enhancements(Reports):
    """Calls of `/api/maintenance/enhancements`."""

    def __init__(self, transport: Transport, account: Account) -> None:
        super().__init__(transport, account, "enhancement")


class Maintenance:
    """Calls of `/api/maintenance`.

    Attributes:
        bugs: What does not work.
        enhancements: What is wished for.
    """

    def __init__(self, transport: Transport, account: Account) -> None:
        self.bugs: Bugs = Bugs(transport, account)
        self.enhancements: Enhancements = Enhancements(transport, account)
