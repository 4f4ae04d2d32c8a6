"""The wire: real sockets on this machine, and whatever may come back over them."""

from __future__ import annotations

import asyncio
import gzip
import math
import pickle
import random
import ssl
import sys
import traceback
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import anyio
import brotli  # type: ignore[import-untyped]
import pytest
from aiohttp import client_exceptions
from isal import isal_zlib
from multidict import CIMultiDict, CIMultiDictProxy
from wire import (
    Act,
    Wire,
    chunked,
    hang_up,
    in_pieces,
    one_chunk,
    reply,
    reset,
    say_nothing,
    then_close,
    transport_to,
)
from yarl import URL

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from leadgenius_async import Secret, errors
from leadgenius_async._http import auth, wire as wire_module
from leadgenius_async._http.call import (
    KEY_OR_SESSION,
    NO_CREDENTIALS,
    SESSION,
    SESSION_OR_KEY,
    Call,
    Kind,
    Meter,
    make_call,
)
from leadgenius_async._http.limiter import Gate
from leadgenius_async._http.transport import Transport
from leadgenius_async._version import __version__

GET = Call(method="GET", path="/x", takes=NO_CREDENTIALS, repeatable=True)
POST = Call(method="POST", path="/x", takes=NO_CREDENTIALS, body=b'{"a":1}')

API_KEY = "lgp_canary_of_the_api_key"
JWT = "canary-jwt-header.payload.signature"
COOKIE = "canary-of-a-browser-session"
HELD: dict[Kind, auth.Credential] = {
    Kind.API_KEY: auth.api_key(Secret(API_KEY), "user-1"),
    Kind.JWT: auth.Session(auth.Tokens(Secret(JWT))),
    Kind.COOKIES: auth.cookies(Secret(COOKIE), None),
}

#: Faults by name: what is answered, how a GET ends, and how often a GET is sent.
# The same each time: noise that begins like JSON would pass for it here.
NOISE = random.Random(7).randbytes(500)  # noqa: S311 - hides nothing

FAULTS: dict[str, tuple[bytes | Act, type[errors.LeadGeniusError], int]] = {
    # aiohttp sends a GET a second time by itself, so each of the five tries counts twice.
    "no answer": (hang_up, errors.ConnectionFailed, 10),
    "reset": (reset, errors.ConnectionFailed, 10),
    "half a head": (then_close(b"HTTP/1.1 200 OK\r\nConte"), errors.ConnectionFailed, 10),
    "short body": (then_close(reply(Content_Length="500")), errors.ProtocolError, 3),
    "bad chunk": (then_close(chunked(b"zz\r\n{}\r\n")), errors.ProtocolError, 3),
    "no last chunk": (then_close(chunked(b"2\r\n{}\r\n")), errors.ProtocolError, 3),
    "no HTTP": (then_close(b"SSH-2.0-OpenSSH\r\n\r\n"), errors.ProtocolError, 3),
    "two lengths": (
        then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
        errors.ProtocolError,
        3,
    ),
    "long header": (reply(X_Long="x" * 9000), errors.ProtocolError, 3),
    "many headers": (
        b"HTTP/1.1 200 OK\r\n%b\r\n" % b"".join(b"X-%d: x\r\n" % n for n in range(200)),
        errors.ProtocolError,
        3,
    ),
    "page": (
        reply(body=b"<html>Please log in</html>", Content_Type="text/html"),
        errors.ProtocolError,
        3,
    ),
    "nothing": (reply(body=b""), errors.ProtocolError, 3),
    "no gzip": (reply(Content_Encoding="gzip"), errors.ProtocolError, 3),
    "half a gzip": (
        reply(body=gzip.compress(NOISE)[:-20], Content_Encoding="gzip"),
        errors.ProtocolError,
        3,
    ),
    "no deflate": (reply(Content_Encoding="deflate"), errors.ProtocolError, 3),
    "half a JSON": (reply(body=b'{"leads":[{"id":"1"},{"id'), errors.ProtocolError, 3),
    "half a long JSON": (
        reply(body=b'{"leads":["' + b"x" * 2**19),
        errors.ProtocolError,
        3,
    ),
    "more than JSON": (reply(body=b'{"success":true}{}'), errors.ProtocolError, 3),
    "deep JSON": (reply(body=b'{"a":' + b"[" * 100_000), errors.ProtocolError, 3),
    "NaN": (reply(body=b'{"a":NaN}'), errors.ProtocolError, 3),
    "NUL": (reply(body=b'{"a":"\x00"}'), errors.ProtocolError, 3),
    "gzip and more": (
        reply(body=gzip.compress(b'{"a":[') + b"\x1f\x8b\x08" + bytes(40), Content_Encoding="gzip"),
        errors.ProtocolError,
        3,
    ),
    "gzip unsaid": (reply(body=gzip.compress(b"{}")), errors.ProtocolError, 3),
    "unknown coding": (
        reply(body=gzip.compress(b"{}"), Content_Encoding="x-zoo"),
        errors.ProtocolError,
        3,
    ),
    "another protocol": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        errors.ProtocolError,
        3,
    ),
    "408": (reply(408), errors.BadRequest, 5),
    "425": (reply(425), errors.BadRequest, 5),
    "500": (reply(500), errors.ServerError, 5),
    "502": (reply(502, b"<html>Bad Gateway</html>"), errors.ServerError, 5),
    "503": (reply(503), errors.ServerError, 5),
    "504": (reply(504, b""), errors.ServerError, 5),
}
#: Those of them after which nobody can tell whether the service got the request.
LOST = [
    name for name, (_, class_, _) in FAULTS.items() if not issubclass(class_, errors.APIStatusError)
]
#: The faults of docs/faults.md that they are.
IDS = {
    "N6": ("reset",),
    "N7": ("no answer", "half a head"),
    "N11": ("short body",),
    "H1": ("500",),
    "H3": ("502", "503", "504"),
    "H4": ("408", "425"),
    "H9": ("page",),
    "H10": ("nothing",),
    "H11": ("no HTTP", "two lengths", "long header", "many headers", "another protocol"),
    "P1": ("half a JSON", "half a long JSON"),
    "P2": ("more than JSON",),
    "P4": ("deep JSON",),
    "P6": ("no gzip", "half a gzip", "no deflate", "gzip and more", "gzip unsaid",
           "unknown coding"),
    "P7": ("NaN",),
    "P9": ("NUL",),
    "P10": ("bad chunk", "no last chunk"),
}  # fmt: skip


