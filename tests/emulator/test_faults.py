"""Fault rules: which requests meet them, and what the client then gets."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import AsyncGenerator, Callable
from typing import Any

import aiohttp
import anyio
import msgspec
import pytest

from leadgenius_async.emulator import Emulator, Fault, faults
from leadgenius_async.emulator.faults.kinds import When

LIST = "/api/enrich-leads/list"
CLIENTS = "/api/clients"
SAMPLE = {"success": True, "data": []}


@pytest.fixture
async def started_with_key(started: Any) -> AsyncGenerator[tuple[Emulator, aiohttp.ClientSession]]:
    """An emulator with a few rows, and a session that has its key and follows nothing."""
    async with started(leads=20) as (emulator, _):
        ready = emulator.ready
        async with aiohttp.ClientSession(
            emulator.base_url,
            headers={"x-api-key": ready.api_key, "x-user-id": ready.user_id},
            timeout=aiohttp.ClientTimeout(total=5),
        ) as session:
            yield emulator, session


Started = tuple[Emulator, aiohttp.ClientSession]


async def _get(session: aiohttp.ClientSession, path: str = CLIENTS) -> tuple[int, Any, bytes]:
    """Status, headers and body of an answer."""
    async with session.get(path, allow_redirects=False, auto_decompress=False) as response:
        return response.status, response.headers, await response.read()


async def _statuses(session: aiohttp.ClientSession, *paths: str) -> list[int]:
    return [(await _get(session, path))[0] for path in paths]


@pytest.mark.parametrize(
    ("match", "statuses"),
    [
        ({}, [503, 503, 503, 503]),
        ({"path": CLIENTS}, [503, 200, 503, 503]),
        ({"path": "/api/s*"}, [200, 503, 200, 200]),
        ({"method": "POST"}, [200, 200, 200, 200]),
        ({"nth": 2}, [200, 503, 200, 200]),
        ({"path": CLIENTS, "nth": 2}, [200, 200, 503, 200]),
        ({"since": 3}, [200, 200, 503, 503]),
        ({"times": 3}, [503, 503, 503, 200]),
        ({"since": 2, "times": 1}, [200, 503, 200, 200]),
        ({"probability": 0.0}, [200, 200, 200, 200]),
        ({"client": "nobody"}, [200, 200, 200, 200]),
    ],
)
async def test_which_requests_match(
    started_with_key: Started, match: dict[str, Any], statuses: list[int]
) -> None:
    """By method, path, place among those that match, and number of hits."""
    emulator, session = started_with_key
    rule = emulator.faults.add(faults.status(503), **match)
    paths = [CLIENTS, "/api/settings/enrichment", CLIENTS, CLIENTS]
    before = [404 if path != CLIENTS else 200 for path in paths]
    expected = [
        503 if status == 503 else usual for status, usual in zip(statuses, before, strict=True)
    ]
    assert await _statuses(session, *paths) == expected
    assert rule.hits == statuses.count(503)


async def test_by_client(started_with_key: Started) -> None:
    """A client is named by the query, by the body, or by a lead of a batch."""
    emulator, session = started_with_key
    first, second, _ = (client.client_id for client in emulator.ready.clients)
    rule = emulator.faults.add(faults.status(503), client=second)
    lead = {"email": "a@b.example"}
    for client, status in ((first, False), (second, True)):
        for call in (
            session.get("/api/leads", params={"client_id": client}),
            session.get(LIST, params={"companyId": "company-1", "clientId": client}),
            session.post("/api/leads", json={**lead, "client_id": client}),
            session.post("/api/leads", json={"leads": [{**lead, "client_id": client}]}),
        ):
            async with call as response:
                assert (response.status == 503) == status
    assert (rule.calls, rule.hits) == (4, 4)


async def test_the_first_rule_acts_and_all_count(started_with_key: Started) -> None:
    """A request meets one fault; rules can be looked at, and cleared while it runs."""
    emulator, session = started_with_key
    emulator.faults.add(faults.status(500), nth=1)
    emulator.faults.add(faults.status(502), times=1)
    assert await _statuses(session, CLIENTS, CLIENTS, CLIENTS) == [500, 502, 200]
    assert [(placed.calls, placed.hits) for placed in emulator.faults] == [(3, 1), (3, 1)]
    assert "1 hits of 3 calls" in repr(next(iter(emulator.faults)))
    assert len(emulator.faults) == 2
    emulator.faults.add(faults.status(500))
    emulator.faults.clear()
    assert await _statuses(session, CLIENTS) == [200]


async def _drawn(started: Any, seed: int) -> tuple[list[int], bytes]:
    async with started(seed=seed) as (emulator, session):
        emulator.faults.add(faults.status(503), probability=0.5)
        emulator.faults.add(faults.garbage(), probability=0.3)
        ready = emulator.ready
        session.headers.update({"x-api-key": ready.api_key, "x-user-id": ready.user_id})
        statuses = await _statuses(session, *[CLIENTS] * 30)
        return statuses, emulator.log.transcript()


async def test_the_seed_decides(started: Any) -> None:
    """The same calls meet the same faults, and leave the same transcript."""
    first, again, other = [await _drawn(started, seed) for seed in (1, 1, 2)]
    assert first == again
    assert first != other
    assert 5 < first[0].count(503) < 25
    assert b"garbage" in first[1]


@pytest.mark.parametrize(
    ("fault", "status", "says", "headers"),
    [
        (faults.status(503, retry_after=2), 503, b'"success":false', {"Retry-After": "2"}),
        (faults.status(429, retry_after="abc", headers={"X-A": "1"}), 429, b"fault",
         {"Retry-After": "abc", "X-A": "1"}),
        (faults.status(502, body="html"), 502, b"<html>",
         {"Content-Type": "text/html; charset=utf-8"}),
        (faults.status(418, body="none"), 418, b"", {}),
        (faults.status(599), 599, b"", {}),
        (faults.rate_limited(), 403, b'"code":"RATE_LIMITED"', {}),
        (faults.rate_limited(503, retry_after=1), 503, b'"errorType":"RATE_LIMITED"',
         {"Retry-After": "1"}),
        (faults.redirect("https://elsewhere.example/x", 308), 308, b"",
         {"Location": "https://elsewhere.example/x"}),
        (faults.failure("no"), 200, b'"error":"no"', {"Content-Type": "application/json"}),
        (faults.empty(), 204, b"", {}),
        (faults.empty(200), 200, b"", {"Content-Length": "0"}),
        (faults.content(b"<html>", content_type="text/html"), 200, b"<html>",
         {"Content-Type": "text/html"}),
    ],
)  # fmt: skip
async def test_other_answers(
    started_with_key: Started, fault: Fault, status: int, says: bytes, headers: dict[str, str]
) -> None:
    """What a rule answers in place of the service is what it was asked for."""
    emulator, session = started_with_key
    emulator.faults.add(fault)
    answered, got, body = await _get(session)
    assert answered == status
    assert says in body
    assert {name: got[name] for name in headers} == headers
    [logged] = emulator.log
    assert (logged.status, logged.faults) == (status, (fault.kind,))


async def test_before_and_after(started_with_key: Started) -> None:
    """A fault before the service works leaves nothing behind, one after it the whole effect."""
    emulator, session = started_with_key
    client = emulator.ready.clients[0].client_id
    moments: dict[When, int] = {"before": 0, "after": 1}
    for when, stored in moments.items():
        for fault in (faults.status(500), faults.hang_up()):
            emulator.faults.clear()
            emulator.faults.add(fault, method="POST", when=when)
            lead = {"firstName": "Ada", "lastName": "Sample"}
            lead |= {"email": f"{when}-{fault.kind}@b.example", "client_id": client}
            try:
                async with session.post("/api/leads", json=lead) as response:
                    assert response.status == 500
            except aiohttp.ServerDisconnectedError:
                assert fault == faults.hang_up()
            assert emulator.created("email")[lead["email"],] == stored
    assert [logged.status for logged in emulator.log] == [500, 0, 500, 0]


async def test_headers(started: Any) -> None:
    """Headers of the service's own answer are set or dropped; the limiter has counted."""
    async with started(rate=5) as (emulator, session):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        emulator.faults.add(
            faults.headers({"Age": "7"}, ("x-ratelimit-*", "content-type")), times=1
        )
        async with session.get(CLIENTS, headers=key) as response:
            assert response.status == 200
            assert response.headers["Age"] == "7"
            assert not [name for name in response.headers if name.startswith("X-Rate")]
        async with session.get(CLIENTS, headers=key) as response:
            assert response.headers["X-RateLimit-Remaining"] == "3"


