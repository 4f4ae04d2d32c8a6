"""The network below HTTP: names, dialling, and lines too slow for what is asked."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NoReturn

import msgspec
import pytest
from wire import Wire, reply, reset, then_close, transport_to

from leadgenius_async import _settings, errors
from leadgenius_async._extract import chain as chain_module
from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.chain import Chain
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import make_query
from leadgenius_async._http import auth, wire as wire_module
from leadgenius_async._http.call import NO_CREDENTIALS, Call, Kind, Meter
from leadgenius_async._secret import Secret

GET = Call(method="GET", path="/x", takes=NO_CREDENTIALS, query={"email": "a@b.example"},
           repeatable=True)  # fmt: skip
POST = Call(method="POST", path="/x", takes=NO_CREDENTIALS, body=b'{"a":1}')


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test wait between tries."""

    def backoff(_tries: int) -> float:
        return 0.0

    monkeypatch.setattr("leadgenius_async._http.retry.backoff", backoff)
    monkeypatch.setattr(chain_module, "backoff", backoff)


@pytest.mark.fault("N1")
@pytest.mark.parametrize("call", [GET, POST])
async def test_a_name_that_does_not_resolve_was_not_sent_to(
    monkeypatch: pytest.MonkeyPatch, call: Call
) -> None:
    """Any call is tried again; the error names the host and the reason, and no query value."""
    asked = 0

    def getaddrinfo(*_args: object, **_options: object) -> NoReturn:
        nonlocal asked
        asked += 1
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with transport_to("https://nowhere.example") as line:
        with pytest.raises(errors.ConnectionFailed, match="not known") as caught:
            await line.request(call)
    assert asked == caught.value.attempts == 5
    assert caught.value.outcome == "not_sent"
    assert "nowhere.example" in str(caught.value)
    assert "a@b" not in str(caught.value)


@pytest.mark.fault("N3")
async def test_dialling_in_vain_is_given_up_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where nobody answers the first packet, so many seconds a try, and nothing was sent."""
    monkeypatch.setattr(wire_module, "SOCK_CONNECT", 0.05)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:  # as many as the queue holds; the packets of others are dropped
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        async with transport_to(f"http://127.0.0.1:{full.getsockname()[1]}") as line:
            with pytest.raises(errors.ConnectionFailed) as caught:
                await line.request(POST)
        for one in waiting:
            one.close()
    assert (caught.value.attempts, caught.value.outcome) == (5, "not_sent")


def test_how_long_the_network_may_take() -> None:
    """Five seconds to connect, thirty without a byte, fifteen for an idle connection."""
    limits = (wire_module.SOCK_CONNECT, wire_module.SOCK_READ, wire_module.KEEP_ALIVE)
    assert limits == (5, 30, 15)


@asynccontextmanager
async def listening(
    act: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncGenerator[int, None]:
    """Listen, and let each connection be treated so."""
    server = await asyncio.start_server(act, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


@pytest.mark.fault("N5")
@pytest.mark.parametrize("heard", [0, 10])
async def test_a_reset_before_tls_stands_took_nothing_along(heard: int) -> None:
    """Any call is tried again; after the handshake, any loss counts as sent."""
    connections = 0

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read(heard)
        await reset(writer)

    async with listening(act) as port:
        async with transport_to(f"https://127.0.0.1:{port}") as line:
            with pytest.raises(errors.ConnectionFailed, match="cannot connect") as caught:
                await line.request(POST)
        assert (caught.value.outcome, connections) == ("not_sent", 5)
        async with transport_to(f"http://127.0.0.1:{port}") as line:
            with pytest.raises(errors.OutcomeUnknown):
                await line.request(POST)
        assert connections == 6


@pytest.mark.fault("N13")
async def test_a_page_too_large_for_a_slow_line_is_asked_for_with_fewer_rows() -> None:
    """Halved while it does not come in time; the line then carries the whole chain."""
    speed = 40_000.0  # bytes a second
    asked: list[int] = []

    async def act(writer: asyncio.StreamWriter) -> None:
        found = re.search(r"limit=(\d+)", wire.requests[-1].target)
        assert found
        asked.append(int(found[1]))
        rows = [{"id": f"{n:0>90}"} for n in range(asked[-1])]
        data = reply(body=msgspec.json.encode({"data": rows, "nextToken": None}))
        for place in range(0, len(data), 2000):
            writer.write(data[place : place + 2000])
            await writer.drain()
            await asyncio.sleep(2000 / speed)

    credentials: dict[Kind, auth.Credential] = {Kind.API_KEY: auth.api_key(Secret("k"), "user-1")}
    query = make_query("enrich_leads", company_id="c1", fields=["id"], page_size=800)
    async with Wire(act) as wire, transport_to(wire.url, credentials, timeout=0.6) as line:
        chain = Chain(
            line,
            query,
            Partition("enrich_leads", None),
            page_size=PageSize(query.read, fixed=800),
            budget=ByteBudget(2**20),
            meter=Meter(),
        )
        pages = [page.size async for page in chain.pages()]
    assert asked == [800 // 2**n for n in range(len(asked))]
    assert 2 <= len(asked) <= 4
    assert len(pages) == 1


# Proxies


PROXY = "http://agent:canary-password@127.0.0.1:{}"
KEYED = Call(method="POST", path="/x", takes=(Kind.API_KEY,), body=b"{}")
HELD: dict[Kind, auth.Credential] = {Kind.API_KEY: auth.api_key(Secret("canary-key"), "user-1")}


def through(wire: Wire) -> Secret:
    return Secret(PROXY.format(wire.url.rpartition(":")[2]))


@pytest.mark.fault("N14")
@pytest.mark.parametrize(("status", "tries"), [(407, 1), (403, 1), (502, 5), (503, 5)])
async def test_a_proxy_that_refuses_is_an_error_of_its_own(status: int, tries: int) -> None:
    """Nothing of the call was sent; the service's keys do not reach it, nor does it print."""
    async with Wire(then_close(reply(status))) as proxy:
        line = transport_to("https://x.example", HELD, proxy=through(proxy))
        async with line as transport:
            with pytest.raises(errors.ProxyFailed, match=str(status)) as caught:
                await transport.request(KEYED)
    assert caught.value.outcome == ("rejected" if tries == 1 else "not_sent")
    assert {request.method for request in proxy.requests} == {"CONNECT"}
    assert len(proxy.requests) == tries
    for request in proxy.requests:
        assert request.target == "x.example:443"
        assert request.headers["proxy-authorization"].startswith("Basic ")
        assert "x-api-key" not in request.headers
    assert "canary" not in str(caught.value)


