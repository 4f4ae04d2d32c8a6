"""Clients: the customer workspaces of a company."""

from __future__ import annotations

from collections.abc import Callable
from typing import NotRequired, TypedDict, Unpack

from leadgenius_async import errors
from leadgenius_async._http.observe import facts_of, followed
from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
from leadgenius_async._resources.account import CLIENTS_KEYS
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.purge import Purge, PurgeReport
from leadgenius_async._resources.section import Section
from leadgenius_async._writes.change_report import ChangeProgress

_CLIENT = ("client", "data")


class Client(Record):
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


class ClientChanges(TypedDict, total=False):
    """What of a client can be changed; None clears a field."""

    clientName: str
    companyURL: str | None
    description: str | None


class NewClient(TypedDict):
    """What a new client is made of."""

    clientName: str
    companyURL: NotRequired[str]
    description: NotRequired[str]


class Clients(Section):
    """Calls of `/api/clients`. Takes a login (documented); an API key works too (observed)."""

    def list(self, *, limit: int | None = None) -> Listing[Client]:
        """List the company's clients.

        The service gives all of them in one answer.

        Args:
            limit: Most clients to give.

        Raises:
            LeadGeniusError: While it is iterated; see `errors`.

        ```python
        names = [client.clientName async for client in lg.clients.list()]
        ```
        """
        return self._list("/clients", Client, CLIENTS_KEYS, limit=limit)

    async def get(self, client: str) -> Client:
        """Return one client.

        Args:
            client: Record id or `client_id`.

        Raises:
            NotFound: The company has no such client.

        ```python
        client = await lg.clients.get("acme-corp")
        ```
        """
        query = {"clientId": checks.text("client", client)}
        found = await self._ask("GET", "/clients", list[Client], CLIENTS_KEYS, query=query)
        if not found:
            # Documented for the record id alone: a client_id is looked up in the whole list.
            found = [each async for each in self.list() if each.client_id == client]
        if not found:
            raise errors.NotFound(f"the company has no client {client!r}")
        return found[0]

    async def create(self, **fields: Unpack[NewClient]) -> Client:
        """Make a client.

        Args:
            clientName: Its name, from which the service makes its `client_id`.
            companyURL: Its web address.
            description: What it is about.

        Raises:
            ValueError: The name is empty.

        ```python
        client = await lg.clients.create(clientName="Northwind", companyURL="https://n.example")
        ```
        """
        checks.known(fields, NewClient)
        checks.text("clientName", fields.get("clientName", ""))
        client = await self._ask("POST", "/clients", Client, _CLIENT, payload=fields)
        self._account.forget()
        return client

    async def update(self, record_id: str, **changes: Unpack[ClientChanges]) -> Client:
        """Change a client.

        Args:
            record_id: Record id; not the `client_id`.
            clientName: Its name.
            companyURL: Its web address; None clears it.
            description: What it is about; None clears it.

        Raises:
            ValueError: Nothing to change was given, or an empty name.
            TypeError: The name is no text: a client needs one.
            NotFound: The company has no such client.

        ```python
        client = await lg.clients.get("acme-corp")
        client = await lg.clients.update(client.id, description="Our first customer")
        ```
        """
        checks.known(changes, ClientChanges)
        if "clientName" in changes:
            checks.text("clientName", changes["clientName"])
        payload = {"id": checks.text("record_id", record_id), **checks.changes(changes)}
        client = await self._ask("PUT", "/clients", Client, _CLIENT, payload=payload)
        self._account.forget()
        return client

    async def delete(self, record_id: str, *, purge: bool = False) -> None:
        """Delete a client.

        Args:
            record_id: Record id; not the `client_id`.
            purge: Delete its leads as well. Above about 1,000 leads the service runs out of time
                (observed): there is `purge` for those.

        Raises:
            NotFound: The company has no such client.
            ServerError: 504, the purge took too long; a part of the leads is gone.

        ```python
        client = await lg.clients.create(clientName="Short-lived")
        await lg.clients.delete(client.id, purge=True)
        ```
        """
        query = {"id": checks.text("record_id", record_id), "purge": "true" if purge else None}
        await self._do("DELETE", "/clients", query=query)
        self._account.forget()

    async def purge(
        self,
        client: str,
        *,
        dry_run: bool = False,
        on_progress: Callable[[ChangeProgress], None] | None = None,
    ) -> PurgeReport:
        """Delete a client with all its leads, however many they are.

        The leads are listed, deleted in batches and listed again until there is none; then the
        client is deleted. After whatever ended it, the same call goes on. Leads that have the
        client's record id in place of its `client_id` are not among them, and nobody knows whose
        they are afterwards: see `leads.find_invisible` before.

        Args:
            client: Its `client_id`, or its record id.
            dry_run: Whether its leads are counted, and nothing is deleted.
            on_progress: Called twice a second.

        Raises:
            UnknownClient: No client of the account has this `client_id` or record id.
            ValueError: It is the `client_id` of one client and the record id of another.
            BulkWriteError: A lead cannot be deleted, or is listed still, 40 s after it was; the
                client was not deleted.
            LeadGeniusError: See `errors`.

        ```python
        client = await lg.clients.create(clientName="Short-lived")
        print((await lg.clients.purge(client.client_id, dry_run=True)).leads)
        done = await lg.clients.purge(client.client_id)
        ```
        """
        name = checks.text("client", client)
        with followed(self._transport.observer, "purge", dry_run=dry_run) as facts:
            chosen = await self._one_of(name)
            purge = Purge(self._transport, self._account, chosen.client_id, on_progress)
            if dry_run:
                count = await purge.count()
                return PurgeReport(client_id=chosen.client_id, leads=count, dry_run=True)
            report = await purge.run()
            facts.update(facts_of(report, ("leads", "requests")))
            await self.delete(chosen.id)
            return report

    async def _one_of(self, name: str) -> Client:
        """Return the client that has this `client_id` or record id."""
        found = [each async for each in self.list() if name in {each.client_id, each.id}]
        if not found:
            await self._account.check_clients([name])
            raise errors.UnknownClient(f"no client of the account has the client_id {name!r}")
        if len(found) > 1:
            raise ValueError(
                f"{name!r} is the client_id of one client and the record id of another: give the "
                "other identifier of the one that you mean (`leadgenius clients list`)"
            )
        return found[0]
