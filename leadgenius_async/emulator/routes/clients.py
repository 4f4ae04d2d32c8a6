"""Clients, the customer workspaces of a company."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.errors import gateway_page, no_such
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.structs import Client, Done

Name = Annotated[str, msgspec.Meta(min_length=1)]
Id = Annotated[str, msgspec.Meta(min_length=1)]


class ClientQuery(msgspec.Struct):
    """`clientId` is the record's id; the emulator takes the client_id as well."""

    clientId: str = ""


class NewClient(msgspec.Struct):
    """The body of a create."""

    clientName: Name
    companyURL: str | None = None
    description: str | None = None


class ClientChanges(msgspec.Struct):
    """The body of an update; what is absent stays."""

    id: Id
    clientName: Name | msgspec.UnsetType = msgspec.UNSET
    companyURL: str | msgspec.UnsetType | None = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET


class ClientRemoval(msgspec.Struct):
    """The query of a delete; `purge` deletes the leads too."""

    id: Id
    purge: Literal["true", "false"] = "false"


class ClientList(msgspec.Struct):
    """`GET /api/clients`."""

    clients: list[Client]
    success: bool = True


class ClientAnswer(msgspec.Struct):
    """One client."""

    client: Client
    success: bool = True


@call("GET", "/api/clients", Credentials.KEY_TOO, known="documented")
async def list_clients(ask: Ask[ClientQuery, None]) -> ClientList:
    """All of the company's clients, or the one that is named."""
    return ClientList(ask.service.store.clients(ask.company_id, ask.query.clientId or None))


@call("POST", "/api/clients", Credentials.KEY_TOO, status=201, known="documented")
async def create(ask: Ask[NoQuery, NewClient]) -> ClientAnswer:
    """Make a client."""
    body, now = ask.body, timestamp(ask.now)
    client = Client(
        id=ask.service.ids.uuid(),
        client_id=_free_slug(ask, body.clientName),
        clientName=body.clientName,
        companyURL=body.companyURL,
        description=body.description,
        owner=ask.caller.user_id,
        company_id=ask.company_id,
        createdAt=now,
        updatedAt=now,
    )
    ask.service.store.insert_client(client)
    return ClientAnswer(client)


@call("PUT", "/api/clients", Credentials.KEY_TOO, refuses=(404,), known="documented")
async def update(ask: Ask[NoQuery, ClientChanges]) -> ClientAnswer:
    """Change a client."""
    body = ask.body
    client = _client(ask, body.id)
    for name in ("clientName", "companyURL", "description"):
        value = getattr(body, name)
        if value is not msgspec.UNSET:
            setattr(client, name, value)
    client.updatedAt = timestamp(ask.now)
    ask.service.store.update_client(client)
    return ClientAnswer(client)


@call("DELETE", "/api/clients", Credentials.KEY_TOO, refuses=(404, 504), known="documented")
async def delete(ask: Ask[ClientRemoval, None]) -> Done | web.Response:
    """Delete a client, and its leads with `purge`."""
    service, client = ask.service, _client(ask, ask.query.id)
    if ask.query.purge == "true":
        most = service.config.purge_limit if service.config.habits else -1
        count = service.leads.purge(ask.company_id, client.client_id, most)
        if count == most and service.leads.count(ask.company_id, client.client_id):
            return gateway_page(504)
    service.store.delete_client(client)
    return Done()


def _client(ask: Ask[Any, Any], record_id: str) -> Client:
    client = ask.service.store.client(ask.company_id, record_id)
    if client is None:
        raise no_such("Client", record_id)
    return client


def _free_slug(ask: Ask[Any, Any], name: str) -> str:
    """A readable client_id after the name, that no client of the company has."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60] or ask.service.ids.short(8)
    taken = {client.client_id for client in ask.service.store.clients(ask.company_id)}
    free, number = slug, 1
    while free in taken:
        number += 1
        free = f"{slug}-{number}"
    return free


ENDPOINTS = (list_clients, create, update, delete)