def each(names: Iterable[str]) -> list[Any]:
    """Return the faults of these names as parameters of a test, with their marks."""
    ids = {name: fault for fault, of in IDS.items() for name in of}
    return [pytest.param(name, marks=pytest.mark.fault(ids[name])) for name in names]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test wait between tries."""

    def backoff(_tries: int) -> float:
        return 0.0

    monkeypatch.setattr("leadgenius_async._http.retry.backoff", backoff)


class Slow(Gate):
    """A gate that stays shut for an hour after a 429."""

    def pause(self, seconds: float) -> None:
        super().pause(seconds + 3600.0)


# What is sent


async def test_a_request_goes_out_as_it_should() -> None:
    """Method, path below `/api`, encoded query, JSON body, and who is asking."""
    call = Call(
        method="PUT",
        path="/clients/a%2Fb%21",
        takes=NO_CREDENTIALS,
        query={"nextToken": "a+/=&ü", "limit": 5, "clientId": None},
        body=b'{"a":1}',
    )
    async with Wire(reply(X_Request_Id="r1")) as wire, transport_to(wire.url) as line:
        answer = await line.request(call)
    [request] = wire.requests
    assert request.method == "PUT"
    assert request.target == "/api/clients/a%2Fb%21?nextToken=a%2B/%3D%26%C3%BC&limit=5"
    assert request.body == b'{"a":1}'
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"] == f"leadgenius-async/{__version__}"
    assert (answer.status, answer.headers["x-request-id"]) == (200, "r1")


@pytest.mark.parametrize(
    ("takes", "held", "sent"),
    [
        (SESSION, [Kind.API_KEY, Kind.JWT, Kind.COOKIES], {"authorization": f"Bearer {JWT}"}),
        (SESSION, [Kind.API_KEY, Kind.COOKIES], {"cookie": f"accessToken={COOKIE}"}),
        (SESSION_OR_KEY, [Kind.API_KEY, Kind.JWT], {"authorization": f"Bearer {JWT}"}),
        (SESSION_OR_KEY, [Kind.API_KEY], {"x-api-key": API_KEY, "x-user-id": "user-1"}),
        (
            KEY_OR_SESSION,
            [Kind.API_KEY, Kind.JWT, Kind.COOKIES],
            {"x-api-key": API_KEY, "x-user-id": "user-1"},
        ),
        (KEY_OR_SESSION, [Kind.JWT, Kind.COOKIES], {"authorization": f"Bearer {JWT}"}),
        (NO_CREDENTIALS, [Kind.API_KEY, Kind.JWT, Kind.COOKIES], {}),
    ],
)
async def test_a_call_sends_only_the_kind_that_it_takes(
    takes: tuple[Kind, ...], held: list[Kind], sent: Mapping[str, str]
) -> None:
    """One kind of credentials, the best that both sides have, and no other."""
    credentials = {kind: HELD[kind] for kind in held}
    call = Call(method="GET", path="/x", takes=takes)
    async with Wire(reply()) as wire, transport_to(wire.url, credentials) as line:
        await line.request(call)
    names = {"authorization", "cookie", "x-api-key", "x-user-id", "proxy-authorization"}
    assert {k: v for k, v in wire.requests[0].headers.items() if k in names} == sent


@pytest.mark.parametrize(
    ("held", "says"),
    [([], "none were given"), ([Kind.API_KEY], "only API key was given")],
)
async def test_missing_credentials_are_found_before_sending(held: list[Kind], says: str) -> None:
    """The error names what the call takes, what is there, and what to do; nothing is sent."""
    credentials = {kind: HELD[kind] for kind in held}
    call = Call(method="GET", path="/company", takes=SESSION)
    async with Wire(reply()) as wire, transport_to(wire.url, credentials) as line:
        with pytest.raises(errors.CredentialsMissing, match=says) as caught:
            await line.request(call)
    assert "takes login or cookies" in str(caught.value)
    assert caught.value.outcome == "not_sent"
    assert not wire.requests


async def test_cookies_of_the_service_are_not_kept() -> None:
    """Nothing that one answer sets goes out with the next request."""
    async with Wire(reply(Set_Cookie="s=1; Path=/")) as wire, transport_to(wire.url) as line:
        await line.request(GET)
        await line.request(GET)
    assert all("cookie" not in request.headers for request in wire.requests)


@pytest.mark.fault("N14")
async def test_proxies_and_netrc_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither may see the credentials or add some of its own."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with Wire(reply()) as wire, transport_to(wire.url) as line:
        await line.request(GET)
    assert "authorization" not in wire.requests[0].headers


@pytest.mark.parametrize("path", ["/x\r\nX-Evil: 1", "/a b", "/ü", "/a/../b", "/a/./b", "/a#b"])
async def test_a_path_cannot_split_the_request_or_lead_elsewhere(path: str) -> None:
    """An id that was not quoted is the caller's mistake, and is not sent."""
    async with Wire(reply()) as wire, transport_to(wire.url) as line:
        with pytest.raises(ValueError, match="not a path"):
            await line.request(Call(method="GET", path=path, takes=NO_CREDENTIALS))
    assert not wire.requests


