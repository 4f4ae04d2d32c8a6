"""Whole exports from a service that has its bad habits: each switch of the emulator, one by one."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from accounts import connect
from truth import expected_rows, ndjson_rows, parquet_rows

from leadgenius_async import LeadGenius, errors
from leadgenius_async._extract import chain, parts
from leadgenius_async._extract.columns import ArrowDecoder
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async.emulator import Emulator, faults
from leadgenius_async.models import ExportReport, Progress

PATH = "/api/enrich-leads/list"


def no_pause(_tries: int) -> float:
    return 0.0


both_ways = pytest.mark.parametrize("chains", ["all", "clients"])
FetchPage = Callable[..., Any]


class CutOff(Exception):
    """Stands for whatever ends an export."""


@pytest.fixture(autouse=True)
def small_parts_and_no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let short exports have many commits, and let nothing sleep before it tries again."""
    monkeypatch.setattr(parts, "PART_PAGES", 3)
    monkeypatch.setattr(chain, "backoff", no_pause)


@asynccontextmanager
async def running(**options: Any) -> AsyncGenerator[tuple[Emulator, LeadGenius]]:
    """Give an emulator of 300 leads, and a client of it."""
    settings: dict[str, Any] = {
        "leads": 300,
        "source_leads": 0,
        "clients": 3,
        "rate": "off",
        "habits": False,
    }
    async with Emulator(**{**settings, **options}) as service, connect(service) as lg:
        yield service, lg


def check(service: Emulator, out: Path, report: ExportReport) -> None:
    """Check that the files hold the service's rows, each once, and that the report says so."""
    truth = [*service.rows("enrich_leads")]
    folder = out / "enrich_leads"
    if report.format == "parquet":
        assert parquet_rows(folder) == expected_rows(truth, "enrich_leads", None)
    else:
        assert ndjson_rows(folder) == Counter(truth)
    assert report.complete, report.incomplete_because
    assert report.rows == len(truth) == sum(part.rows for part in report.parts)
    assert report.files == sorted(report.files)
    assert (out / "_SUCCESS").exists()
    assert not (out / ".leadgenius").exists()


def answered(status: int, kind: type[errors.APIStatusError]) -> errors.APIStatusError:
    """Return the error of an answer."""
    error = kind(f"no {status}")
    error.status = status
    return error


def failing(where: Callable[[dict[str, Any]], bool], error: Exception) -> FetchPage:
    """Return a `fetch_page` that fails for the requests that `where` chooses."""
    original = chain.fetch_page

    async def fetch_page(
        transport: Any, query: Any, client_id: str | None, **options: Any
    ) -> tuple[str | None, bytes]:
        if where({"client_id": client_id, **options}):
            raise error
        return await original(transport, query, client_id, **options)

    return fetch_page


@both_ways
@pytest.mark.fault("S8", "S9")
async def test_short_and_empty_pages(tmp_path: Path, chains: Any) -> None:
    """Only an absent token ends a chain."""
    async with running(leads=600, habits=True) as (service, lg):
        report = await lg.enrich_leads.export(tmp_path / "out", page_size=5, chains=chains)
        sizes = Counter(entry.rows for entry in service.log if entry.path == PATH)
        assert sizes[0] > 0
        assert len(sizes) > 3
        check(service, tmp_path / "out", report)


@both_ways
@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
@pytest.mark.parametrize("share", [0.3, 1.0])
@pytest.mark.fault("S10")
async def test_overlapping_pages(tmp_path: Path, chains: Any, format_: Any, share: float) -> None:
    """A row that comes on two pages is in the files once, and counted."""
    async with running(repeat_share=share) as (service, lg):
        report = await lg.enrich_leads.export(
            tmp_path / "out", page_size=10, chains=chains, format=format_
        )
        check(service, tmp_path / "out", report)
        read = sum(entry.rows or 0 for entry in service.log if "fields" not in entry.query)
    assert report.duplicates == read - 300 > 0


