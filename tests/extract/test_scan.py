"""Scans: leads as an Arrow stream for other tools, which pull it as they like."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import duckdb
import polars as pl
import pyarrow as pa
import pytest

from leadgenius_async import LeadGenius, errors
from leadgenius_async._credentials_file import CredentialsFile
from leadgenius_async._extract import batches
from leadgenius_async.emulator import Emulator, faults
from leadgenius_async.models import Scan

PATH = "/api/enrich-leads/list"
FIELDS = ["id", "email", "engagementScore"]

pytestmark = pytest.mark.usefixtures("leadgenius_environment")


@pytest.fixture
def service(leadgenius_emulator: Emulator) -> Emulator:
    return leadgenius_emulator


def scan(**options: Any) -> Scan:
    """Return a scan of a new client, which nobody closes."""
    return LeadGenius().enrich_leads.scan(**options)


def pages(service: Emulator) -> int:
    return service.log.count(path=PATH)


def truth(service: Emulator) -> set[str]:
    return {json.loads(row)["id"] for row in service.rows("enrich_leads")}


def still_fetching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "leadgenius-scan"]


def query(sql: str, scan: Scan, *, db: Any = duckdb) -> Any:  # noqa: ARG001 - found by its name
    return db.sql(sql)


def by_duckdb(scan: Scan) -> list[Any]:
    return [row[0] for row in query("select id from scan", scan).fetchall()]


def by_polars(scan: Scan) -> list[Any]:
    return pl.DataFrame(scan)["id"].to_list()


def by_pyarrow(scan: Scan) -> list[Any]:
    return pa.table(scan)["id"].to_pylist()


def by_a_reader(scan: Scan) -> list[Any]:
    reader = pa.RecordBatchReader.from_stream(scan)
    return [cell for batch in reader for cell in batch["id"].to_pylist()]


def to_arrow(scan: Scan) -> list[Any]:
    return scan.to_arrow()["id"].to_pylist()


def to_polars(scan: Scan) -> list[Any]:
    return scan.to_polars()["id"].to_list()


READERS = [by_duckdb, by_polars, by_pyarrow, by_a_reader, to_arrow, to_polars]
EACH = pytest.mark.parametrize("read", READERS)
#: What readers raise that show our errors by their text alone.
THEIRS = (duckdb.Error, pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException)


# What it gives


@EACH
def test_every_row_once(service: Emulator, read: Callable[[Scan], list[Any]]) -> None:
    """Over several pages, some of them short; all that was begun for it has ended."""
    found = read(scan(page_size=40))
    assert sorted(found) == sorted(truth(service))
    assert pages(service) > 12
    assert not still_fetching()


def test_the_columns_are_those_of_batches() -> None:
    """Known without a request; a reader may ask for wider ones."""
    given: Any = scan(fields=FIELDS)  # the stubs of pyarrow do not know the interface
    assert given.schema.names == [*FIELDS, "_extra"]
    assert pa.schema(given) == given.schema
    assert given.schema.field("engagementScore").type == pa.float64()
    assert len(scan().schema) > 100
    wide = pa.schema([pa.field(f.name, pa.large_string()) for f in scan(fields=["id"]).schema])
    reader = pa.RecordBatchReader.from_stream(scan(fields=["id"]), wide)
    assert reader.read_all().schema == wide


async def test_it_is_the_same_as_batches() -> None:
    """Whoever has a running event loop may pull it in another thread."""
    async with LeadGenius() as lg:
        batches = [batch async for batch in lg.enrich_leads.batches(page_size=60)]
        table = await asyncio.to_thread(lg.enrich_leads.scan(page_size=60).to_arrow)
        assert table == pa.Table.from_batches(batches)
        assert (await lg.enrich_leads.estimate()).rows == table.num_rows


async def test_a_running_loop_may_wait_for_it(service: Emulator) -> None:
    """As a cell of a notebook does."""
    async with LeadGenius() as lg:
        table = lg.enrich_leads.scan(fields=["id"]).to_arrow()
    after = lg.enrich_leads.scan(fields=["id"]).to_arrow()  # it has connections of its own
    assert {*table["id"].to_pylist()} == {*after["id"].to_pylist()} == truth(service)


def test_source_leads_too() -> None:
    """One pattern with two names."""
    assert LeadGenius().source_leads.scan().to_arrow().num_rows == 100


def test_some_clients(service: Emulator) -> None:
    """One after the other, and no row of another one."""
    names = [client.client_id for client in service.ready.clients][:2]
    found = scan(clients=names, fields=["id", "client_id"]).to_arrow()["client_id"].to_pylist()
    assert {*found} == {*names}
    with pytest.raises(errors.UnknownClient, match="did you mean"):
        scan(clients=[names[0][:-1] + "x"]).to_arrow()


def test_since(service: Emulator) -> None:
    """Older rows are dropped here; a limit counts those that are kept."""
    moments = sorted(
        json.loads(row).get("updatedAt") or "9" for row in service.rows("enrich_leads")
    )
    newer = sum(moment >= moments[250] for moment in moments)
    assert scan(since=moments[250], page_size=50).to_arrow().num_rows == newer
    assert scan(since=moments[250], limit=30, page_size=50).to_arrow().num_rows == 30


@pytest.mark.leadgenius(leads=0)
def test_an_empty_table() -> None:
    """No row is no error here; the columns are there."""
    table = scan(fields=FIELDS).to_arrow()
    assert table.num_rows == 0
    assert table.schema == scan(fields=FIELDS).schema
    assert scan(fields=FIELDS).to_polars().columns == table.column_names


def test_what_cannot_be_asked_for_is_told_at_once(service: Emulator) -> None:
    """Not only when somebody pulls."""
    with pytest.raises(ValueError, match="did you mean 'email'"):
        scan(fields=["emial"])
    with pytest.raises(ValueError, match="limit is 0"):
        scan(limit=0)
    for wrong in ("3", True, 3.0):
        with pytest.raises(TypeError, match=f"limit is {wrong!r}: give a whole number"):
            scan(limit=wrong)
        with pytest.raises(TypeError, match=f"page_size is {wrong!r}: give a whole number"):
            scan(page_size=wrong)
    assert len(service.log) == 0


@pytest.mark.parametrize("tool", ["pandas", "polars"])
def test_a_tool_that_is_missing(
    service: Emulator, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    """It is told before rows are fetched in vain."""
    monkeypatch.setitem(sys.modules, tool, None)
    with pytest.raises(errors.ConfigurationError, match=f"{tool}.*: pip install {tool}$"):
        getattr(scan(), f"to_{tool}")()
    assert len(service.log) == 0


# What it costs


def test_nothing_is_requested_before_rows_are_wanted(service: Emulator) -> None:
    """Neither by the schema, nor by a stream or a relation that nobody pulls."""
    given = scan()
    streams = [given.__arrow_c_stream__() for _ in range(3)]
    relation = query("from scan", given)
    assert len(relation.columns) == len(given.schema)
    assert len(service.log) == 0
    assert not still_fetching()
    del streams
    assert len(relation.fetchall()) == 500


@pytest.mark.parametrize(
    "limit",
    [
        lambda: scan(limit=3).to_arrow().to_pylist(),
        lambda: query("from scan limit 3", scan(page_size=50)).fetchall(),
    ],
    ids=["the scan's", "the query's"],
)
@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=pytest.mark.leadgenius(seed=n)) for n in range(4)]
)
def test_a_few_rows_cost_few_pages(
    service: Emulator, limit: Callable[[], list[Any]], seed: int
) -> None:
    """Pages may come short."""
    assert service.config.seed == seed
    assert len(limit()) == 3
    assert pages(service) <= 2
    assert not still_fetching()


def test_a_limit_over_several_pages(service: Emulator) -> None:
    """It is kept to the row, and no page is fetched that is not needed."""
    table = scan(limit=210, page_size=100).to_arrow()
    assert table.num_rows == 210
    given = [request.rows or 0 for request in service.log if request.path == PATH]
    assert sum(given[:-1]) < 210 <= sum(given)
    assert scan(limit=9999, page_size=100).to_arrow().num_rows == 500


@pytest.mark.leadgenius(habits=False)
def test_a_reader_that_pauses_is_not_run_away_from(service: Emulator) -> None:
    """Its first pages come one by one; then one is ready, the next is there, and no other."""
    reader = pa.RecordBatchReader.from_stream(scan(fields=["id"], page_size=10))
    for pulled in range(1, 6):
        reader.read_next_batch()
        assert settled(service) == (pulled if pulled <= 2 else pulled + 2)
    reader.close()
    assert not still_fetching()


def settled(service: Emulator) -> int:
    """Return how many pages were asked for, once that stays the same for fifty other requests."""
    before = -1

    async def ask() -> None:
        async with LeadGenius() as lg:
            for _ in range(50):
                await lg.request("GET", "/clients")

    while (now := pages(service)) != before:
        before = now
        asyncio.run(ask())
    return now


@pytest.mark.leadgenius(habits=False)
def test_batches_that_wait_are_in_the_budget(
    service: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it has no room for a page beside them, none is fetched; nothing stands still."""
    monkeypatch.setattr(batches, "_BUDGET", 100)
    reader = pa.RecordBatchReader.from_stream(scan(page_size=10))
    for _ in range(5):
        reader.read_next_batch()
    assert settled(service) == 6
    assert reader.read_all().num_rows == 450


