"""Clients, the customer workspaces of a company."""

from __future__ import annotations

from aiohttp import web

from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Endpoint, answer
from leadgenius_async.emulator.service import CALLER, SERVICE
from leadgenius_async.emulator.structs import ClientList


async def list_clients(request: web.Request) -> web.Response:
    """`GET /api/clients`: all of the company's clients, or the one named by either of its ids."""
    store = request.app[SERVICE].store
    clients = store.clients(request[CALLER].company_id, request.query.get("clientId"))
    return answer(ClientList(success=True, clients=clients))


ENDPOINTS = (Endpoint("GET", "/api/clients", Credentials.EITHER, list_clients),)
