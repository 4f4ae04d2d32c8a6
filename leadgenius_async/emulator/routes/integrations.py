"""Scrapes, an agent to talk to, and Unipile accounts."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from leadgenius_async.emulator.errors import no_such
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.scrapes import Scrape, finish, status_of

Text = Annotated[str, msgspec.Meta(min_length=1)]


class NewScrape(msgspec.Struct):
    """The body that starts a scrape."""

    client_id: Text
    input: dict[str, Any]


class ScrapeStarted(msgspec.Struct):
    """The answer to it."""

    runId: str
    success: bool = True


class ScrapeQuery(msgspec.Struct):
    """The run that is asked for."""

    runId: Text


class ScrapeStatus(msgspec.Struct):
    """How far a scrape has come; `itemCount` counts its leads."""

    runId: str
    status: str
    itemCount: int
    success: bool = True


class ChatMessage(msgspec.Struct):
    """What is said to an agent; without a thread a new one begins."""

    message: Text
    agentId: Text | None = None
    threadId: Text | None = None


class ChatReply(msgspec.Struct):
    """What the agent answers."""

    reply: str
    threadId: str
    success: bool = True


class ChatThread(msgspec.Struct):
    """A talk; `messages` counts what was said to the agent."""

    id: str
    agent_id: str | None
    messages: int = 0


class Account(msgspec.Struct):
    """An account of a messaging provider."""

    id: str
    provider: str
    name: str
    status: str


class AccountList(msgspec.Struct):
    """`GET /api/unipile-accounts`."""

    accounts: list[Account]
    success: bool = True


@call("POST", "/api/start-lead-scrape-complete", Credentials.KEY_TOO, refuses=(404,))
async def start_scrape(ask: Ask[NoQuery, NewScrape]) -> ScrapeStarted:
    """Start a scrape for a client of the company."""
    body, service = ask.body, ask.service
    clients = service.store.clients(ask.company_id, body.client_id)
    if all(client.client_id != body.client_id for client in clients):
        raise no_such("Client", body.client_id)
    scrape = Scrape(
        service.ids.uuid(), ask.caller.user_id, body.client_id, body.input, started=ask.now
    )
    service.documents.add(ask.company_id, scrape)
    return ScrapeStarted(scrape.id)


@call("GET", "/api/lead-generation-status", Credentials.KEY_TOO, refuses=(404,))
async def scrape_status(ask: Ask[ScrapeQuery, None]) -> ScrapeStatus:
    """How far a scrape has come; its leads are there once it is completed."""
    service, run_id = ask.service, ask.query.runId
    scrape = service.documents.get(Scrape, ask.company_id, run_id)
    if scrape is None:
        raise no_such("Run", run_id)
    status = status_of(service, scrape, ask.now)
    if status == "completed":
        finish(service, ask.company_id, scrape, ask.now)
    return ScrapeStatus(scrape.id, status, scrape.items)


@call("POST", "/api/epsimo-chat", Credentials.KEY_TOO, refuses=(404,))
async def chat(ask: Ask[NoQuery, ChatMessage]) -> ChatReply:
    """Say something to an agent, which knows how often it was spoken to."""
    thread = _thread(ask)
    thread.messages += 1
    ask.service.documents.put(ask.company_id, thread)
    reply = f"Message {thread.messages} of this thread: {ask.body.message}"
    return ChatReply(reply, thread.id)


@call("GET", "/api/unipile-accounts", Credentials.KEY_TOO)
async def list_accounts(ask: Ask[NoQuery, None]) -> AccountList:
    """The company's connected accounts, the same two for each."""
    company = ask.company_id
    accounts = [
        Account(f"unipile-linkedin-{company}", "LINKEDIN", f"Sales of {company}", "OK"),
        Account(f"unipile-mail-{company}", "GOOGLE", f"sales@{company}.example", "CREDENTIALS"),
    ]
    return AccountList(accounts)


ENDPOINTS = (start_scrape, scrape_status, chat, list_accounts)


def _thread(ask: Ask[Any, ChatMessage]) -> ChatThread:
    documents, thread_id = ask.service.documents, ask.body.threadId
    if thread_id is None:
        thread = ChatThread(ask.service.ids.uuid(), ask.body.agentId)
        documents.add(ask.company_id, thread)
        return thread
    found = documents.get(ChatThread, ask.company_id, thread_id)
    if found is None:
        raise no_such("Thread", thread_id)
    return found