@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
async def test_a_part_that_came_again_whole_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: Any
) -> None:
    """No part without rows is left, nor is one in the manifest."""
    monkeypatch.setattr(parts, "PART_PAGES", 1)
    monkeypatch.setattr(
        chain,
        "fetch_page",
        failing(refusing(after=5), answered(400, errors.BadRequest)),
    )
    out = tmp_path / "out"
    async with running() as (service, lg):
        report = await lg.enrich_leads.export(out, page_size=50, chains="all", format=format_)
        check(service, out, report)
    assert report.duplicates == 250
    files = {path.relative_to(out).as_posix() for path in (out / "enrich_leads").iterdir()}
    assert files == {part.file for part in report.parts}
    assert len(files) == 6
    assert min(files) > "enrich_leads/part-00005"


def refusing(*, after: int) -> Callable[[dict[str, Any]], bool]:
    """Choose one request: the one that asks by a token after so many others."""
    count = itertools.count()
    return lambda request: request["token"] is not None and next(count) == after - 1


async def test_a_chain_begun_anew_may_be_given_its_old_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service whose tokens are the places themselves gives the same ones again: no loop."""
    refused = failing(refusing(after=8), answered(400, errors.BadRequest))
    monkeypatch.setattr(chain, "fetch_page", refused)
    async with running(loop_pages=1_000_000) as (service, lg):  # as good as never, same tokens
        report = await lg.enrich_leads.export(tmp_path / "out", page_size=20, chains="all")
        check(service, tmp_path / "out", report)
    assert [partition.restarts for partition in report.partitions] == [1]
    assert report.duplicates == 160


@both_ways
@pytest.mark.fault("S11")
async def test_tokens_that_expire_on_the_way(tmp_path: Path, chains: Any) -> None:
    """Chains begin anew within the run; what they bring again is dropped."""
    out = tmp_path / "out"
    async with running(page_token_life=3_600) as (service, lg):

        def late(progress: Progress) -> None:
            if progress.pages == 12:
                service.clock.advance(4_000)

        report = await lg.enrich_leads.export(out, page_size=5, chains=chains, on_progress=late)
        check(service, out, report)
    assert report.runs == 1
    assert sum(partition.restarts for partition in report.partitions) >= 1
    assert all(partition.restarts <= 1 for partition in report.partitions)
    assert report.duplicates > 0


@both_ways
@pytest.mark.fault("S5")
async def test_reads_that_lag(tmp_path: Path, chains: Any) -> None:
    """A lead that no list shows yet is in the next export; this one is whole without it."""
    async with running(read_lag=60.0) as (service, lg):
        client = service.ready.clients[0].client_id
        made = await lg.leads.create(
            {"firstName": "Ada", "lastName": "Late", "email": "ada@late.example"}, client_id=client
        )
        early = await lg.enrich_leads.export(tmp_path / "early", page_size=50, chains=chains)
        assert early.complete
        assert early.rows == 300
        service.clock.advance(61)
        later = await lg.enrich_leads.export(tmp_path / "later", page_size=50, chains=chains)
        check(service, tmp_path / "later", later)
    ids = pq.read_table(tmp_path / "later" / "enrich_leads", columns=["id"])["id"].to_pylist()
    assert made.id in ids


@both_ways
async def test_pages_that_are_too_large(tmp_path: Path, chains: Any) -> None:
    """413 halves the page for all chains, for good."""
    async with running(leads=4_000, habits=True) as (service, lg):
        report = await lg.enrich_leads.export(tmp_path / "out", page_size=5_000, chains=chains)
        assert 1 <= service.log.count(status=413) <= 6
        check(service, tmp_path / "out", report)


@both_ways
@pytest.mark.fault("P11")
async def test_pages_above_our_own_cap(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chains: Any
) -> None:
    """They are given up as soon as the cap is passed, and asked for with fewer rows."""
    async with running(leads=1_000) as (service, lg):
        monkeypatch.setattr(vars(lg)["_transport"], "_max_body", 1_000_000)
        report = await lg.enrich_leads.export(tmp_path / "out", page_size=1_000, chains=chains)
        check(service, tmp_path / "out", report)
        asked = [int(entry.query["limit"]) for entry in service.log if entry.path == PATH]
    assert asked[0] == 1_000
    assert min(asked) < 500
    assert asked.count(1_000) <= 5  # once a chain, the clients' being asked at the same time


@pytest.mark.parametrize("row", ['{"id":"N"}', "N"])
@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
@pytest.mark.fault("P11")
async def test_pages_of_far_more_rows_than_were_asked_for(
    tmp_path: Path, format_: Any, row: str
) -> None:
    """Twice as many are taken; of more, be they rows or not, none is."""
    async with running() as (service, lg):
        for count in (20, 21):
            rows = ",".join(row.replace("N", str(n)) for n in range(count))
            body = f'{{"success":true,"data":[{rows}]}}'.encode()
            service.faults.clear()
            service.faults.add(faults.content(body), path=PATH)
            out = tmp_path / str(count)
            export = lg.enrich_leads.export(out, page_size=10, format=format_, allow_empty=True)
            if count == 20:
                report = await export
                assert report.rows + report.rejects == 20
            else:
                with pytest.raises(errors.ProtocolError, match="21 rows, and 10 were asked for"):
                    await export
        with pytest.raises(errors.ProtocolError, match="21 rows, and 10 were asked for"):
            [batch async for batch in lg.enrich_leads.batches(page_size=10)]


@both_ways
@pytest.mark.fault("N13")
async def test_pages_that_take_too_long(tmp_path: Path, chains: Any) -> None:
    """504: the chain asks for fewer rows, and for more again when that went well."""
    async with running(leads=2_000, slow_above=150) as (service, lg):
        report = await lg.enrich_leads.export(tmp_path / "out", page_size=800, chains=chains)
        check(service, tmp_path / "out", report)
        asked = [
            (int(entry.query["limit"]), entry.status)
            for entry in service.log
            if entry.path == PATH and entry.query.get("clientId", "") in ("", "client-1")
        ]
    assert report.retries == service_errors(asked) or chains == "clients"
    if chains == "all":
        assert asked[:5] == [(800, 504), (400, 504), (200, 504), (100, 200), (200, 504)]


def service_errors(asked: list[tuple[int, int]]) -> int:
    return sum(status == 504 for _, status in asked)


async def test_small_pages_that_take_too_long_end_it(tmp_path: Path) -> None:
    """Below 100 rows there is nothing left to try."""
    async with running(slow_above=40) as (service, lg):
        with pytest.raises(errors.ServerError, match="504"):
            await lg.enrich_leads.export(tmp_path / "out", chains="all")
        assert service.log.count(status=504) < 15
    assert not (tmp_path / "out").exists()


async def test_answers_that_never_come_in_time(tmp_path: Path) -> None:
    """The error says that it took too long, and nothing is left behind."""
    async with Emulator(leads=50, source_leads=0, clients=1, rate="off", latency=5.0) as service:
        ready = service.ready
        async with LeadGenius(
            base_url=ready.base_url,
            api_key=ready.api_key,
            user_id=ready.user_id,
            rate="off",
            timeout=0.1,
        ) as lg:
            with pytest.raises(errors.TimedOut, match=r"0\.1 s"):
                await lg.enrich_leads.export(
                    tmp_path / "out", company_id=ready.company_id, page_size=50
                )
    assert not (tmp_path / "out").exists()


@both_ways
@pytest.mark.fault("S7")
async def test_a_listing_that_loops(tmp_path: Path, chains: Any) -> None:
    """The token that comes again ends the chain; no row of a second round is taken."""
    async with running(loop_pages=9) as (_, lg):
        if chains == "all":
            with pytest.raises(errors.PaginationLoop, match="same page token twice"):
                await lg.enrich_leads.export(tmp_path / "out", page_size=10, chains="all")
        else:  # those chains end alone, the short ones well
            report = await lg.enrich_leads.export(tmp_path / "out", page_size=10, chains="clients")
            assert not report.complete
            assert "same page token twice" in (report.incomplete_because or "")
    ids = pq.read_table(tmp_path / "out" / "enrich_leads", columns=["id"])["id"].to_pylist()
    assert len(ids) == len(set(ids)) >= 90


async def test_a_page_that_cannot_be_read_ends_its_chain_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go on, no page behind it is taken, and the next run goes on before it."""
    decode = ArrowDecoder.__call__

    def broken(self: ArrowDecoder, page: Any) -> Any:
        if page.place.partition.client_id == names[0] and page.place.number == 4:
            raise errors.ProtocolError("nested too deep")
        return decode(self, page)

    async with running() as (service, lg):
        names = [client.client_id for client in service.ready.clients]
        monkeypatch.setattr(ArrowDecoder, "__call__", broken)
        out = tmp_path / "out"
        report = await lg.enrich_leads.export(out, page_size=10, chains="clients")
        assert f"{names[0]}: nested too deep" in (report.incomplete_because or "")
        found = {chain.client_id: chain for chain in report.partitions}
        assert (found[names[0]].pages, found[names[0]].done) == (4, False)
        assert found[names[1]].done
        monkeypatch.undo()
        check(service, out, await lg.enrich_leads.export(out, page_size=10, chains="clients"))


