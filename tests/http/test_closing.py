"""A session that is closed while an answer is being read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import aiohttp
import pytest

from leadgenius_async._http.call import Call
from leadgenius_async._http.wire import read_capped

CALL = Call(method="GET", path="/things", takes=())


async def test_the_readers_runtime_error_is_taken_for_a_lost_connection() -> None:
    """Where the reader starts to wait on a closed session, aiohttp raises a RuntimeError."""

    async def iter_any() -> AsyncIterator[bytes]:
        yield b"{"
        raise RuntimeError("Connection closed.")

    content = SimpleNamespace(iter_any=iter_any)
    response = cast("aiohttp.ClientResponse", SimpleNamespace(content=content))
    with pytest.raises(aiohttp.ClientConnectionError):
        await read_capped(response, CALL, 100)
