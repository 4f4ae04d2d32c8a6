"""A server of canned bytes, for what no well-behaved HTTP server would send."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from leadgenius_async._http.auth import Credential
from leadgenius_async._http.call import Kind
from leadgenius_async._http.limiter import Gate
from leadgenius_async._http.transport import Transport

OK = b'{"success":true}'


@dataclass(frozen=True)
class Request:
    """One request as it came in; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Act = Callable[[asyncio.StreamWriter], Awaitable[None]]


def reply(status: int = 200, body: bytes = OK, **headers: str) -> bytes:
    """Return the bytes of an answer; `_` in a header's name stands for `-`."""
    lines = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status} Reason\r\n{head}\r\n".encode() + body


def chunked(data: bytes) -> bytes:
    """Return the bytes of an answer whose body has no length, in chunks that `data` spells out."""
    return reply(body=data, Content_Length="", Transfer_Encoding="chunked")


def one_chunk(body: bytes) -> bytes:
    """Return the bytes of an answer whose body comes as one chunk."""
    return chunked(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))


def then_close(data: bytes) -> Act:
    """Write these bytes, then close the connection."""

    async def act(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        writer.close()

    return act


def in_pieces(data: bytes, pause: float = 0.0) -> Act:
    """Write byte by byte, each on its own."""

    async def act(writer: asyncio.StreamWriter) -> None:
        for place in range(len(data)):
            writer.write(data[place : place + 1])
            await writer.drain()
            await asyncio.sleep(pause)

    return act


hang_up = then_close(b"")


async def reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection: the other side reads ECONNRESET."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def say_nothing(_writer: asyncio.StreamWriter) -> None:
    """Keep the connection open without a word."""
    await asyncio.Event().wait()


class Wire:
    """Answers each request with the next of its answers, and all further ones with the last.

    Attributes:
        requests: What came in, in order.
        connections: How many were opened.
        arrived: Set once there is a request.
    """

    def __init__(self, *answers: bytes | Act, tls: ssl.SSLContext | None = None) -> None:
        self.answers: list[bytes | Act] = [*answers]
        self.requests: list[Request] = []
        self.connections = 0
        self.arrived = asyncio.Event()
        self._tls = tls
        self._tasks: set[asyncio.Task[Any]] = set()
        self._port = 0
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self._port}"

    async def listen(self) -> None:
        """Start, or start again on the same port."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self._port, ssl=self._tls
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while not writer.is_closing():
                self.requests.append(await _read(reader))
                self.arrived.set()
                await self._answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has closed its side, or the test is over
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
        else:
            await answer(writer)


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _version = head[0].split(" ")
    headers = {
        name.lower(): value
        for name, _, value in (line.partition(": ") for line in head[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, target, headers, body)


@asynccontextmanager
async def transport_to(
    url: str, credentials: Mapping[Kind, Credential] | None = None, **options: Any
) -> AsyncGenerator[Transport, None]:
    """Give a transport that is not paced unless it is given a gate, and close it."""
    gate: Gate = options.pop("gate", None) or Gate("off")
    transport = Transport(url, credentials or {}, gate, **options)
    try:
        yield transport
    finally:
        await transport.aclose()
