"""The emulator's console: a page for anyone, and figures for who has the token."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from yarl import URL

import leadgenius_async
from leadgenius_async.cli.emulator import exports
from leadgenius_async.emulator import Emulator
from leadgenius_async.emulator.choices import CHANGEABLE
from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.console.events import MOST_REQUESTS, MOST_STREAMS
from leadgenius_async.emulator.console.switches import SWITCHES
from leadgenius_async.emulator.faults import read_rule
from leadgenius_async.emulator.request_log import LoggedRequest

FAULTS, SWITCH, EVENTS = "/__lg__/faults", "/__lg__/switches", "/__lg__/events"
STATIC = Path(leadgenius_async.__file__).parent / "emulator" / "console" / "static"
#: Seconds after which a test that hears nothing has failed.
PATIENCE = 10.0
#: Bytes of a message that no socket holds.
UNREAD = 20_000_000


@pytest.fixture
def token(emulator: Emulator) -> dict[str, str]:
    return {"X-Emulator-Token": emulator.ready.control_token}


@asynccontextmanager
async def listening(
    session: aiohttp.ClientSession, token: dict[str, str]
) -> AsyncGenerator[AsyncIterator[Any]]:
    """Give the messages of a stream, which the page would show."""

    async def heard(response: aiohttp.ClientResponse) -> AsyncIterator[Any]:
        async for line in response.content:
            if line != b"\n":
                yield msgspec.json.decode(line.removeprefix(b"data: "))

    async with asyncio.timeout(PATIENCE), session.get(EVENTS, headers=token) as response:
        assert response.content_type == "text/event-stream"
        yield heard(response)


async def requests_of(messages: AsyncIterator[Any], count: int) -> list[Any]:
    """Return the requests of messages until there are so many."""
    found: list[Any] = []
    while len(found) < count:
        found += (await anext(messages)).get("requests", [])
    return found


def logged(path: str) -> LoggedRequest:
    return LoggedRequest(time.monotonic(), "GET", path, {}, 200, "company-1", None)


async def test_the_page_is_everyones(session: aiohttp.ClientSession) -> None:
    """It runs its own script and nothing else, is in no frame, and is kept nowhere."""
    async with session.get("/") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        policy = response.headers["Content-Security-Policy"]
        for part in ("default-src 'none'", "script-src 'self'", "style-src 'self'",
                     "connect-src 'self'", "frame-ancestors 'none'"):  # fmt: skip
            assert part in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        html = await response.text()
    assert not re.findall(r"<script>|style=|\son\w+=|https?://", html)


async def test_its_files(session: aiohttp.ClientSession) -> None:
    """All that the folder has is served, as what it is, and needs nothing from elsewhere."""
    names = {path.name for path in STATIC.iterdir()} - {"index.html"}
    types = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
    assert len(names) >= 3
    for name in names:
        async with session.get(f"/console/{name}") as response:
            assert response.status == 200
            assert response.content_type == types[name.rpartition(".")[2]]
            text = await response.text()
        assert "innerHTML" not in text
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text)


async def test_the_page_has_no_figures(emulator: Emulator, session: aiohttp.ClientSession) -> None:
    """Who has no token learns nothing from it."""
    async with session.get("/") as response:
        html = await response.text()
    for told in (emulator.ready.control_token, emulator.ready.api_key, "company-1"):
        assert told not in html


@pytest.mark.parametrize(
    "path",
    [
        "/console/../console/console.js",
        "/console/%2e%2e/page.py",
        "/console/..%2fpage.py",
        "/console/%2fetc/passwd",
        "/console//etc/passwd",
        "/console/page.py",
        "/console/",
        "/console/console.js/",
        "/index.html",
    ],
)
async def test_no_other_file(emulator: Emulator, path: str) -> None:
    """A path is looked up among the names that there are, and leads nowhere on the disk."""
    place = URL(emulator.base_url)
    reader, writer = await asyncio.open_connection(place.host, place.port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert (await reader.read()).startswith(b"HTTP/1.1 404")
    writer.close()
    await writer.wait_closed()


async def test_another_host(session: aiohttp.ClientSession, token: dict[str, str]) -> None:
    """A web page that gives itself this address has neither the page nor the events."""
    for path in ("/", "/console/console.js", EVENTS):
        async with session.get(path, headers={**token, "Host": "evil.example"}) as response:
            assert response.status == 421


@pytest.mark.parametrize("token", [{}, {"X-Emulator-Token": "wrong"}])
async def test_without_the_token(session: aiohttp.ClientSession, token: dict[str, str]) -> None:
    """No event, no switch and no rule is for who has none."""
    calls = (("GET", EVENTS), ("GET", SWITCH), ("POST", SWITCH), ("DELETE", f"{FAULTS}/1"))
    for method, path in calls:
        async with session.request(method, path, headers=token, json={"rate": 1}) as response:
            assert response.status == 401


async def test_its_address(emulator: Emulator, session: aiohttp.ClientSession) -> None:
    """The token is in the fragment, which no browser sends."""
    address = URL(emulator.console_url)
    assert address.fragment == f"token={emulator.ready.control_token}"
    assert emulator.ready.console_url == emulator.console_url
    async with session.get(address) as response:
        assert response.status == 200


async def test_requests_come_in_order(
    session: aiohttp.ClientSession, token: dict[str, str], by_key: dict[str, str]
) -> None:
    """Each is told once: those from before the page was opened, then those that follow."""
    paths = [f"/api/unknown/{n}" for n in range(20)]
    for path in paths[:5]:
        await session.get(path)
    async with listening(session, token) as messages:
        first = await anext(messages)
        assert [each["path"] for each in first["requests"]] == paths[:5]
        for path in paths[5:]:
            await session.get(path, headers=by_key)
        found = await requests_of(messages, 15)
        assert [each["path"] for each in found] == paths[5:]
        assert found[0]["status"] == 404
        assert abs(found[0]["at"] - time.time()) < PATIENCE


async def test_a_request_without_its_query(
    session: aiohttp.ClientSession, token: dict[str, str], by_key: dict[str, str]
) -> None:
    """An e-mail address that was asked for is not told, nor a key."""
    await session.get("/api/leads/find", params={"email": "ada@b.example"}, headers=by_key)
    async with session.get(EVENTS, headers=token) as response:
        said = await response.content.readline()
    assert b"/api/leads/find" in said
    assert b"ada" not in said


async def test_the_state(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """It has all tables, the clock, and each switch with what it is."""
    emulator.clock.advance(60)
    async with listening(session, token) as messages:
        first = await anext(messages)
    state, hello = first["state"], first["hello"]
    [one, two] = state["tables"]
    assert (one["company_id"], one["rows"], one["count"]) == ("company-1", [600, 200], 5)
    assert two["rows"] == [20, 20]
    assert sum(client["rows"][0] for client in one["clients"]) == 600
    assert 59 < state["ahead"] < 61
    assert set(state["switches"]) == set(CHANGEABLE)
    assert hello["accounts"][0]["api_key"] == emulator.ready.api_key
    assert "hang_up" in hello["faults"]


async def test_tables_follow_writes(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """What is written while the page is open is counted, under a client or none."""
    async with listening(session, token) as messages:
        await anext(messages)
        emulator.insert("enrich_leads", [{"client_id": "nobody's", "email": "a@b.example"}])
        async for message in messages:
            if message["state"]["tables"][0]["rows"] == [601, 200]:
                clients = message["state"]["tables"][0]["clients"]
                assert clients[-1] == {"client_id": "nobody's", "name": None, "rows": [1, 0]}
                return


async def test_the_gauge(started: Any) -> None:
    """How full each window is, by the limiter's own count, which looking does not change."""
    async with started(rate=10, rate_hour=50) as (emulator, session):
        ready = emulator.ready
        keys = {"x-api-key": ready.api_key, "x-user-id": ready.user_id}
        for _ in range(12):
            await session.get("/api/clients", headers=keys)
        async with listening(session, {"X-Emulator-Token": ready.control_token}) as messages:
            state = (await anext(messages))["state"]
        first, second = state["rates"]
        used = [(window["used"], window["limit"], window["window"]) for window in first["windows"]]
        assert used == [(10, 10, 60.0), (10, 50, 3600.0)]
        assert 0 < first["windows"][0]["reset"] - state["now"] <= 60
        assert second["windows"][0]["used"] == 0
        assert emulator.log.count(status=429) == 2


