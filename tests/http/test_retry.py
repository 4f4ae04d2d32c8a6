"""What is tried again, after how long, and what ends it: on a virtual clock, without sockets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import aiohttp
import anyio
import pytest
from hypothesis import given, strategies as st
from line import OK, FixedLogin, Line
from virtual_clock import VIRTUAL

from leadgenius_async import errors
from leadgenius_async._http import auth, decode
from leadgenius_async._http.call import NO_CREDENTIALS, SESSION, Call, Meter
from leadgenius_async._http.flight import Flight
from leadgenius_async._http.limiter import Gate
from leadgenius_async._http.retry import MAX_TRIES, backoff, wait_before_retry

GET = Call(method="GET", path="/x", takes=SESSION, repeatable=True)
POST = Call(method="POST", path="/x", takes=SESSION, body=b"{}")
LOGIN = Call(method="POST", path="/auth", takes=NO_CREDENTIALS, body=b"{}")


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL


def status(code: int, headers: Mapping[str, str] | None = None, *, call: Call = GET) -> Exception:
    """Return the error of an answer with this status."""
    return decode.status_error(code, headers or {}, b"{}", call=call)


def lost() -> Exception:
    return aiohttp.ServerDisconnectedError()


def refused() -> Exception:
    key = cast("Any", None)
    return aiohttp.ClientConnectorError(key, ConnectionRefusedError(111, "Connection refused"))


# Whether, and after how long


@pytest.mark.fault("H1", "H3", "H4")
@pytest.mark.parametrize("code", [408, 425, 500, 502, 503, 504])
def test_a_get_is_tried_five_times_while_the_service_fails(code: int) -> None:
    """A passing failure is worth a few more tries, and not endless ones."""
    error = cast("errors.LeadGeniusError", status(code))
    waits = [wait_before_retry(GET, error, tries) for tries in range(1, MAX_TRIES + 1)]
    assert all(wait is not None and wait > 0 for wait in waits[:-1])
    assert waits[-1] is None


@pytest.mark.fault("H5")
@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 413, 422, 501, 505])
def test_a_refusal_is_final(code: int) -> None:
    """The same request would be refused again."""
    assert wait_before_retry(GET, cast("errors.LeadGeniusError", status(code)), 1) is None


@pytest.mark.parametrize(
    "error",
    [errors.TLSFailed("x"), errors.BodyTooLarge("x"), errors.UnexpectedRedirect("x"),
     errors.ConfigurationError("x"), errors.OutcomeUnknown("x")],
)  # fmt: skip
def test_what_cannot_heal_is_not_tried_again(error: errors.LeadGeniusError) -> None:
    """A wrong certificate, an answer over the cap, a redirect: the next one is the same."""
    error.outcome = None
    assert wait_before_retry(GET, error, 1) is None


@pytest.mark.fault("H9", "P1")
def test_a_malformed_answer_is_worth_two_more_tries() -> None:
    """A gateway's page seldom heals; two more tries tell a hiccup from a fault."""
    error = errors.ProtocolError("html")
    assert [wait_before_retry(GET, error, tries) is None for tries in (1, 2, 3)] == [
        False, False, True,
    ]  # fmt: skip


@pytest.mark.fault("N5")
@pytest.mark.parametrize(
    "error", [errors.ConnectionFailed("x"), errors.TimedOut("x"), errors.ProtocolError("x"),
              errors.ServerError("x")],
)  # fmt: skip
def test_a_create_is_tried_again_only_if_nothing_was_sent(error: errors.LeadGeniusError) -> None:
    """Once a byte may have gone out, another try may create it twice."""
    error.outcome = None
    assert wait_before_retry(POST, error, 1) is None
    error.outcome = "not_sent"
    assert wait_before_retry(POST, error, 1) is not None
    assert wait_before_retry(POST, error, MAX_TRIES) is None


@given(st.integers(1, 5000))
def test_waits_double_up_to_half_a_minute(tries: int) -> None:
    """Each wait is random between half and all of its length, so that tasks spread out."""
    longest = min(30.0, 0.5 * 2.0 ** min(tries - 1, 99))
    assert 0.5 * longest <= backoff(tries) <= longest


@pytest.mark.fault("H3")
def test_the_service_may_ask_for_a_longer_wait() -> None:
    """`Retry-After` of a 503 is honoured; it does not shorten the wait."""
    error = errors.ServerError("503")
    error.status, error.retry_after = 503, 20.0
    assert wait_before_retry(GET, error, 1) == 20
    error.retry_after = 0.0
    assert (wait_before_retry(GET, error, 1) or 0) >= 0.25


