"""Faults of the connection: what arrives, byte by byte, and how it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import aiohttp
import msgspec
import pytest

from leadgenius_async.emulator import Emulator, Fault, faults
from leadgenius_async.emulator.faults.text import KINDS


@pytest.fixture
async def few(started: Any) -> AsyncGenerator[Emulator]:
    """An emulator of three clients, and nothing else."""
    async with started() as (emulator, _):
        yield emulator


async def _opened(emulator: Emulator) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection on which a request for the clients was sent."""
    host, port = emulator.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**20)
    writer.write(_request(emulator))
    await writer.drain()
    return reader, writer


def _request(emulator: Emulator, body: bytes = b"") -> bytes:
    ready = emulator.ready
    lines = [
        f"{'POST /api/leads' if body else 'GET /api/clients'} HTTP/1.1",
        f"Host: {ready.base_url.removeprefix('http://')}",
        f"x-api-key: {ready.api_key}",
        f"x-user-id: {ready.user_id}",
        f"Content-Length: {len(body)}",
        "Content-Type: application/json",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


async def _received(emulator: Emulator, fault: Fault | None) -> bytes:
    """All that arrives until the connection ends."""
    if fault:
        emulator.faults.add(fault)
    reader, writer = await _opened(emulator)
    async with asyncio.timeout(5):
        try:
            return await reader.read()
        finally:
            writer.close()


async def _usual(emulator: Emulator) -> bytes:
    ready = emulator.ready
    key = {"x-api-key": ready.api_key, "x-user-id": ready.user_id}
    async with (
        aiohttp.ClientSession(emulator.base_url) as session,
        session.get("/api/clients", headers=key) as response,
    ):
        return await response.read()


async def test_hang_up(few: Emulator) -> None:
    """The connection ends in an orderly way, and without a byte."""
    assert await _received(few, faults.hang_up()) == b""
    assert list(few.log)[-1].status == 0


async def test_hang_up_on_a_body(few: Emulator) -> None:
    """The body of the request is read first: otherwise the connection would be reset."""
    few.faults.add(faults.hang_up())
    host, port = few.base_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(_request(few, b'{"email":"%b"}' % (b"a" * 200_000)))
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("sent", [0, 30])
async def test_reset(few: Emulator, sent: int) -> None:
    """The connection is reset, at once or within the answer."""
    few.faults.add(faults.reset(sent))
    reader, writer = await _opened(few)
    if sent:
        assert (await reader.readexactly(sent)).startswith(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_hang_for_a_time(few: Emulator) -> None:
    """A half-open connection may end by itself; it is in the log from the start."""
    begun = time.monotonic()
    assert await _received(few, faults.hang(0.05)) == b""
    assert 0.05 <= time.monotonic() - begun < 1


async def test_hang_until_the_end(started: Any) -> None:
    """Otherwise it ends with the emulator, which does not wait for it."""
    async with started() as (emulator, _):
        emulator.faults.add(faults.hang())
        reader, writer = await _opened(emulator)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.05)
        [logged] = emulator.log
        assert (logged.status, logged.faults) == (0, ("hang",))
        begun = time.monotonic()
    assert time.monotonic() - begun < 0.5
    assert await reader.read() == b""
    writer.close()


async def test_dribble(few: Emulator) -> None:
    """The answer is right, and takes its time."""
    begun = time.monotonic()
    received = await _received(few, faults.dribble(10_000))
    assert time.monotonic() - begun > len(received) / 10_000 * 0.8
    assert received.endswith(b"\r\n\r\n" + await _usual_after(few))


async def test_sliced(few: Emulator) -> None:
    """The answer is right, in several pieces whose ends the seed decides."""
    few.faults.add(faults.sliced(30))
    reader, writer = await _opened(few)
    pieces = [piece async for piece in _pieces(reader)]
    writer.close()
    assert len(pieces) > 10
    assert b"".join(pieces).endswith(b"\r\n\r\n" + await _usual_after(few))


async def _usual_after(emulator: Emulator) -> bytes:
    emulator.faults.clear()
    return await _usual(emulator)


async def _pieces(reader: asyncio.StreamReader) -> AsyncGenerator[bytes]:
    while piece := await reader.read(65_536):
        yield piece


async def test_short(few: Emulator) -> None:
    """Bytes are missing from what Content-Length says."""
    received = await _received(few, faults.short(7))
    usual = await _usual_after(few)
    head, _, body = received.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(usual)}".encode() in head
    assert body == usual[:-7]


