"""Scrapes that the clock ends, threads that count, accounts that are a company's own."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec
import pytest

from leadgenius_async.emulator import Emulator

Session = aiohttp.ClientSession
Headers = dict[str, str]

SCRAPE = "/api/start-lead-scrape-complete"
CHAT = "/api/epsimo-chat"


async def _post(session: Session, path: str, headers: Headers, body: object) -> tuple[int, Any]:
    async with session.post(path, json=body, headers=headers) as response:
        return response.status, await response.json()


async def _status(session: Session, headers: Headers, run_id: str) -> tuple[int, Any]:
    query = {"runId": run_id}
    path = "/api/lead-generation-status"
    async with session.get(path, params=query, headers=headers) as response:
        return response.status, await response.json()


async def _start(emulator: Emulator, session: Session, headers: Headers) -> tuple[str, str]:
    client_id = emulator.ready.clients[1].client_id
    body = {"client_id": client_id, "input": {"title": "CTO"}}
    status, answer = await _post(session, SCRAPE, headers, body)
    assert (status, answer["success"]) == (200, True)
    return client_id, answer["runId"]


async def test_a_scrape_by_the_clock(emulator: Emulator, session: Session, by_key: Headers) -> None:
    """Queued, running, completed; the leads come once, however often the end is seen."""
    client_id, run_id = await _start(emulator, session, by_key)
    before = len(list(emulator.rows("source_leads")))
    seen = []
    for seconds in (0.0, 1.0, 1.0, 60.0):
        emulator.clock.advance(seconds)
        status, answer = await _status(session, by_key, run_id)
        assert (status, answer["runId"]) == (200, run_id)
        seen.append((answer["status"], answer["itemCount"]))
    assert seen == [("queued", 0), ("running", 0), ("completed", 3), ("completed", 3)]

    rows = [msgspec.json.decode(row) for row in emulator.rows("source_leads", client_id=client_id)]
    made = [row for row in rows if row["runId"] == run_id]
    assert len(made) == 3
    assert len(list(emulator.rows("source_leads"))) == before + 3
    assert {row["company_id"] for row in made} == {"company-1"}
    assert all(row["email"].endswith(".example") and row["firstName"] for row in made)
    assert msgspec.json.decode(made[0]["rawData"]) == {"input": {"title": "CTO"}}


@pytest.mark.parametrize(("run_seconds", "status"), [(0.0, "completed"), (100.0, "queued")])
async def test_how_long_a_run_takes(started: Any, run_seconds: float, status: str) -> None:
    """`run_seconds` says it; at 0 a run ends at once."""
    async with started(run_seconds=run_seconds) as (emulator, session):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        _, run_id = await _start(emulator, session, key)
        emulator.clock.advance(run_seconds / 4)
        assert (await _status(session, key, run_id))[1]["status"] == status


async def test_a_run_is_a_companys_own(
    emulator: Emulator, session: Session, by_key: Headers, other_key: Headers
) -> None:
    """Another company neither sees a run, nor starts one for a client of the first."""
    client_id, run_id = await _start(emulator, session, by_key)
    assert (await _status(session, other_key, run_id))[0] == 404
    body = {"client_id": client_id, "input": {}}
    assert (await _post(session, SCRAPE, other_key, body))[0] == 404


async def test_a_client_by_its_record_id_is_none(
    emulator: Emulator, session: Session, by_key: Headers
) -> None:
    """Lead operations go by the client_id."""
    body = {"client_id": emulator.ready.clients[0].id, "input": {}}
    assert (await _post(session, SCRAPE, by_key, body))[0] == 404


async def test_a_thread_counts(session: Session, by_key: Headers, other_key: Headers) -> None:
    """A thread goes on by its id, a new one begins without; another company's is not found."""
    _, first = await _post(session, CHAT, by_key, {"message": "Hello", "agentId": "agent-1"})
    again = {"message": "And?", "threadId": first["threadId"]}
    _, second = await _post(session, CHAT, by_key, again)
    _, other = await _post(session, CHAT, by_key, {"message": "Hello", "threadId": None})

    assert first["reply"] == "Message 1 of this thread: Hello"
    assert second["reply"] == "Message 2 of this thread: And?"
    assert second["threadId"] == first["threadId"] != other["threadId"]
    assert other["reply"].startswith("Message 1 ")
    assert (await _post(session, CHAT, other_key, again))[0] == 404


async def test_accounts(session: Session, by_key: Headers, other_key: Headers) -> None:
    """Each company has its own."""
    listed = []
    for headers in (by_key, other_key):
        async with session.get("/api/unipile-accounts", headers=headers) as response:
            listed.append((await response.json())["accounts"])
    assert [set(account) for account in listed[0]] == [{"id", "provider", "name", "status"}] * 2
    assert not {account["id"] for account in listed[0]} & {account["id"] for account in listed[1]}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (SCRAPE, {"client_id": "", "input": {}}),
        (SCRAPE, {"client_id": "x"}),
        (SCRAPE, {"client_id": "x", "input": []}),
        (CHAT, {"message": ""}),
        (CHAT, {"message": "Hello", "threadId": ""}),
    ],
)
async def test_what_is_malformed(
    session: Session, by_key: Headers, path: str, body: object
) -> None:
    """A 400 names it."""
    assert (await _post(session, path, by_key, body))[0] == 400


async def test_credentials(session: Session, by_jwt: Headers) -> None:
    """A login will do, nothing will not."""
    for headers, status in ((by_jwt, 200), ({}, 401)):
        async with session.get("/api/unipile-accounts", headers=headers) as response:
            assert response.status == status
        assert (await _post(session, CHAT, headers, {"message": "Hello"}))[0] == status