@pytest.mark.parametrize(
    ("options", "used"),
    [
        ({"rate_model": "fixed"}, (3, 10, None)),
        ({"rate_model": "first_request"}, (3, 10, None)),
        ({"rate_model": "weighted"}, (3, 10, None)),
        ({"rate_model": "bucket", "bucket_size": 5}, (3, 5, 10)),
    ],
)
async def test_the_gauge_of_each_model(
    started: Any, options: dict[str, Any], used: tuple[int, int, int | None]
) -> None:
    """Each tells how many requests it counts at present, and how many it takes."""
    async with started(rate=10, **options) as (emulator, session):
        keys = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        for _ in range(3):
            await session.get("/api/clients", headers=keys)
        async with listening(
            session, {"X-Emulator-Token": emulator.ready.control_token}
        ) as messages:
            [window] = (await anext(messages))["state"]["rates"][0]["windows"]
        assert (window["used"], window["limit"], window["refill"]) == used


async def test_it_leaves_no_trace(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """The console's own requests are in no log, count for no rate and meet no fault."""
    emulator.faults.place(read_rule("* * status=503"))
    for path in ("/", "/console/console.js", SWITCH):
        async with session.get(path, headers=token) as response:
            assert response.status == 200
            assert not [name for name in response.headers if "ratelimit" in name.lower()]
    async with listening(session, token) as messages:
        assert "requests" not in await anext(messages)
    assert len(emulator.log) == 0
    assert [placed.calls for placed in emulator.faults] == [0]


async def test_a_rule_over_the_wire(session: aiohttp.ClientSession, token: dict[str, str]) -> None:
    """It acts from when it is added until it is removed, and has the text that made it."""
    said = "GET /api/clients status=503 retry_after=2 times=9"
    async with session.post(FAULTS, headers=token, json=said) as response:
        added = await response.json()
    assert (added["text"], added["number"]) == (said, 1)
    async with session.get("/api/clients") as response:
        assert response.status == 503
    async with session.delete(f"{FAULTS}/{added['number']}", headers=token) as response:
        assert await response.json() == []
    async with session.get("/api/clients") as response:
        assert response.status == 401
    async with session.delete(f"{FAULTS}/1", headers=token) as response:
        assert response.status == 404


async def test_one_rule_of_several(emulator: Emulator) -> None:
    """The others stay, and keep their numbers."""
    first, second = (emulator.faults.place(read_rule(f"* /api/{n} hang_up")) for n in "ab")
    emulator.faults.remove(first)
    assert [placed.number for placed in emulator.faults] == [second.number] == [2]
    with pytest.raises(ValueError, match="none of the rules"):
        emulator.faults.remove(first)


async def test_a_switch_over_the_wire(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """It acts at once, beside those that Python has changed, and is told to Python too."""
    emulator.change(read_lag=1.5)
    async with session.post(SWITCH, headers=token, json={"login": "failing"}) as response:
        changed = await response.json()
    assert (changed["login"], changed["read_lag"]) == ("failing", 1.5)
    assert (emulator.config.login, emulator.config.read_lag) == ("failing", 1.5)
    emulator.change(read_lag=0.0)
    login = {"username": emulator.ready.username, "password": emulator.ready.password}
    async with session.post("/api/auth", json=login) as response:
        assert response.status == 500


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"login": "maybe"}, "login='maybe' is not allowed: give 'ok'"),
        ({"leads": 5}, "leads cannot be changed: give one of rate"),
        ({"lost_before": 2}, "lost_before=2 is not allowed"),
        ({"rate": None}, "rate=None is not allowed"),
        ({"refusal": 429.0}, "refusal=429.0 is not allowed: give 401 or 429"),
        ([], "Expected `object`"),
    ],
)
async def test_a_wrong_switch(
    emulator: Emulator,
    session: aiohttp.ClientSession,
    token: dict[str, str],
    body: object,
    says: str,
) -> None:
    """It is refused with what is allowed, and nothing is changed."""
    before = emulator.config
    async with session.post(SWITCH, headers=token, json=body) as response:
        assert response.status == 400
        assert says in (await response.json())["error"]
    assert emulator.config == before


