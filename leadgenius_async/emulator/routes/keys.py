"""API keys of the signed-in user."""

from __future__ import annotations

from typing import Annotated

import msgspec

from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.keys import create_key, list_keys
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.structs import ApiKey


class NewKey(msgspec.Struct):
    """The body of `POST /api/agent-api-keys`."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    description: str | None = None


class CreatedKey(msgspec.Struct):
    """The answer to it; the key is shown this once."""

    apiKey: str
    success: bool = True


class ApiKeyList(msgspec.Struct):
    """`GET /api/agent-api-keys`."""

    keys: list[ApiKey]
    success: bool = True


@call("POST", "/api/agent-api-keys", Credentials.JWT, known="documented")
async def create(ask: Ask[NoQuery, NewKey]) -> CreatedKey:
    """A new API key, with status 200."""
    body = ask.body
    key = create_key(ask.service.store, ask.caller.user_id, body.name, body.description, ask.now)
    return CreatedKey(key)


@call("GET", "/api/agent-api-keys", Credentials.JWT)
async def list_all(ask: Ask[NoQuery, None]) -> ApiKeyList:
    """The user's API keys, without their secrets."""
    return ApiKeyList(list_keys(ask.service.store, ask.caller.user_id))


ENDPOINTS = (create, list_all)
