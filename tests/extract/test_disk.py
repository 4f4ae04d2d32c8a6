"""What an export does when the disk is full, broken or closed to it; and its order of writing."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import re
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
import victim
from accounts import connect
from truth import expected_rows, ndjson_rows, parquet_rows

from leadgenius_async import LeadGenius
from leadgenius_async._extract import dataset, files, ids, parts, rewrite, sinks
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.journal import Journal
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Progress

PATH = "/api/enrich-leads/list"
#: Where a disk can be full: owner and name of what then raises.
FULL: dict[str, tuple[Any, str]] = {
    "a journal's beginning": (dataset, "create_journal"),
    "the plan": (Journal, "add_chains"),
    "a part's beginning": (parts, "open_sink"),
    "a group": (sinks.ParquetSink, "write"),
    "a part's end": (sinks.ParquetSink, "close"),
    "ids' beginning": (ids.IdsFile, "__init__"),
    "ids": (ids.IdsFile, "write"),
    "ids' end": (ids.IdsFile, "close"),
    "a sync": (os, "fsync"),
    "a rename": (Path, "rename"),
    "a commit": (Journal, "commit"),
    "the name of who writes": (Path, "write_bytes"),
    "the manifest": (Dataset, "_write"),
    "a part that is written again": (rewrite, "describe"),
    "the decision to swap": (Journal, "begin_swap"),
    "the end of a swap": (Journal, "end_swap"),
}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few pages make a part, so that short exports have many commits."""
    monkeypatch.setattr(parts, "PART_PAGES", 3)


@pytest.fixture
async def service() -> Any:
    """A service whose pages overlap, so that parts are written again at the end."""
    async with Emulator(
        leads=300, source_leads=0, clients=3, rate="off", habits=False, repeat_share=0.2
    ) as running:
        yield running


