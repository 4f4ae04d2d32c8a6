"""One gate for all processes of a host: its file, its lock, and what there is without them."""

from __future__ import annotations

import errno
import itertools
import logging
import math
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import example, given, strategies as st
from virtual_clock import VIRTUAL

from leadgenius_async import LeadGenius, _settings
from leadgenius_async._client import account_of
from leadgenius_async._http.limiter import Gate, Local, Shared, books, file_name, parse_rate
from leadgenius_async._http.limiter.desk import warn_alone
from leadgenius_async._http.limiter.ledger import Terms
from leadgenius_async._secret import Secret
from leadgenius_async.errors import ConfigurationError

KEY = Secret("lgp_canary_key")
SPACING = 60 / 98.5


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return VIRTUAL


@pytest.fixture(autouse=True)
def warn_anew() -> Generator[None]:
    warn_alone.cache_clear()
    yield
    warn_alone.cache_clear()


class File(Shared):
    """The file, by the virtual clock; each one stands for a process."""

    def clock(self) -> float:
        return 1000.0 + anyio.current_time()


def gate(folder: Path, rate: Any = 100, name: str = "account") -> Gate:
    """Return the gate of one more process."""
    return Gate(rate, File(name, folder))


async def take(gates: list[Gate], each: int) -> list[float]:
    """Let all gates take permits together, and return the times."""
    sent: list[float] = []

    async def hold(one: Gate) -> None:
        for _ in range(each):
            at = await one.permit()
            sent.append(at)

    async with anyio.create_task_group() as group:
        for one in gates:
            group.start_soon(hold, one)
    return sent


async def test_all_are_paced_together(tmp_path: Path) -> None:
    """Four processes get what one would, not four times as much."""
    sent = await take([gate(tmp_path) for _ in range(4)], 10)
    assert all(b - a >= SPACING - 0.0131 for a, b in itertools.pairwise(sent))
    assert sent[-1] - sent[0] == pytest.approx(39 * SPACING, rel=1e-3)


async def test_other_accounts_are_not(tmp_path: Path) -> None:
    """Another key or another service has a file of its own."""
    sent = await take([gate(tmp_path, name=name) for name in "abcd"], 10)
    assert sent[-1] - sent[0] == pytest.approx(9 * SPACING, rel=1e-3)


async def test_the_next_process_goes_on(tmp_path: Path) -> None:
    """It knows when the last one sent: it neither follows too soon, nor waits without a reason."""
    first = await gate(tmp_path).permit()
    second = await gate(tmp_path).permit()
    assert second - first == pytest.approx(SPACING, rel=1e-3)
    await anyio.sleep(5)
    now = anyio.current_time()
    assert await gate(tmp_path).permit() == now


@pytest.mark.fault("R7")
async def test_larger_windows_outlive_a_process(tmp_path: Path) -> None:
    """The second one has what the first left of the hour."""
    rate = parse_rate("60/min,10/hour")
    first = await take([gate(tmp_path, rate)], 6)
    second = await take([gate(tmp_path, rate)], 4)
    assert second[2] - first[0] < 60
    assert second[3] - first[0] > 3600


async def test_a_pause_is_everybodys(tmp_path: Path) -> None:
    """Also that of a process that starts while it lasts."""
    one, other = gate(tmp_path), gate(tmp_path)
    granted = await one.permit()
    await other.permit()
    one.refused(30.0, granted)
    assert other.paused_for == pytest.approx(30)
    resumes_at = anyio.current_time() + 30
    assert await other.permit() >= resumes_at
    one.pause(50)
    resumes_at = anyio.current_time() + 50
    assert await gate(tmp_path).permit() >= resumes_at


@pytest.mark.fault("R4")
async def test_the_limit_is_everybodys(tmp_path: Path) -> None:
    """What one process was told, the next one starts with; a number stays its own ceiling."""
    one, limited = gate(tmp_path, None), gate(tmp_path, 200)
    await one.permit()
    one.observe({"x-ratelimit-limit": "1000"})
    await limited.permit()
    assert (one.limit, limited.limit) == (1000, 200)
    fresh = gate(tmp_path, None)
    first = await fresh.permit()
    assert await fresh.permit() - first == pytest.approx(60 / 985, rel=1e-3)
    assert fresh.limit == 1000
    first = await limited.permit()
    assert await limited.permit() - first == pytest.approx(60 / 197, rel=1e-2)