def test_make_call_knows_what_it_takes() -> None:
    """By method and path alone: credentials, query and whether it may be repeated."""
    call = make_call("get", "/enrich-leads/list?limit=5&x=", query={"limit": "9"})
    assert (call.method, call.path, call.repeatable) == ("GET", "/enrich-leads/list", True)
    assert call.takes == KEY_OR_SESSION
    assert call.query == {"limit": "9", "x": ""}
    assert make_call("POST", "api/auth", body=b"{}").takes == NO_CREDENTIALS
    assert make_call("POST", "/leads").takes == SESSION_OR_KEY
    assert not make_call("POST", "/leads").repeatable
    assert make_call("DELETE", "/leads?id=1").repeatable
    assert not make_call("DELETE", "/leads", body=b'{"ids":["1"]}').repeatable
    assert make_call("GET", "/x?a=1&a=2").query == {"a": ["1", "2"]}
    with pytest.raises(ValueError, match="URL"):
        make_call("GET", "https://elsewhere.example/x")


# Faults


@pytest.mark.parametrize("fault", each(FAULTS))
async def test_a_fault_ends_in_one_of_our_errors(fault: str) -> None:
    """A GET is sent again a few times; then the error has a class of its own."""
    answer, class_, sends = FAULTS[fault]
    meter = Meter()
    async with Wire(answer) as wire, transport_to(wire.url) as line:
        with pytest.raises(class_) as caught:
            await line.request(GET, meter=meter)
    assert type(caught.value) is class_
    assert len(wire.requests) == meter.sends == sends
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("fault", each(FAULTS))
async def test_a_get_outlives_a_fault(fault: str) -> None:
    """Whatever broke one answer, the next one counts."""
    async with Wire(FAULTS[fault][0], reply()) as wire, transport_to(wire.url) as line:
        assert (await line.request(GET)).body == b'{"success":true}'
    assert len(wire.requests) == 2


@pytest.mark.parametrize("fault", each(LOST))
async def test_a_create_is_sent_once(fault: str) -> None:
    """Once it may have reached the service, nobody sends it again, aiohttp included."""
    async with Wire(FAULTS[fault][0], reply()) as wire, transport_to(wire.url) as line:
        with pytest.raises(errors.OutcomeUnknown, match="look it up") as caught:
            await line.request(POST)
    assert caught.value.outcome == "unknown"
    assert len(wire.requests) == 1


@pytest.mark.fault("N2")
async def test_a_create_is_tried_again_while_the_connection_is_refused() -> None:
    """Nothing was sent, so it waits for the service to come back."""
    tries = 0

    async def dialling(_session: object, _context: SimpleNamespace, _params: object) -> None:
        nonlocal tries
        tries += 1
        if tries == 3:
            await wire.listen()

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_start.append(dialling)
    async with Wire(reply()) as wire:
        await wire.stop()
        async with transport_to(wire.url, trace_configs=[trace]) as line:
            await line.request(POST)
    assert (tries, len(wire.requests)) == (3, 1)


@pytest.mark.fault("N2")
async def test_a_refused_connection_is_reported_as_such() -> None:
    """Where, why, that nothing was sent, and how often it was tried."""
    async with Wire(reply()) as wire:
        pass
    async with transport_to(wire.url) as line:
        with pytest.raises(errors.ConnectionFailed, match="cannot connect") as caught:
            await line.request(POST)
    assert wire.url in str(caught.value)
    assert (caught.value.attempts, caught.value.outcome) == (5, "not_sent")


