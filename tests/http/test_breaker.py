"""An outage of the service: what is sent meanwhile, who waits, and how its end is noticed."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, cast

import aiohttp
import anyio
import pytest
from line import OK, Line
from virtual_clock import VIRTUAL

from leadgenius_async import errors
from leadgenius_async._http import decode
from leadgenius_async._http.breaker import FAILURES, LOOK_EVERY, PATIENCE, Breaker, is_outage
from leadgenius_async._http.call import SESSION, Call, Reply
from leadgenius_async._http.limiter import Gate
from leadgenius_async._http.retry import MAX_TRIES

GET = Call(method="GET", path="/x", takes=SESSION, repeatable=True)
POST = Call(method="POST", path="/x", takes=SESSION, body=b"{}")


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL


def failing(code: int, headers: dict[str, str] | None = None) -> errors.APIStatusError:
    return decode.status_error(code, headers or {}, b"{}", call=GET)


def refused() -> Exception:
    return aiohttp.ClientConnectorError(cast("Any", None), ConnectionRefusedError(111, "refused"))


class Outage(Line):
    """A service that fails between two times of the clock.

    Attributes:
        failure: Makes what it fails with.
    """

    def __init__(
        self,
        begins: float = 0.0,
        ends: float = math.inf,
        failure: Callable[[], Exception] = lambda: failing(503),
        **options: Any,
    ) -> None:
        super().__init__(OK, **options)
        self.begins, self.ends, self.failure = begins, ends, failure
        self.good: list[float] = []
        self.latency = 0.05

    @property
    def lost(self) -> list[float]:
        """When the requests left that came to nothing."""
        return [at for at, _ in self.sent if self.begins <= at + self.latency < self.ends]

    async def _next(self) -> Reply | errors.APIStatusError:
        now = anyio.current_time()
        if not self.begins <= now < self.ends:
            self.good.append(now)
            return OK
        error = self.failure()
        if isinstance(error, errors.APIStatusError):
            return error
        raise error


async def all_of(line: Line, calls: int, call: Call = GET) -> list[str]:
    """Make calls at once, and return how they ended, each as it comes."""
    ends: list[str] = []

    async def make() -> None:
        try:
            await line.request(call)
        except errors.LeadGeniusError as error:
            ends.append(type(error).__name__)
        else:
            ends.append("ok")

    async with anyio.create_task_group() as tasks:
        for _ in range(calls):
            tasks.start_soon(make)
    return ends


# A minute of 503


@pytest.mark.fault("H3", "N2")
@pytest.mark.parametrize(("tasks", "rate"), [(50, "premium"), (400, "off"), (50, 3000)])
@pytest.mark.parametrize("before", [0.0, 1.0], ids=["at the start", "on the way"])
@pytest.mark.parametrize("code", [502, 503])
async def test_a_minute_of_503_costs_few_sends_and_no_call(
    tasks: int, rate: Any, before: float, code: int
) -> None:
    """At most 1.2 sends a call, the first answer within 2 s of the end, and none is lost."""
    line = Outage(before, before + 60, lambda: failing(code), gate=Gate(rate))
    if before:
        await line.request(GET)
        await anyio.sleep_until(before)
    made = len(line.sent)
    assert await all_of(line, tasks) == ["ok"] * tasks
    in_vain = [at for at, _ in line.sent[made:] if at + line.latency < line.ends]
    assert len(in_vain) <= 1.2 * tasks
    assert min(at for at in line.good if at > before) - line.ends <= 2.0


@pytest.mark.fault("H3")
async def test_jobs_that_make_call_after_call_keep_to_the_budget() -> None:
    """Fifty tasks before, during and after it: no call fails, and few sends come to nothing."""
    line = Outage(10, 70, gate=Gate("premium"))
    made = 0

    async def work() -> None:
        nonlocal made
        while anyio.current_time() < 130:
            made += 1
            await line.request(GET)

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(work)
    assert len(line.lost) <= 1.2 * 50
    assert len(line.sent) <= 1.2 * made
    assert min(at for at in line.good if at >= line.ends) - line.ends <= 2.0


@pytest.mark.fault("N2")
async def test_a_lone_task_outlives_a_minute_without_connection() -> None:
    """Once the service had answered, tries do not count; each looks a second and a half later."""
    line = Outage(1, 61, refused)
    await line.request(GET)
    await anyio.sleep_until(1)
    await line.request(GET)
    assert len(line.lost) <= FAILURES + 60 / LOOK_EVERY
    assert line.good[-1] - line.ends <= 2.0


async def test_one_call_looks_at_a_time_and_all_have_their_turn() -> None:
    """The looks are a second and a half apart; a hundred calls share them in order."""
    line = Outage(0, 60)
    await all_of(line, 100)
    looks = [at for at in line.lost if at > 1]
    gaps = [b - a for a, b in pairwise(looks)]
    assert min(gaps) >= LOOK_EVERY
    assert max(gaps) <= LOOK_EVERY + 2 * line.latency


async def test_a_look_waits_as_long_as_the_service_says() -> None:
    """`Retry-After` counts, for all; a senseless one does not hold the rest for an hour."""
    line = Outage(0, 60, lambda: failing(503, {"retry-after": "20"}))
    await all_of(line, 10)
    assert len([at for at in line.lost if at > 1]) == 2
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(failing(503, {"retry-after": "1e9"}))
    assert await breaker.wait()
    assert anyio.current_time() < 120


async def test_all_go_on_at_the_pace_of_the_limit() -> None:
    """When the service is back, those that waited do not come all at once."""
    line = Outage(0, 20, gate=Gate("premium"))
    await all_of(line, 50)
    sends = [at for at, _ in line.sent if at > 20]
    gaps = [b - a for a, b in pairwise(sends)]
    assert sorted(gaps)[5] > 0.05


# What is parked


async def test_a_create_waits_before_it_is_sent() -> None:
    """Its deadline finds it unsent, and says what it waited for; else it is sent once."""
    line = Outage(0, 15)
    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(line.request, GET)
        await anyio.sleep(1)
        with pytest.raises(errors.DeadlineExceeded, match="the service has been out for") as caught:
            await line.request(POST, deadline=1)
        assert caught.value.outcome == "not_sent"
        await line.request(POST)
    assert anyio.current_time() > 15


async def test_a_create_that_looks_is_sent_once() -> None:
    """Nobody else is there to look: it may have happened, so it is not sent again."""
    line = Outage(1, 30)
    await line.request(GET)
    await anyio.sleep_until(1)
    with pytest.raises((errors.DeadlineExceeded, errors.ServerError)):
        await line.request(GET, deadline=10)  # a wait beyond its end is not begun
    sent = len(line.sent)
    with pytest.raises(errors.ServerError):
        await line.request(POST)
    assert len(line.sent) == sent + 1


async def test_a_call_that_is_cancelled_while_it_looks_lets_the_next_one_look() -> None:
    """The turn is free again, also when it ends in the middle of its request."""
    line = Outage(0, 20)
    line.latency = 0.5
    async with anyio.create_task_group() as tasks:
        for _ in range(FAILURES):
            tasks.start_soon(line.request, GET)
        await anyio.sleep(1)
        for seconds in (0.5, 1.7, 3.0):
            with anyio.move_on_after(seconds), contextlib.suppress(errors.ServerError):
                await line.request(GET)
    assert line.good


async def test_calls_that_queue_at_the_gate_when_it_begins_are_not_sent_in_vain() -> None:
    """Their permits come after the outage was noticed."""
    line = Outage(0, 20, gate=Gate(600))
    await all_of(line, 60)
    assert len([at for at in line.lost if at < LOOK_EVERY]) <= FAILURES + 1


# What ends it


async def test_an_outage_that_lasts_is_given_up() -> None:
    """After a minute and a half calls fail with what the service says, by one try each."""
    line = Outage(1)
    await line.request(GET)
    await anyio.sleep_until(1)
    assert await all_of(line, 20) == ["ServerError"] * 20
    assert PATIENCE <= anyio.current_time() - 1 <= PATIENCE + 2
    sent = len(line.sent)
    with pytest.raises(errors.ServerError) as caught:
        await line.request(GET)
    assert (caught.value.attempts, len(line.sent)) == (1, sent + 1)
    line.ends = 0.0
    await line.request(GET)


async def test_a_lone_call_to_a_service_that_never_served_has_five_tries() -> None:
    """Nobody waits long for a service that may never come."""
    line = Outage()
    with pytest.raises(errors.ServerError) as caught:
        await line.request(GET)
    assert caught.value.attempts == len(line.sent) == MAX_TRIES
    assert anyio.current_time() < 10


async def test_a_host_that_never_answered_is_not_waited_for() -> None:
    """A wrong address: two hundred calls are done with it as fast as one."""
    started = anyio.current_time()
    assert await all_of(Outage(failure=refused), 200) == ["ConnectionFailed"] * 200
    assert anyio.current_time() - started < 10


@pytest.mark.fault("H2")
async def test_one_poisoned_request_stops_nobody() -> None:
    """A 500 is one request's own: five in a row fail, and no other call waits."""
    line = Outage(failure=lambda: failing(500))
    assert await all_of(line, 10) == ["ServerError"] * 10
    assert len(line.sent) == 10 * MAX_TRIES
    line.ends = 0.0
    started = anyio.current_time()
    await line.request(GET)
    assert anyio.current_time() - started == pytest.approx(line.latency)


