"""What the gate makes of a service's headers, and of its 429s."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Callable
from email.utils import formatdate

import anyio
import pytest
from virtual_clock import VIRTUAL

from leadgenius_async._http.limiter import USED, Gate, Local, feedback
from leadgenius_async._http.limiter.desk import warn_alone
from leadgenius_async._http.limiter.feedback import Said
from leadgenius_async._http.limiter.ledger import Ledger
from leadgenius_async.emulator.limits import (
    FirstRequestWindow,
    FixedWindow,
    Limiter,
    RateHeaders,
    SlidingLog,
    TokenBucket,
    WeightedWindow,
)

#: The service's clock when the virtual one starts; ours says something else.
EPOCH = 1_800_000_000.0


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


class Service:
    """A limiter that answers with headers, and may have another consumer beside us.

    Args:
        model: How it counts.
        dialect: How it writes the end of the window.
        others: Requests a minute by somebody else.
    """

    def __init__(
        self, model: Limiter, *, dialect: RateHeaders = "epoch", others: float = 0.0
    ) -> None:
        self.model = model
        self.dialect: RateHeaders = dialect
        self.others = others
        self.refused = 0
        self.served: list[float] = []

    async def ask(self) -> tuple[bool, dict[str, str]]:
        """Answer after a little while."""
        await anyio.sleep(0.05)
        now = EPOCH + anyio.current_time()
        permit = self.model.ask("account", now)
        headers = {name.lower(): text for name, text in permit.headers(self.dialect, now).items()}
        headers["date"] = formatdate(int(now), usegmt=True)
        await anyio.sleep(0.05)
        self.refused += not permit.admitted
        if permit.admitted:
            self.served.append(anyio.current_time())
        return permit.admitted, headers

    async def be_used_by_others(self) -> None:
        """Ask as somebody else does, for ever."""
        while True:
            await anyio.sleep(60 / self.others)
            self.model.ask("account", EPOCH + anyio.current_time())


async def use(gate: Gate, service: Service, seconds: float) -> None:
    """Let eight tasks ask for so long, and the gate hear what is answered."""

    async def ask() -> None:
        while True:
            granted = await gate.permit()
            admitted, headers = await service.ask()
            gate.observe(headers, granted)
            if not admitted:
                gate.refused(float(headers["retry-after"]), granted)

    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as group:
            if service.others:
                group.start_soon(service.be_used_by_others)
            for _ in range(8):
                group.start_soon(ask)


@pytest.mark.parametrize("limit", [60, 100])
@pytest.mark.parametrize(
    ("model", "dialect"),
    [(FixedWindow, "epoch"), (FixedWindow, "epoch_ms"), (FixedWindow, "delta"),
     (FixedWindow, "draft"), (FirstRequestWindow, "epoch"), (SlidingLog, "epoch"),
     (WeightedWindow, "epoch"), (TokenBucket, "epoch")],
)  # fmt: skip
async def test_alone_the_whole_limit_is_used(
    model: Callable[[int], Limiter], dialect: RateHeaders, limit: int
) -> None:
    """Headers that our own sends explain slow nothing down, whatever dialect they have."""
    gate, service = Gate(), Service(model(limit), dialect=dialect)
    await use(gate, service, 600)
    assert service.refused == 0
    served = service.served[20:]  # the limit is known by then
    assert (len(served) - 1) / (served[-1] - served[0]) * 60 >= 0.98 * limit


async def test_alone_at_a_thousand_too() -> None:
    """Sixteen a second, of which some are always on their way."""
    gate, service = Gate("premium"), Service(FixedWindow(1000))
    await use(gate, service, 240)
    assert (service.refused, gate.limit) == (0, 1000)
    assert len(service.served) >= 0.975 * 4 * 1000


@pytest.mark.fault("R5")
@pytest.mark.parametrize("limit", [100, 1000])
@pytest.mark.parametrize("model", [FixedWindow, FirstRequestWindow])
async def test_beside_somebody_else_the_rest_is_used(
    model: Callable[[int], Limiter], limit: int
) -> None:
    """A fifth is taken by others: no more than one 429 a window, and most of the rest is used."""
    minutes = 10 if limit < 1000 else 4
    gate, service = Gate("standard"), Service(model(limit), others=0.2 * limit)
    await use(gate, service, minutes * 60)
    assert service.refused <= minutes
    assert len(service.served) >= 0.7 * limit * minutes


@pytest.mark.fault("R5")
async def test_nothing_left_is_waited_out() -> None:
    """Others have used all of the window: nobody goes before its end has come."""
    gate = Gate(100)
    granted = await gate.permit()
    answer = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}
    gate.observe(answer, granted)
    assert gate.paused_for == pytest.approx(31)


@pytest.mark.fault("R5")
async def test_what_is_left_is_spread_over_the_window() -> None:
    """Five requests for the next 50 s: one every 10 s, and the usual pace after it."""
    gate = Gate(100)
    granted = await gate.permit()
    answer = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "5", "x-ratelimit-reset": "50"}
    gate.observe(answer, granted)
    sent = [await gate.permit() - granted for _ in range(7)]
    assert 4 <= sum(at < 50 for at in sent) <= 5
    again = await gate.permit()
    assert await gate.permit() - again == pytest.approx(60 / 98.5, rel=1e-3)


@pytest.mark.fault("R6")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-limit": "100"},
        {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "0"},
        {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "abc", "x-ratelimit-reset": "30"},
        {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "nan"},
        {"x-ratelimit-limit": "9", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "30",
         "age": "12"},
    ],
)  # fmt: skip
async def test_without_all_headers_or_from_a_cache_there_is_only_the_pace(
    headers: dict[str, str],
) -> None:
    """Half of a story, or an old one, changes nothing."""
    gate = Gate(100)
    granted = await gate.permit()
    gate.observe(headers, granted)
    assert (gate.limit, gate.paused_for) == (100, 0)
    assert await gate.permit() - granted == pytest.approx(60 / 98.5, rel=1e-3)


@pytest.mark.fault("R6")
async def test_an_answer_of_a_window_that_is_over_is_ignored() -> None:
    """It was a long time on its way; a newer one told of the next window."""
    gate = Gate(100)
    granted = await gate.permit()
    answer = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "99"}
    gate.observe(answer | {"x-ratelimit-reset": "60"}, granted)
    gate.observe(answer | {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}, granted)
    assert gate.paused_for == 0


@pytest.mark.fault("R3")
@pytest.mark.parametrize(
    ("reset", "seconds"),
    [("30", 30), ("0", 0), ("-5", 0), ("90", 61), (str(EPOCH + 30), 30), (str(EPOCH - 30), 0),
     (str((EPOCH + 30) * 1000), 30), (str(EPOCH + 100), 61), ("3600", None), ("abc", None),
     ("", None), ("1e400", None)],
)  # fmt: skip
def test_the_end_of_the_window_is_read_in_any_form(reset: str, seconds: float | None) -> None:
    """Epoch seconds, epoch milliseconds or seconds to go; a window and a second at the most."""
    headers = {"x-ratelimit-reset": reset, "date": formatdate(EPOCH, usegmt=True)}
    assert feedback.reset_in(headers) == seconds


@pytest.mark.fault("R4", "R7")
@pytest.mark.parametrize(
    ("reset", "limit"),
    [("30", 1000), ("120", 1000), ("3000", None), ("80000", None), (str(EPOCH + 50), 1000),
     (str(EPOCH + 80000), None), (str((EPOCH + 3000) * 1000), None), ("abc", 1000)],
)  # fmt: skip
async def test_the_limit_of_an_hour_or_a_day_is_not_a_minutes(
    reset: str, limit: float | None
) -> None:
    """Its window ends more than two minutes from now: sent at that pace, nothing would be left."""
    gate = Gate()
    headers = {"x-ratelimit-limit": "1000", "x-ratelimit-reset": reset}
    gate.observe(headers | {"date": formatdate(EPOCH, usegmt=True)}, await gate.permit())
    assert gate.limit == (limit or 100)


@pytest.mark.fault("R4")
async def test_no_limit_is_less_than_one_a_minute() -> None:
    """A header of nearly nothing does not stop a job for days."""
    gate = Gate()
    granted = await gate.permit()
    gate.observe({"x-ratelimit-limit": "0.001"}, granted)
    assert gate.limit == 1
    assert await gate.permit() - granted <= 62


@pytest.mark.fault("K1", "K2")
def test_the_clock_of_this_machine_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both times are the service's; a clock an hour off, or set meanwhile, changes nothing."""
    monkeypatch.setattr(time, "time", lambda: EPOCH - 3600.0)
    said = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "7"}
    said["x-ratelimit-reset"] = str(EPOCH + 20)
    assert feedback.read(said | {"date": formatdate(EPOCH, usegmt=True)}) == Said(100, 7, 20)
    assert feedback.read(said) is None
    assert feedback.read(said | {"date": "yesterday"}) is None


