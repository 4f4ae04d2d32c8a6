"""Clients deleted with all their leads."""

from __future__ import annotations

import asyncio
import pickle

import msgspec
import pytest
from accounts import connect
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async._writes import read_back
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import ChangeProgress


@pytest.fixture(autouse=True)
def short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_back, "LOOKS", (0.0, 0.1, 0.3))


def leads_of(emulator: Emulator, client_id: str) -> int:
    rows = map(msgspec.json.decode, emulator.rows("enrich_leads"))
    return sum(row["client_id"] == client_id for row in rows)


async def names(lg: LeadGenius) -> set[str]:
    return {client.client_id async for client in lg.clients.list()}


def add(emulator: Emulator, count: int) -> None:
    client_id = emulator.ready.clients[0].client_id
    rows = [{"id": f"lead-{n}", "client_id": client_id} for n in range(count)]
    emulator.insert("enrich_leads", rows)


async def test_more_leads_than_the_service_deletes(emulator: Emulator, lg: LeadGenius) -> None:
    """The service's own purge runs out of time; this one does not. Other clients keep theirs."""
    add(emulator, 2_000)
    client, other = emulator.ready.clients[:2]
    before = leads_of(emulator, client.client_id)
    kept = leads_of(emulator, other.client_id)
    assert before > 2_000
    counted = await lg.clients.purge(client.client_id, dry_run=True)
    assert (counted.leads, counted.dry_run) == (before, True)
    assert leads_of(emulator, client.client_id) == before
    told: list[ChangeProgress] = []
    report = await lg.clients.purge(client.client_id, on_progress=told.append)
    assert (report.client_id, report.leads) == (client.client_id, before)
    assert report.requests <= before / 50 + 3
    assert leads_of(emulator, client.client_id) == 0
    assert leads_of(emulator, other.client_id) == kept
    assert client.client_id not in await names(lg)
    assert told[0].ended <= told[-1].ended
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - our own
    with pytest.raises(errors.UnknownClient, match=client.client_id):
        await lg.clients.purge(client.client_id)


async def test_either_identifier_is_taken(emulator: Emulator, lg: LeadGenius) -> None:
    client = emulator.ready.clients[2]
    report = await lg.clients.purge(client.id)
    assert report.client_id == client.client_id
    with pytest.raises(errors.UnknownClient, match="did you mean"):
        await lg.clients.purge(emulator.ready.clients[0].client_id + "x")


async def test_an_identifier_of_two_clients() -> None:
    """Nothing is deleted by an identifier that two clients have."""
    clients = [{"id": "x", "client_id": "a"}, {"id": "b", "client_id": "x"}]
    answer = reply(body=msgspec.json.encode({"success": True, "clients": clients}))
    async with Wire(answer) as wire:
        async with LeadGenius(base_url=wire.url, api_key="k", user_id="u") as lg:
            with pytest.raises(ValueError, match="record id of another"):
                await lg.clients.purge("x")
        assert {request.method for request in wire.requests} == {"GET"}


async def test_a_list_that_lags(emulator: Emulator, lg: LeadGenius) -> None:
    """What is listed though it was deleted is waited for, and in the end told."""
    client = emulator.ready.clients[0]
    emulator.change(read_lag=0.2)
    count = leads_of(emulator, client.client_id)
    assert (await lg.clients.purge(client.client_id)).leads == count
    client = emulator.ready.clients[1]
    emulator.change(read_lag=60)
    with pytest.raises(errors.BulkWriteError, match="the same call goes on"):
        await lg.clients.purge(client.client_id)
    assert leads_of(emulator, client.client_id) == 0
    assert client.client_id in await names(lg)
    emulator.change(read_lag=0)
    await lg.clients.purge(client.client_id)
    assert client.client_id not in await names(lg)


async def test_it_goes_on_after_it_was_cut_off(emulator: Emulator) -> None:
    """The client is deleted last, so that the same call finds it."""
    add(emulator, 1_000)
    client = emulator.ready.clients[0]
    before = leads_of(emulator, client.client_id)
    emulator.change(refused_writes=1.0, refusal=401, fault_at=10)
    async with connect(emulator) as lg:
        with pytest.raises(errors.AuthenticationError):
            await lg.clients.purge(client.client_id)
        left = leads_of(emulator, client.client_id)
        assert 0 < left < before
        emulator.change(fault_at=None, refused_writes=0, lost_after=0.1, lost_before=0.1)
        assert (await lg.clients.purge(client.client_id)).leads == left
        assert client.client_id not in await names(lg)


@pytest.mark.parametrize(
    ("lead", "said"),
    [({"id": "1", "client_id": "b"}, "rows of b"), ({"id": "1"}, "has a lead of None")],
)
async def test_a_list_of_other_clients_leads(lead: dict[str, str], said: str) -> None:
    """A `client_id` that the service takes for all clients deletes nobody's leads."""
    client = {"id": "r", "client_id": "ALL", "company_id": "c"}
    answers = {
        "clients": {"success": True, "clients": [client]},
        "list": {"success": True, "data": [lead], "nextToken": None},
    }

    async def act(writer: asyncio.StreamWriter) -> None:
        path = wire.requests[-1].target.partition("?")[0]
        writer.write(reply(body=msgspec.json.encode(answers[path.rpartition("/")[2]])))
        await writer.drain()

    async with Wire(act) as wire:
        async with LeadGenius(base_url=wire.url, api_key="k", user_id="u") as lg:
            with pytest.raises(errors.TenantMismatch, match=said):
                await lg.clients.purge("ALL")
        assert {request.method for request in wire.requests} == {"GET"}
