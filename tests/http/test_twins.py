"""What a scan needs: another event loop uses the account too, at one pace and with one login."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from pathlib import Path

import anyio
import msgspec
import pytest

from leadgenius_async import Secret, errors
from leadgenius_async._http import shared_login
from leadgenius_async._http.auth import Session, Tokens
from leadgenius_async._http.call import Call, Reply
from leadgenius_async._http.limiter import Gate, Local, Shared
from leadgenius_async._http.shared_login import OwnLogin

#: Requests a minute, and so seconds between two of them.
RATE = 6000
SPACING = 60 / (0.985 * RATE)


# The pace


async def take(gate: Gate, count: int) -> None:
    for _ in range(count):
        await gate.permit()


def together(gate: Gate, count: int) -> float:
    """Let a gate here and its twin in another thread's loop take permits; return the seconds."""
    began = time.monotonic()
    other = threading.Thread(target=lambda: asyncio.run(take(gate.twin(), count)))
    other.start()
    asyncio.run(take(gate, count))
    other.join()
    return time.monotonic() - began


@pytest.mark.parametrize("shared", [True, False])
def test_two_loops_are_paced_as_one(tmp_path: Path, *, shared: bool) -> None:
    """Whether the book is a file or in memory alone; a number holds for both together."""
    gate = Gate(RATE, Shared("account", tmp_path) if shared else Local())
    assert together(gate, 20) >= 39 * SPACING


def test_both_go_on_alone_with_one_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file cannot be used, the process has one book still, and not one each."""

    def fail(*_args: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    gate = Gate(RATE, Shared("account", tmp_path))
    monkeypatch.setattr(os, "pread", fail)
    assert together(gate, 20) >= 39 * SPACING
    assert isinstance(gate.book, Local)
    assert gate.twin().book is gate.book


async def test_a_pause_holds_for_both() -> None:
    """A 429 that one of them met."""
    gate = Gate(RATE)
    gate.twin().refused(30.0, await gate.permit())
    assert gate.paused_for == pytest.approx(30.0, abs=1.0)


# The login


class Server:
    """Gives new tokens, by name or by each refresh token once."""

    def __init__(self) -> None:
        self.valid = "refresh-0"
        self.asked: list[str] = []

    async def __call__(self, call: Call) -> Reply:
        given = msgspec.json.decode(call.body or b"").get("refreshToken", self.valid)
        self.asked.append(call.path)
        await anyio.sleep(0.01)
        if given != self.valid:
            raise errors.AuthenticationError("this refresh token is dead")
        self.valid = f"refresh-{len(self.asked)}"
        tokens = {"accessToken": f"access-{len(self.asked)}", "refreshToken": self.valid}
        return Reply(200, {}, msgspec.json.encode({"tokens": tokens}))


def by_name(server: Server) -> Session:
    session = Session(username="me@company.example", password=Secret("long enough"))
    session.bind(server)
    return session


def with_tokens(server: Server) -> Session:
    session = Session(Tokens(Secret("access-0"), refresh=Secret("refresh-0")))
    session.bind(server)
    return session


async def test_one_login_by_name_serves_all() -> None:
    """Twins that come before and after it, and the session that they are of."""
    server = Server()
    session = by_name(server)
    before = session.twin(server)
    await before.headers()
    after = session.twin(server)
    assert await session.headers() == await before.headers() == await after.headers()
    assert server.asked == ["/auth"]


async def test_a_refresh_token_alone_is_used_once() -> None:
    """It is dead afterwards, for the session that it was given to as well."""
    server = Server()
    session = Session(refresh=Secret("refresh-0"))
    session.bind(server)
    await session.twin(server).headers()
    await session.headers()
    assert server.asked == ["/auth/refresh"]


async def test_what_one_renews_the_other_takes() -> None:
    """Refresh tokens rotate: a second refresh by the old one would end the login for both."""
    server = Server()
    session = with_tokens(server)
    twin = session.twin(server)
    old = await session.headers()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(twin.renew, old)
        tasks.start_soon(session.renew, old)
    assert await session.headers() == await twin.headers()
    await twin.refresh()
    await session.refresh()
    assert server.asked == ["/auth/refresh"] * 3


def test_two_loops_refresh_once() -> None:
    """At the same time, each in a thread of its own."""
    server = Server()
    session = with_tokens(server)
    twin = session.twin(server)
    old = asyncio.run(session.headers())
    both = threading.Barrier(2)

    async def renew(one: Session) -> None:
        both.wait()
        await one.renew(old)

    other = threading.Thread(target=lambda: asyncio.run(renew(twin)))
    other.start()
    asyncio.run(renew(session))
    other.join()
    assert server.asked == ["/auth/refresh"]


async def test_a_login_as_somebody_else_is_not_the_twins() -> None:
    """Whoever logs in anew leaves what is running with the login that it has."""
    server = Server()
    session = with_tokens(server)
    twin = session.twin(server)
    await session.login("them@company.example", Secret("long enough"))
    assert (await twin.current()).access == Secret("access-0")
    assert (await session.twin(server).current()).access == Secret("access-1")


class Refusing(Server):
    """Refuses all."""

    async def __call__(self, call: Call) -> Reply:
        self.asked.append(call.path)
        await anyio.sleep(0.01)
        raise errors.AuthenticationError("wrong password")


async def test_a_refusal_is_all_twins() -> None:
    """The service takes five attempts in a quarter of an hour, whoever makes them."""
    server = Refusing()
    session = by_name(server)
    for one in (session.twin(server), session, session.twin(server)):
        with pytest.raises(errors.AuthenticationError, match="wrong password"):
            await one.headers()
    assert server.asked == ["/auth"]


async def test_a_refusal_is_of_all_who_wait() -> None:
    """Each loop asked before the first one was refused."""
    server = Refusing()
    session = by_name(server)
    each = (session.twin(server).headers() for _ in range(3))
    found = await asyncio.gather(*each, return_exceptions=True)
    assert [type(error) for error in found] == [errors.AuthenticationError] * 3
    assert server.asked == ["/auth"]


async def test_new_tokens_end_a_refusal() -> None:
    """Which one of them got by hand, for instance."""
    server = Server()
    session = with_tokens(server)
    server.valid = "another"
    old = await session.headers()
    with pytest.raises(errors.AuthenticationError):
        await session.twin(server).renew(old)
    server.valid = "refresh-0"
    await session.twin(server).refresh()
    await session.renew(old)
    assert server.asked == ["/auth/refresh"] * 2


async def test_a_loop_that_stands_still_is_waited_for_and_then_passed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It may wait itself for the rows of the scan whose login is to be renewed."""
    monkeypatch.setattr(shared_login, "LONGEST_WAIT", 0.2)
    login = OwnLogin(None)
    started = time.monotonic()
    async with login.hold(), login.hold():
        assert time.monotonic() - started >= 0.2
    assert "going on" in caplog.text
    async with login.hold():
        assert len(caplog.records) == 1