@pytest.mark.fault("N14")
@pytest.mark.parametrize("url", ["https://x.example", "http://127.0.0.1:1"])
async def test_a_proxy_that_is_gone_is_said_to_be(url: str) -> None:
    """It is tried again, as any connection that failed."""
    async with Wire(reply()) as proxy:
        pass
    async with transport_to(url, HELD, proxy=through(proxy)) as line:
        with pytest.raises(errors.ProxyFailed, match="LEADGENIUS_PROXY") as caught:
            await line.request(KEYED)
    assert (caught.value.attempts, caught.value.outcome) == (5, "not_sent")


@pytest.mark.fault("N14")
async def test_a_proxy_may_answer_in_the_services_place() -> None:
    """Without TLS, as to an emulator, it sees the request whole; its 407 is its own."""
    async with (
        Wire(reply(407), reply()) as proxy,
        transport_to("http://127.0.0.1:1", HELD, proxy=through(proxy)) as line,
    ):
        with pytest.raises(errors.ProxyFailed, match="user and password"):
            await line.request(KEYED)
        assert (await line.request(KEYED)).status == 200
    assert proxy.requests[1].target == "http://127.0.0.1:1/api/x"


@pytest.mark.fault("N14")
def test_a_proxy_is_named_by_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """By `proxy` or LEADGENIUS_PROXY; a wrong one is refused, and its password is not shown."""
    assert _settings.load().proxy is None
    monkeypatch.setenv("LEADGENIUS_PROXY", "http://a:canary@proxy.example:3128")
    assert _settings.load().proxy == Secret("http://a:canary@proxy.example:3128")
    for wrong in ("socks5://a:canary@x.example", "canary", "http://a:canary@:80", "http://[canary"):
        monkeypatch.setenv("LEADGENIUS_PROXY", wrong)
        with pytest.raises(errors.ConfigurationError, match="proxy") as caught:
            _settings.load()
        assert "canary" not in str(caught.value)