async def test_short_of_nothing(few: Emulator) -> None:
    """An answer without a body lacks a byte too."""
    few.faults.add(faults.short(), when="before")
    received = await _received(few, None)
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"Content-Length: 26" in head
    assert len(body) == 16


@pytest.mark.parametrize("how", ["bad_size", "no_end"])
async def test_chunks(few: Emulator, how: Any) -> None:
    """A size is no number, or the last chunk never comes; a client that minds fails."""
    received = await _received(few, faults.chunked(how))
    assert b"Transfer-Encoding: chunked" in received
    assert (b"\r\nzz\r\n" in received) == (how == "bad_size")
    assert not received.endswith(b"0\r\n\r\n")
    with pytest.raises(aiohttp.ClientError):
        await _usual(few)


async def test_huge_headers(few: Emulator) -> None:
    """They are more, or longer, than a client takes."""
    received = await _received(few, faults.huge_headers(3, 9_000))
    assert received.count(b"\r\nX-Fault-") == 3
    assert b"x" * 9_000 in received
    with pytest.raises(aiohttp.ClientError):
        await _usual(few)


async def test_interim(few: Emulator) -> None:
    """Answers of 1xx come first."""
    received = await _received(few, faults.interim(103, 2))
    assert received.startswith(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2 + b"HTTP/1.1 200 OK\r\n")
    assert msgspec.json.decode(await _usual(few))["success"]


async def test_idle_close(few: Emulator) -> None:
    """The answer promises that the connection stays, and a moment later it has ended."""
    received = await _received(few, faults.idle_close(0.02))
    assert b"Connection: close" not in received
    assert received.endswith(await _usual_after(few))


async def test_a_client_that_goes(few: Emulator) -> None:
    """What is still to be sent is forgotten."""
    few.faults.add(faults.dribble(100))
    reader, writer = await _opened(few)
    await reader.readexactly(5)
    writer.close()
    begun = time.monotonic()
    few.faults.clear()
    await _usual(few)
    assert time.monotonic() - begun < 1


async def test_a_large_answer_waits_for_its_reader(few: Emulator) -> None:
    """A client that reads no more costs no memory."""
    few.faults.add(faults.huge(2**30))
    reader, writer = await _opened(few)
    assert (await reader.readexactly(15)) == b"HTTP/1.1 200 OK"
    await asyncio.sleep(0.05)
    writer.transport.abort()


ARGUMENTS: dict[str, dict[str, Any]] = {
    "status": {"status": 503}, "redirect": {"location": "/x"}, "content": {"content": b"x"},
    "delay": {"seconds": 0.001}, "hang": {"seconds": 0.001}, "dribble": {"speed": 1e6},
    "huge": {"size": 2**16},
}  # fmt: skip


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
async def test_every_fault_at_any_time(
    few: Emulator, caplog: pytest.LogCaptureFixture, kind: str, when: Any
) -> None:
    """It ends, the service has no trouble of its own, and goes on as before."""
    usual = await _usual(few)
    rule = few.faults.add(KINDS[kind](**ARGUMENTS.get(kind, {})), when=when)
    async with asyncio.timeout(2):
        reader, writer = await _opened(few)
        with suppress(ConnectionResetError):
            await reader.readuntil(b"\r\n\r\n") if rule.rule.fault.answered else await reader.read()
        writer.close()
    assert await _usual_after(few) == usual
    assert [logged.faults for logged in few.log] == [(), (kind,), ()]
    assert caplog.records == []
