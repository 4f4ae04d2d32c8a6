"""What the service does by way of others: scrapes, an agent to talk to, Unipile accounts."""

from __future__ import annotations

from collections.abc import Mapping

from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.section import Section, present

_ANSWER = ("data", "")


class Scrape(Record):
    """A scrape that was started. The shape is assumed, as of all in this section.

    Attributes:
        runId: What its status is asked by; its leads in SourceLeads have it too.
    """

    runId: str


class ScrapeStatus(Record):
    """How far a scrape has come.

    Attributes:
        runId: The run.
        status: `queued`, `running`, `completed`, `failed`, or another word of the service's.
        itemCount: Leads that it has found.
    """

    runId: str | None = None
    status: str | None = None
    itemCount: int | None = None


class ChatReply(Record):
    """What an agent answered.

    Attributes:
        reply: Its words.
        threadId: What goes on with the same talk.
    """

    reply: str | None = None
    threadId: str | None = None


class UnipileAccount(Record):
    """An account of a messaging provider that Unipile is connected to.

    Attributes:
        id: Its id.
        provider: LinkedIn, a mail provider, or another.
        name: What its owner calls it.
        status: Whether the connection works.
    """

    id: str | None = None
    provider: str | None = None
    name: str | None = None
    status: str | None = None


class Integrations(Section):
    """Scrapes, chat and connected accounts. Takes a login or an API key (assumed)."""

    async def start_scrape(
        self,
        client_id: str,
        input: Mapping[str, object],  # noqa: A002 - the service's own name
    ) -> Scrape:
        """Start a scrape, whose leads come into SourceLeads.

        Args:
            client_id: The client that they are for, by its business identifier.
            input: What the scraper is told; the service does not document it.

        Raises:
            UnknownClient: No client of the account has this `client_id`.
            OutcomeUnknown: The answer was lost: it may run.

        ```python
        run = await lg.integrations.start_scrape("acme-corp", {"title": "Head of Data"})
        ```
        """
        await self._account.check_clients([checks.text("client_id", client_id)])
        payload = {"client_id": client_id, "input": input}
        path = "/start-lead-scrape-complete"
        return await self._ask("POST", path, Scrape, _ANSWER, payload=payload)

    async def scrape_status(self, run_id: str) -> ScrapeStatus:
        """Return how far a scrape has come.

        Args:
            run_id: The run, as `start_scrape` gave it.

        Raises:
            NotFound: The company has no such run (assumed).

        ```python
        run = await lg.integrations.start_scrape("acme-corp", {"title": "Head of Data"})
        status = await lg.integrations.scrape_status(run.runId)
        print(status.status, status.itemCount)
        ```
        """
        query = {"runId": checks.text("run_id", run_id)}
        return await self._ask("GET", "/lead-generation-status", ScrapeStatus, _ANSWER, query=query)

    async def chat(
        self, message: str, *, agent_id: str | None = None, thread_id: str | None = None
    ) -> ChatReply:
        """Say something to an Epsimo agent.

        Args:
            message: What is said.
            agent_id: The agent; the service's own choice if not given (assumed).
            thread_id: The talk that it belongs to, as an earlier reply's `threadId` said; a new
                one if not given.

        Raises:
            ValueError: A text is empty.
            NotFound: The company has no such thread (assumed).

        ```python
        first = await lg.integrations.chat("Whom do I write to today?")
        second = await lg.integrations.chat("And tomorrow?", thread_id=first.threadId)
        ```
        """
        payload = present(message=message, agentId=agent_id, threadId=thread_id)
        for name, value in payload.items():
            checks.text(name, str(value))
        return await self._ask("POST", "/epsimo-chat", ChatReply, _ANSWER, payload=payload)

    def accounts(self, *, limit: int | None = None) -> Listing[UnipileAccount]:
        """List the accounts that Unipile is connected to.

        The service gives all of them in one answer (assumed).

        Args:
            limit: Most accounts to give.

        ```python
        names = [account.name async for account in lg.integrations.accounts()]
        ```
        """
        keys = ("accounts", "data.items", "data")
        return self._list("/unipile-accounts", UnipileAccount, keys, limit=limit)