async def test_a_ceiling_slows_nobody_else(tmp_path: Path) -> None:
    """One process wants a tenth of the account; the other one gets the rest, at full pace."""
    fast, slow = gate(tmp_path, "premium"), gate(tmp_path, 100)
    await fast.permit()
    fast.observe({"x-ratelimit-limit": "1000"})
    counts = {fast: 0, slow: 0}

    async def hold(one: Gate) -> None:
        while True:
            await one.permit()
            counts[one] += 1

    with anyio.move_on_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(hold, fast)
            group.start_soon(hold, slow)
    assert 90 <= counts[slow] <= 100
    assert 980 <= sum(counts.values()) <= 1000


def test_the_file_is_private_and_tells_no_key(tmp_path: Path) -> None:
    """0600 in a folder with 0700; neither its name nor its bytes hold the key."""
    name = file_name("https://api.example", KEY)
    folder = tmp_path / "rate"
    with Shared(name, folder) as ledger:
        ledger.limit = 100
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert KEY.reveal() not in name
    assert KEY.reveal().encode() not in (folder / name).read_bytes()


@pytest.mark.fault("K3")
def test_service_account_and_start_of_the_host_name_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a restart the clock begins anew, and so does the state."""
    first = file_name("https://api.example", KEY)
    assert file_name("https://api.example", Secret(KEY.reveal())) == first
    names = {first, file_name("https://api.example:81", KEY)}
    names.add(file_name("https://api.example", Secret("another")))
    monkeypatch.setattr(books, "boot_id", lambda: "the next start")
    names.add(file_name("https://api.example", KEY))
    assert len(names) == 4


@pytest.mark.fault("K3")
def test_the_clock_goes_on_while_the_machine_sleeps() -> None:
    """On Linux, that is; where there is no such clock, the steady one is taken."""
    assert Shared("x").clock() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=1)


@pytest.mark.fault("K3")
async def test_times_that_are_yet_to_come_are_from_another_start(tmp_path: Path) -> None:
    """Where the system does not say when it started, this does."""
    one = gate(tmp_path)
    await one.permit()
    with File("account", tmp_path) as ledger:
        ledger.times.put(ledger.count - 1, 1e6)
        ledger.tat = 1e6
    assert await gate(tmp_path).permit() < 60


@pytest.mark.fault("K1")
async def test_the_wall_clock_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour forth, an hour back: the pace is that of a clock that nobody sets."""
    walls = itertools.cycle([0.0, 3600.0, -3600.0])
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + next(walls))
    sent = await take([gate(tmp_path), Gate(100)], 20)
    assert sent[-1] - sent[0] == pytest.approx(19 * SPACING, rel=1e-2)


@pytest.mark.parametrize(
    "damage",
    [b"", b"\0" * 200, b"\xff" * 200, b"lg-rate1" + b"\x7f" * 192, b"lg-rate1" + b"\xff" * 64],
)
async def test_a_damaged_file_is_begun_anew(tmp_path: Path, damage: bytes) -> None:
    """Nobody waits for a time that can never be meant."""
    (tmp_path / "account").write_bytes(damage)
    sent = await take([gate(tmp_path), gate(tmp_path)], 3)
    assert sent[-1] - sent[0] == pytest.approx(5 * SPACING, rel=1e-3)


@given(count=st.integers(0, 2**64 - 1), fields=st.lists(st.floats(), min_size=8, max_size=8))
@example(count=9, fields=[0.0, 0.0, 100.0, 0.5, -math.inf, 0.0, 0.0, 0.0])
def test_no_numbers_in_the_file_do_harm(
    tmp_path_factory: pytest.TempPathFactory, count: int, fields: list[float]
) -> None:
    """Whatever they are, there is a permit now or at a time that may come."""
    folder = tmp_path_factory.getbasetemp()
    (folder / "numbers").write_bytes(books.HEAD.pack(books.MARK, count, *fields))
    book = Shared("numbers", folder)
    with book as ledger:
        assert 0 <= ledger.take(book.clock(), Terms(100)) <= 2 * 86400 + 1


