"""What goes on, sent to the pages that are open: one message for all requests of a moment.

A stream reads the request log from where it stood, so it costs nothing before somebody looks, and
who reads slowly is no burden: what has come since is in the log anyway.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import anyio
import msgspec
from aiohttp import web

from leadgenius_async.emulator.console.state import (
    Hello,
    Shown,
    State,
    Tables,
    hello,
    shown,
    state,
)
from leadgenius_async.emulator.faults.wire import paused
from leadgenius_async.emulator.service import Service

#: Seconds between two messages, at least.
_PACE = 0.1
#: Seconds between two states.
_STATE_PACE = 1.0
#: Requests of one message, at the most; older ones are counted in `dropped`.
MOST_REQUESTS = 1_000
#: Requests from before the page was opened, at the most.
_BEFORE = 200
#: A browser has six connections to a host: two are left for its calls.
MOST_STREAMS = 4
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


class Message(msgspec.Struct, omit_defaults=True):
    """What a page is told at once.

    Attributes:
        total: Requests so far.
        requests: Those since the last message, oldest first.
        dropped: Requests before them that are left out, since they were too many.
        hello: In the first message.
        state: In the first message, and each second.
    """

    total: int
    requests: list[Shown] = []
    dropped: int = 0
    hello: Hello | None = None
    state: State | None = None


class Console:
    """The open pages of one emulator.

    Args:
        service: What they look at.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._tables = Tables(service.store)
        self._open = 0

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send messages until the page is closed or the emulator stops."""
        if self._open >= MOST_STREAMS:
            error = f"{MOST_STREAMS} pages are open, and no more may be: close one"
            return web.json_response({"success": False, "error": error}, status=503)
        self._open += 1
        response = web.StreamResponse(headers=_HEADERS)
        try:
            await self._send(request, response)
        finally:
            self._open -= 1
        _give_up(request)
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse) -> None:
        """Send until the emulator stops, also where a page that reads nothing is waited for."""
        async with anyio.create_task_group() as group:
            group.start_soon(_cancel_at, self._service.faults.stopped, group.cancel_scope)
            # Within the group: around it the error would come as a group of errors.
            with suppress(ConnectionError):
                await response.prepare(request)
                await self._send_messages(response, str(request.url.origin()))
            group.cancel_scope.cancel()

    async def _send_messages(self, response: web.StreamResponse, url: str) -> None:
        place, due = await self._greet(response, url), time.monotonic() + _STATE_PACE
        while not await paused(self._service.faults.stopped, _PACE):
            message = self._since(place)
            place, now = message.total, time.monotonic()
            if now >= due:
                message.state, due = state(self._service, self._tables), now + _STATE_PACE
            if message.state or message.requests:
                await response.write(_event(message))

    async def _greet(self, response: web.StreamResponse, url: str) -> int:
        """Send the first message, and return how many requests had come.

        Args:
            response: What it is sent by.
            url: Where the page has reached the emulator.
        """
        message = self._since(max(0, self._service.log.total - _BEFORE))
        message.hello = hello(self._service, url)
        message.state = state(self._service, self._tables)
        await response.write(_event(message))
        return message.total

    def _since(self, place: int) -> Message:
        log = self._service.log
        first = max(place, log.total - MOST_REQUESTS)
        return Message(log.total, shown(log.since(first)), first - place)


async def _cancel_at(stopped: asyncio.Event, scope: anyio.CancelScope) -> None:
    await stopped.wait()
    scope.cancel()


def _event(message: Message) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(message)


def _give_up(request: web.Request) -> None:
    """Cut the connection of a page that has not read what it was sent: nothing waits for it."""
    transport = request.transport
    if transport is not None and transport.get_write_buffer_size():
        transport.abort()


CONSOLE = web.AppKey("console", Console)