Spoil = Callable[[bytes], bytes]
SPOILT: list[tuple[Fault, Spoil]] = [
    (faults.truncated(), lambda body: body[: len(body) // 2]),
    (faults.truncated(0), lambda _: b""),
    (faults.bom(), lambda body: b"\xef\xbb\xbf" + body),
    (faults.extra(after="xyz"), lambda body: body + b"xyz"),
    (faults.bad_utf8(), lambda body: body.replace(b':"', b':"\xff', 1)),
    (faults.deep(3), lambda _: b'{"success":true,"data":[[[]]]}'),
    (faults.encoding("br"), lambda body: body),
    (faults.delay(0.01), lambda body: body),
]


@pytest.mark.parametrize(("fault", "spoilt"), SPOILT)
async def test_bodies(started_with_key: Started, fault: Fault, spoilt: Spoil) -> None:
    """The service's own body is spoilt; its length agrees."""
    emulator, session = started_with_key
    _, _, body = await _get(session)
    emulator.faults.add(fault)
    status, headers, got = await _get(session)
    assert (status, got) == (200, spoilt(body))
    assert headers["Content-Length"] == str(len(got))
    assert headers.get("Content-Encoding") == ("br" if fault == faults.encoding("br") else None)


async def test_garbage(started_with_key: Started) -> None:
    """It is as long as asked for, and another one for each request."""
    emulator, session = started_with_key
    emulator.faults.add(faults.garbage(50))
    first, second = [(await _get(session))[2] for _ in range(2)]
    assert len(first) == len(second) == 50
    assert first != second


@pytest.mark.parametrize("how", ["corrupt", "cut", "members"])
async def test_gzip(started_with_key: Started, how: Any) -> None:
    """Two members are a right body; the others are not."""
    emulator, session = started_with_key
    _, _, body = await _get(session)
    emulator.faults.add(faults.gzip(how))
    _, headers, got = await _get(session)
    assert headers["Content-Encoding"] == "gzip"
    if how == "members":
        assert gzip.decompress(got) == body
        return
    with pytest.raises((OSError, EOFError, zlib.error)):
        gzip.decompress(got)


@pytest.mark.parametrize("size", [26, 1000, 5_000_000])
async def test_a_bomb_is_right_json(started_with_key: Started, size: int) -> None:
    """It is small on the wire and of the size that was asked for; plain it is as large."""
    emulator, session = started_with_key
    emulator.faults.add(faults.bomb(size), nth=1)
    emulator.faults.add(faults.huge(size), nth=2)
    _, headers, packed = await _get(session)
    assert headers["Content-Encoding"] == "gzip"
    assert len(packed) < 500 + size // 500
    _, _, plain = await _get(session)
    assert gzip.decompress(packed) == plain
    assert len(plain) == size
    assert msgspec.json.decode(plain) == SAMPLE


async def test_a_delay(started_with_key: Started) -> None:
    """Any fault can be late; an emulator that stops waits for none."""
    emulator, session = started_with_key
    emulator.faults.add(faults.status(500), delay=0.05, nth=1)
    emulator.faults.add(faults.delay(0.05), nth=2)
    emulator.faults.add(faults.delay(60), nth=3)
    for status in (500, 200):
        begun = time.monotonic()
        assert await _statuses(session, CLIENTS) == [status]
        assert time.monotonic() - begun >= 0.05
    begun = time.monotonic()
    async with anyio.create_task_group() as group:
        group.start_soon(_statuses, session, CLIENTS)
        await anyio.sleep(0.02)
        emulator.faults.stopped.set()
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"nth": 0}, "nth=0 is not allowed"),
        ({"times": "two"}, "times='two' is not allowed"),
        ({"probability": 1.5}, "probability=1.5 is not allowed"),
        ({"when": "never"}, "when='never' is not allowed"),
        ({"path": "api"}, "path='api' is not allowed: give one that begins with / or"),
        ({"delay": -1}, "delay=-1 is not allowed"),
    ],
)
async def test_wrong_rules(options: Any, says: str) -> None:
    """They are refused when they are added, by name and value."""
    with pytest.raises(ValueError, match=says.replace("*", r"\*")):
        Emulator(leads=0).faults.add(faults.hang_up(), **options)


@pytest.mark.parametrize(
    ("make", "value", "says"),
    [
        (faults.status, 99, "status=99 is not allowed"),
        (faults.status, "503", "status='503' is not allowed"),
        (faults.truncated, 2.0, "share=2.0 is not allowed"),
        (faults.chunked, "x", "how='x' is not allowed: give bad_size or no_end"),
        (faults.dribble, 0, "speed=0 is not allowed"),
        (Emulator(leads=0).faults.add, "hang_up", "fault='hang_up' is not allowed"),
    ],
)
def test_wrong_faults(make: Callable[[Any], object], value: object, says: str) -> None:
    """The same for the faults themselves."""
    with pytest.raises(ValueError, match=says):
        make(value)
