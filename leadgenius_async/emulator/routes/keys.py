"""API keys of the signed-in user."""

from __future__ import annotations

import time

from aiohttp import web

from leadgenius_async.emulator.errors import invalid_format, invalid_value, missing_field
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.keys import create_key, list_keys
from leadgenius_async.emulator.routes.endpoint import (
    Endpoint,
    UnreadableBody,
    answer,
    read_object,
)
from leadgenius_async.emulator.service import CALLER, SERVICE
from leadgenius_async.emulator.structs import ApiKeyList, CreatedKey


async def create(request: web.Request) -> web.Response:
    """`POST /api/agent-api-keys`: a new key, with status 200."""
    try:
        fields = await read_object(request)
    except UnreadableBody as error:
        raise invalid_format("Body", str(error), "Send a JSON object.") from None
    name, description = fields.get("name"), fields.get("description")
    if not isinstance(name, str) or not name:
        raise missing_field("name")
    if description is not None and not isinstance(description, str):
        raise invalid_value("description", str(description), "text")
    store = request.app[SERVICE].store
    key = create_key(store, request[CALLER].user_id, name, description, time.time())
    return answer(CreatedKey(success=True, api_key=key))


async def list_all(request: web.Request) -> web.Response:
    """`GET /api/agent-api-keys`: the user's keys, without their secrets."""
    keys = list_keys(request.app[SERVICE].store, request[CALLER].user_id)
    return answer(ApiKeyList(success=True, keys=keys))


ENDPOINTS = (
    Endpoint("POST", "/api/agent-api-keys", Credentials.JWT, create),
    Endpoint("GET", "/api/agent-api-keys", Credentials.JWT, list_all),
)