async def test_a_number_without_measure(
    session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """It is refused like others that are too large."""
    body = b'{"read_lag": 1%b}' % (b"0" * 400)
    async with session.post(SWITCH, headers=token, data=body) as response:
        assert response.status == 400


def test_every_switch_is_described() -> None:
    """Each has a meaning and a default that it may have."""
    assert [switch.name for switch in SWITCHES] == list(CHANGEABLE)
    for switch in SWITCHES:
        assert switch.says
        assert switch.default == getattr(EmulatorConfig(), switch.name)
        assert switch.kind != "choice" or switch.default in switch.choices
        assert switch.default is not None or switch.empty


async def test_too_many_at_once(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """Of a burst the newest are told, and how many were left out."""
    async with listening(session, token) as messages:
        await anext(messages)
        for n in range(MOST_REQUESTS + 500):
            emulator.log.add(logged(f"/{n}"))
        message = await anext(messages)
        assert message["dropped"] == 500
        paths = [each["path"] for each in message["requests"]]
        assert (len(paths), paths[0], paths[-1]) == (MOST_REQUESTS, "/500", "/1499")
        assert message["total"] == MOST_REQUESTS + 500


async def test_a_cleared_log(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """What comes after is told, and counted on."""
    emulator.log.add(logged("/1"))
    async with listening(session, token) as messages:
        await anext(messages)
        emulator.log.clear()
        emulator.log.add(logged("/2"))
        async for message in messages:
            if "requests" in message:
                assert [each["path"] for each in message["requests"]] == ["/2"]
                assert (message["total"], len(emulator.log)) == (2, 1)
                return


@asynccontextmanager
async def deaf(emulator: Emulator) -> AsyncGenerator[asyncio.StreamReader]:
    """Open the stream and read its beginning alone; all the rest is more than sockets hold."""
    for n in range(200):
        emulator.log.add(dataclasses.replace(logged(f"/{n}"), account="x" * (UNREAD // 200)))
    place = URL(emulator.base_url)
    reader, writer = await asyncio.open_connection(place.host, place.port, limit=1024)
    head = f"GET {EVENTS} HTTP/1.1\r\nHost: localhost\r\n"
    writer.write(f"{head}X-Emulator-Token: {emulator.ready.control_token}\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE):
        await reader.readuntil(b"data: ")
        yield reader
    writer.close()


async def test_a_page_that_does_not_read(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """It holds up nobody else, and is told of the newest once it reads again."""
    async with deaf(emulator) as reader:
        emulator.log.clear()
        for n in range(MOST_REQUESTS + 500):
            emulator.log.add(logged(f"/{n}"))
        async with listening(session, token) as messages:
            await anext(messages)
            emulator.log.add(logged("/last"))
            assert [each["path"] for each in await requests_of(messages, 1)] == ["/last"]
        told = b""
        while b'"path":"/last"' not in told:
            told = told[-200_000:] + await reader.read(1 << 20)
    assert b'"dropped":501' in told
    assert b'"path":"/500"' not in told


async def test_the_stop_ends_streams() -> None:
    """A page hears the end at once, and the emulator waits for none."""
    emulator = Emulator(leads=0, source_leads=0, clients=1)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(emulator)
        token = {"X-Emulator-Token": emulator.ready.control_token}
        async with (
            aiohttp.ClientSession(emulator.base_url) as session,
            listening(session, token) as messages,
        ):
            await anext(messages)
            stopping = time.monotonic()
            await stack.aclose()
            assert time.monotonic() - stopping < 0.5
            assert not [message async for message in messages]


async def test_the_stop_leaves_a_page_that_does_not_read() -> None:
    """What it has not read is thrown away, and waited for neither."""
    emulator = Emulator(leads=0, source_leads=0, clients=1)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(emulator)
        async with deaf(emulator) as reader:
            stopping = time.monotonic()
            await stack.aclose()
            assert time.monotonic() - stopping < 0.5
            left = 0
            with suppress(ConnectionError):
                while part := await reader.read(1 << 20):
                    left += len(part)
            assert left < UNREAD / 2


async def test_pages_that_are_closed(
    emulator: Emulator,
    session: aiohttp.ClientSession,
    token: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They make room for others, and nothing is logged; there are never more than a few."""
    async with asyncio.timeout(PATIENCE):
        pages = [await session.get(EVENTS, headers=token) for _ in range(MOST_STREAMS)]
        async with session.get(EVENTS, headers=token) as response:
            assert response.status == 503
            assert "close one" in (await response.json())["error"]
        for page in pages:
            page.close()
        status = 503
        while status == 503:
            async with session.get(EVENTS, headers=token) as response:
                status = response.status
    assert status == 200
    assert len(emulator.log) == 0
    assert not [each.getMessage() for each in caplog.records if each.name == "aiohttp.server"]


async def test_the_lines_of_a_shell(
    emulator: Emulator, session: aiohttp.ClientSession, token: dict[str, str]
) -> None:
    """They are those of the command, with the company's key and the address of the page."""
    async with listening(session, token) as messages:
        one, two = (await anext(messages))["hello"]["accounts"]
    assert one["exports"] == exports(emulator)
    assert emulator.other.api_key in two["exports"]
    async with session.get(EVENTS, headers={**token, "Host": "localhost:8080"}) as response:
        told = msgspec.json.decode((await response.content.readline()).removeprefix(b"data: "))
    assert "=http://localhost:8080\n" in told["hello"]["accounts"][0]["exports"]
