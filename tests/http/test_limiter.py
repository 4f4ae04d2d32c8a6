"""The gate: no more than the limit in any window, nearly all of it used, and one pause for all."""

from __future__ import annotations

import bisect
import itertools

import anyio
import pytest
from virtual_clock import VIRTUAL

from leadgenius_async._http.limiter import PERMIT_LIFE, Gate, Rate, parse_rate

WINDOW = 60.0


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


async def run(gate: Gate, seconds: float, *, tasks: int = 8, work: float = 0.05) -> list[float]:
    """Let tasks send one request after another, each `work` seconds long; return the times."""
    sent: list[float] = []

    async def send() -> None:
        while True:
            sent.append(await gate.permit())
            await anyio.sleep(work)

    with anyio.move_on_after(seconds):
        async with anyio.create_task_group() as group:
            for _ in range(tasks):
                group.start_soon(send)
    return sent


def most_in_a_window(sent: list[float], width: float) -> int:
    """Return the most sends in any half-open window of this width."""
    return max(bisect.bisect_left(sent, start + width) - n for n, start in enumerate(sent))


@pytest.mark.parametrize("limit", [60, 100, 1000])
async def test_any_window_stays_below_the_limit_and_uses_it(limit: int) -> None:
    """Ten minutes: never more than L in any 60 s, at least 98 % of L on the whole."""
    sent = await run(Gate(limit), 600)
    assert most_in_a_window(sent, WINDOW) <= limit
    steady = (len(sent) - 1) / (sent[-1] - sent[0]) * WINDOW
    assert steady >= 0.98 * limit


@pytest.mark.parametrize("limit", [60, 100, 1000])
async def test_lateness_on_the_way_is_allowed_for(limit: int) -> None:
    """Sends that reach the service up to J late still fit; windows may begin anywhere."""
    sent = await run(Gate(limit), 300)
    # Every other one is late by as much as the arithmetic allows.
    bound = 0.9 - 1e-6
    arrivals = sorted(t + late for t, late in zip(sent, itertools.cycle([0, bound]), strict=False))
    assert most_in_a_window(arrivals, WINDOW) <= limit


async def test_a_new_gate_starts_as_if_one_had_just_gone_out() -> None:
    """The process before us may have sent a moment ago: the first permit waits a spacing."""
    started = anyio.current_time()
    assert await Gate(100).permit() - started == pytest.approx(60 / 98.5, rel=0.01)


async def test_lateness_of_a_task_is_caught_up() -> None:
    """A task that comes for its permit a little late does not lower the rate for good."""
    gate = Gate(1000)
    spacing = 60 / 985
    sent: list[float] = []
    for _ in range(2000):
        sent.append(await gate.permit())
        # Asks again 10 ms after its turn, every time; a bucket of exactly one would lose them.
        due = sent[0] + len(sent) * spacing
        await anyio.sleep(max(0.0, due + 0.01 - anyio.current_time()))
    steady = (len(sent) - 1) / (sent[-1] - sent[0]) * WINDOW
    assert steady >= 0.98 * 1000


async def test_a_pause_holds_everyone() -> None:
    """After a 429 nobody is let through until it is over, also those who waited before."""
    gate = Gate(1000)
    sent: list[float] = []
    before = 0
    resumes = 0.0

    async def send() -> None:
        sent.append(await gate.permit())

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(send)
        await anyio.sleep(0.3)
        before = len(sent)
        assert 0 < before < 20
        gate.pause(30)
        assert gate.paused_for == 30
        resumes = anyio.current_time() + 30
        await anyio.sleep(29)
        assert len(sent) == before
    assert len(sent) == 20
    assert min(sent[before:]) >= resumes


async def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    """Two answers of 429: the later end counts."""
    gate = Gate("off")
    gate.pause(30)
    gate.pause(5)
    started = anyio.current_time()
    assert await gate.permit() - started == 30


async def test_off_does_not_pace() -> None:
    """`off` lets everything through at once."""
    gate = Gate("off")
    started = anyio.current_time()
    for _ in range(1000):
        await gate.permit()
    assert anyio.current_time() == started
    assert gate.limit is None


@pytest.mark.parametrize(
    ("setting", "announced", "expected"),
    [
        (None, 1000, 1000),
        (None, 60, 60),
        ("standard", 1000, 1000),
        ("premium", 100, 100),
        (500, 1000, 500),
        (500, 100, 100),
    ],
)
async def test_the_header_outranks_the_setting(
    setting: Rate | None, announced: float, expected: float
) -> None:
    """A tier is corrected either way; a number is a ceiling, lowered and never raised."""
    gate = Gate(setting)
    gate.observe({"x-ratelimit-limit": str(announced)})
    assert gate.limit == expected
    sent = await run(gate, 120)
    assert most_in_a_window(sent, WINDOW) <= expected
    gate.observe({"x-ratelimit-limit": str(announced * 2)})
    assert gate.limit == (
        min(announced * 2, setting) if isinstance(setting, (int, float)) else announced * 2
    )


@pytest.mark.fault("R6")
@pytest.mark.parametrize("text", ["", "abc", "-1", "0", "nan", "inf"])
async def test_a_header_that_says_nothing_is_ignored(text: str) -> None:
    """A missing or broken header changes nothing."""
    gate = Gate("premium")
    gate.observe({"x-ratelimit-limit": text})
    gate.observe({})
    assert gate.limit == 1000


@pytest.mark.fault("R4")
async def test_a_lower_limit_holds_for_those_who_wait_already() -> None:
    """Adopted at once: permits from the old, faster pace are dropped."""
    gate = Gate(1000)
    sent: list[float] = []
    early = 0

    async def send() -> None:
        sent.append(await gate.permit())

    async with anyio.create_task_group() as group:
        for _ in range(30):
            group.start_soon(send)
        await anyio.sleep(0.5)
        early = len(sent)
        gate.observe({"x-ratelimit-limit": "60"})
    later = sent[early:]
    assert all(b - a >= 0.7 for a, b in itertools.pairwise(later))


@pytest.mark.fault("K4")
async def test_a_stale_permit_is_replaced() -> None:
    """A permit that waited too long for its connection is dropped, and another one taken."""
    gate = Gate(100)
    granted = await gate.permit()
    assert await gate.renew(granted) == granted
    await anyio.sleep(PERMIT_LIFE + 0.01)
    renewed = await gate.renew(granted)
    assert renewed > granted + PERMIT_LIFE


@pytest.mark.parametrize(
    ("text", "rate"),
    [(None, None), ("standard", "standard"), ("premium", "premium"), ("off", "off"), ("250", 250),
     (12.5, 12.5)],
)  # fmt: skip
def test_a_rate_is_a_tier_or_a_number(text: str | float | None, rate: Rate | None) -> None:
    """What users may write."""
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["fast", "0", "-5", "nan", "inf", ""])
def test_any_other_rate_is_refused(text: str) -> None:
    """The message says what is allowed."""
    with pytest.raises(ValueError, match="standard"):
        parse_rate(text)