async def test_a_loop_is_seen_by_a_later_run(tmp_path: Path) -> None:
    """The journal knows the tokens of the runs before."""
    out = tmp_path / "out"
    async with running(loop_pages=9) as (service, lg):
        with pytest.raises(CutOff):
            await lg.enrich_leads.export(out, page_size=10, chains="all", on_progress=interrupt(6))
        before = len(service.log)
        with pytest.raises(errors.PaginationLoop, match="same page token twice"):
            await lg.enrich_leads.export(out, page_size=10, chains="all")
        assert len(service.log) - before < 9


def interrupt(pages: int) -> Callable[[Progress], None]:
    """Return a progress callback that ends an export after so many pages."""

    def stop(progress: Progress) -> None:
        if progress.pages >= pages:
            raise CutOff

    return stop


@pytest.mark.fault("S8")
async def test_empty_pages_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many in a row that no filter explains them end the chain; what came before stands."""
    monkeypatch.setattr(chain, "MAX_EMPTY_PAGES", 20)
    out = tmp_path / "out"
    async with running(endless_empty=True) as (service, lg):
        with pytest.raises(errors.PaginationLoop, match="20 empty pages in a row"):
            await lg.enrich_leads.export(out, page_size=10, chains="all")
        assert service.log.count(path=PATH) == 21
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["complete"], manifest["rows"]) == (False, 10)
    assert "empty pages" in manifest["incomplete_because"]


@pytest.mark.parametrize("retry_failed", [False, True])
async def test_a_chain_that_fails_ends_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, retry_failed: bool
) -> None:
    """The others go on; the report names it, and the next run asks for its pages alone."""
    out = tmp_path / "out"
    async with running() as (service, lg):
        names = [client.client_id for client in service.ready.clients]
        with monkeypatch.context() as patched:
            error = answered(500, errors.ServerError)
            broken = failing(
                lambda request: request["client_id"] == names[0] and request["token"], error
            )
            patched.setattr(chain, "fetch_page", broken)
            report = await lg.enrich_leads.export(out, page_size=10, chains="clients")
        assert not report.complete
        assert names[0] in (report.incomplete_because or "")
        assert "no 500" in (report.incomplete_because or "")
        by_name = {partition.client_id: partition for partition in report.partitions}
        assert by_name[names[0]].error == "no 500"
        assert not by_name[names[0]].done
        assert all(by_name[name].done and by_name[name].error is None for name in names[1:])
        assert (out / ".leadgenius" / "journal.db").exists()
        assert not (out / "_SUCCESS").exists()
        before = len(service.log)
        report = await lg.enrich_leads.export(
            out, page_size=10, chains="clients", retry_failed=retry_failed
        )
        asked = [entry.query for entry in [*service.log][before:] if entry.path == PATH]
        check(service, out, report)
    assert {query.get("clientId") for query in asked} == {names[0], None}  # and the sweep
    assert all(partition.error is None for partition in report.partitions)
    assert report.runs == 2


async def test_there_may_be_nothing_to_retry(tmp_path: Path) -> None:
    """Neither where nothing stands nor where all is complete; no request is sent."""
    async with running() as (service, lg):
        with pytest.raises(errors.ExportConflict, match="nothing to retry"):
            await lg.enrich_leads.export(tmp_path / "out", retry_failed=True)
        assert not (tmp_path / "out").exists()
        assert len(service.log) == 0
        await lg.enrich_leads.export(tmp_path / "out")
        with pytest.raises(errors.ExportConflict, match="nothing to retry"):
            await lg.enrich_leads.export(tmp_path / "out", retry_failed=True)
        assert (tmp_path / "out" / "_SUCCESS").exists()


async def test_a_failure_beside_empty_chains_leaves_nothing_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the chains that went well had no rows, the failure is raised, and the call works."""
    out = tmp_path / "out"
    async with running(clients=2) as (service, lg):
        company = service.ready.company_id
        name = service.ready.clients[1].client_id
        rows = service.rows_projected("enrich_leads", ["id"], company_id=company, client_id=name)
        service.delete("enrich_leads", [json.loads(row)["id"] for row in [*rows]])
        with monkeypatch.context() as patched:
            error = answered(500, errors.ServerError)
            broken = failing(lambda request: request["client_id"] != name, error)
            patched.setattr(chain, "fetch_page", broken)
            with pytest.raises(errors.ServerError, match="no 500"):
                await lg.enrich_leads.export(out, page_size=10, chains="clients")
        report = await lg.enrich_leads.export(out, page_size=10, chains="clients")
        check(service, out, report)