# One pass


@EACH
def test_a_second_pass_fails(service: Emulator, read: Callable[[Scan], list[Any]]) -> None:
    """It says what to do, and costs nothing."""
    given = scan(fields=["id"])
    assert read(given)
    before = len(service.log)
    with pytest.raises((RuntimeError, *THEIRS), match=r"scan again, or take .* to_arrow\(\)"):
        read(given)
    assert len(service.log) == before


def test_a_relation_that_is_fetched_twice_fails() -> None:
    """DuckDB pulls anew each time; 1.1 keeps the stream, and has words of its own for that."""
    with duckdb.connect() as db:
        relation = query("from scan", scan(fields=["id"]), db=db)
        assert len(relation.fetchall()) == 500
        with pytest.raises(duckdb.Error, match=r"scan again|was released"):
            relation.fetchall()


# What ends it


@EACH
def test_a_failure_midway(service: Emulator, read: Callable[[Scan], list[Any]]) -> None:
    """The service's own error from ours, its text from others; nothing goes on."""
    service.faults.add(faults.status(403), path=PATH, nth=4)
    ours = read in {to_arrow, to_polars}
    with pytest.raises(
        errors.PermissionDenied if ours else THEIRS, match="GET /enrich-leads/list answered 403"
    ):
        read(scan(fields=["id"], page_size=20))
    assert pages(service) == 4
    assert not still_fetching()