@pytest.mark.fault("C5")
async def test_a_process_that_was_stopped_makes_up_for_nothing(tmp_path: Path) -> None:
    """Ninety seconds without it: it sends one, at once, and goes on at the pace of all."""
    stopped, other = gate(tmp_path), gate(tmp_path)
    granted = await stopped.permit()
    await anyio.sleep(90)
    await other.permit()
    renewed = await stopped.renew(granted)
    assert renewed - granted == pytest.approx(90 + SPACING, rel=1e-3)
    sent = await take([stopped, other], 3)
    assert all(b - a >= SPACING - 0.0131 for a, b in itertools.pairwise(sent))


@pytest.mark.fault("C5")
async def test_a_holder_that_was_stopped_blocks_no_loop(tmp_path: Path) -> None:
    """Stopped in the microseconds that it holds the lock: others wait, their loops go on."""
    one = gate(tmp_path)
    await one.permit()
    done: list[float] = []

    async def send() -> None:
        done.append(await one.permit())

    holder = File("account", tmp_path)
    async with anyio.create_task_group() as group:
        with holder:
            group.start_soon(send)
            await anyio.sleep(0.5)
            one.pause(20)  # not lost, though it cannot be written just now
            await anyio.sleep(0.5)
            assert done == []
    assert 21 <= done[0] <= 22
    assert gate(tmp_path).paused_for == 0


