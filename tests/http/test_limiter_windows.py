"""Limits of an hour and of a day beside that of a minute."""

from __future__ import annotations

import bisect
import itertools
import math

import anyio
import pytest
from virtual_clock import VIRTUAL
from wire import Wire, reply, transport_to

from leadgenius_async import errors
from leadgenius_async._http.auth import api_key
from leadgenius_async._http.call import NO_CREDENTIALS, Call, Kind
from leadgenius_async._http.limiter import Gate, Local, Windows, parse_rate
from leadgenius_async._http.limiter.ledger import KEPT, Ledger, Terms
from leadgenius_async._http.limiter.rates import Window
from leadgenius_async._secret import Secret

HOUR, DAY = 3600.0, 86400.0
GET = Call(method="GET", path="/x", takes=NO_CREDENTIALS)


def windows(text: str) -> Windows:
    """Return what a setting of several windows means."""
    rate = parse_rate(text)
    assert isinstance(rate, Windows)
    return rate


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/min", Windows(100.0)),
        ("100/min,1000/hour,10000/day", Windows(100, (Window(1000, HOUR), Window(10000, DAY)))),
        (" 10000 / day , 90/minute", Windows(90, (Window(10000, DAY),))),
        ("500/H", Windows(None, (Window(500, HOUR),))),
    ],
)
def test_windows_are_read(text: str, rate: Windows) -> None:
    """In any order; without a minute's, that of the header is followed."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    "text", ["/", "10/", "10/week", "10/min,", "0/day", "-1/day", "10/day,20/day", "1e3/day",
             "200000/day", "0.5/hour", "standard,10/day"],
)  # fmt: skip
def test_other_windows_are_refused(text: str) -> None:
    """Twice the same, none, too large or with another unit; the message says what may be said."""
    with pytest.raises(ValueError, match=r"rate is .*(100/min,1000/hour|leave a larger one out)"):
        parse_rate(text)


@pytest.mark.fault("R7")
@pytest.mark.parametrize("rate", ["60/min,1000/hour,10000/day", "100/min,3000/hour,5000/day"])
def test_all_windows_are_obeyed(rate: str) -> None:
    """Two days of sends that may be 0.9 s late: no window of any kind has more than its limit."""
    allowed = windows(rate)
    terms = Terms(allowed.per_minute or 0, larger=allowed.larger)
    ledger, now, sent = Ledger(), 0.0, list[float]()
    while now < 2 * DAY:
        if wait := ledger.take(now, terms):
            now += wait
        else:
            sent.append(now)
    late = itertools.cycle([0.9 - 1e-6, 0.0, 0.4])
    arrivals = sorted(at + by for at, by in zip(sent, late, strict=False))
    for limit, seconds in [(allowed.per_minute or 0, 60.0), *allowed.larger]:
        most = max(bisect.bisect_left(arrivals, at + seconds) - n for n, at in enumerate(arrivals))
        assert 0.97 * limit <= most <= limit
    assert len(sent) >= 2 * 0.98 * allowed.larger[-1].limit


def test_only_so_many_times_are_kept() -> None:
    """The oldest give way; what is asked of the rest stays right."""
    ledger, terms = Ledger(count=KEPT - 3, tat=0.0), Terms(60)
    ledger.times = type(ledger.times)()
    for number in range(KEPT):
        ledger.times.put(number, float(number) - KEPT)
    sent, now = list[float](), 1.0
    while len(sent) < 5:
        if wait := ledger.take(now, terms):
            now += wait
        else:
            sent.append(now)
    assert ledger.last(math.inf, now)[:5] == [now - at for at in reversed(sent)]
    assert len(ledger.last(math.inf, now)) == KEPT


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    return ("asyncio", {}) if "real" in request.node.name else VIRTUAL


@pytest.mark.fault("R7")
async def test_who_waits_can_be_told_until_when() -> None:
    """The hour's two are used up: the next one is an hour after the first."""
    gate = Gate(windows("60/min,3/hour"))
    first = await gate.permit()
    await gate.permit()
    with anyio.move_on_after(100):
        await gate.permit()
    assert anyio.current_time() + gate.opens_in == pytest.approx(first + HOUR + 1)


@pytest.mark.fault("R7")
async def test_the_error_says_when_in_real_time() -> None:
    """In its words, and in seconds for a program."""
    gate = Gate(windows("10000/min,1/hour"))
    async with Wire(reply()) as wire, transport_to(wire.url, gate=gate) as line:
        await line.request(GET)
        with pytest.raises(errors.QueuedTooLong, match=r"opens in 3,60\d s") as caught:
            await line.request(GET, deadline=0.05)
    assert caught.value.retry_after == pytest.approx(3601, abs=1)


async def test_a_header_of_the_hours_window_is_not_taken_for_the_minutes() -> None:
    """A service with several windows tells of the one that has the least left."""
    gate = Gate(windows("60/min,1000/hour"))
    granted = await gate.permit()
    gate.observe(
        {"x-ratelimit-limit": "1000", "x-ratelimit-remaining": "9", "x-ratelimit-reset": "50"},
        granted,
    )
    assert gate.limit == 60
    assert await gate.permit() - granted == pytest.approx(60 / 59.1, rel=1e-3)


async def test_without_a_minutes_window_the_header_is_followed() -> None:
    """From the standard plan on, as without any setting."""
    gate = Gate(windows("5000/hour"))
    assert gate.limit == 100
    gate.observe({"x-ratelimit-limit": "1000"})
    assert gate.limit == 1000


async def test_the_transport_tells_the_gate_all_in_real_time() -> None:
    """What an answer's headers say, and a refusal with the permit that it was for."""
    told: list[tuple[float, float]] = []

    class Told(Gate):
        def refused(self, seconds: float, granted: float) -> None:
            told.append((seconds, granted))  # and nobody waits in real time

    refusal = reply(429, Retry_After="7")
    used_up = reply(X_RateLimit_Limit="9000", X_RateLimit_Remaining="0", X_RateLimit_Reset="30")
    keyed = Call(method="GET", path="/x", takes=(Kind.API_KEY,))
    held = {Kind.API_KEY: api_key(Secret("k"), "u")}
    gate, began = Told(9000), anyio.current_time()
    async with Wire(refusal, used_up) as wire, transport_to(wire.url, held, gate=gate) as line:
        await line.request(keyed)
    [(seconds, granted)] = told
    assert seconds == 7
    assert began <= granted <= anyio.current_time()
    assert gate.paused_for == pytest.approx(31, abs=0.5)


@pytest.mark.fault("K3")
async def test_a_long_wait_is_looked_at_each_minute() -> None:
    """The loop's clock may stand still while the machine sleeps; the ledger's does not."""

    class Slept(Local):
        slept = 0.0

        def clock(self) -> float:
            return super().clock() + self.slept

    book = Slept()
    gate = Gate(windows("60/min,1/hour"), book)
    first = await gate.permit()
    async with anyio.create_task_group() as group:
        group.start_soon(gate.permit)
        await anyio.sleep(100)
        book.slept = HOUR
    assert anyio.current_time() - first <= 121
