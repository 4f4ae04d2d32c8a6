"""Clients and the company."""

from __future__ import annotations

from typing import Any

import aiohttp

from leadgenius_async.emulator import Emulator


async def _clients(
    session: aiohttp.ClientSession, headers: dict[str, str], **query: str
) -> list[dict[str, Any]]:
    async with session.get("/api/clients", params=query, headers=headers) as response:
        body = await response.json()
    assert body["success"] is True
    clients: list[dict[str, Any]] = body["clients"]
    return clients


async def test_lists_own_clients(
    emulator: Emulator,
    session: aiohttp.ClientSession,
    by_key: dict[str, str],
    other_key: dict[str, str],
) -> None:
    """Each company sees its own clients, with every field of a client."""
    clients = await _clients(session, by_key)
    others = await _clients(session, other_key)

    assert [client["client_id"] for client in clients] == [
        client.client_id for client in emulator.ready.clients
    ]
    assert set(clients[0]) == {
        "id", "client_id", "clientName", "companyURL", "description", "owner", "company_id",
        "createdAt", "updatedAt",
    }  # fmt: skip
    assert {client["company_id"] for client in clients} == {"company-1"}
    assert {client["company_id"] for client in others} == {"company-2"}


async def test_ids_tell_nothing_by_their_shape(
    session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """Some client_ids are readable and some are UUIDs; none is its record's id."""
    clients = await _clients(session, by_key)

    assert {client["client_id"].count("-") == 4 for client in clients} == {True, False}
    assert all(client["id"] != client["client_id"] for client in clients)


async def test_narrows_by_either_id(
    emulator: Emulator,
    session: aiohttp.ClientSession,
    by_key: dict[str, str],
    other_key: dict[str, str],
) -> None:
    """`clientId` takes the record's id or the client_id; another company's finds nothing."""
    wanted = emulator.ready.clients[2]
    by_record = await _clients(session, by_key, clientId=wanted.id)
    by_business = await _clients(session, by_key, clientId=wanted.client_id)

    assert [client["id"] for client in by_record] == [wanted.id]
    assert by_business == by_record
    assert await _clients(session, by_key, clientId="nobody") == []
    assert await _clients(session, other_key, clientId=wanted.id) == []


async def test_company(session: aiohttp.ClientSession, by_jwt: dict[str, str]) -> None:
    """The company is that of the caller."""
    async with session.get("/api/company", headers=by_jwt) as response:
        body = await response.json()

    assert body["success"] is True
    assert body["company"]["id"] == body["company"]["company_id"] == "company-1"
    assert set(body["company"]) == {"id", "company_id", "name", "createdAt", "updatedAt"}


async def test_create_update_delete(
    session: aiohttp.ClientSession, by_key: dict[str, str], other_key: dict[str, str]
) -> None:
    """A client is made with a readable client_id, changed by its record id, and gone."""
    url = "/api/clients"
    for expected in ("acme-corp", "acme-corp-2"):
        body = {"clientName": "Acme, Corp!", "companyURL": "https://acme.example"}
        async with session.post(url, json=body, headers=by_key) as response:
            assert response.status == 201
            client = (await response.json())["client"]
        assert (client["client_id"], client["description"]) == (expected, None)
    change = {"id": client["id"], "companyURL": None, "description": "ours"}
    async with session.put(url, json=change, headers=by_key) as response:
        changed = (await response.json())["client"]
    assert changed == {**client, **change, "updatedAt": changed["updatedAt"]}
    for key, status in ((other_key, 404), (by_key, 200), (by_key, 404)):
        async with session.put(url, json=change, headers=other_key) as response:
            assert response.status == 404
        async with session.delete(url, params={"id": client["id"]}, headers=key) as response:
            assert response.status == status
    assert await _clients(session, by_key, clientId=client["id"]) == []
    by_client_id = {"id": "acme-corp"}
    async with session.delete(url, params=by_client_id, headers=by_key) as response:
        assert response.status == 404


async def test_a_deleted_clients_leads_stay(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """Without a purge they go invisible; the bulk list over all clients still has them."""
    client = emulator.ready.clients[0]
    before = len(list(emulator.rows("enrich_leads", client_id=client.client_id)))
    async with session.delete("/api/clients", params={"id": client.id}, headers=by_key) as response:
        assert response.status == 200
    assert before == len(list(emulator.rows("enrich_leads", client_id=client.client_id))) > 0
