"""Error bodies."""

from __future__ import annotations

import io
import logging
from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator
from leadgenius_async.emulator.store import Store


async def _json(session: aiohttp.ClientSession, method: str, path: str) -> tuple[int, Any]:
    async with session.request(method, path) as response:
        assert response.content_type == "application/json"
        return response.status, await response.json()


async def test_unknown_path(session: aiohttp.ClientSession) -> None:
    """A path that the API does not have is a 404 with the documented error body."""
    status, body = await _json(session, "GET", "/api/nothing-here")

    assert status == 404
    assert set(body) == {
        "success", "error", "errorType", "details", "recommendation", "requestId",
    }  # fmt: skip
    assert body["success"] is False
    assert body["errorType"] == "not_found"


async def test_wrong_method(session: aiohttp.ClientSession) -> None:
    """A method that a path does not have is a 405 that names those it has."""
    status, body = await _json(session, "PATCH", "/api/agent-api-keys")

    assert status == 405
    assert body["recommendation"] == "Use GET, POST."


@pytest.mark.parametrize("path", ["/index.html", "/clients", "/apis"])
async def test_outside_of_the_api(session: aiohttp.ClientSession, path: str) -> None:
    """Outside of /api and the console there is the gateway's HTML page alone."""
    async with session.get(path) as response:
        assert (response.status, response.content_type) == (404, "text/html")


async def test_body_too_large(session: aiohttp.ClientSession) -> None:
    """A request body that the server does not take is refused by the gateway."""
    data = io.BytesIO(b'{"username":"' + b"a" * 1_100_000 + b'"}')
    headers = {"Content-Type": "application/json"}
    async with session.post("/api/auth", data=data, headers=headers) as response:
        assert (response.status, response.content_type) == (413, "text/html")


async def test_failure_inside(
    session: aiohttp.ClientSession,
    by_key: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A mistake of the emulator itself is a 500 as the service words it, and is logged."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Store, "clients", fail)
    with caplog.at_level(logging.ERROR):
        async with session.get("/api/clients", headers=by_key) as response:
            assert response.status == 500
            assert (await response.json())["errorType"] == "internal_error"
    assert "GET /api/clients failed" in caplog.text


async def test_requests_are_numbered(emulator: Emulator, session: aiohttp.ClientSession) -> None:
    """Errors of one emulator have different request ids."""
    ids = {(await _json(session, "GET", "/api/nothing"))[1]["requestId"] for _ in range(3)}

    assert len(ids) == 3
    assert emulator.log.count(status=404) == 3
