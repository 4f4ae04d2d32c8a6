"""A renewal whose caller does not wait for its end: the new tokens are not lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import msgspec
import pytest
from line import OK, Line
from virtual_clock import VIRTUAL

from leadgenius_async import Secret, errors
from leadgenius_async._http import auth
from leadgenius_async._http.auth import CLOSING, Session, Tokens
from leadgenius_async._http.call import SESSION, Call, Kind, Reply
from leadgenius_async._http.limiter import Gate

GET = Call(method="GET", path="/x", takes=SESSION, repeatable=True)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL


@pytest.fixture(autouse=True)
async def complaints() -> AsyncGenerator[list[object], None]:
    """Fail if the event loop complains of a task that nobody looked after."""
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: heard.append(context))
    yield heard
    assert heard == []


class Rotating:
    """A login that takes a second and each refresh token once."""

    def __init__(self, *, seconds: float = 1.0) -> None:
        self.seconds = seconds
        self.valid = "refresh-0"
        self.refreshes = 0
        self.failure: errors.LeadGeniusError | None = None
        self.session = Session(Tokens(Secret("access-0"), refresh=Secret(self.valid)))
        self.session.bind(self)

    async def __call__(self, call: Call) -> Reply:
        given = msgspec.json.decode(call.body or b"")
        self.refreshes += 1
        number = self.refreshes
        if "refreshToken" in given:
            refused = given["refreshToken"] != self.valid
            self.valid = f"refresh-{number}"  # the old one is dead before the answer is here
            if refused:
                raise errors.AuthenticationError("this refresh token is dead")
        await anyio.sleep(self.seconds)
        if self.failure:
            raise self.failure
        tokens = {"accessToken": f"access-{number}", "refreshToken": f"refresh-{number}"}
        return Reply(200, {}, msgspec.json.encode({"tokens": tokens}))

    async def renew(self) -> str:
        """See a 401 with the first token, and return the token that is then at hand."""
        await self.session.renew({"Authorization": Secret("Bearer access-0")})
        return (await self.session.headers())["Authorization"].reveal()


async def abandon(service: Rotating, how: str) -> None:
    """Ask for a renewal, and go after half a second."""
    match how:
        case "wait_for":
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(service.renew(), 0.5)
        case "cancel":
            task = asyncio.create_task(service.renew())
            await asyncio.sleep(0.5)
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        case _:
            with anyio.move_on_after(0.5) as scope:
                await service.renew()
            assert scope.cancelled_caught


@pytest.mark.fault("A2", "A3")
@pytest.mark.parametrize("how", ["wait_for", "cancel", "scope"])
async def test_who_goes_early_takes_no_token_along(how: str) -> None:
    """The refresh token that was sent is dead: the one of its answer is had by all others."""
    service = Rotating()
    others = [asyncio.create_task(service.renew()) for _ in range(3)]
    await abandon(service, how)
    assert {await other for other in others} == {"Bearer access-1"}
    assert service.refreshes == 1


@pytest.mark.fault("A2", "A3")
@pytest.mark.parametrize("how", ["wait_for", "cancel", "scope"])
async def test_who_comes_later_waits_for_the_same_renewal(how: str) -> None:
    """Its only caller has gone; the next one sends no second request with a dead token."""
    service = Rotating()
    await abandon(service, how)
    assert await service.renew() == "Bearer access-1"
    assert service.refreshes == 1
    await service.session.refresh()
    assert service.valid == "refresh-2"


async def test_a_refresh_by_hand_that_is_cancelled_goes_on_too() -> None:
    """It is as dangerous."""
    service = Rotating()
    with anyio.move_on_after(0.5):
        await service.session.refresh()
    await service.session.refresh()
    assert (service.refreshes, service.valid) == (2, "refresh-2")


@pytest.mark.fault("A5")
async def test_a_failure_that_nobody_waits_for_is_known_to_the_next() -> None:
    """One refusal is asked for, though its caller has gone; nothing complains of it."""
    service = Rotating()
    service.failure = errors.AuthenticationError("expired")
    await abandon(service, "cancel")
    await asyncio.sleep(1)
    with pytest.raises(errors.AuthenticationError, match="expired"):
        await service.renew()
    assert service.refreshes == 1


async def test_a_login_comes_after_the_renewal_of_another_user() -> None:
    """Else the first user's tokens would be in force after the second one's login."""
    service = Rotating()
    await abandon(service, "cancel")
    await service.session.login("me@x.example", Secret("long enough"))
    await asyncio.sleep(2)
    assert await service.renew() == "Bearer access-2"


# The end


@pytest.mark.fault("A3")
async def test_closing_waits_for_the_new_tokens() -> None:
    """A program that gives up and ends has its login saved."""
    service = Rotating()
    await abandon(service, "wait_for")
    await service.session.aclose()
    assert service.session.tokens is not None
    assert service.session.tokens.refresh == Secret("refresh-1")
    await service.session.aclose()


async def test_closing_does_not_wait_for_ever() -> None:
    """Whoever waits for that renewal is told."""
    before = asyncio.all_tasks()
    service = Rotating(seconds=1e6)
    waiting = asyncio.create_task(service.renew())
    await asyncio.sleep(0.5)
    started = anyio.current_time()
    await service.session.aclose()
    assert anyio.current_time() - started == pytest.approx(CLOSING)
    with pytest.raises(RuntimeError, match="closed"):
        await waiting
    assert asyncio.all_tasks() == before


@pytest.mark.fault("A3")
async def test_a_twins_renewal_is_waited_for_to_its_end() -> None:
    """Its tokens are those of the session that it is of, whose refresh token is dead by now."""
    service = Rotating(seconds=4 * CLOSING)
    twin = service.session.twin(service)
    waiting = asyncio.create_task(twin.renew({"Authorization": Secret("Bearer access-0")}))
    await asyncio.sleep(0.5)
    await twin.aclose()
    assert await service.renew() == "Bearer access-1"
    assert await waiting
    assert service.refreshes == 1


async def test_a_client_that_is_closed_closes_its_login() -> None:
    """Also while it is being cancelled itself."""
    before = asyncio.all_tasks()
    service = Rotating(seconds=1e6)
    line = Line(OK, login=service.session)
    await abandon(service, "cancel")
    with anyio.CancelScope() as scope:
        scope.cancel()
        await line.aclose()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


# Its own deadline


@pytest.mark.fault("A4")
async def test_a_renewal_does_not_end_with_the_deadline_of_its_call() -> None:
    """Neither with the call's own, nor with one that the whole client has."""
    body = b'{"tokens":{"accessToken":"access-1","refreshToken":"refresh-1"}}'
    for options, deadline in ({}, 0.5), ({"deadline": 0.5}, None):
        session = Session(refresh=Secret("refresh-0"))
        line = Line(Reply(200, {}, body), login=session, gate=Gate("off"), **options)
        line.latency = 0.7
        session.bind(line.request)
        with pytest.raises(errors.DeadlineExceeded):
            await line.request(GET, deadline=deadline)
        line.latency = 0.0
        await line.request(GET)
        assert [token for _, token in line.sent] == ["", "Bearer access-1"]
        assert line.credentials[Kind.JWT] is session
        await line.aclose()


async def test_fixed_credentials_have_nothing_to_end() -> None:
    """An API key is closed as a login is."""
    await auth.api_key(Secret("lgp_1"), "user-1").aclose()
