"""When a login cannot be renewed, or not yet: who is told what, and how often it is tried."""

from __future__ import annotations

import base64
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import pytest
from wire import Wire, reply, transport_to

from leadgenius_async import Secret, errors
from leadgenius_async._http import auth, tokens as tokens_module
from leadgenius_async._http.auth import REFRESH_PAUSE, REFUSAL_LIFE, Session, Tokens, read_claims
from leadgenius_async._http.call import SESSION, Call, Kind, Reply
from leadgenius_async._http.shared_login import SharedLogin

HOUR = 3600.0
GET = Call(method="GET", path="/company", takes=SESSION, repeatable=True)


class Clock:
    """The time of the tokens: monotonic, and on the wall."""

    def __init__(self) -> None:
        self.now = 5000.0

    def pass_(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    stopped = SimpleNamespace(monotonic=lambda: found.now, time=lambda: found.now + 1e9)
    for module in (auth, tokens_module):
        monkeypatch.setattr(module, "time", stopped)
    return found


class Service:
    """Answers a refresh or a login with new tokens, or with the failure that is set."""

    def __init__(self, failure: Exception | None = None, **answer: object) -> None:
        self.failure = failure
        self.answer = answer
        self.paths: list[str] = []

    async def __call__(self, call: Call) -> Reply:
        self.paths.append(call.path)
        await anyio.lowlevel.checkpoint()
        if self.failure:
            raise self.failure
        tokens = {"accessToken": f"access-{len(self.paths)}", "expiresIn": HOUR, **self.answer}
        return Reply(200, {}, msgspec.json.encode({"tokens": tokens}))


def session_of(service: Service, *, life: float = HOUR, **options: Any) -> Session:
    """Return a session with a refresh token and an access token of so many seconds."""
    tokens = Tokens(Secret("access-0"), refresh=Secret("refresh-0"), expires_in=life)
    session = Session(tokens, **options)
    session.bind(service)
    return session


def jwt(claims: object) -> Secret:
    part = base64.urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip("=")
    return Secret(f"h.{part}.s")


async def token_of(session: Session) -> str:
    return (await session.headers())["Authorization"].reveal().removeprefix("Bearer ")


async def outcomes(session: Session, tasks: int) -> set[str]:
    """Let tasks ask for headers at once, and return what they got: tokens, or names of errors."""
    seen: set[str] = set()

    async def ask() -> None:
        try:
            seen.add(await token_of(session))
        except errors.LeadGeniusError as error:
            seen.add(type(error).__name__)

    async with anyio.create_task_group() as group:
        for _ in range(tasks):
            group.start_soon(ask)
    return seen


def rate_limited(seconds: float) -> errors.RateLimited:
    error = errors.RateLimited("429")
    error.retry_after = seconds
    return error


# A failure that passes


@pytest.mark.fault("A4")
@pytest.mark.parametrize(
    ("failure", "pause"),
    [
        (errors.ServerError("503"), REFRESH_PAUSE),
        (errors.ConnectionFailed("down"), REFRESH_PAUSE),
        (errors.OutcomeUnknown("the refresh is a POST, so its time-out is this"), REFRESH_PAUSE),
        (errors.QueuedTooLong("the gate is closed"), REFRESH_PAUSE),
        (rate_limited(5.0), REFRESH_PAUSE),
        (rate_limited(200.0), 200.0),
    ],
)
async def test_the_living_token_is_used_on(clock: Clock, failure: Exception, pause: float) -> None:
    """Calls go on with it; the refresh is tried again after a pause, and counts when it works."""
    service = Service(failure)
    session = session_of(service)
    clock.pass_(0.8 * HOUR)
    assert await outcomes(session, 200) == {"access-0"}
    clock.pass_(pause - 1)
    assert await token_of(session) == "access-0"
    assert len(service.paths) == 1
    service.failure = None
    clock.pass_(2)
    assert await token_of(session) == "access-2"


@pytest.mark.fault("A4")
async def test_a_dead_token_is_not_used_on(clock: Clock) -> None:
    """All who waited hear of the one failure; the next call tries again at once."""
    service = Service(errors.ServerError("503"))
    session = session_of(service)
    clock.pass_(HOUR)
    assert await outcomes(session, 200) == {"ServerError"}
    assert len(service.paths) == 1
    service.failure = None
    clock.pass_(0.001)
    assert await token_of(session) == "access-2"


# A failure that lasts


@pytest.mark.fault("A5", "A6")
@pytest.mark.parametrize(
    ("service", "class_"),
    [
        (Service(errors.AuthenticationError("expired")), "AuthenticationError"),
        (Service(errors.NotFound("no such user")), "NotFound"),
        (Service(accessToken=None), "ProtocolError"),
        (Service(accessToken=""), "ProtocolError"),
        (Service(accessToken=7), "ProtocolError"),
        (Service(accessToken="a\r\nX-Admin: 1"), "ProtocolError"),
    ],
)
async def test_a_refusal_is_not_asked_for_again(
    clock: Clock, service: Service, class_: str
) -> None:
    """200 tasks and many calls: one refresh in half a minute, and each of them hears why."""
    session = session_of(service)
    clock.pass_(0.8 * HOUR)
    for _ in range(3):
        assert await outcomes(session, 200) == {class_}
        clock.pass_(REFUSAL_LIFE / 3 - 0.1)
    assert len(service.paths) == 1
    clock.pass_(1)
    assert await outcomes(session, 1) == {class_}
    assert len(service.paths) == 2


async def test_a_wrong_password_is_tried_once(clock: Clock) -> None:
    """The service takes five attempts in a quarter of an hour; tasks do not use them up."""
    del clock
    service = Service(errors.AuthenticationError("wrong password"))
    session = Session(username="me@x.example", password=Secret("long enough"))
    session.bind(service)
    assert await outcomes(session, 50) == {"AuthenticationError"}
    assert service.paths == ["/auth"]


async def test_a_new_login_ends_a_refusal(clock: Clock) -> None:
    """What the user does by hand counts at once."""
    service = Service(errors.AuthenticationError("expired"))
    session = session_of(service)
    clock.pass_(0.8 * HOUR)
    assert await outcomes(session, 1) == {"AuthenticationError"}
    service.failure = None
    await session.login("me@x.example", Secret("long enough"))
    assert await token_of(session) == "access-2"


async def test_each_task_gets_an_error_of_its_own(clock: Clock) -> None:
    """One object raised in many tasks would mix up their tracebacks."""
    session = session_of(Service(errors.AuthenticationError("expired")))
    clock.pass_(HOUR)
    caught: list[errors.LeadGeniusError] = []
    for _ in range(3):
        with pytest.raises(errors.AuthenticationError, match="expired") as found:
            await session.headers()
        caught.append(found.value)
    assert len({id(error) for error in caught}) == 3


@pytest.mark.fault("A6", "A7")
async def test_the_same_token_again_is_no_renewal(clock: Clock) -> None:
    """A refresh that gives the rejected token: an error, no loop, one refresh in half a minute."""
    service = Service(accessToken="access-0")
    session = session_of(service)
    refused = await session.headers()
    for _ in range(5):
        with pytest.raises(errors.AuthenticationError, match="again"):
            await session.renew(refused)
    assert len(service.paths) == 1
    clock.pass_(REFUSAL_LIFE + 1)
    with pytest.raises(errors.AuthenticationError):
        await session.renew(refused)
    assert len(service.paths) == 2


@pytest.mark.fault("A6")
async def test_the_same_token_before_it_is_refused_is_no_error(clock: Clock) -> None:
    """At 80 % of its life the service may give it once more: it was not rejected, and is used."""
    service = Service(accessToken="access-0")
    session = session_of(service)
    for asked in (1, 2):
        clock.pass_(0.8 * HOUR)
        assert await token_of(session) == "access-0"
        assert len(service.paths) == asked


@pytest.mark.fault("A6", "A8")
@pytest.mark.parametrize("life", [1.0, 10.0, 30.0])
async def test_short_lives_cost_two_renewals_a_minute(clock: Clock, life: float) -> None:
    """However short the service says they are."""
    service = Service(expiresIn=life)
    session = session_of(service, life=life)
    for _ in range(600):
        clock.pass_(1)
        await token_of(session)
    assert len(service.paths) <= 20


@pytest.mark.parametrize("password", [None, Secret("of nobody")])
async def test_a_token_that_cannot_be_renewed_is_used_until_it_is_refused(
    clock: Clock, password: Secret | None
) -> None:
    """Its life is a guess; the service decides."""
    service = Service()
    session = Session(Tokens(Secret("lone"), expires_in=HOUR), password=password)
    session.bind(service)
    for _ in range(3):
        clock.pass_(HOUR)
        assert await token_of(session) == "lone"
    with pytest.raises(errors.AuthenticationError, match="auth login"):
        await session.renew(await session.headers())
    assert service.paths == []


async def test_a_session_without_a_wire_says_so() -> None:
    """It is the caller's mistake."""
    with pytest.raises(RuntimeError, match="LeadGenius"):
        await Session().login("me@x.example", Secret("long enough"))


# Saving


@pytest.mark.fault("A3")
async def test_nobody_uses_a_token_before_it_is_saved(clock: Clock, tmp_path: Path) -> None:
    """Where refresh tokens rotate, a crash in between would end the login for good."""
    saving, saved = anyio.Event(), False
    used: list[bool] = []

    def save(tokens: Tokens) -> None:
        nonlocal saved
        assert tokens.access == Secret("access-1")
        anyio.from_thread.run_sync(saving.set)
        anyio.from_thread.run(anyio.sleep, 0)
        saved = True

    session = session_of(Service(), shared=SharedLogin(tmp_path / "lock", lambda: None, save))

    async def ask() -> None:
        assert await token_of(session) == "access-1"
        used.append(saved)

    clock.pass_(HOUR)
    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await saving.wait()
        group.start_soon(ask)
    assert used == [True, True]


async def test_a_token_that_cannot_be_saved_is_kept_all_the_same(
    clock: Clock, tmp_path: Path
) -> None:
    """The caller hears of it, once; the old token may be dead, so the new one is used."""

    def save(_tokens: Tokens) -> None:
        raise errors.ConfigurationError("no space left")

    service = Service(refreshToken="refresh-1")
    session = session_of(service, shared=SharedLogin(tmp_path / "lock", lambda: None, save))
    clock.pass_(HOUR)
    with pytest.raises(errors.ConfigurationError, match="no space"):
        await session.headers()
    assert await token_of(session) == "access-1"
    assert session.tokens is not None
    assert session.tokens.refresh == Secret("refresh-1")
    assert len(service.paths) == 1


# Lives


@pytest.mark.fault("A8")
@pytest.mark.parametrize(
    ("expires_in", "claims", "due_after"),
    [
        (1000.0, {}, 800),
        (1000.0, {"exp": 1e9}, 800),
        (None, {}, 0.8 * HOUR),
        (None, {"exp": 1e9 + 5000 + 1000}, 800),
        (0.0, {"exp": 1e9 + 5000 + 1000}, 800),
        (-5.0, {}, 0.8 * HOUR),
        (None, {"exp": 1e9}, 30),
        (10.0, {}, 30),
        (31.0, {}, 30),
    ],
)
def test_when_a_token_is_due(
    clock: Clock, expires_in: float | None, claims: object, due_after: float
) -> None:
    """What the answer says, else the token's `exp`, else an hour; 30 seconds at the least."""
    tokens = Tokens(jwt(claims), expires_in=expires_in)
    seen: list[tuple[bool, bool]] = []
    for seconds in (due_after - 0.5, 1, due_after):
        clock.pass_(seconds)
        seen.append((tokens.due, tokens.alive))
    assert seen == [(False, True), (True, True), (True, False)]


def test_claims_nested_beyond_reason_are_no_claims() -> None:
    """A token is the server's text: it cannot crash its reader."""
    deep = msgspec.Raw(b"[" * 100_000 + b"]" * 100_000)
    assert read_claims(jwt({"sub": "u", "x": deep})).sub is None


# Over the wire


async def test_secrets_of_a_login_stay_out_of_tracebacks() -> None:
    """Neither password nor refresh token nor new tokens, in any frame, whatever fails."""
    fresh = b'{"tokens":{"idToken":"canary-id","refreshToken":"canary-new-refresh"}}'
    broken = b'{"tokens":{"accessToken":"canary-access"'
    spiked = b'{"tokens":{"accessToken":"canary-access\\n","refreshToken":"canary-new-refresh"}}'
    for body in (fresh, broken, spiked, b"<html>"):
        async with Wire(reply(401), reply(body=body)) as wire, transport_to(wire.url) as line:
            tokens = Tokens(Secret("canary-old"), refresh=Secret("canary-refresh"))
            session = Session(tokens, username="me@x.example", password=Secret("canary-password"))
            session.bind(line.request)
            line.credentials[Kind.JWT] = session
            with pytest.raises(errors.LeadGeniusError) as caught:
                await line.request(GET)
        error = caught.value
        frames = error.__traceback__ and error.__traceback__.tb_next  # without this test's own
        report = traceback.TracebackException(type(error), error, frames, capture_locals=True)
        assert "canary" not in "".join(report.format()) + str(error)
        assert [request.target for request in wire.requests] == [
            "/api/company",
            "/api/auth/refresh",
        ]


@pytest.mark.fault("A1", "A2")
async def test_a_401_costs_one_refresh_for_all() -> None:
    """50 tasks with a token that the service has forgotten: one refresh, no error."""

    async def act(writer: Any) -> None:
        request = wire.requests[-1]
        if request.target == "/api/auth/refresh":
            body = b'{"tokens":{"accessToken":"good","expiresIn":3600}}'
            writer.write(reply(body=body))
        elif request.headers["authorization"] == "Bearer good":
            writer.write(reply())
        else:
            writer.write(reply(401, b'{"success":false,"errorType":"token_expired"}'))

    async with Wire(act) as wire, transport_to(wire.url) as line:
        session = Session(Tokens(Secret("forgotten"), refresh=Secret("refresh-0")))
        session.bind(line.request)
        line.credentials[Kind.JWT] = session
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(line.request, GET)
    targets = [request.target for request in wire.requests]
    assert targets.count("/api/auth/refresh") == 1
    assert targets.count("/api/company") == 100