@pytest.mark.fault("R1")
@pytest.mark.parametrize(("asked", "wait"), [(7.0, 7.0), (0.0, 1.0), (0.2, 1.0), (1e9, 1e9)])
def test_a_429_waits_as_long_as_it_says(asked: float, wait: float) -> None:
    """A second at least; what is too long is the deadline's business."""
    error = errors.RateLimited("429")
    error.retry_after = asked
    assert wait_before_retry(POST, error, 99) == wait


@pytest.mark.fault("R2")
def test_a_429_that_says_nothing_waits_longer_each_time() -> None:
    """From one second to a minute, however often it comes."""
    error = errors.RateLimited("429")
    waits = [wait_before_retry(GET, error, n) for n in (1, 2, 3, 7, 30, 1025, 10**6)]
    assert waits == [1, 2, 4, 60, 60, 60, 60]


def test_a_429_of_a_login_is_the_callers_to_hear_of() -> None:
    """Five attempts in a quarter of an hour: waiting inside the call would look like hanging."""
    error = errors.RateLimited("429")
    error.retry_after = 5.0
    assert wait_before_retry(LOGIN, error, 1) is None


# Tries


@pytest.mark.fault("H1", "N2", "N6")
@pytest.mark.parametrize("failure", [status(503), lost(), refused()])
async def test_a_get_heals(failure: Exception) -> None:
    """Four failures, then an answer: the caller sees the answer, the meter what it cost."""
    line, meter = Line(*[failure] * 4, OK), Meter()
    assert await line.request(GET, meter=meter) is OK
    assert (meter.sends, meter.retries, meter.throttled) == (5, 4, 0)
    gaps = [b - a for (a, _), (b, _) in zip(line.sent, line.sent[1:], strict=False)]
    assert all(
        least <= gap <= 2 * least for least, gap in zip((0.25, 0.5, 1, 2), gaps, strict=True)
    )


async def test_a_get_gives_up_in_the_end() -> None:
    """The last failure is what is raised, with the number of tries."""
    line = Line(status(502), status(503), status(504))
    with pytest.raises(errors.ServerError, match="504") as caught:
        await line.request(GET)
    assert caught.value.attempts == len(line.sent) == MAX_TRIES


@pytest.mark.fault("N5", "N6", "N7", "N8")
@pytest.mark.parametrize(
    "failure",
    [lost(), ConnectionResetError(104, "reset"), aiohttp.ClientPayloadError(),
     aiohttp.SocketTimeoutError()],
)  # fmt: skip
async def test_a_create_whose_answer_was_lost_is_of_unknown_outcome(failure: Exception) -> None:
    """It is not sent again; the error says so, and what to do."""
    line = Line(failure)
    with pytest.raises(errors.OutcomeUnknown, match="look it up") as caught:
        await line.request(POST)
    assert len(line.sent) == 1
    assert caught.value.outcome == "unknown"


@pytest.mark.fault("N2", "N3", "N5")
@pytest.mark.parametrize("failure", [refused(), aiohttp.ConnectionTimeoutError()])
async def test_a_create_that_was_not_sent_is_tried_again(failure: Exception) -> None:
    """A refused or silent connection took nothing along."""
    line = Line(failure, failure, OK)
    assert await line.request(POST) is OK
    gone = Line(failure)
    with pytest.raises(errors.ConnectionFailed) as caught:
        await gone.request(POST)
    assert (caught.value.attempts, caught.value.outcome) == (MAX_TRIES, "not_sent")


@pytest.mark.fault("H1", "H4")
async def test_a_create_that_the_service_failed_on_may_have_happened() -> None:
    """A 5xx is an answer, so its own error is raised, once, with an unknown outcome."""
    line = Line(status(500, call=POST))
    with pytest.raises(errors.ServerError) as caught:
        await line.request(POST)
    assert (len(line.sent), caught.value.outcome) == (1, "unknown")


# 429


@pytest.mark.fault("R1")
@pytest.mark.parametrize("call", [GET, POST])
async def test_a_429_pauses_and_resumes(call: Call) -> None:
    """Nothing was done, so any call waits as long as it says and is sent again."""
    line, meter = Line(status(429, {"retry-after": "30"}), OK), Meter()
    assert await line.request(call, meter=meter) is OK
    assert line.sent[1][0] - line.sent[0][0] == 30
    assert (meter.sends, meter.retries, meter.throttled) == (2, 1, 30)


@pytest.mark.fault("R1")
async def test_a_429_holds_every_task_of_the_account() -> None:
    """None of them sends until the pause is over, and its time is counted once."""
    line, meter = Line(status(429, {"retry-after": "30"}), 0.1), Meter()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: line.request(GET, meter=meter))
        await anyio.sleep(1)
        for _ in range(20):
            tasks.start_soon(lambda: line.request(GET, meter=meter))
    first, *others = [at for at, _ in line.sent]
    assert len(others) == 21
    assert min(others) == first + 30
    assert meter.throttled == 30