def failing(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, nth: int, code: int
) -> Callable[[], int]:
    """Let a function fail the nth time, from 1, and only then; return how often it was called."""
    original, calls = getattr(owner, name), 0

    def fails(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise OSError(code, os.strerror(code))
        return original(*args, **options)

    monkeypatch.setattr(owner, name, fails)
    return lambda: calls


def check_unfinished(out: Path) -> None:
    """Check that whoever looks sees whole files alone, and no mark of success."""
    assert not [*out.glob("**/*.tmp")]
    assert not [*out.glob("*/.*.parquet*")]
    for path in out.glob("enrich_leads/*"):
        pq.ParquetFile(path).close()
    if (out / ".leadgenius" / "journal.db").exists():
        opened = Journal(out / ".leadgenius" / "journal.db")
        named = {part.file: part for part in opened.parts.values()}
        opened.close()
        if not opened.swap:
            assert not [*files.damage(out, named.values())]
    if (out / "manifest.json").exists():
        complete = json.loads((out / "manifest.json").read_text())["complete"]
        assert (out / "_SUCCESS").exists() <= complete


async def check_whole(service: Emulator, lg: LeadGenius, out: Path, **options: Any) -> None:
    """Check that the same call completes the export, with exactly the service's rows."""
    report = await lg.enrich_leads.export(out, page_size=10, **options)
    assert report.complete, report.incomplete_because
    truth = [*service.rows("enrich_leads")]
    assert parquet_rows(out / "enrich_leads") == expected_rows(truth, "enrich_leads", None)
    left = {"enrich_leads", "schema.json", "manifest.json", "_SUCCESS"}
    assert set(os.listdir(out)) == left  # noqa: PTH208 - a short folder


@pytest.mark.parametrize("nth", [1, 2, 5])
@pytest.mark.parametrize("where", FULL)
@pytest.mark.fault("D1")
async def test_a_full_disk(
    service: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, nth: int
) -> None:
    """An OSError comes out; what is durable stands, and the same call goes on with it."""
    out = tmp_path / "out"
    async with connect(service) as lg:
        with monkeypatch.context() as patched:
            owner, name = FULL[where]
            calls = failing(patched, owner, name, nth, errno.ENOSPC)
            try:
                report = await lg.enrich_leads.export(out, page_size=10, chains="clients")
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - it may also go well
                assert calls() >= nth
            else:
                assert report.complete
                assert calls() < nth
                return
        check_unfinished(out)
        await check_whole(service, lg, out, chains="clients")


@pytest.mark.parametrize("nth", range(1, 13))
@pytest.mark.fault("D2")
async def test_a_sync_that_fails_counts_as_not_written(
    service: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """Not one commit rests on it: the file is written anew, not synced a second time."""
    out = tmp_path / "out"
    synced: list[str] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        if len(synced) == nth:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        sync(descriptor)

    async with connect(service) as lg:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", fsync)
            with pytest.raises(OSError, match="Input/output error"):
                await lg.enrich_leads.export(out, page_size=10, chains="all")
        check_unfinished(out)
        assert not any(name.endswith("parquet.tmp") for name in synced[nth:])
        first = synced.index(".part-00000.parquet.tmp") if nth > 8 else nth
        assert (out / ".leadgenius").exists() == (nth > first + 1)  # the part has its name
        await check_whole(service, lg, out, chains="all")


async def test_a_disk_that_stays_full_tells_the_first_error(
    service: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where not even the manifest can be written, it is not that which is told."""
    out = tmp_path / "out"

    def full(_self: Dataset, _name: str, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "no room for the manifest")

    def end(progress: Progress) -> None:
        if progress.pages > 10:
            raise RuntimeError("the caller's own")

    async with connect(service) as lg:
        with monkeypatch.context() as patched:
            patched.setattr(Dataset, "_write", full)
            with pytest.raises(RuntimeError, match="own"):
                await lg.enrich_leads.export(out, page_size=10, chains="all", on_progress=end)
        assert not (out / "manifest.json").exists()
        await check_whole(service, lg, out, chains="all")


@pytest.mark.parametrize("bytes_", [0, 1_000, 12_000, 20_000, 40_000, 60_000])
@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
@pytest.mark.fault("D3")
async def test_a_limit_on_the_size_of_files(
    service: Emulator, tmp_path: Path, bytes_: int, format_: Any
) -> None:
    """The system's own limit, in a process of its own: whatever is hit first, it goes on after."""
    ready, out = service.ready, tmp_path / "out"
    order = victim.Order(
        base_url=ready.base_url,
        api_key=ready.api_key,
        user_id=ready.user_id,
        options={"out": str(out), "page_size": 20, "chains": "all", "format": format_},
        file_bytes=bytes_,
    )
    code, told = await run_apart(order)
    assert code == 1, told
    assert re.search(
        r"^OSError: .*(File too large|disk is full|disk I/O error)", told, re.MULTILINE
    )
    assert not [*out.glob("**/*.tmp")]
    assert not (out / "_SUCCESS").exists()
    async with connect(service) as lg:
        report = await lg.enrich_leads.export(out, page_size=20, chains="all", format=format_)
    assert report.complete
    rows = parquet_rows if format_ == "parquet" else ndjson_rows
    assert rows(out / "enrich_leads").total() == 300


async def run_apart(order: victim.Order, *before: str) -> tuple[int | None, str]:
    """Run an export in a process of its own; return how it ended, and what it told."""
    script = (
        "import sys, victim, msgspec; sys.exit(victim.obey(msgspec.json.decode("
        f"{msgspec.json.encode(order)!r}, type=victim.Order)))"
    )
    # Its coverage is not taken: where files have a limit, those would be cut off as well.
    outside = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    process = await asyncio.create_subprocess_exec(
        *before,
        sys.executable,
        "-P",  # the installed package, not the source tree that this may be run from
        "-c",
        script,
        stderr=asyncio.subprocess.PIPE,
        env={**outside, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    _, told = await process.communicate()
    return process.returncode, told.decode()


@contextlib.contextmanager
def closed_folder() -> Generator[Path]:
    """Give a folder that we may read and not write, and give up root's rights meanwhile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        was_root = os.geteuid() == 0  # for whom no folder is closed
        if was_root:
            os.seteuid(65_534)
        try:
            yield folder
        finally:
            if was_root:
                os.seteuid(0)
            folder.chmod(0o755)


@pytest.mark.fault("D4")
async def test_a_folder_that_is_closed_to_us(service: Emulator) -> None:
    """The error names it, before the first page is asked for, and nothing is left in it."""
    async with connect(service) as lg:
        with closed_folder() as closed:
            for out in (closed, closed / "out", closed / "deep" / "out"):
                with pytest.raises(PermissionError, match=re.escape(str(closed))):
                    await lg.enrich_leads.export(out)
            assert [*closed.iterdir()] == []
    assert service.log.count(path=PATH) == 0


async def test_a_file_where_the_folder_should_be(service: Emulator, tmp_path: Path) -> None:
    """`out` itself, or one above it, is a file: the error names it, and it stays as it is."""
    out = tmp_path / "out"
    out.write_text("mine")
    async with connect(service) as lg:
        for path in (out, out / "below"):
            with pytest.raises(
                OSError, match=f"a file is there: give a folder: '{re.escape(str(out))}'"
            ):
                await lg.enrich_leads.export(path)
    assert service.log.count(path=PATH) == 0
    assert out.read_text() == "mine"


@pytest.mark.fault("D4")
async def test_no_more_open_files(service: Emulator, tmp_path: Path) -> None:
    """The error says so, and no page was asked for."""
    async with connect(service) as lg:
        [client async for client in lg.clients.list()]  # by a connection that stays open
        with no_more_files(), pytest.raises(OSError, match="Too many open files"):
            await lg.enrich_leads.export(tmp_path / "out")
        assert service.log.count(path=PATH) == 0
        await check_whole(service, lg, tmp_path / "out")


@contextlib.contextmanager
def no_more_files() -> Generator[None]:
    """Let this process open no file."""
    limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.dup(0)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 50, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        for descriptor in taken:
            os.close(descriptor)


@pytest.mark.fault("D4")
async def test_folders_above_are_made(service: Emulator, tmp_path: Path) -> None:
    """A parent that is missing is no mistake."""
    async with connect(service) as lg:
        await check_whole(service, lg, tmp_path / "some" / "where" / "out")


@pytest.mark.skipif(
    shutil.which("strace") is None,
    reason="strace is not installed: the order of the calls is held by test_export_edges alone",
)
@pytest.mark.fault("C6")
async def test_the_order_of_the_system_calls(service: Emulator, tmp_path: Path) -> None:
    """fsync(part) < rename < fsync(folder) < the journal's commit, for each part."""
    ready, out, trace = service.ready, tmp_path / "out", tmp_path / "trace"
    order = victim.Order(
        base_url=ready.base_url,
        api_key=ready.api_key,
        user_id=ready.user_id,
        options={"out": str(out), "page_size": 20, "chains": "all"},
    )
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2,pwrite64"
    code, told = await run_apart(order, "strace", "-f", "-y", "-qq", "-e", calls, "-o", str(trace))
    assert code == 0, told
    steps = [*each_step(trace.read_text())]
    parts_ = sorted({name for call, name in steps if call == "rename" and "part-" in name})
    assert len(parts_) >= 5
    for part in parts_:
        place = steps.index(("rename", part))
        assert ("sync", f".{part}.tmp") in steps[:place], part
        # What the journal writes between the rename and the folder's sync would be too early.
        assert steps[place + 1] == ("sync", "enrich_leads"), part
        following = steps[place + 2 :]
        written = following.index(("write", "journal.db-wal"))
        assert ("sync", "journal.db-wal") in following[written:], part
        assert all("part-" not in name for _, name in following[:written]), part


def each_step(trace: str) -> Generator[tuple[str, str]]:
    """Give the calls of a trace as (`sync`, `write` or `rename`, the file's name)."""
    for line in trace.splitlines():
        if found := re.search(r" f(?:data)?sync\(\d+<([^>]+)>", line):
            yield "sync", Path(found[1]).name
        elif found := re.search(r" pwrite64\(\d+<([^>]+)>", line):
            yield "write", Path(found[1]).name
        elif found := re.search(r' rename\w*\(.*"([^"]+)"', line):
            yield "rename", Path(found[1]).name


@pytest.mark.fault("K1")
async def test_wall_clocks_that_jump_do_not_matter(
    service: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour back and forth with each look at it: the export and its durations are the same."""
    real, turn = time.time, 0

    def jumping() -> float:
        nonlocal turn
        turn += 1
        return real() + (3_600 if turn % 2 else -3_600)

    async with connect(service) as lg:
        monkeypatch.setattr(time, "time", jumping)
        report = await lg.enrich_leads.export(tmp_path / "out", page_size=10, chains="all")
    assert report.complete
    assert 0 < report.seconds < 60
    assert len(report.files) >= 10


async def test_a_part_is_durable_after_its_seconds(
    service: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count from its first page, by a clock that never jumps, however slow the pages come."""
    monkeypatch.setattr(parts, "PART_PAGES", 1_000)
    now = 1_000.0
    monkeypatch.setattr(parts, "time", SimpleNamespace(monotonic=lambda: now))

    def pass_time(_: Progress) -> None:
        nonlocal now
        now += 25.0

    async with connect(service) as lg:
        report = await lg.enrich_leads.export(
            tmp_path / "out", page_size=10, chains="all", on_progress=pass_time
        )
    pages = report.pages
    assert report.complete
    assert pages / 4 <= len(report.files) <= pages / 3 + 1