@pytest.mark.fault("N8")
@pytest.mark.parametrize("call", [GET, POST])
async def test_a_silent_service_is_given_up(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    """Without a byte for so long, the try is over, however long it may last as a whole."""
    monkeypatch.setattr(wire_module, "SOCK_READ", 0.05)
    class_ = errors.TimedOut if call is GET else errors.OutcomeUnknown
    async with Wire(say_nothing) as wire, transport_to(wire.url) as line:
        with pytest.raises(class_, match="no byte"):
            await line.request(call)
    assert len(wire.requests) == (5 if call is GET else 1)


@pytest.mark.fault("N8")
@pytest.mark.parametrize("limit", ["timeout", "deadline"])
async def test_a_create_that_hangs_is_sent_once(limit: str) -> None:
    """The headers had gone out when its time was up, so it may have happened."""
    options: dict[str, Any] = {limit: 0.2}
    async with Wire(say_nothing) as wire, transport_to(wire.url, **options) as line:
        with pytest.raises(errors.OutcomeUnknown, match=limit):
            await line.request(POST)
    assert len(wire.requests) == 1


@pytest.mark.fault("A4")
async def test_a_create_that_was_refused_is_not_lost_while_its_login_is_renewed() -> None:
    """Its 401 is an answer: when the refresh hangs, nothing has happened."""
    session = auth.Session(auth.Tokens(Secret("old"), refresh=Secret("refresh")))
    call = Call(method="POST", path="/x", takes=SESSION, body=b"{}")
    async with (
        Wire(reply(401), say_nothing) as wire,
        transport_to(wire.url, {Kind.JWT: session}) as line,
    ):
        session.bind(line.request)
        with pytest.raises(errors.DeadlineExceeded):
            await line.request(call, deadline=0.3)
    assert [request.target for request in wire.requests] == ["/api/x", "/api/auth/refresh"]


@pytest.mark.parametrize("call", [GET, POST])
async def test_a_call_that_only_queued_says_so(call: Call) -> None:
    """Its deadline ended at the gate: nothing was sent, and pacing is what it waited for."""
    async with (
        Wire(reply()) as wire,
        transport_to(wire.url, gate=Gate(1), deadline=0.1) as line,
    ):
        with pytest.raises(errors.QueuedTooLong, match=r"0\.1 s .*rate limit") as caught:
            await line.request(call)
    assert (caught.value.outcome, wire.requests) == ("not_sent", [])


async def test_a_call_whose_login_queued_says_so() -> None:
    """The login goes through the same gate, on the call's own time."""
    session = auth.Session(username="name", password=Secret("password"))
    call = Call(method="GET", path="/x", takes=SESSION, repeatable=True)
    async with (
        Wire(reply()) as wire,
        transport_to(wire.url, {Kind.JWT: session}, gate=Gate(1), deadline=0.1) as line,
    ):
        session.bind(line.request)
        with pytest.raises(errors.QueuedTooLong, match="GET /x"):
            await line.request(call)
    assert wire.requests == []


async def test_a_call_that_was_refused_and_then_queued_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a 429 the gate is shut; nobody claims that nothing was sent."""

    def at_once(_error: errors.RateLimited, _tries: int) -> float:
        return 0.0

    monkeypatch.setattr("leadgenius_async._http.retry._rate_limit_wait", at_once)
    call = Call(method="GET", path="/x", takes=(Kind.API_KEY,), repeatable=True)
    async with (
        Wire(reply(429), reply()) as wire,
        transport_to(wire.url, HELD, gate=Slow("off"), deadline=0.3) as line,
    ):
        with pytest.raises(errors.QueuedTooLong) as caught:
            await line.request(call)
    assert (caught.value.outcome, len(wire.requests)) == (None, 1)


async def test_a_deadline_that_ends_at_the_service_is_no_queue() -> None:
    """Slowness of the service is not told as pacing."""
    async with Wire(say_nothing) as wire, transport_to(wire.url, deadline=0.1) as line:
        with pytest.raises(errors.DeadlineExceeded) as caught:
            await line.request(GET)
    assert type(caught.value) is errors.DeadlineExceeded


async def test_a_permit_is_looked_at_again_when_a_connection_is_new() -> None:
    """Dialling may have used up its life."""

    class Slow(Gate):
        permits = 0

        def is_fresh(self, granted: float) -> bool:
            return super().is_fresh(granted) and wire.requests != []

        async def permit(self, by: float = math.inf) -> float:
            self.permits += 1
            return await super().permit(by)

    gate, meter = Slow("off"), Meter()
    async with Wire(reply()) as wire, transport_to(wire.url, gate=gate) as line:
        await line.request(GET, meter=meter)
        await line.request(GET, meter=meter)
    assert (gate.permits, meter.sends, wire.connections) == (1, 2, 1)


@pytest.mark.fault("N9")
async def test_a_dribble_is_ended_by_the_timeout() -> None:
    """One byte at a time keeps the socket alive, and not the try; the next one starts anew."""
    dribble = in_pieces(reply(), pause=0.05)
    async with Wire(dribble, reply()) as wire, transport_to(wire.url, timeout=0.3) as line:
        await line.request(GET)
    assert len(wire.requests) == wire.connections == 2


@pytest.mark.fault("N10")
async def test_an_answer_in_pieces_is_the_same() -> None:
    """Wherever the network cuts, within the head, a chunk or a character."""
    body = '{"name":"Žofia 🦊"}'.encode()
    answers = [in_pieces(reply(body=body)), in_pieces(one_chunk(body))]
    async with Wire(*answers) as wire, transport_to(wire.url) as line:
        assert (await line.request(GET)).body == body
        assert (await line.request(GET)).body == body


@pytest.mark.fault("N7", "N12")
async def test_a_get_that_aiohttp_sends_again_takes_another_permit() -> None:
    """A kept-alive socket that died: the re-send counts against the limit, and in the meter."""

    class Counting(Gate):
        permits = 0

        def at_once(self) -> float | None:
            self.permits += 1
            return super().at_once()

    gate, meter = Counting("off"), Meter()
    async with (
        Wire(reply(), hang_up, reply()) as wire,
        transport_to(wire.url, gate=gate) as line,
    ):
        await line.request(GET, meter=meter)
        await line.request(GET, meter=meter)
    assert (meter.sends, gate.permits, len(wire.requests)) == (3, 3, 3)
    assert wire.connections == 2
    assert meter.retries == 0  # the re-send is aiohttp's, within one try of ours


@pytest.mark.fault("N12")
async def test_a_create_on_a_dead_socket_is_of_unknown_outcome() -> None:
    """The client cannot tell when it died."""
    async with Wire(reply(), hang_up, reply()) as wire, transport_to(wire.url) as line:
        await line.request(GET)
        with pytest.raises(errors.OutcomeUnknown):
            await line.request(POST)
    assert len(wire.requests) == 2


# Answers


async def test_the_bytes_of_an_answer_are_counted_unpacked() -> None:
    """The meter says what was read, which is what memory is needed for."""
    body = b'{"a":"' + b"x" * 5000 + b'"}'
    packed = gzip.compress(body)
    meter = Meter()
    async with (
        Wire(reply(body=packed, Content_Encoding="gzip")) as wire,
        transport_to(wire.url) as line,
    ):
        answer = await line.request(GET, meter=meter)
    assert answer.body == body
    assert meter.wire_bytes == len(body)


@pytest.mark.fault("H10")
async def test_204_has_no_body() -> None:
    """It is a success without a word."""
    answers = (reply(204, b"", Content_Length=""), reply())
    async with Wire(*answers) as wire, transport_to(wire.url) as line:
        answer = await line.request(GET)
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.fault("H9", "P2")
@pytest.mark.parametrize(
    ("body", "ok"),
    [
        (b" \r\n\t{}", True),
        (b"\xef\xbb\xbf[]", True),
        (b"  ", False),
        (b"null", False),
        (b"x{", False),
    ],
)
async def test_an_answer_is_an_object_or_a_list(body: bytes, ok: bool) -> None:  # noqa: FBT001
    """Anything else is no answer of the service, whatever its content type says."""
    async with Wire(reply(body=body)) as wire, transport_to(wire.url) as line:
        if ok:
            assert (await line.request(GET)).body == body
        else:
            with pytest.raises(errors.ProtocolError, match="not JSON"):
                await line.request(GET)


@pytest.mark.fault("P11")
async def test_an_answer_above_the_cap_is_not_read_on() -> None:
    """With a length or without, the error names the cap and a way out; it is not tried again."""
    body = b"[" + b" " * 200_000 + b"]"
    for answer in (reply(body=body), one_chunk(body)):
        async with Wire(answer) as wire, transport_to(wire.url, max_body=100_000) as line:
            with pytest.raises(errors.BodyTooLarge, match=r"100,000 bytes.*smaller page"):
                await line.request(GET)
        assert len(wire.requests) == 1
    async with Wire(reply(body=body)) as wire, transport_to(wire.url, max_body=len(body)) as line:
        assert (await line.request(GET)).body == body


@contextmanager
def memory() -> Generator[list[int]]:
    """Give a list that gets the peak of the block's memory, in bytes."""
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
    finally:
        peak.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()


#: What packs a body, by the coding's name.
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
}