async def test_a_pause_that_many_were_told_of_is_counted_once() -> None:
    """Ten tasks that all got a 429 have not waited ten times as long."""
    line, meter = Line(*[status(429, {"retry-after": "30"})] * 10, OK), Meter()
    line.latency = 0.1
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(lambda: line.request(GET, meter=meter))
    assert (meter.sends, meter.retries, meter.throttled) == (20, 10, 30)


@pytest.mark.fault("R1")
async def test_a_429_beyond_the_deadline_is_raised_at_once() -> None:
    """Waiting in vain helps nobody: the caller learns how long it would take."""
    line = Line(status(429, {"retry-after": "700"}))
    started = anyio.current_time()
    with pytest.raises(errors.RateLimited) as caught:
        await line.request(GET)
    assert anyio.current_time() == started
    assert caught.value.retry_after == 700


@pytest.mark.fault("R1")
async def test_a_429_beyond_the_deadline_pauses_all() -> None:
    """Nobody sends meanwhile, however short their deadlines are; less of the limit is used."""
    line = Line(status(429, {"retry-after": "700"}), OK, gate=Gate(6000))
    started = anyio.current_time()
    with pytest.raises(errors.RateLimited):
        await line.request(GET, deadline=10)
    for _ in range(9):
        with pytest.raises(errors.QueuedTooLong, match="opens in 7") as caught:
            await line.request(GET, deadline=10)
        assert caught.value.retry_after == pytest.approx(700, rel=0.11)
        assert caught.value.outcome == "not_sent"
    assert anyio.current_time() - started < 1
    assert len(line.sent) == 1
    assert await line.request(GET, deadline=800) is OK
    assert 700 <= anyio.current_time() - started <= 771


@pytest.mark.fault("R1")
async def test_who_queues_behind_others_is_told_at_once_too() -> None:
    """The one ahead has the patience; those behind it come after it at the earliest."""
    gate = Gate("off")
    line = Line(OK, gate=gate)
    gate.pause(100)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(line.request, GET)
        await anyio.sleep(1)
        started = anyio.current_time()
        with pytest.raises(errors.QueuedTooLong) as caught:
            await line.request(GET, deadline=10)
        assert anyio.current_time() == started
        assert caught.value.retry_after == pytest.approx(99)
        gate.pause(200)
        with pytest.raises(errors.QueuedTooLong) as caught:
            await line.request(GET, deadline=150)
        assert anyio.current_time() == started
        assert caught.value.retry_after == pytest.approx(200)
    assert len(line.sent) == 1


@pytest.mark.fault("R1")
async def test_a_permit_that_went_stale_is_not_waited_for_in_vain() -> None:
    """A pause began while the connection was made, and is longer than the deadline."""
    gate = Gate("off")
    line = Line(OK, gate=gate)
    line.dial = 5
    started = anyio.current_time()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(after, 4, gate.pause, 100)
        with pytest.raises(errors.QueuedTooLong, match="opens in") as caught:
            await line.request(POST, deadline=50)
        assert caught.value.outcome == "not_sent"
    assert anyio.current_time() - started == 5


async def after(seconds: float, act: Callable[[float], None], argument: float) -> None:
    await anyio.sleep(seconds)
    act(argument)


async def test_any_wait_beyond_the_deadline_is_not_begun() -> None:
    """The failure itself is raised, rather than a deadline that says less."""
    line = Line(status(503, {"retry-after": "30"}))
    with pytest.raises(errors.ServerError):
        await line.request(GET, deadline=20)
    assert len(line.sent) == 1


# Deadline and time-out


@pytest.mark.fault("N8", "N9")
async def test_the_deadline_bounds_all_tries_and_waits() -> None:
    """Whatever is going on, after so many seconds the call ends."""
    line = Line(1000.0, timeout=30)
    started = anyio.current_time()
    with pytest.raises(errors.DeadlineExceeded, match=r"100 s \(`deadline`\)") as caught:
        await line.request(GET, deadline=100)
    assert anyio.current_time() - started == pytest.approx(100)
    assert (caught.value.attempts, caught.value.outcome) == (4, None)


async def test_the_timeout_bounds_one_try() -> None:
    """A GET that hangs is cut off and tried again."""
    line, meter = Line(1000.0, 1000.0, 5.0, timeout=10), Meter()
    started = anyio.current_time()
    await line.request(GET, meter=meter)
    assert meter.sends == 3
    assert 2 * 10 + 5 <= anyio.current_time() - started <= 2 * 10 + 5 + 1.5
    with pytest.raises(errors.TimedOut, match=r"10 s \(`timeout`\)"):
        await Line(1000.0, timeout=10).request(GET)


