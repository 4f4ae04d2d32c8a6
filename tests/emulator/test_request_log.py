"""The log of requests."""

from __future__ import annotations

import time

import aiohttp
import msgspec
import pytest

from leadgenius_async.emulator import Emulator, LoggedRequest, RequestLog


async def test_what_is_logged(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """Each request is logged with time, query, status, account and rows, without what is secret."""
    before = time.monotonic()
    path = "/api/enrich-leads/list"
    query = {"companyId": "company-1", "limit": "3"}
    async with session.get(path, params=query, headers=by_key) as response:
        rows = len((await response.json())["data"])
    async with session.get("/api/clients") as response:
        pass
    lead = {"firstName": "Ada", "email": "ada@sample.example"}
    async with session.post("/api/leads", json=lead, headers=by_key) as response:
        pass

    listed, refused, created = emulator.log
    assert before <= listed.at <= refused.at <= time.monotonic()
    assert (listed.method, listed.path, listed.query) == ("GET", path, query)
    assert (listed.status, listed.account, listed.rows) == (200, "company-1", rows)
    assert (refused.status, refused.account, refused.rows) == (401, None, None)
    assert emulator.ready.api_key not in repr(listed)
    assert (listed.members, created.members) == ((), ("firstName", "email"))
    assert "ada@sample.example" not in repr(created)


def _log(*statuses: int) -> RequestLog:
    log = RequestLog()
    for status in statuses:
        log.add(LoggedRequest(0.0, "GET", f"/api/{status}", {}, status, None, None))
    return log


def test_count() -> None:
    """Requests are counted by status, by path, or all."""
    log = _log(200, 200, 404)

    assert len(log) == log.count() == 3
    assert log.count(status=200) == 2
    assert log.count(path="/api/404") == 1
    assert log.count(status=404, path="/api/200") == 0


def test_assert_no_429() -> None:
    """The check passes without a 429, and names the first one otherwise."""
    _log(200, 500).assert_no_429()
    with pytest.raises(AssertionError, match=r"request 2 of 3, GET /api/429.*; 2 were in all"):
        _log(200, 429, 429).assert_no_429()


def test_clear() -> None:
    """The log can begin anew."""
    log = _log(200, 404)
    log.clear()
    assert len(log) == 0


def test_the_last_alone() -> None:
    """With a limit older requests are forgotten, and counted on."""
    log = RequestLog()
    log.most = 20
    for status in range(200, 250):
        log.add(LoggedRequest(0.0, "GET", "/api/x", {}, status, None, None))
        assert [each.status for each in log][-20:] == list(range(200, status + 1))[-20:]
        assert len(log) <= 22
    assert log.total == 50
    assert [each.status for each in log.since(48)] == [248, 249]
    assert len(log.since(0)) == len(log)


def test_transcript() -> None:
    """It has all but times, and the value of a token that says when it expires."""
    log = RequestLog()
    for at, token in ((1.0, "now"), (2.0, "later")):
        query = {"limit": "5", "nextToken": token}
        log.add(LoggedRequest(at, "GET", "/api/x", query, 200, "company-1", 3, ("a",), ("hang",)))
    first, second = log.transcript().splitlines()
    assert first == second
    assert msgspec.json.decode(first) == {
        "method": "GET", "path": "/api/x", "query": {"limit": "5", "nextToken": ""}, "status": 200,
        "account": "company-1", "rows": 3, "members": ["a"], "faults": ["hang"],
    }  # fmt: skip