@pytest.mark.fault("H2", "H3")
async def test_one_request_that_always_answers_502_stops_nobody() -> None:
    """Its own five tries, as with a 500, however often it is made; no other call waits."""
    line = Outage(1, failure=lambda: failing(502))
    await line.request(GET)
    await anyio.sleep_until(1)
    for made in (1, 2, 3):
        with pytest.raises(errors.ServerError):
            await line.request(GET)
        assert len(line.sent) == 1 + made * MAX_TRIES
        assert anyio.current_time() < 1 + made * 8
    assert not line.breaker.out
    assert not await line.breaker.wait()


@pytest.mark.fault("H3")
async def test_two_calls_that_answer_502_are_an_outage() -> None:
    """It cannot be one request's own: both outlive a minute of it, and share the looks."""
    line = Outage(1, 61, lambda: failing(502))
    await line.request(GET)
    await anyio.sleep_until(1)
    assert await all_of(line, 2) == ["ok", "ok"]
    assert len(line.lost) <= FAILURES + 1 + 60 / LOOK_EVERY
    assert min(at for at in line.good if at > 1) - line.ends <= 2.0


async def test_a_lone_call_outlives_a_minute_of_503() -> None:
    """The service's own word that it is out needs no second call."""
    line = Outage(1, 61)
    await line.request(GET)
    await anyio.sleep_until(1)
    await line.request(GET)
    assert line.good[-1] - line.ends <= 2.0