@both_ways
@pytest.mark.fault("A5")
async def test_refused_credentials_end_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chains: Any
) -> None:
    """A 401 in the middle stops every chain at once; what is durable is gone on with."""
    out = tmp_path / "out"
    count = itertools.count()
    async with running() as (service, lg):
        with monkeypatch.context() as patched:
            refused = failing(
                lambda _: next(count) >= 12, answered(401, errors.AuthenticationError)
            )
            patched.setattr(chain, "fetch_page", refused)
            with pytest.raises(errors.AuthenticationError, match="no 401"):
                await lg.enrich_leads.export(out, page_size=10, chains=chains)
        assert next(count) <= 12 + 4
        manifest = json.loads((out / "manifest.json").read_text())
        assert manifest["complete"] is False
        assert 9 <= manifest["pages"] <= 12  # all but those that a chain had in hand
        report = await lg.enrich_leads.export(out, page_size=10, chains=chains)
        check(service, out, report)


async def test_rows_that_cannot_be_read_stay_when_an_export_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come into a file of the new export, not into that of the old one, which goes."""
    original = chain.fetch_page
    pages = itertools.count()
    parts_of_one_page = 1
    monkeypatch.setattr(parts, "PART_PAGES", parts_of_one_page)

    async def fetch_page(*args: Any, **options: Any) -> tuple[str | None, bytes]:
        token, body = await original(*args, **options)
        return token, b'{"data":[7]}' if next(pages) == 0 else body

    out = tmp_path / "out"
    async with running() as (_, lg):
        await lg.enrich_leads.export(out)
        monkeypatch.setattr(chain, "fetch_page", fetch_page)
        report = await lg.enrich_leads.export(out, page_size=50, chains="all", overwrite=True)
    assert report.rejects == 1
    assert report.rows == 250
    [line] = (out / "rejects.ndjson").read_text().splitlines()
    assert json.loads(line)["row"] == "7"


@pytest.mark.parametrize("step", ["commit", "finish"])
async def test_a_plain_cancellation_waits_for_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Ctrl-C cancels by asyncio's own means: the thread that writes is not overtaken."""
    out = tmp_path / "out"
    original = getattr(Dataset, step)
    begun, under_way = threading.Event(), 0

    def slow(*args: Any, **options: Any) -> Any:
        nonlocal under_way
        assert not under_way, "two threads write at a time"
        under_way += 1
        begun.set()
        time.sleep(0.2)
        try:
            return original(*args, **options)
        finally:
            under_way -= 1

    async with running() as (service, lg):
        with monkeypatch.context() as patched:
            patched.setattr(Dataset, step, slow)
            patched.setattr(parts, "PART_PAGES", 1_000)
            task = asyncio.create_task(lg.enrich_leads.export(out, page_size=50, chains="all"))
            await asyncio.to_thread(begun.wait)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        if not (out / "_SUCCESS").exists():
            report = await lg.enrich_leads.export(out, page_size=50, chains="all")
            check(service, out, report)
        assert parquet_rows(out / "enrich_leads").total() == 300
        assert not (out / ".leadgenius").exists()