@pytest.fixture(params=[zlib, isal_zlib], ids=["zlib", "isal"])
def backend(request: pytest.FixtureRequest) -> Generator[None]:
    """What aiohttp unpacks gzip with."""
    aiohttp.set_zlib_backend(request.param)
    yield
    aiohttp.set_zlib_backend(zlib)  # pyright: ignore[reportArgumentType] # it reads constants


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("coding", PACKERS)
async def test_an_answer_may_be_packed(coding: str) -> None:
    """Each coding that is installed is asked for, and unpacked."""
    body = b'["' + random.Random(3).randbytes(2**18).hex().encode() + b'"]'  # noqa: S311
    answer = reply(body=PACKERS[coding](body), Content_Encoding=coding)
    async with Wire(answer) as wire, transport_to(wire.url) as line:
        assert (await line.request(GET)).body == body
    [request] = wire.requests
    assert coding in request.headers["accept-encoding"].split(", ")


@pytest.mark.fault("P5")
@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("coding", PACKERS)
async def test_a_bomb_does_not_go_off(coding: str) -> None:
    """64 kB that unpack to 64 MB are given up at a MiB: nothing honest unpacks so far."""
    bomb = PACKERS[coding](bytes(2**26))
    async with (
        Wire(reply(body=bomb, Content_Encoding=coding)) as wire,
        transport_to(wire.url) as line,
    ):
        with pytest.raises(errors.BodyTooLarge, match="200 times its size"), memory() as peak:
            await line.request(GET)
    assert len(wire.requests) == 1
    assert peak[0] < 16 * 2**20


