"""The emulator is steered by those alone who have its token, and answers to its own name alone."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import msgspec
import pytest
from yarl import URL

from leadgenius_async.emulator import Emulator

FAULTS, CLOCK, LOG = "/__lg__/faults", "/__lg__/clock", "/__lg__/log"


@pytest.fixture
def token(emulator: Emulator) -> dict[str, str]:
    return {"X-Emulator-Token": emulator.ready.control_token}


async def _call(
    session: aiohttp.ClientSession,
    method: str,
    path: str,
    token: dict[str, str],
    body: object = None,
) -> Any:
    async with session.request(method, path, headers=token, json=body) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_faults(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """They are added as JSON or as text, listed with their hits, and cleared."""
    rule = {"path": "/api/clients", "nth": 2, "fault": {"kind": "status", "status": 503}}
    added = await _call(session, "POST", FAULTS, token, rule)
    assert (added["nth"], added["hits"]) == (2, 0)
    await _call(session, "POST", FAULTS, token, "GET /api/leads hang_up")
    for status in (401, 503):
        async with session.get("/api/clients") as response:
            assert response.status == status
    first, second = await _call(session, "GET", FAULTS, token)
    assert (first["calls"], first["hits"]) == (2, 1)
    assert second["fault"] == {"kind": "hang_up"}
    assert await _call(session, "DELETE", FAULTS, token) == []
    assert len(emulator.faults) == 0


async def test_clock(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """It is read, and turned forward."""
    before = (await _call(session, "GET", CLOCK, token))["now"]
    after = (await _call(session, "POST", CLOCK, token, {"advance": 3_600}))["now"]
    assert 3_600 <= after - before < 3_605
    assert emulator.clock.now() >= after


async def test_log(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """It is read whole or as a transcript, without what steers the emulator, and is reset."""
    async with session.get("/api/clients"):
        pass
    [logged] = await _call(session, "GET", LOG, token)
    assert (logged["path"], logged["status"]) == ("/api/clients", 401)
    told = await _call(session, "GET", "/__lg__/transcript", token)
    assert told == msgspec.json.decode(emulator.log.transcript())
    await _call(session, "DELETE", LOG, token)
    assert len(emulator.log) == 0


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        (FAULTS, {"fault": {"kind": "status", "status": 99}}, "`int` >= 200 - at `$.fault.status`"),
        (FAULTS, {"fault": {"kind": "status", "stat": 1}}, "unknown field `stat`"),
        (FAULTS, {"fault": {"kind": "smoke"}}, "smoke"),
        (FAULTS, {"nth": 1}, "fault"),
        (FAULTS, "GET /x smoke", "give one of status, failure"),
        (CLOCK, {"advance": -1}, "turn the clock back"),
        (CLOCK, {"advance": 1e13}, "turn the clock to the year 9999"),
        (CLOCK, {}, "advance"),
    ],
)
async def test_wrong_calls(
    session: aiohttp.ClientSession, token: dict[str, str], path: str, body: object, says: str
) -> None:
    """They are refused with what is wrong."""
    async with session.post(path, headers=token, json=body) as response:
        assert response.status == 400
        assert says in (await response.json())["error"]


async def test_no_such_call(session: aiohttp.ClientSession, token: dict[str, str]) -> None:
    """The refusal lists what there is."""
    async with session.put(LOG, headers=token) as response:
        assert response.status == 404
        assert "POST /__lg__/faults" in (await response.json())["error"]


@pytest.mark.parametrize("token", [{}, {"X-Emulator-Token": "wrong"}])
async def test_without_the_token(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """Nobody steers the emulator, or reads its log, without the token of this start."""
    for method, path in (("GET", LOG), ("DELETE", FAULTS), ("GET", "/__lg__/nothing")):
        async with session.request(method, path, headers=token) as response:
            assert response.status == 401
            assert emulator.ready.control_token not in await response.text()


async def test_a_token_that_is_no_text(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """It is a wrong one like others."""
    place = URL(emulator.base_url)
    reader, writer = await asyncio.open_connection(place.host, place.port)
    head = f"GET {LOG} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Emulator-Token: "
    writer.write(head.encode() + b"\xff\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 401")
    writer.close()
    await writer.wait_closed()
    assert not caplog.records


async def test_another_token_each_start(emulator: Emulator, started: Any) -> None:
    """A token of yesterday is none."""
    async with started() as (other, _):
        assert other.ready.control_token != emulator.ready.control_token


@pytest.mark.parametrize("path", ["/api/clients", LOG, "/elsewhere"])
async def test_another_host(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str], path: str
) -> None:
    """A request that names another host is not answered, whatever it asks."""
    port = emulator.base_url.rpartition(":")[2]
    for name in ("evil.example", "127.0.0.1.evil.example", "127.0.0.1:1", "[::1]]", ""):
        host = f"{name}:{port}"
        async with session.get(path, headers={**token, "Host": host}) as response:
            assert response.status == 421
            assert "give 127.0.0.1 or" in (await response.json())["error"]
    for host in (f"localhost:{port}", f"LOCALHOST:{port}", "[::1]:1", "127.0.0.1"):
        async with session.get(path, headers={**token, "Host": host}) as response:
            assert response.status != 421
    assert not [request for request in emulator.log if request.status == 421]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "some.example", ""])  # noqa: S104 - refused
def test_hosts_that_others_reach(host: str) -> None:
    """They need a word of their own."""
    with pytest.raises(ValueError, match=r"host=.* expose=True"):
        Emulator(host=host)
    Emulator(host=host, expose=True)


async def test_exposed(started: Any) -> None:
    """An emulator for other machines is called by names that it cannot know; the token stays."""
    async with started(expose=True) as (_, session):
        host = {"Host": "emulator.example:8080"}
        async with session.get("/api/clients", headers=host) as response:
            assert response.status == 401
        async with session.get(LOG, headers=host) as response:
            assert "X-Emulator-Token" in await response.text()


async def test_ipv6() -> None:
    """Its address is written with brackets, in its URL and as its host."""
    try:
        async with (
            Emulator(host="::1", leads=0, source_leads=0) as emulator,
            aiohttp.ClientSession(emulator.base_url) as session,
            session.get("/api/clients") as response,
        ):
            assert response.status == 401
    except OSError:
        pytest.skip("no IPv6 here")