@pytest.mark.fault("C1")
async def test_the_lock_goes_with_its_holder(tmp_path: Path) -> None:
    """A process that is killed while it holds the lock wastes nobody's time."""
    code = (
        "import sys, time\n"
        "from leadgenius_async._http.limiter import Shared\n"
        "from pathlib import Path\n"
        "with Shared('account', Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    holder = subprocess.Popen(  # noqa: ASYNC220 - it is not waited for
        [sys.executable, "-P", "-c", code, str(tmp_path)], stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(books.Busy), Shared("account", tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
    with Shared("account", tmp_path) as ledger:
        assert ledger.count == 0


async def test_where_there_can_be_no_file_each_is_paced_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning, which says what to do; the pace is kept."""
    (tmp_path / "file").write_text("in the way")
    sent = await take([gate(tmp_path / "file"), gate(tmp_path / "file")], 3)
    assert sent[-1] - sent[0] == pytest.approx(2 * SPACING, rel=1e-3)
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "give each its share" in record.message


async def test_without_file_locks_each_is_paced_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on Windows."""
    monkeypatch.setattr(books, "HAS_LOCKS", False)
    await gate(tmp_path).permit()
    assert "no file locks" in caplog.text


@pytest.mark.parametrize("call", ["pread", "pwrite"])
async def test_a_file_that_breaks_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, call: str
) -> None:
    """A full disk, a broken one: the process goes on by itself, from a pace of its own."""
    one = gate(tmp_path)
    sent = [await one.permit()]

    def fail(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, call, fail)
    one.pause(5)
    sent += await take([one], 3)
    assert sent[1] - sent[0] >= 5
    assert all(b - a >= SPACING - 0.0131 for a, b in itertools.pairwise(sent))
    assert len(caplog.records) == 1


def break_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no file be read any more."""

    def fail(*_args: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "pread", fail)


@pytest.mark.fault("K3")
@pytest.mark.parametrize("rate", [100, None, "100/min,1000/hour"])
async def test_whoever_goes_on_alone_keeps_the_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: Any
) -> None:
    """The file's clock has counted the sleep of the machine; the one of the loop has not."""
    one = gate(tmp_path, parse_rate(rate))
    sent = await take([one], 3)
    break_disk(monkeypatch)
    sent += await take([one], 3)
    assert isinstance(one.book, Local)
    assert sent[-1] - sent[0] == pytest.approx(5 * SPACING, rel=0.1)
    assert all(b - a >= SPACING - 0.0131 for a, b in itertools.pairwise(sent))


@pytest.mark.fault("K3")
async def test_whoever_goes_on_alone_keeps_limit_and_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the service said holds, by whichever clock."""
    one = gate(tmp_path, None)
    granted = await one.permit()
    one.observe({"x-ratelimit-limit": "1000"})
    one.refused(30.0, granted)
    break_disk(monkeypatch)
    assert one.paused_for == pytest.approx(30)
    assert isinstance(one.book, Local)
    assert one.limit == 1000
    first = await one.permit()
    assert 30 <= first - granted <= 33
    assert await one.permit() - first == pytest.approx(60 / (0.9 * 985), rel=1e-2)


@pytest.mark.fault("C5")
async def test_a_holder_that_stays_stopped_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After some five seconds each goes on alone, at its pace, and says so once."""
    one, other = gate(tmp_path), gate(tmp_path)
    await take([one, other], 1)
    started = anyio.current_time()
    with File("account", tmp_path):
        sent = await take([one], 3)
        assert await other.permit() - sent[-1] <= 6
    assert 4 <= sent[0] - started <= 6
    assert all(b - a >= SPACING - 0.0131 for a, b in itertools.pairwise(sent))
    [record] = caplog.records
    assert "is stopped" in record.message


@pytest.mark.fault("C5")
async def test_moments_without_the_lock_do_not_add_up(tmp_path: Path) -> None:
    """Many processes take it; only who never gets it goes on alone."""
    one = gate(tmp_path)
    for _ in range(3):
        async with anyio.create_task_group() as group:
            with File("account", tmp_path):
                group.start_soon(one.permit)
                await anyio.sleep(3)
    assert isinstance(one.book, Shared)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_no_folder_that_is_made_is_anybody_elses(tmp_path: Path, mask: int) -> None:
    """Whatever the umask lets through, at any depth."""
    folder = tmp_path / "state" / "leadgenius" / "rate"
    before = os.umask(mask)
    try:
        with Shared("account", folder):
            pass
    finally:
        os.umask(before)
    for path in (folder, folder.parent, folder.parent.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_files_that_nobody_uses_any_more_are_deleted(tmp_path: Path) -> None:
    """A month after they were opened last, when another one is made."""
    folder = tmp_path / "rate"
    folder.mkdir()
    old, fresh = folder / "old", folder / "fresh"
    old.touch()
    fresh.touch()
    os.utime(old, (0, 0))
    with Shared("new", folder):
        assert sorted(path.name for path in folder.iterdir()) == ["fresh", "new"]


# Clients


def book_of(lg: LeadGenius) -> object:
    """Return where a client's gate keeps its ledger."""
    return lg._transport.gate.book  # pyright: ignore[reportPrivateUsage] - no other sign of it


async def test_clients_share_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when they are told not to, not without a pace, and not without an account."""
    account: dict[str, Any] = {"api_key": "k", "user_id": "u"}
    assert isinstance(book_of(LeadGenius(**account)), Shared)
    assert isinstance(book_of(LeadGenius(**account, rate="off")), Local)
    assert isinstance(book_of(LeadGenius(**account, share_rate=False)), Local)
    assert isinstance(book_of(LeadGenius()), Local)
    monkeypatch.setenv("LEADGENIUS_SHARE_RATE", "off")
    assert isinstance(book_of(LeadGenius(**account)), Local)
    assert isinstance(book_of(LeadGenius(**account, share_rate=True)), Shared)
    monkeypatch.setenv("LEADGENIUS_SHARE_RATE", "perhaps")
    with pytest.raises(ConfigurationError, match="share_rate is 'perhaps'"):
        LeadGenius(**account)


def test_an_account_is_known_by_its_key_or_its_login() -> None:
    """A login's tokens change; whose they are does not."""

    def known(**given: Any) -> str | None:
        secret = account_of(_settings.load(**given))
        return secret.reveal() if secret else None

    token = "h.eyJzdWIiOiJ1c2VyLTEifQ.s"
    assert known(api_key="k", user_id="u") == "k"
    assert known(access_token=token) == "user-1"
    assert known(access_token="opaque") == "opaque"
    assert known(username="a@b.example", password="p") == "a@b.example"
    assert known(refresh_token="r") == "r"
    assert known() is None
