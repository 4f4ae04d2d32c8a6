"""Scrapes, chat and connected accounts, from the SDK."""

from __future__ import annotations

import msgspec
import pytest
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import ChatReply, Scrape, ScrapeStatus, UnipileAccount


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, api_key="lgp_1", user_id="u", rate="off")


async def test_a_scrape_from_start_to_end(emulator: Emulator, lg: LeadGenius) -> None:
    """Its leads are in SourceLeads under its run."""
    client_id = emulator.ready.clients[0].client_id
    run = await lg.integrations.start_scrape(client_id, {"title": "CTO"})
    assert (await lg.integrations.scrape_status(run.runId)).status == "queued"
    emulator.clock.advance(2)
    status = await lg.integrations.scrape_status(run.runId)
    assert status == ScrapeStatus(run.runId, "completed", 3)
    company_id = emulator.ready.company_id
    rows = lg.source_leads.rows(company_id=company_id, client_id=client_id)
    assert len([row async for row in rows if row.runId == run.runId]) == 3


async def test_a_talk_goes_on(lg: LeadGenius) -> None:
    """By the thread's id; a thread that is not there is an error."""
    first = await lg.integrations.chat("Hello", agent_id="agent-1")
    second = await lg.integrations.chat("And?", thread_id=first.threadId)
    assert second == ChatReply("Message 2 of this thread: And?", first.threadId)
    with pytest.raises(errors.NotFound):
        await lg.integrations.chat("And?", thread_id="nobody's")


async def test_the_wrong_id_of_a_client(emulator: Emulator, lg: LeadGenius) -> None:
    """Its leads would be stored where nobody sees them; the message has the right id."""
    client = emulator.ready.clients[0]
    with pytest.raises(errors.UnknownClient, match=client.client_id):
        await lg.integrations.start_scrape(client.id, {})
    assert not [request for request in emulator.log if request.method == "POST"]


STATUS = {"runId": "r", "status": "paused", "itemCount": 7, "eta": 3}
REPLY = {"reply": "Hi", "threadId": "t", "model": "m"}
ACCOUNTS = [{"id": "1", "provider": "NEW", "seats": 2}]


@pytest.mark.parametrize(
    "bodies",
    [
        (STATUS, REPLY, {"accounts": ACCOUNTS}),
        ({"data": STATUS}, {"data": REPLY}, {"data": {"items": ACCOUNTS}}),
    ],
)
async def test_answers_are_found_in_any_envelope(bodies: tuple[object, ...]) -> None:
    """Statuses are open, and what is new is in `extra`."""
    answers = [reply(body=msgspec.json.encode(body)) for body in bodies]
    async with Wire(*answers) as wire, client_of(wire) as lg:
        status = await lg.integrations.scrape_status("r")
        assert status == ScrapeStatus("r", "paused", 7, extra={"eta": 3})
        assert await lg.integrations.chat("Hi") == ChatReply("Hi", "t", extra={"model": "m"})
        accounts = [account async for account in lg.integrations.accounts()]
    assert accounts == [UnipileAccount("1", "NEW", extra={"seats": 2})]
    assert [(r.method, r.target, r.body) for r in wire.requests] == [
        ("GET", "/api/lead-generation-status?runId=r", b""),
        ("POST", "/api/epsimo-chat", b'{"message":"Hi"}'),
        ("GET", "/api/unipile-accounts", b""),
    ]


async def test_a_started_scrape_has_a_run() -> None:
    """Without its id nothing could be asked about it."""
    clients = reply(body=b'{"clients":[{"id":"1","client_id":"acme-corp"}]}')
    answers = [reply(body=b'{"runId":"r","queue":"q"}'), reply(body=b'{"success":true}')]
    async with Wire(clients, *answers) as wire, client_of(wire) as lg:
        run = await lg.integrations.start_scrape("acme-corp", {"title": "CTO"})
        assert run == Scrape("r", extra={"queue": "q"})
        with pytest.raises(errors.ProtocolError, match="runId"):
            await lg.integrations.start_scrape("acme-corp", {})
    assert wire.requests[1].body == b'{"client_id":"acme-corp","input":{"title":"CTO"}}'


async def test_what_is_empty_is_not_sent() -> None:
    """The message names the field."""
    async with Wire(reply()) as wire, client_of(wire) as lg:
        for call, name in (
            (lg.integrations.start_scrape(" ", {}), "client_id"),
            (lg.integrations.scrape_status(""), "run_id"),
            (lg.integrations.chat(""), "message"),
            (lg.integrations.chat("Hi", thread_id=""), "threadId"),
            (lg.integrations.chat("Hi", agent_id=" "), "agentId"),
        ):
            with pytest.raises(ValueError, match=f"{name} is empty"):
                await call
    assert not wire.requests