def test_what_passes_is_tried_again(service: Emulator) -> None:
    """As with any other call."""
    service.faults.add(faults.status(503), path=PATH, nth=2)
    service.faults.add(faults.truncated(), path=PATH, nth=4)
    assert {*to_arrow(scan(page_size=100))} == truth(service)


@pytest.mark.parametrize("after", [1, 4])
def test_a_reader_that_lets_go_ends_it(service: Emulator, after: int) -> None:
    """In the middle of a page that does not come."""
    reader = pa.RecordBatchReader.from_stream(scan(page_size=10))
    for _ in range(after):
        reader.read_next_batch()
    service.faults.add(faults.hang(), path=PATH)
    [thread] = still_fetching()
    del reader
    gc.collect()
    assert not thread.is_alive()


async def test_a_pull_in_another_thread_can_be_ended(service: Emulator) -> None:
    """By whoever waited for it in vain."""
    hanging = service.faults.add(faults.hang(), path=PATH, nth=3)
    given = scan(page_size=10)
    pulling = asyncio.create_task(asyncio.to_thread(given.to_arrow))
    while not hanging.hits:  # noqa: ASYNC110 - a fault has no event
        await asyncio.sleep(0)
    given.close()
    given.close()
    with pytest.raises(RuntimeError, match="this scan was closed"):
        await pulling
    assert not still_fetching()