@pytest.mark.fault("P5", "P11")
@pytest.mark.parametrize("over", [0, 2**16])
async def test_memory_stays_below_three_times_the_cap(over: int) -> None:
    """Whatever the answer packs, read whole or given up at the cap."""
    cap = 8 * 2**20
    noise = random.Random(3).randbytes(2**13).hex().encode()  # noqa: S311 - hides nothing
    body = b'["' + (noise * 1024)[: cap + over - 4] + b'"]'
    packed = gzip.compress(body, 1)
    assert len(packed) * wire_module.MAX_RATIO > len(body)
    del noise, body
    async with (
        Wire(reply(body=packed, Content_Encoding="gzip")) as wire,
        transport_to(wire.url, max_body=cap) as line,
    ):
        tracemalloc.start()
        try:
            assert len((await line.request(GET)).body) == cap
        except errors.BodyTooLarge:
            assert over
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 3 * cap


@pytest.mark.fault("P5", "P11")
async def test_the_wire_has_a_cap_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed or not, no more than so many bytes are taken from the network."""
    monkeypatch.setattr(wire_module, "MAX_WIRE", 100_000)
    for body in (b"[%b]" % (b" " * 2**18), NOISE * 400):
        async with Wire(reply(body=body)) as wire, transport_to(wire.url) as line:
            with pytest.raises(errors.BodyTooLarge, match=r"100,000 bytes on the wire"):
                await line.request(GET)
        assert len(wire.requests) == 1


@pytest.mark.fault("H7", "H8")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("call", [GET, POST])
async def test_a_redirect_is_never_followed(status: int, call: Call) -> None:
    """Neither another origin nor another path of this one sees a request, or a key."""
    keyed = Call(
        method=call.method,
        path="/x",
        takes=(Kind.API_KEY,),
        body=call.body,
        repeatable=call.repeatable,
    )
    async with Wire(reply()) as other:
        for target in (f"{other.url}/api/x", "/api/elsewhere"):
            async with (
                Wire(reply(status, Location=target)) as wire,
                transport_to(wire.url, HELD) as line,
            ):
                with pytest.raises(errors.UnexpectedRedirect, match=str(status)) as caught:
                    await line.request(keyed)
            assert len(wire.requests) == 1
            assert caught.value.outcome == (None if call is GET else "unknown")
    assert not other.connections


async def test_headers_of_any_answer_reach_the_gate() -> None:
    """Also those of an error: the account's real limit is adopted at once."""
    gate = Gate("premium")
    async with (
        Wire(reply(404, X_RateLimit_Limit="77")) as wire,
        transport_to(wire.url, gate=gate) as line,
    ):
        with pytest.raises(errors.NotFound):
            await line.request(GET, deadline=30)
    assert gate.limit == 77


@pytest.mark.fault("R1")
async def test_a_429_is_waited_out_and_sent_again() -> None:
    """Also for a create, since the service refused it unread."""
    limited = reply(429, b'{"success":false,"error":"slow down"}', Retry_After="1")
    call = Call(method="POST", path="/x", takes=(Kind.API_KEY,), body=b"{}")
    paused: list[float] = []

    class Watched(Gate):
        def pause(self, seconds: float) -> None:
            paused.append(seconds)  # and do not wait in real time

    async with (
        Wire(limited, reply()) as wire,
        transport_to(wire.url, HELD, gate=Watched("off")) as line,
    ):
        await line.request(call)
        assert paused == [1.0]
        wire.answers = [reply(429, Retry_After="3600")]
        with pytest.raises(errors.RateLimited) as caught:
            await line.request(call)
    assert caught.value.retry_after == 3600
    assert (paused, len(wire.requests)) == ([1.0, 3600.0], 3)


@pytest.mark.fault("H11")
async def test_what_comes_before_an_answer_is_passed_over() -> None:
    """A 100 or a 103 is not the answer yet."""
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    async with Wire(early + reply()) as wire, transport_to(wire.url) as line:
        assert (await line.request(GET)).status == 200
        assert (await line.request(POST)).status == 200
    assert len(wire.requests) == 2


