"""Who follows calls and jobs hears of each, and of how it ended."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from accounts import connect
from operations import OPERATIONS

from leadgenius_async import LeadGenius, errors
from leadgenius_async._client import transport_of
from leadgenius_async._http.call import Call, Reply, make_call
from leadgenius_async._http.flight import Flight
from leadgenius_async._http.observe import Facts, facts_of
from leadgenius_async.emulator import Emulator, faults


class Heard:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, object]] = []
        self.flights: list[Flight] = []
        self.failures: list[str] = []
        self.waits: list[float] = []
        self.rows: Counter[str] = Counter()
        self.jobs: list[tuple[str, Facts, BaseException | None]] = []

    async def call(self, call: Call, flight: Flight, going: Coroutine[Any, Any, Reply]) -> Reply:
        name = f"{call.method} {call.template}"
        self.flights.append(flight)
        try:
            reply = await going
        except BaseException as error:
            self.ends.append((name, type(error)))
            raise
        self.ends.append((name, reply.status))
        return reply

    def failed(self, call: Call, flight: Flight, error: BaseException) -> None:
        del call, flight
        self.failures.append(type(error).__name__)

    def retries(self, call: Call, error: errors.LeadGeniusError, wait: float) -> None:
        del call, error
        self.waits.append(wait)

    def read(self, table: str, rows: int) -> None:
        self.rows[table] += rows

    @contextmanager
    def job(self, name: str, facts: Facts) -> Generator[None]:
        try:
            yield
        except BaseException as error:
            self.jobs.append((name, facts, error))
            raise
        self.jobs.append((name, facts, None))


@pytest.fixture
def heard(lg: LeadGenius) -> Heard:
    listener = Heard()
    transport_of(lg).observer = listener
    return listener


def client_of(emulator: Emulator) -> str:
    return emulator.ready.clients[0].client_id


async def test_a_call_is_heard_with_its_answer(lg: LeadGenius, heard: Heard) -> None:
    """Its status, and what it took: one send, and no wait where there is no limit."""
    _ = [client async for client in lg.clients.list()]
    assert heard.ends == [("GET /api/clients", 200)]
    assert (heard.flights[0].sends, heard.flights[0].waited) == (1, 0.0)
    assert not heard.failures
    assert not heard.waits


async def test_tries_are_heard_one_by_one(emulator: Emulator, lg: LeadGenius, heard: Heard) -> None:
    """Each that failed, and the wait before the next; the call ends well, and is one."""
    emulator.faults.add(faults.status(503), path="/api/clients", times=1)
    emulator.faults.add(faults.garbage(), path="/api/clients", times=1)
    _ = [client async for client in lg.clients.list()]
    assert heard.ends == [("GET /api/clients", 200)]
    assert heard.failures == ["ServerError", "ProtocolError"]
    assert len(heard.waits) == 2
    assert heard.flights[0].sends == 3


async def test_what_aiohttp_sends_again_is_counted(
    emulator: Emulator, lg: LeadGenius, heard: Heard
) -> None:
    """On a kept connection that dies a GET goes out twice, within one try."""
    await lg.request("GET", "/clients")
    emulator.faults.add(faults.hang_up(), path="/api/clients", times=1)
    await lg.request("GET", "/clients")
    assert [flight.sends for flight in heard.flights] == [1, 2]
    assert heard.failures == []


async def test_the_wait_for_the_limit_is_the_calls_own(emulator: Emulator) -> None:
    """A 429 asks for a second: the call that met it has waited for so long, and no other."""
    emulator.faults.add(faults.status(429, retry_after=1), path="/api/clients", times=1)
    async with connect(emulator) as lg:
        transport_of(lg).observer = heard = Heard()
        _ = [client async for client in lg.clients.list()]
        _ = await lg.analytics.pipeline()
    assert [flight.waited >= 0.9 for flight in heard.flights] == [True, False]
    assert heard.failures == ["RateLimited"]


async def test_a_refused_call_is_heard_with_its_error(lg: LeadGenius, heard: Heard) -> None:
    """It was one try, and is not tried again."""
    with pytest.raises(errors.NotFound):
        await lg.leads.get("nobody")
    assert heard.ends == [("GET /api/enrich-leads/{id}", errors.NotFound)]
    assert heard.failures == ["NotFound"]
    assert heard.waits == []


async def test_a_deadline_is_heard_as_the_callers_error(
    emulator: Emulator, lg: LeadGenius, heard: Heard
) -> None:
    """Whoever follows gets what the caller gets, and not what ends the call within."""
    emulator.faults.add(faults.hang(), path="/api/clients")
    with pytest.raises(errors.DeadlineExceeded):
        await lg.request("GET", "/clients", deadline=0.2)
    with pytest.raises(errors.OutcomeUnknown):
        await lg.request("POST", "/clients", json={}, deadline=0.2)
    assert [end for _, end in heard.ends] == [errors.DeadlineExceeded, errors.OutcomeUnknown]
    assert heard.failures == ["Late", "Late"]


async def test_a_cancelled_call_is_heard_to_end(
    emulator: Emulator, lg: LeadGenius, heard: Heard
) -> None:
    """Whatever cancels it."""
    emulator.faults.add(faults.hang(), path="/api/clients")
    with anyio.move_on_after(0.2):
        await lg.request("GET", "/clients")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(lg.request("GET", "/clients"), 0.2)
    assert [end for _, end in heard.ends] == [asyncio.CancelledError] * 2
    assert heard.failures == ["CancelledError"] * 2


async def test_an_export_is_heard_with_its_figures(
    lg: LeadGenius, heard: Heard, tmp_path: Path
) -> None:
    """Its calls are heard within it, and its rows as they come, those of the sweep apart."""
    report = await lg.enrich_leads.export(tmp_path / "out", chains="clients")
    [(name, facts, error)] = heard.jobs
    assert (name, error) == ("export", None)
    assert (facts["table"], facts["format"]) == ("enrich_leads", "parquet")
    assert (facts["rows"], facts["complete"]) == (report.rows, True) == (600, True)
    assert facts["requests"] == report.requests
    assert heard.rows == {"enrich_leads": 600}


async def test_a_job_that_fails_is_heard_with_its_error(
    emulator: Emulator, lg: LeadGenius, heard: Heard, tmp_path: Path
) -> None:
    """What was known of it beforehand is there still."""
    emulator.faults.add(faults.status(400), path="/api/enrich-leads/*")
    with pytest.raises(errors.BadRequest):
        await lg.enrich_leads.export(tmp_path / "out", chains="all")
    [(name, facts, error)] = heard.jobs
    assert (name, facts["table"]) == ("export", "enrich_leads")
    assert isinstance(error, errors.BadRequest)


async def test_imports_and_changes_are_heard_with_their_counts(
    emulator: Emulator, lg: LeadGenius, heard: Heard
) -> None:
    """Each by the name of its method."""
    rows = [{"firstName": "Mia", "lastName": "Sample", "email": "mia@sample.example"}, {}]
    done = await lg.leads.create_many(rows, client_id=client_of(emulator))
    lead = str(done.rows[0].id)
    await lg.leads.update_many([{"id": lead, "title": "CTO"}])
    await lg.leads.move_many([lead], to=client_of(emulator))
    await lg.leads.delete_many([lead], dry_run=True)
    await lg.clients.purge(client_of(emulator))
    created, updated, moved, deleted, purged = heard.jobs
    assert created[0] == "create_many"
    assert (created[1]["created"], created[1]["rejected"]) == (1, 1)
    assert (updated[0], updated[1]["updated"]) == ("update_many", 1)
    assert (moved[0], moved[1]["updated"]) == ("move_many", 1)
    assert (deleted[0], deleted[1]["dry_run"], deleted[1]["deleted"]) == ("delete_many", True, 0)
    assert purged[0] == "purge"
    assert int(purged[1]["leads"]) > 0


async def test_rows_are_heard_however_they_are_read(lg: LeadGenius, heard: Heard) -> None:
    """One by one, and as batches."""
    _ = [lead async for lead in lg.source_leads.rows(page_size=50)]
    assert heard.rows == {"source_leads": 200}
    _ = [batch async for batch in lg.enrich_leads.batches(fields=["id"])]
    assert heard.rows == {"source_leads": 200, "enrich_leads": 600}


def test_what_is_unknown_is_no_fact() -> None:
    """Attributes of spans have no None."""
    assert facts_of(Reply(200, {}, b""), ("status", "members")) == {"status": 200}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_has_its_template(operation: Any) -> None:
    """It is the path of the emulator's route, with one name for all ids."""
    method, path = operation.call.split(" ")
    known = path.replace("{jobId}", "{id}")
    assert make_call(method, path.replace("{jobId}", "job_1")).template == known


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/clients", "/api/clients"),
        ("/api/clients?email=ada@sample.example", "/api/clients"),
        ("/enrich-leads/ada@sample.example", "/api/enrich-leads/{id}"),
        ("/enrich-leads/ada%40sample.example/notes", "/api/enrich-leads/{id}/{id}"),
        ("/acme-corp/", "/api/{id}/"),
    ],
)
def test_a_template_has_no_word_that_is_not_the_apis(path: str, template: str) -> None:
    """Whatever stands in a path that somebody else has made may be an id, or a name."""
    assert make_call("GET", path).template == template