def test_a_reader_that_pauses_hears_that_the_scan_was_closed() -> None:
    """Its thread has ended by itself."""
    given = scan(page_size=10)
    reader = pa.RecordBatchReader.from_stream(given)
    reader.read_next_batch()
    [thread] = still_fetching()
    given.close()
    thread.join()
    with pytest.raises(pa.ArrowException, match="this scan was closed"):
        reader.read_all()


@EACH
def test_a_scan_that_was_closed_is_not_begun(
    service: Emulator, read: Callable[[Scan], list[Any]]
) -> None:
    """It says so, and costs nothing."""
    given = scan(fields=["id"])
    given.close()
    with pytest.raises((RuntimeError, *THEIRS), match="this scan was closed"):
        read(given)
    assert len(service.log) == 0


def test_closing_after_the_last_row_does_nothing(service: Emulator) -> None:
    """As in `finally`."""
    given = scan(fields=["id"])
    table = given.to_arrow()
    given.close()
    assert {*table["id"].to_pylist()} == truth(service)
    with pytest.raises(RuntimeError, match="asked for before"):
        given.to_arrow()


LEFT = """
import pyarrow as pa
from leadgenius_async import LeadGenius

reader = pa.RecordBatchReader.from_stream(LeadGenius().enrich_leads.scan(page_size=10))
print(reader.read_next_batch().num_rows)
"""

INTERRUPTED = """
from leadgenius_async import LeadGenius

LeadGenius().enrich_leads.scan(page_size=10).to_arrow()
"""


def test_a_process_may_end_with_a_scan_half_read() -> None:
    """It does not wait for the rest, and says nothing."""
    done = subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", LEFT],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "10", "")


def test_ctrl_c_ends_it(service: Emulator) -> None:
    """While it waits for a page that does not come."""
    hanging = service.faults.add(faults.hang(), path=PATH, nth=3)
    with subprocess.Popen(
        [sys.executable, "-P", "-W", "error", "-c", INTERRUPTED], stderr=subprocess.PIPE, text=True
    ) as process:
        while not hanging.hits:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert said.count("Traceback") == 1


# The account


@pytest.mark.parametrize("share_rate", [True, False])
async def test_client_and_scan_are_paced_as_one(*, share_rate: bool) -> None:
    """Twenty requests of each, together, take the time of forty."""
    spacing = 60 / (0.985 * 3000)
    async with LeadGenius(rate=3000, share_rate=share_rate) as lg:
        began = time.monotonic()
        work = asyncio.to_thread(lg.enrich_leads.scan(fields=["id"], page_size=25).to_arrow)
        pulling = asyncio.create_task(work)
        for _ in range(20):
            await lg.request("GET", "/clients")
        await pulling
    assert time.monotonic() - began >= 39 * spacing


def test_trace_hooks_see_its_requests(service: Emulator) -> None:
    """In the thread that sends them."""
    seen: list[str] = []

    async def note(*_: object) -> None:
        seen.append(threading.current_thread().name)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(note)
    lg = LeadGenius(trace_configs=[trace])
    lg.enrich_leads.scan(page_size=100).to_arrow()
    assert seen == ["leadgenius-scan"] * len(service.log)