@pytest.mark.fault("R8")
@pytest.mark.parametrize("status", [403, 503])
async def test_a_throttle_by_another_status_is_waited_out_by_all(status: int) -> None:
    """What its body calls `RATE_LIMITED` was refused unread: also a create is sent again."""
    throttled = reply(status, b'{"success":false,"code":"RATE_LIMITED"}', Retry_After="1")
    paused: list[float] = []

    class Watched(Gate):
        def pause(self, seconds: float) -> None:
            paused.append(seconds)

    call = Call(method="POST", path="/x", takes=(Kind.API_KEY,), body=b"{}")
    async with (
        Wire(throttled, reply()) as wire,
        transport_to(wire.url, HELD, gate=Watched("off")) as line,
    ):
        await line.request(call)
    assert (paused, len(wire.requests)) == ([1.0], 2)


# The connection


@pytest.mark.fault("N4")
async def test_a_wrong_certificate_is_final(tmp_path: Path) -> None:
    """A self-signed certificate is refused, once, before anything is sent."""
    (tmp_path / "server.pem").write_text(SELF_SIGNED)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.pem")
    async with Wire(reply(), tls=tls) as wire, transport_to(wire.url, HELD) as line:
        with pytest.raises(errors.TLSFailed, match="certificate") as caught:
            await line.request(GET)
    assert (caught.value.attempts, caught.value.outcome) == (1, "not_sent")
    assert not wire.requests


async def test_connections_are_kept_and_closed() -> None:
    """One connection serves one call after another; closing twice does no harm."""
    async with Wire(reply()) as wire, transport_to(wire.url) as line:
        for _ in range(3):
            await line.request(GET)
        assert wire.connections == 1
        await line.aclose()
        await line.aclose()


@pytest.mark.fault("C3")
async def test_a_cancelled_call_leaves_nothing_behind() -> None:
    """The next one finds the gate free and a connection of its own."""
    async with Wire(say_nothing, reply()) as wire, transport_to(wire.url) as line:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(line.request, GET)
            await wire.arrived.wait()
            tasks.cancel_scope.cancel()
        await line.request(GET)
    assert wire.connections == 2


