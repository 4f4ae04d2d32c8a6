"""An answer as bytes, and the connection that it goes out by, beneath aiohttp's own writing."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

#: Headers that are made anew from what is sent.
_OWN = {"content-length", "transfer-encoding", "connection", "date", "server"}
_LINGER_NOT = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before it is sent.

    Attributes:
        status: HTTP status.
        headers: Headers in order; a name may come more than once. Without those about length.
        body: The body as it goes over the wire.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def having(self, headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """The headers, with these in place of those of the same names."""
        names = {name.lower() for name in headers}
        kept = (pair for pair in self.headers if pair[0].lower() not in names)
        return (*kept, *headers.items())

    def head(self, *, more: Iterable[tuple[str, str]] = ()) -> bytes:
        """Status line and headers, to the empty line; without a length unless it is in `more`."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in (*self.headers, *more)]
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")

    def whole(self, *, close: bool = True) -> bytes:
        """The answer as it is right, with its length."""
        more = [("Content-Length", str(len(self.body)))]
        return self.head(more=more + [CLOSE] * close) + self.body

    def response(self) -> web.Response:
        """The answer as aiohttp sends it."""
        response = web.Response(status=self.status, body=self.body or None)
        response.headers.pop("Content-Type", None)
        for name, value in self.headers:
            response.headers.add(name, value)
        return response


CLOSE = ("Connection", "close")


def answer_of(response: web.StreamResponse) -> Answer:
    """What aiohttp would send."""
    body = response.body if isinstance(response, web.Response) else b""
    headers = [pair for pair in response.headers.items() if pair[0].lower() not in _OWN]
    return Answer(response.status, tuple(headers), body if isinstance(body, bytes) else b"")


class Wire:
    """The connection of one request.

    Args:
        request: The request that is answered.
        stopped: Set when the emulator stops: then nothing waits any longer.
    """

    def __init__(self, request: web.Request, stopped: asyncio.Event) -> None:
        self._request = request
        self._stopped = stopped

    async def write(self, data: bytes) -> None:
        """Send bytes, as fast as they are taken.

        Raises:
            ConnectionError: The client has gone.
        """
        self._transport().write(data)
        await self._request.writer.drain()

    async def pause(self, seconds: float | None) -> None:
        """Wait; None: until the emulator stops.

        Raises:
            ConnectionError: The client has gone, or the emulator stops.
        """
        if await paused(self._stopped, seconds):
            raise ConnectionAbortedError("the emulator stops")
        self._transport()

    def close(self) -> None:
        """End the connection after what was written."""
        if transport := self._request.transport:
            transport.close()

    def reset(self) -> None:
        """End the connection by RST."""
        transport = self._transport()
        if (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        transport.abort()

    def _transport(self) -> asyncio.WriteTransport:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has gone")
        return transport


async def paused(stopped: asyncio.Event, seconds: float | None) -> bool:
    """Wait for some seconds, None: without end; whether the emulator has stopped meanwhile."""
    try:
        await asyncio.wait_for(stopped.wait(), seconds)
    except TimeoutError:
        return False
    return True
