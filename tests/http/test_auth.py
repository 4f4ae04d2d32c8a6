"""Logins stay alive, by one refresh at a time."""

from __future__ import annotations

import asyncio
import base64
import time
from pathlib import Path
from types import SimpleNamespace

import anyio
import msgspec
import pytest

from leadgenius_async import Secret, errors
from leadgenius_async._http import auth, tokens as tokens_module
from leadgenius_async._http.auth import Session, Tokens, read_claims
from leadgenius_async._http.call import Call, Reply
from leadgenius_async._http.shared_login import SharedLogin


class Clock:
    """Stands in for `time.monotonic`, which the life of a token is measured by."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    # The module's name alone: the event loop goes by the real clock.
    stopped = SimpleNamespace(monotonic=found, time=time.time)
    for module in (auth, tokens_module):
        monkeypatch.setattr(module, "time", stopped)
    return found


class Server:
    """Answers logins and refreshes, with a number in each token."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.fail: Exception | None = None
        self.refresh_fails: Exception | None = None
        self.answer: dict[str, object] = {}

    async def __call__(self, call: Call) -> Reply:
        self.calls.append(call)
        await anyio.lowlevel.checkpoint()
        failure = self.fail or (self.refresh_fails if call.path.endswith("refresh") else None)
        if failure:
            raise failure
        n = len(self.calls)
        tokens = {"accessToken": f"access-{n}", "refreshToken": f"refresh-{n}", "expiresIn": 3600}
        body = {"success": True, "tokens": {**tokens, **self.answer}}
        return Reply(200, {}, msgspec.json.encode(body))

    @property
    def paths(self) -> list[str]:
        return [call.path for call in self.calls]


def logged_in(server: Server, shared: SharedLogin | None = None) -> Session:
    """Return a session with tokens that live an hour."""
    session = Session(
        Tokens(Secret("access-0"), refresh=Secret("refresh-0"), expires_in=3600),
        shared=shared,
    )
    session.bind(server)
    return session


def bearer(headers: auth.Headers) -> str:
    return headers["Authorization"].reveal()


@pytest.mark.fault("A1")
async def test_a_token_is_used_until_four_fifths_of_its_life(clock: Clock) -> None:
    """Refreshed at 80 % of its life, not before."""
    server = Server()
    session = logged_in(server)
    clock.now += 0.79 * 3600
    assert bearer(await session.headers()) == "Bearer access-0"
    clock.now += 0.02 * 3600
    assert bearer(await session.headers()) == "Bearer access-1"
    assert server.paths == ["/auth/refresh"]
    assert b"refresh-0" in (server.calls[0].body or b"")
    assert not server.calls[0].takes


@pytest.mark.fault("A2")
async def test_two_hundred_tasks_make_one_refresh(clock: Clock) -> None:
    """Single flight: those who come while it is under way use its result."""
    server = Server()
    session = logged_in(server)
    clock.now += 3600
    seen: list[str] = []

    async def ask() -> None:
        seen.append(bearer(await session.headers()))

    async with anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(ask)
    assert set(seen) == {"Bearer access-1"}
    assert len(server.calls) == 1


@pytest.mark.fault("A2")
async def test_two_hundred_tasks_that_see_a_401_make_one_refresh() -> None:
    """Losers compare the rejected token with the one at hand, and take that."""
    server = Server()
    session = logged_in(server)
    rejected = await session.headers()
    async with anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(session.renew, rejected)
    assert len(server.calls) == 1
    assert await session.renew(rejected)
    assert len(server.calls) == 1


@pytest.mark.fault("A4")
@pytest.mark.parametrize(
    "failure", [errors.ServerError("503"), errors.ConnectionFailed("down"), errors.TimedOut("late")]
)
async def test_while_the_old_token_lives_a_failed_refresh_can_wait(
    clock: Clock, failure: errors.LeadGeniusError
) -> None:
    """A refresh that fails for a passing reason costs nothing but a pause before the next."""
    server = Server()
    session = logged_in(server)
    server.fail = failure
    clock.now += 0.85 * 3600
    assert bearer(await session.headers()) == "Bearer access-0"
    assert bearer(await session.headers()) == "Bearer access-0"
    assert len(server.calls) == 1
    clock.now += 0.2 * 3600
    with pytest.raises(type(failure)):
        await session.headers()


@pytest.mark.fault("A5")
async def test_an_expired_refresh_token_falls_back_to_the_password() -> None:
    """Where username and password are at hand, an ended login begins again."""
    server = Server()
    server.refresh_fails = errors.AuthenticationError("401")
    session = Session(
        Tokens(Secret("a"), refresh=Secret("r"), expires_in=3600),
        username="me",
        password=Secret("long enough"),
    )
    session.bind(server)
    await session.renew(await session.headers())
    assert server.paths == ["/auth/refresh", "/auth"]