@pytest.mark.fault("N8")
async def test_a_create_that_hangs_is_of_unknown_outcome() -> None:
    """By the time-out and by the deadline alike: it was sent."""
    with pytest.raises(errors.OutcomeUnknown, match="timeout"):
        await Line(1000.0, timeout=10).request(POST)
    with pytest.raises(errors.OutcomeUnknown, match="deadline"):
        await Line(1000.0, timeout=1000).request(POST, deadline=10)


@pytest.mark.fault("N3")
async def test_a_create_that_hangs_while_dialling_was_not_sent() -> None:
    """No byte has gone out, so it is tried again, and its failure says so."""
    line = Line(OK, timeout=10)
    line.dial = 20
    with pytest.raises(errors.TimedOut) as caught:
        await line.request(POST)
    assert (caught.value.attempts, caught.value.outcome) == (MAX_TRIES, "not_sent")


async def test_queueing_for_a_permit_is_not_the_tries_time() -> None:
    """The time-out runs from the permit on; only the deadline counts the queue."""
    gate = Gate("off")
    line = Line(5.0, gate=gate, timeout=10)
    gate.pause(100)
    started = anyio.current_time()
    await line.request(POST)
    assert anyio.current_time() - started == 105


async def test_queueing_for_a_second_permit_is_not_the_tries_time_either() -> None:
    """Neither for the one of a re-send by aiohttp, nor for one after a slow dial."""
    gate = Gate("off")
    flight = Flight(gate, Meter(), timeout=10)

    async def send() -> None:
        await flight.permit()
        await anyio.sleep(6)
        gate.pause(100)
        await flight.connected()
        await anyio.sleep(6)

    with flight.begin() as scope:
        await send()
        gate.pause(100)
        await send()
    assert not scope.cancelled_caught
    assert flight.meter.sends == 2


async def test_a_call_that_only_queued_was_not_sent() -> None:
    """Neither a GET nor a create has left when the deadline comes before its permit."""
    gate = Gate("off")
    gate.pause(100)
    started = anyio.current_time()
    for call in (GET, POST):
        with pytest.raises(errors.QueuedTooLong, match="its turn at the rate limit") as caught:
            await Line(OK, gate=gate).request(call, deadline=10)
        assert caught.value.outcome == "not_sent"
    assert anyio.current_time() == started


async def test_a_create_that_was_refused_and_queues_again_did_not_happen() -> None:
    """Its 429 was an answer; the deadline finds it in the queue, not on the wire."""
    line = Line(status(429, {"retry-after": "5"}), OK)

    async def pause_more() -> None:
        await anyio.sleep(1)
        line.gate.pause(100)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pause_more)
        with pytest.raises(errors.DeadlineExceeded) as caught:
            await line.request(POST, deadline=10)
        assert caught.value.outcome is None


# Credentials


@pytest.mark.fault("A1")
@pytest.mark.parametrize("call", [GET, POST])
async def test_a_401_is_replayed_once_with_new_credentials(call: Call) -> None:
    """A 401 says that nothing was done, so even a create may be sent again."""
    line = Line(status(401, call=call), OK)
    assert await line.request(call) is OK
    assert [token for _, token in line.sent] == ["Bearer 0", "Bearer 1"]


@pytest.mark.fault("A7")
async def test_a_second_401_is_raised() -> None:
    """Fresh credentials that are refused too are no reason to go on."""
    line = Line(status(401))
    with pytest.raises(errors.AuthenticationError) as caught:
        await line.request(GET)
    assert (len(line.sent), caught.value.attempts) == (2, 2)


@pytest.mark.fault("A7", "A9")
@pytest.mark.parametrize("code", [401, 403])
async def test_what_cannot_be_renewed_is_not_replayed(code: int) -> None:
    """A revoked API key fails fast, and a 403 never asks for new credentials."""
    login = FixedLogin(renewable=code == 403)
    line = Line(status(code), login=login)
    with pytest.raises(errors.APIStatusError):
        await line.request(GET)
    assert len(line.sent) == 1
    assert login.number == (1 if code == 401 else 0)


@pytest.mark.fault("A4")
async def test_the_deadline_counts_the_renewal() -> None:
    """A refresh that hangs does not hold the call for longer; a refused create did not happen."""

    class Slow(FixedLogin):
        async def renew(self, rejected: auth.Headers) -> bool:
            await anyio.sleep(1000)
            return await super().renew(rejected)

    for call in (GET, POST):
        with pytest.raises(errors.DeadlineExceeded):
            await Line(status(401, call=call), login=Slow()).request(call, deadline=10)