@pytest.mark.fault("R4")
async def test_the_limit_is_followed_while_it_changes() -> None:
    """A plan that goes down in mid-run and up again, without a 429."""
    gate = Gate()
    for limit in (100, 60, 1000):
        service = Service(SlidingLog(limit))
        await use(gate, service, 1)  # the service has a new limit, and begins a new count
        assert gate.limit == limit
        await use(gate, service, 60)
        assert service.refused == 0


@pytest.mark.fault("R2")
async def test_after_a_429_less_is_used_and_more_again_with_time() -> None:
    """A tenth less at once, then half a per cent more each minute, up to where it was."""
    gate = Gate(100)
    granted = await gate.permit()
    gate.refused(1.0, granted)

    async def spacing() -> float:
        first = await gate.permit()
        return await gate.permit() - first

    assert await spacing() == pytest.approx(0.6 / (USED * 0.9), rel=1e-3)
    await anyio.sleep(10 * 60)
    await spacing()
    assert await spacing() == pytest.approx(0.6 / (USED * 0.9 + 0.05), rel=1e-3)
    await anyio.sleep(3600)
    await spacing()
    assert await spacing() == pytest.approx(0.6 / USED, rel=1e-3)


@pytest.mark.fault("R2")
async def test_many_429s_of_one_moment_count_once() -> None:
    """Requests that were on their way together tell one thing, and one line says it."""
    gate = Gate(1000)
    granted = [await gate.permit() for _ in range(10)]
    for at in granted:
        gate.refused(1.0, at)
    await gate.permit()
    first = await gate.permit()
    assert await gate.permit() - first == pytest.approx(0.06 / (USED * 0.9), rel=1e-3)