async def test_a_login_begins_again_as_the_user_it_was_last_made_by(clock: Clock) -> None:
    """An earlier user's password is never fallen back to; an earlier refusal is forgotten."""
    server = Server()
    session = Session(username="first", password=Secret("first-password"))
    session.bind(server)
    server.fail = errors.AuthenticationError("wrong password")
    with pytest.raises(errors.AuthenticationError):
        await session.current()
    server.fail = None
    await session.login("second", Secret("second-password"))
    clock.now += 3500
    server.refresh_fails = errors.AuthenticationError("expired")
    await session.current()
    assert server.paths[-2:] == ["/auth/refresh", "/auth"]
    assert server.calls[-1].body is not None
    assert b"second-password" in server.calls[-1].body


async def test_a_refresh_token_is_enough_to_begin_with() -> None:
    """The access token is asked for by it, and later ones by what that answered."""
    server = Server()
    session = Session(refresh=Secret("refresh-0"))
    session.bind(server)
    assert bearer(await session.headers()) == "Bearer access-1"
    assert server.calls[0].body == b'{"refreshToken":"refresh-0"}'
    await session.refresh()
    assert server.calls[1].body == b'{"refreshToken":"refresh-1"}'


def test_a_session_may_be_used_by_one_event_loop_after_another() -> None:
    """As in a program that calls `asyncio.run` twice."""
    server = Server()
    session = logged_in(server)

    async def main() -> None:
        await session.refresh()
        await session.aclose()

    asyncio.run(main())
    asyncio.run(main())
    assert len(server.calls) == 2


@pytest.mark.fault("A5")
async def test_without_a_way_to_renew_the_error_says_what_to_do() -> None:
    """No refresh token and no password: log in."""
    session = Session(Tokens(Secret("a"), expires_in=3600))
    session.bind(Server())
    with pytest.raises(errors.AuthenticationError, match="auth login"):
        await session.renew(await session.headers())
    with pytest.raises(errors.AuthenticationError, match="auth login"):
        await session.refresh()


@pytest.mark.fault("A3")
async def test_new_tokens_are_saved_before_they_are_used(tmp_path: Path) -> None:
    """Where refresh tokens rotate, one that was used and not saved is lost."""
    saved: list[Tokens] = []
    session = logged_in(Server(), SharedLogin(tmp_path / "lock", lambda: None, saved.append))
    await session.refresh()
    assert saved[0].refresh == Secret("refresh-1")
    assert session.tokens is saved[0]


async def test_an_answer_without_a_refresh_token_keeps_the_old_one() -> None:
    """Refresh tokens do not rotate everywhere."""
    server = Server()
    server.answer = {"refreshToken": None}
    session = logged_in(server)
    tokens = await session.refresh()
    assert tokens.refresh == Secret("refresh-0")


@pytest.mark.fault("A6")
async def test_an_answer_without_a_token_is_an_error() -> None:
    """It is no reason to go on with nothing, or to ask again without end."""
    server = Server()
    server.answer = {"accessToken": None}
    with pytest.raises(errors.ProtocolError):
        await logged_in(server).refresh()
    assert len(server.calls) == 1


@pytest.mark.fault("A8")
@pytest.mark.parametrize("life", [0, -5, None, 1])
async def test_a_senseless_life_does_not_make_a_refresh_a_request(
    clock: Clock, life: float | None
) -> None:
    """A life of nothing or less is taken for the documented hour, a short one for half a minute."""
    server = Server()
    server.answer = {"expiresIn": life}
    session = logged_in(server)
    await session.refresh()
    clock.now += 29
    await session.headers()
    assert len(server.calls) == 1


def make_jwt(claims: dict[str, object]) -> Secret:
    part = base64.urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip("=")
    return Secret(f"header.{part}.signature")


def test_the_claims_of_a_token_are_read() -> None:
    """`sub` is the user id; `exp` says how long a stored token lives."""
    token = make_jwt({"sub": "user-1", "exp": time.time() + 600, "other": 1})
    assert read_claims(token).sub == "user-1"
    assert not Tokens(token).due
    assert Tokens(make_jwt({"sub": "u", "exp": time.time() - 600})).claims.sub == "u"


@pytest.mark.parametrize("text", ["", "nonsense", "a.b", "a.!!!.c", "a.eyJ4.c", "a..b"])
def test_a_token_that_is_no_jwt_has_no_claims(text: str) -> None:
    """Nothing is required of a token's shape."""
    assert read_claims(Secret(text)).sub is None


async def test_keys_and_cookies_never_change() -> None:
    """An API key goes with its user id; cookies go as the browser sends them."""
    key = auth.api_key(Secret("lgp_1"), "user-1")
    headers = await key.headers()
    assert {name: value.reveal() for name, value in headers.items()} == {
        "x-api-key": "lgp_1",
        "x-user-id": "user-1",
    }
    assert not await key.renew(headers)
    browser = auth.cookies(Secret("at"), Secret("it"))
    assert (await browser.headers())["Cookie"].reveal() == "accessToken=at; idToken=it"
    assert (await auth.cookies(Secret("at"), None).headers())["Cookie"].reveal() == "accessToken=at"
