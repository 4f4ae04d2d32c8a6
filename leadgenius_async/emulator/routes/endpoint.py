"""How a call of the API is declared, and the two ways of its bodies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from aiohttp import web

from leadgenius_async.emulator.identity import Credentials


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call.

    Attributes:
        method: HTTP method.
        path: Path under the host.
        takes: Credentials that the call takes.
        handle: Answers the request.
    """

    method: str
    path: str
    takes: Credentials
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]]


class UnreadableBody(Exception):
    """The request's body is no JSON object; the message says why."""


async def read_object(request: web.Request) -> dict[str, object]:
    """The request's JSON object.

    Raises:
        UnreadableBody: Another content type, no JSON, or no object.
    """
    if request.content_type != "application/json":
        raise UnreadableBody("Content-Type must be application/json")
    try:
        return msgspec.json.decode(await request.read(), type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UnreadableBody("the body is not a JSON object") from None


def answer(body: object) -> web.Response:
    """200 with a struct as JSON."""
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")