@pytest.mark.leadgenius(bulk_accepts_jwt=True, rotate_refresh_tokens=True)
def test_one_login_serves_all_scans_and_their_client(
    service: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name logs in once, and what one of them renews the others use; no login is lost."""
    monkeypatch.delenv("LEADGENIUS_API_KEY")
    ready = service.ready

    async def work() -> None:
        async with LeadGenius(username=ready.username, password=ready.password) as lg:
            for _ in range(3):
                assert len(await asyncio.to_thread(lg.enrich_leads.scan().to_arrow)) == 500
            service.clock.advance(2 * 3600.0)
            assert len(await asyncio.to_thread(lg.enrich_leads.scan().to_arrow)) == 500
            await lg.company.get()
            await lg.auth.refresh()
            assert len(await asyncio.to_thread(lg.enrich_leads.scan().to_arrow)) == 500

    asyncio.run(work())
    assert service.log.count(path="/api/auth") == 1
    assert service.log.count(path="/api/auth/refresh") == 2


@pytest.mark.leadgenius(bulk_accepts_jwt=True, rotate_refresh_tokens=True)
def test_a_saved_login_that_cannot_be_saved_is_not_lost(
    service: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home that is read-only: the tokens that a scan has got are the client's too."""
    monkeypatch.delenv("LEADGENIUS_API_KEY")
    ready = service.ready

    async def log_in() -> dict[str, object]:
        async with LeadGenius() as lg:
            tokens = (await lg.auth.login(ready.username, ready.password)).tokens
        assert tokens.refresh is not None
        return {"token": tokens.access.reveal(), "refresh_token": tokens.refresh.reveal()}

    def refuse(self: CredentialsFile, _data: bytes) -> None:
        raise errors.ConfigurationError(f"{self.path} cannot be written: Read-only file system")

    file = CredentialsFile(Path.home() / ".leadgenius_auth.json")
    file.update({**asyncio.run(log_in()), "base_url": ready.base_url})
    monkeypatch.setattr(CredentialsFile, "_replace", refuse)
    lg = LeadGenius()
    service.clock.advance(2 * 3600.0)
    with pytest.warns(UserWarning, match="cannot be saved"):
        lg.enrich_leads.scan().to_arrow()
    asyncio.run(lg.auth.current())
    lg.enrich_leads.scan().to_arrow()
    assert service.log.count(path="/api/auth/refresh") == 1


async def refresh_token(service: Emulator) -> str:
    """Log in, and return how that login goes on."""
    async with LeadGenius() as lg:
        tokens = (await lg.auth.login(service.ready.username, service.ready.password)).tokens
    assert tokens.refresh is not None
    return tokens.refresh.reveal()


@pytest.mark.leadgenius(bulk_accepts_jwt=True, rotate_refresh_tokens=True)
async def test_a_loop_that_renews_the_login_does_not_wait_for_a_scan(
    service: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would stand still, and the renewal with it; in another thread the same scan goes on."""
    monkeypatch.delenv("LEADGENIUS_API_KEY")
    token = await refresh_token(service)
    slow = service.faults.add(faults.delay(0.5), path="/api/auth/refresh", nth=1)
    async with LeadGenius(refresh_token=token) as lg:
        asking = asyncio.create_task(lg.request("GET", "/clients"))
        while not slow.hits:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        given = lg.enrich_leads.scan(fields=["id"])
        with pytest.raises(RuntimeError, match=r"await asyncio\.to_thread\(scan\.to_arrow\)"):
            given.to_arrow()
        assert len(await asyncio.to_thread(given.to_arrow)) == 500
        await asking
        lg.enrich_leads.scan(fields=["id"]).to_arrow()
    assert service.log.count(path="/api/auth/refresh") == 1


@pytest.mark.leadgenius(bulk_accepts_jwt=True, login_attempts=5)
def test_a_wrong_password_is_tried_once(service: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many scans there are: the service takes five attempts in a quarter of an hour."""
    monkeypatch.delenv("LEADGENIUS_API_KEY")
    lg = LeadGenius(username=service.ready.username, password="wrong password")
    for _ in range(6):
        with pytest.raises(errors.AuthenticationError):
            lg.enrich_leads.scan().to_arrow()
    assert service.log.count(path="/api/auth") == 1