async def test_the_callers_own_trace_hooks_run() -> None:
    """They see each request beside ours."""
    seen: list[str] = []

    async def started(
        _session: object, _context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        seen.append(params.url.path)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(started)
    async with Wire(reply()) as wire, transport_to(wire.url, trace_configs=[trace]) as line:
        await line.request(GET)
    assert seen == ["/api/x"]


# Secrets


def everything_said(error: BaseException) -> str:
    """Return all that a log, a debugger or a crash report could show of an error."""
    shown = [str(error), repr(error), str(vars(error))]
    seen: BaseException | None = error
    while seen is not None:
        lines = traceback.TracebackException.from_exception(seen, capture_locals=True).format()
        shown += [*lines, repr(seen), str(seen)]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(shown)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("fault", [*FAULTS, "redirect", "refused", "401", "dribble", "too large"])
async def test_no_error_gives_the_credentials_away(fault: str, kind: Kind) -> None:
    """Neither in its words nor in a traceback with locals, nor by what it was raised from."""
    others: dict[str, bytes | Act] = {
        "redirect": reply(302, Location="https://elsewhere.example"),
        "401": reply(401, b'{"error":"no"}'),
        "dribble": say_nothing,
        "too large": reply(body=b"[%b]" % (b" " * 2000)),
    }
    answer = FAULTS[fault][0] if fault in FAULTS else others.get(fault, hang_up)
    call = Call(method="POST", path="/x", takes=(kind,), body=b'{"a":1}')
    options: dict[str, Any] = {"timeout": 0.05, "max_body": 1000}
    async with Wire(answer) as wire, transport_to(wire.url, HELD, **options) as line:
        if fault == "refused":
            await wire.stop()
        with pytest.raises(errors.LeadGeniusError) as caught:
            await line.request(call)
    said = everything_said(caught.value)
    assert "canary" not in said
    copied = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert (str(copied), vars(copied)) == (str(caught.value), vars(caught.value))


async def by_wait_for(line: Transport, call: Call) -> None:
    await asyncio.wait_for(line.request(call), 0.05)


async def by_timeout(line: Transport, call: Call) -> None:
    async with asyncio.timeout(0.05):
        await line.request(call)


async def by_cancel(line: Transport, call: Call) -> None:
    task = asyncio.create_task(line.request(call))
    await asyncio.sleep(0.05)
    task.cancel()
    await task


async def by_another_task(line: Transport, call: Call) -> None:
    async def fail() -> None:
        await asyncio.sleep(0.05)
        raise ValueError

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(line.request(call))
        tasks.create_task(fail())


async def by_scope(line: Transport, call: Call) -> None:
    with anyio.fail_after(0.05):
        await line.request(call)


ENDS: list[tuple[Callable[[Transport, Call], Awaitable[None]], type[BaseException]]] = [
    (by_wait_for, TimeoutError),
    (by_timeout, TimeoutError),
    (by_cancel, asyncio.CancelledError),
    (by_another_task, ExceptionGroup),
    (by_scope, TimeoutError),
]


@pytest.mark.fault("C3")
@pytest.mark.parametrize(("end", "class_"), ENDS)
@pytest.mark.parametrize("where", ["no answer", "half a body", "at the gate"])
async def test_a_cancelled_call_does_not_give_the_credentials_away(
    end: Callable[[Transport, Call], Awaitable[None]],
    class_: type[BaseException],
    where: str,
) -> None:
    """Whatever ends it, and wherever: the frames of aiohttp hold the headers, and are not shown."""
    gate = Gate("off")
    if where == "at the gate":
        gate.pause(60)
    answer = reply(body=b'{"a":', Content_Length="500") if where == "half a body" else say_nothing
    call = Call(method="GET", path="/x", takes=(Kind.API_KEY,), repeatable=True)
    async with Wire(answer) as wire, transport_to(wire.url, HELD, gate=gate) as line:
        with pytest.raises(class_) as caught:
            await end(line, call)
    said = everything_said(caught.value)
    assert "_with_credentials" in said or class_ is ExceptionGroup  # it is the call's traceback
    assert "canary" not in said
    task = asyncio.current_task()
    assert task is not None
    assert class_ is not TimeoutError or not task.cancelling()


def an_instance_of(class_: type[BaseException]) -> Exception:
    """Return an error of aiohttp as it might come, with our headers inside where it has some."""
    headers = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {JWT}"}))
    url = URL("https://x.example/api/x")
    request = aiohttp.RequestInfo(url, "GET", headers, url)
    cause = OSError(101, "Network is unreachable")
    key: Any = SimpleNamespace(ssl=True, host="x.example", port=443, is_ssl=True)
    made: list[tuple[type[BaseException], tuple[Any, ...]]] = [
        (aiohttp.ServerFingerprintMismatch, (b"a", b"b", "x.example", 443)),
        (aiohttp.ClientConnectorCertificateError, (key, Exception("certificate"))),
        (client_exceptions.UnixClientConnectorError, ("/socket", key, cause)),
        (aiohttp.ClientConnectorError, (key, cause)),
        (aiohttp.ClientResponseError, (request, ())),
        (aiohttp.InvalidURL, (url,)),
        (aiohttp.ClientOSError, (104, "Connection reset by peer")),
        (Exception, ()),
    ]
    arguments = next(arguments for base, arguments in made if issubclass(class_, base))
    error = class_(*arguments)
    assert isinstance(error, Exception)
    return error


AIOHTTP_ERRORS = [
    class_
    for class_ in vars(client_exceptions).values()
    if isinstance(class_, type)
    and issubclass(class_, aiohttp.ClientError)
    and class_.__module__ == client_exceptions.__name__
]


@pytest.mark.parametrize("class_", [*AIOHTTP_ERRORS, TimeoutError, BrokenPipeError])
def test_each_error_of_aiohttp_becomes_one_of_ours(class_: type[BaseException]) -> None:
    """None gets out, since some print the request's headers; each says what happened."""
    error = an_instance_of(class_)
    own = wire_module.own_error(error, "https://x.example")
    assert "https://x.example" in str(own)
    assert "canary" not in everything_said(own)
    if isinstance(error, aiohttp.ClientSSLError):
        assert type(own) is errors.TLSFailed
    sent = not isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
    assert (own.outcome == "not_sent") is not sent


def test_there_are_errors_of_aiohttp() -> None:
    """The list above finds them, the two that hold headers included."""
    assert {aiohttp.ClientResponseError, aiohttp.ContentTypeError} < set(AIOHTTP_ERRORS)


SELF_SIGNED = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWEq+m0AviI5kJE5G
yPboJ8B0+jPEdqO9lDinnURm1R6hRANCAATvmRkaVLfmHWwSFD4wYxzw27leD39c
ahuPK4Z03yP9PIv4au1RmS7uXXNtP1yE6uCppyWP/XCErrOXpJab4ZTW
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUGQhAbQE6iZdyO8lEFOl+CAY7REIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDAxMzUxNFoYDzIxMjYxMDMx
MDEzNTE0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATvmRkaVLfmHWwSFD4wYxzw27leD39cahuPK4Z03yP9PIv4au1RmS7u
XXNtP1yE6uCppyWP/XCErrOXpJab4ZTWo28wbTAdBgNVHQ4EFgQUX3NKX+JlwxWC
h77EA+VJCunhtJgwHwYDVR0jBBgwFoAUX3NKX+JlwxWCh77EA+VJCunhtJgwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSAAwRQIhAIs0DLbFIzM2fcuQuJs3FjGANnhUfYodJPtkKJ/OodX5AiBb
piqNIbTZu4JI+9JC/xGsY/DIP+viE76+/9h4PwWzjw==
-----END CERTIFICATE-----
"""
