"""An emulator with well-known names in it, on which documented examples and commands run."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
from anyio.from_thread import BlockingPortal, start_blocking_portal

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator, LoggedRequest
from leadgenius_async.emulator.routes.enrichment import Job
from leadgenius_async.emulator.routes.search_history import SearchRecord
from leadgenius_async.emulator.runs import Run
from leadgenius_async.emulator.scrapes import Scrape
from leadgenius_async.emulator.service import Service

T = TypeVar("T")

#: Leads that examples name.
LEADS = [
    {
        "id": "lead_1",
        "firstName": "Ada",
        "lastName": "Sample",
        "fullName": "Ada Sample",
        "email": "ada@sample.example",
        "companyName": "Sample Company",
        "status": "new",
        "aiLeadScore": "85",
    },
    {
        "id": "lead_2",
        "firstName": "First",
        "lastName": "Last",
        "fullName": "First Last",
        "email": "first.last@valid.example",
        "companyName": "Sample Company",
        "status": "qualified",
    },
]
#: A search that they name.
SEARCH = {"id": "search_1", "searchName": "Heads of data", "status": "running"}


@dataclass(frozen=True)
class World:
    """A running emulator, in a thread with an event loop of its own."""

    emulator: Emulator
    portal: BlockingPortal

    def environment(self, *, admin: bool = False) -> dict[str, str]:
        """Return the account as environment variables: an API key, and a login by name."""
        ready = self.emulator.ready
        login = ready.admin if admin else ready
        return {
            "LEADGENIUS_BASE_URL": self.emulator.base_url,
            "LEADGENIUS_API_KEY": ready.api_key,
            "LEADGENIUS_USER_ID": ready.user_id,
            "LEADGENIUS_USERNAME": login.username,
            "LEADGENIUS_PASSWORD": login.password,
            "LEADGENIUS_RATE": "off",
        }

    def add_user(self, username: str, password: str, *, role: str) -> None:
        """Let somebody else of the first company log in."""
        db = service_of(self.emulator).store.db  # no call of the API makes users
        company_id = self.emulator.ready.company_id
        user = (f"user-{username}", username, password, company_id, role)
        self.portal.call(db.execute, "INSERT INTO users VALUES (?, ?, ?, ?, ?)", user)

    def with_client(self, function: Callable[[LeadGenius], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine function with an SDK that takes the account from the environment."""

        async def call() -> T:
            async with LeadGenius() as lg:
                return await function(lg)

        return anyio.run(call)  # beside the emulator's loop: a scan keeps its own waiting

    def answered(self, call: str) -> list[LoggedRequest]:
        """Return the requests of a call (`GET /api/leads`) that went well."""
        method, _, path = call.partition(" ")
        pattern = re.compile(re.sub(r"{\w+}", "[^/]+", path))
        return [
            request
            for request in self.emulator.log
            if request.method == method
            and pattern.fullmatch(request.path)
            and 200 <= request.status < 300
        ]


def service_of(emulator: Emulator) -> Service:
    """Return the parts of a running emulator, for what no call of the API shows or makes."""
    return emulator._running()  # pyright: ignore[reportPrivateUsage] - see above


@contextmanager
def running_world(**options: Any) -> Generator[World, None, None]:
    """Run an emulator that has the client `acme-corp` and the leads above."""
    settings: dict[str, Any] = {
        "leads": 20,
        "source_leads": 5,
        "clients": 2,
        "rate": "off",
        "existing_company": "update",
        "run_seconds": 0,
        **options,
    }
    with start_blocking_portal() as portal:
        emulator = Emulator(**settings)
        with portal.wrap_async_context_manager(emulator):
            portal.call(_populate, emulator)
            yield World(emulator, portal)


async def _populate(emulator: Emulator) -> None:
    ready = emulator.ready
    async with LeadGenius(
        base_url=ready.base_url, api_key=ready.api_key, user_id=ready.user_id, rate="off"
    ) as lg:
        client = await lg.clients.create(clientName="Acme Corp")
    assert client.client_id == "acme-corp"
    emulator.insert("enrich_leads", [{"client_id": "acme-corp", **lead} for lead in LEADS])
    documents = service_of(emulator).documents  # the ids that examples name
    scrape = Scrape("scrape_1", ready.user_id, "acme-corp", {}, started=0.0)
    documents.add(ready.company_id, scrape)
    run = Run(id="run_1", task="score-leads", began=0.0, seconds=1.0, fails=False, settled=True)
    documents.add(ready.company_id, run)
    documents.add(ready.company_id, Job("job_1", run, [True]))
    documents.add(ready.company_id, SearchRecord("search_1", dict(SEARCH)))


def example_of(function: object) -> Callable[[LeadGenius], Coroutine[Any, Any, None]]:
    """Return the example in a docstring as a coroutine function of `lg`."""
    found = re.search(r"```python\n(.*?)```", function.__doc__ or "", re.DOTALL)
    assert found, f"{function} has no example in its docstring"
    body = textwrap.indent(textwrap.dedent(found[1]), "    ")
    if "SourceLeads" in repr(function):  # one pattern with two names, so one docstring
        body = body.replace("lg.enrich_leads", "lg.source_leads")
    if "Enhancements" in repr(function):
        body = body.replace("lg.maintenance.bugs", "lg.maintenance.enhancements")
    names: dict[str, Any] = {}
    exec(compile(f"async def example(lg):\n{body}", "docstring", "exec"), names)  # noqa: S102 - the example is the subject
    example: Callable[[LeadGenius], Coroutine[Any, Any, None]] = names["example"]
    return example
