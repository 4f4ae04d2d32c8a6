"""What is closed: a session while an answer is being read, and a client before a call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import aiohttp
import pytest
from wire import Wire, reply

from leadgenius_async import LeadGenius
from leadgenius_async._http.call import Call
from leadgenius_async._http.wire import read_capped

CALL = Call(method="GET", path="/things", takes=())


async def test_the_readers_runtime_error_is_taken_for_a_lost_connection() -> None:
    """Where the reader starts to wait on a closed session, aiohttp raises a RuntimeError."""

    async def iter_any() -> AsyncIterator[bytes]:
        yield b"{"
        raise RuntimeError("Connection closed.")

    content = SimpleNamespace(iter_any=iter_any, total_raw_bytes=1)
    response = cast("aiohttp.ClientResponse", SimpleNamespace(content=content))
    with pytest.raises(aiohttp.ClientConnectionError):
        await read_capped(response, CALL, 100)


@pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
async def test_a_closed_client_opens_nothing_again(used: bool) -> None:  # noqa: FBT001 - a parameter
    """Nobody would close what a call after its end opens, so there is none."""
    async with Wire(reply()) as wire:
        async with LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg:
            if used:
                await lg.request("GET", "/clients")
        sent = len(wire.requests)
        with pytest.raises(RuntimeError, match="is closed"):
            await lg.request("GET", "/clients")
        with pytest.raises(RuntimeError, match="is closed"):
            await anext(aiter(lg.clients.list()))
        await lg.aclose()  # once more does no harm
    assert (sent, len(wire.requests)) == (int(used), int(used))


async def test_a_closed_client_does_not_log_in() -> None:
    """The login is a call too."""
    async with Wire(reply()) as wire:
        lg = LeadGenius(base_url=wire.url, username="name", password="password", rate="off")
        await lg.aclose()
        with pytest.raises(RuntimeError, match="is closed"):
            await lg.request("GET", "/clients")
    assert wire.requests == []
