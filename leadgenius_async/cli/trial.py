"""The steps of `leadgenius selftest`: what an account is tried with, and how it is cleaned up."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import anyio

from leadgenius_async import errors
from leadgenius_async._client import LeadGenius
from leadgenius_async._lead_structs import EnrichLead
from leadgenius_async._resources.clients import Client
from leadgenius_async._secret import Secret

Outcome = Literal["passed", "failed", "skipped"]

#: Seconds between two looks at a list that may lag behind what was written.
_LOOK_AGAIN = 1.0
#: Leads that a search looks at (documented).
_SEARCHED = 1_000


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one step.

    Attributes:
        name: What was tried.
        outcome: `passed`, `failed` or `skipped`.
        detail: Why it failed or was skipped.
    """

    name: str
    outcome: Outcome
    detail: str = ""


class StepFailed(Exception):
    """An answer is not what it should be; the message says how."""


class StepSkipped(Exception):
    """A step cannot tell; the message says why."""


def expect(found: object, wanted: object, what: str) -> None:
    """Fail the step unless both are equal.

    Raises:
        StepFailed: They are not.
    """
    if found != wanted:
        raise StepFailed(f"{what} is {found!r}, not {wanted!r}")


class Trial:
    """Tries every operation on clients and leads, in a client of its own.

    Args:
        lg: The account.
        username: Who logs in.
        password: The password.
        settle: Seconds that a list may take to show what was written.

    Attributes:
        name: Name of the client that is made, unlike any other.
        steps: What became of each step so far.
    """

    def __init__(
        self, lg: LeadGenius, username: str, password: Secret, *, settle: float = 10.0
    ) -> None:
        self.name: str = f"selftest-{int(time.time())}-{secrets.token_hex(3)}"
        self.steps: list[Step] = []
        self._lg = lg
        self._username = username
        self._password = password
        self._settle = settle
        self._client: Client | None = None
        self._leads: list[EnrichLead] = []

    async def run(self) -> None:
        """Run all steps; one that fails does not end the others, unless they need what it makes."""
        for name, step in (
            ("log in", self._log_in),
            ("create a client", self._create_client),
            ("get the client by both ids", self._get_client),
            ("list clients", self._list_clients),
            ("update the client", self._update_client),
            ("refuse the client's record id for leads", self._guard),
            ("create a lead", self._create_lead),
            ("get the lead", self._get_lead),
            ("find the lead by its address", self._find),
            ("search the lead", self._search),
            ("list the client's leads", self._list_leads),
            ("update the lead", self._update_lead),
            ("update the enriched lead", self._update_enriched),
            ("create a batch, and read it back", self._create_batch),
            ("update a batch", self._update_batch),
            ("delete a batch", self._delete_batch),
            ("delete a lead", self._delete_lead),
        ):
            await self._try(name, step)

    async def clean_up(self) -> None:
        """Delete what was made, whatever happened before; an interrupt does not stop it."""
        with anyio.CancelScope(shield=True):
            await self._try("clean up", self._delete_everything)

    async def _try(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except StepSkipped as reason:
            self.steps.append(Step(name, "skipped", str(reason)))
        except (StepFailed, errors.LeadGeniusError, ValueError) as error:
            self.steps.append(Step(name, "failed", " ".join(str(error).split())))
        else:
            self.steps.append(Step(name, "passed"))

    async def _log_in(self) -> None:
        login = await self._lg.auth.login(self._username, self._password)
        if not login.user_id:
            raise StepFailed("the login's token names no user")

    async def _create_client(self) -> None:
        client = await self._lg.clients.create(
            clientName=self.name, description="Made by a self-test; may be deleted"
        )
        expect(client.clientName, self.name, "clientName")
        self._client = client

    async def _get_client(self) -> None:
        client = self._need_client()
        for identifier in (client.id, client.client_id):
            expect((await self._lg.clients.get(identifier)).id, client.id, "id")

    async def _list_clients(self) -> None:
        client = self._need_client()
        if client.id not in [each.id async for each in self._lg.clients.list()]:
            raise StepFailed("the new client is not in the list")

    async def _update_client(self) -> None:
        client = self._need_client()
        url = "https://selftest.example"
        changed = await self._lg.clients.update(client.id, companyURL=url)
        expect(changed.companyURL, url, "companyURL")

    async def _guard(self) -> None:
        client = self._need_client()
        if client.id == client.client_id:
            raise StepSkipped("this client has one id for both")
        try:
            await self._lg.leads.create(self._fields("guard"), client_id=client.id)
        except errors.UnknownClient:
            return
        raise StepFailed("a lead under the client's record id was let through")

    async def _create_lead(self) -> None:
        for label in ("one", "two", "three"):
            lead = await self._lg.leads.create(
                self._fields(label), client_id=self._need_client().client_id
            )
            expect(lead.email, self._address(label), "email")
            self._leads.append(lead)

    async def _get_lead(self) -> None:
        lead = self._need_lead()
        for found in (
            await self._lg.leads.get(lead.id or ""),
            await self._lg.enrich_leads.get(lead.id or ""),
        ):
            expect(found.email, lead.email, "email")

    async def _find(self) -> None:
        lead, client = self._need_lead(), self._need_client()
        async for _ in self._looks():
            found = await self._lg.leads.find(email=lead.email, client_id=client.client_id)
            if found is not None:
                return expect(found.id, lead.id, "id")
        raise StepFailed("there is no lead of this address")

    async def _search(self) -> None:
        lead = self._need_lead()
        async for _ in self._looks():
            if [found async for found in self._lg.leads.search(email=lead.email or "")]:
                return
        searched = [found async for found in self._lg.leads.search(limit=_SEARCHED)]
        if len(searched) >= _SEARCHED:
            raise StepSkipped("a search looks at 1,000 leads; the new one is not among them")
        raise StepFailed("the search does not find the lead")

    async def _list_leads(self) -> None:
        await self._see({self._address(label) for label in ("one", "two", "three")})

    async def _update_lead(self) -> None:
        lead = self._need_lead()
        changed = await self._lg.leads.update(lead.id or "", {"title": "CTO", "notes": None})
        expect(changed.title, "CTO", "title")

    async def _update_enriched(self) -> None:
        lead = self._need_lead()
        changed = await self._lg.enrich_leads.update(lead.id or "", {"headline": "Changed"})
        expect(changed.headline, "Changed", "headline")
        expect(changed.lastName, lead.lastName, "lastName")

    async def _create_batch(self) -> None:
        labels = [f"batch-{n}" for n in range(1, 4)]
        said = await self._lg.leads.create_batch(
            [self._fields(label) for label in labels], client_id=self._need_client().client_id
        )
        expect(said.created, len(labels), "created")
        try:
            await self._see({self._address(label) for label in labels})
        except StepFailed as error:
            raise StepFailed(
                f"the batch was answered as created and is not stored ({error}): "
                "create leads one by one on this account"
            ) from None

    async def _update_batch(self) -> None:
        leads = self._need_leads()
        changes = [{"id": lead.id, "status": "contacted"} for lead in leads]
        expect(await self._lg.leads.update_batch(changes), len(leads), "updated")
        found = await self._lg.leads.get(leads[-1].id or "")
        expect(found.status, "contacted", "status")

    async def _delete_batch(self) -> None:
        *_, second, third = self._need_leads()
        ids = [second.id or "", third.id or ""]
        expect(await self._lg.leads.delete_batch(ids), len(ids), "deleted")
        await self._gone(third)

    async def _delete_lead(self) -> None:
        lead = self._need_lead()
        await self._lg.leads.delete(lead.id or "")
        await self._gone(lead)

    async def _gone(self, lead: EnrichLead) -> None:
        async for _ in self._looks():
            try:
                await self._lg.leads.get(lead.id or "")
            except errors.NotFound:
                return
        raise StepFailed("the deleted lead is still there")

    async def _see(self, addresses: set[str]) -> None:
        """Fail unless the client's leads are listed with these addresses, sooner or later."""
        missing = addresses
        async for _ in self._looks():
            missing = addresses - {lead.email or "" for lead in await self._listed()}
            if not missing:
                return
        raise StepFailed(f"{len(missing)} of {len(addresses)} leads are not listed")

    async def _listed(self) -> list[EnrichLead]:
        client_id = self._need_client().client_id
        return [lead async for lead in self._lg.leads.list(client_id=client_id)]

    async def _looks(self) -> AsyncIterator[None]:
        """Give one turn, and more of them until what was written has had its time to show."""
        until = anyio.current_time() + self._settle
        while True:
            yield
            if anyio.current_time() + _LOOK_AGAIN > until:
                return
            await anyio.sleep(_LOOK_AGAIN)

    async def _delete_everything(self) -> None:
        # Looked up by name: the answer to its create may have been lost.
        mine = [each async for each in self._lg.clients.list() if each.clientName == self.name]
        for client in mine:
            leads = self._lg.leads.list(client_id=client.client_id)
            if ids := [lead.id or "" async for lead in leads]:
                await self._lg.leads.delete_batch(ids)
            await self._lg.clients.delete(client.id)
        left = [each async for each in self._lg.clients.list() if each.clientName == self.name]
        expect(left, [], "what is left")

    def _fields(self, label: str) -> dict[str, object]:
        return {
            "firstName": "Selftest",
            "lastName": label.title(),
            "email": self._address(label),
            "companyName": self.name,
        }

    def _address(self, label: str) -> str:
        return f"{label}@{self.name}.example"

    def _need_client(self) -> Client:
        if self._client is None:
            raise StepSkipped("there is no client to try it with")
        return self._client

    def _need_leads(self) -> list[EnrichLead]:
        if len(self._leads) < 3:
            raise StepSkipped("there are no leads to try it with")
        return self._leads

    def _need_lead(self) -> EnrichLead:
        return self._need_leads()[0]