@pytest.mark.fault("R1")
async def test_a_429_pauses_all_and_they_come_back_a_little_later() -> None:
    """Not before it is over, and up to a tenth more, so that hosts do not come together."""
    book = Local()
    one, other = Gate(1000, book), Gate(1000, book)
    granted = await one.permit()
    one.refused(30.0, granted)
    assert 30 <= await other.permit() - granted <= 33.1


async def test_a_429_is_logged_with_the_sends_before_it(caplog: pytest.LogCaptureFixture) -> None:
    """Once as a warning: it should not have been. After that the log is not filled."""
    gate = Gate(60)
    with caplog.at_level(logging.INFO, "leadgenius_async.limiter"):
        granted = [await gate.permit() for _ in range(3)]
        gate.refused(1.0, granted[-1])
        gate.refused(1.0, await gate.permit())
    [first, second] = [record for record in caplog.records if "429" in record.message]
    assert (first.levelname, second.levelname) == ("WARNING", "INFO")
    assert "3 in the last minute, the last ones 0.000, 1.015, 2.030 s ago" in first.message


class Asking(logging.Handler):
    """Reads the limit for each record, in another thread, since it may be wanted there too."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate
        self.limits: list[float | None] = []

    def emit(self, record: logging.LogRecord) -> None:
        del record
        asking = threading.Thread(target=lambda: self.limits.append(self.gate.limit), daemon=True)
        asking.start()
        asking.join(5)


async def test_a_log_handler_may_ask_for_the_limit() -> None:
    """When the limit is another one, at a 429, and when the book cannot be shared any more."""
    gate = Gate(60, book := Unusable())
    log, asking = logging.getLogger("leadgenius_async.limiter"), Asking(gate)
    before = log.level
    warn_alone.cache_clear()
    log.addHandler(asking)
    log.setLevel(logging.INFO)
    try:
        granted = await gate.permit()
        gate.observe({"x-ratelimit-limit": "30"})
        gate.refused(1.0, granted)
        assert asking.limits == [30, 30]
        book.is_usable = False
        await gate.permit()
        assert asking.limits == [30, 30, 30]
    finally:
        log.removeHandler(asking)
        log.setLevel(before)
        warn_alone.cache_clear()


class Unusable(Local):
    """A book that fails once it is told to."""

    is_usable = True

    def __enter__(self) -> Ledger:
        if not self.is_usable:
            raise OSError(errno.EIO, "input/output error")
        return super().__enter__()


@pytest.mark.fault("R1")
async def test_a_pause_is_an_hour_at_the_most() -> None:
    """Who asks for thirty years gets one request an hour."""
    gate = Gate(100)
    granted = await gate.permit()
    gate.refused(1e9, granted)
    assert gate.paused_for == 3600
    assert 3600 <= await gate.permit() - granted <= 1.1 * 3600 + 1