async def test_an_endpoint_that_fails_beside_others_has_its_five_tries() -> None:
    """Good answers to others in between say that the service is there."""
    line = Outage()

    async def serve_others() -> None:
        while True:
            await anyio.sleep(0.2)
            line.breaker.served()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve_others)
        assert await all_of(line, 1) == ["ServerError"]
        tasks.cancel_scope.cancel()
    assert len(line.sent) == MAX_TRIES
    assert not line.breaker.out


@pytest.mark.fault("N13")
async def test_a_page_that_is_too_large_to_come_in_time_is_no_outage() -> None:
    """Its caller asks for fewer rows at once, and nobody waits."""
    line = Line(failing(504))
    for _ in range(2 * FAILURES):
        with pytest.raises(errors.ServerError):
            await line.request(dataclasses.replace(GET, shrinks=True))
    assert len(line.sent) == 2 * FAILURES
    assert anyio.current_time() == pytest.approx(line.sent[0][0])


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (failing(502), True), (failing(503), True), (failing(504), False),
        (errors.ConnectionFailed("x"), True), (errors.TLSFailed("x"), False),
        (failing(500), False), (failing(404), False), (failing(429), False),
        (errors.TimedOut("x"), False), (errors.ProtocolError("x"), False),
    ],
)  # fmt: skip
async def test_what_counts_as_an_outage(error: errors.LeadGeniusError, counts: bool) -> None:  # noqa: FBT001
    """A gateway without a service, or no connection; a refusal ends it, a 500 does neither."""
    assert is_outage(error) is counts
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(failing(503))
    assert breaker.out
    breaker.failed(error)
    refusal = isinstance(error, errors.APIStatusError) and error.status < 500
    assert breaker.out is not refusal
