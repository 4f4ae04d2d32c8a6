"""What OpenTelemetry is told, by its own SDK: enough to run by, and nothing of anybody."""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import json
import logging
import re
import sys
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from accounts import connect
from canaries import ADDRESS, SECRET
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from pages import executing, functions
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator, faults
from leadgenius_async.integrations.otel import instrument
from leadgenius_async.logs import JsonFormatter

LIST = "/api/enrich-leads/list"


class Telemetry:
    """Providers as a program would set them up, that keep all in memory."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self._reader = InMemoryMetricReader()
        self.meters = MeterProvider([self._reader])

    def follow(self, lg: LeadGenius, **attributes: str) -> None:
        instrument(
            lg,
            tracer_provider=self.tracers,
            meter_provider=self.meters,
            attributes=attributes,
        )

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._spans.get_finished_spans()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]

    def points(self, name: str) -> list[Any]:
        """Return the data points of a metric."""
        return [point for metric, point in self._points() if metric == name]

    def sums(self, name: str, by: str) -> dict[Any, Any]:
        """Return the values of a counter by one of its attributes."""
        return {point.attributes[by]: point.value for point in self.points(name)}

    def _points(self) -> Iterator[tuple[str, Any]]:
        data = self._reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    for point in metric.data.data_points:
                        yield metric.name, point

    def text(self) -> str:
        """Return all of it, as an exporter would send it."""
        data = self._reader.get_metrics_data()
        assert data is not None
        return "\n".join([*(span.to_json() for span in self.spans), data.to_json()])


@pytest.fixture
def telemetry() -> Generator[Telemetry]:
    there = Telemetry()
    yield there
    there.tracers.shutdown()
    there.meters.shutdown()


@pytest.fixture
def told(telemetry: Telemetry, lg: LeadGenius) -> Telemetry:
    telemetry.follow(lg)
    return telemetry


def attributes(span: ReadableSpan) -> Mapping[str, Any]:
    assert span.attributes is not None
    return span.attributes


def client_of(emulator: Emulator) -> str:
    return emulator.ready.clients[0].client_id


def port_of(lg: LeadGenius) -> int:
    return int(lg.base_url.rpartition(":")[2])


async def test_a_call_is_a_client_span(lg: LeadGenius, told: Telemetry) -> None:
    """It has what the conventions for HTTP clients ask for, but for the URL."""
    [lead] = [lead async for lead in lg.enrich_leads.rows(limit=1)]
    await lg.enrich_leads.get(str(lead.id))
    span = told.spans[-1]
    assert span.name == "GET /api/enrich-leads/{id}"
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert dict(attributes(span)) == {
        "http.request.method": "GET",
        "url.template": "/api/enrich-leads/{id}",
        "server.address": "127.0.0.1",
        "server.port": port_of(lg),
        "http.response.status_code": 200,
    }
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "leadgenius_async"


async def test_the_current_span_is_the_parent(lg: LeadGenius, told: Telemetry) -> None:
    """And it is the current one again afterwards."""
    with told.tracers.get_tracer("user").start_as_current_span("mine") as mine:
        await lg.request("GET", "/clients")
        await lg.request("GET", "/clients")
    for span in told.named("GET /api/clients"):
        assert span.parent is not None
        assert span.parent.span_id == mine.get_span_context().span_id


async def test_tries_are_events_of_their_call(
    emulator: Emulator, lg: LeadGenius, told: Telemetry
) -> None:
    """With what they failed with, and the wait; the metrics count them as well."""
    emulator.faults.add(faults.status(503), path="/api/clients", times=1)
    emulator.faults.add(faults.status(429, retry_after=1), path="/api/clients", times=1)
    await lg.request("GET", "/clients")
    [span] = told.spans
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span)["http.request.resend_count"] == 2
    assert attributes(span)["leadgenius.rate_limit.wait"] >= 0.9
    assert [event.name for event in span.events] == ["leadgenius.retry"] * 2
    first, second = (event.attributes or {} for event in span.events)
    assert (first["error.type"], first["http.response.status_code"]) == ("503", 503)
    assert (second["error.type"], second["leadgenius.retry.wait"]) == ("429", 1.0)
    assert told.sums("leadgenius.retries", "error.type") == {"503": 1, "429": 1}
    assert [point.value for point in told.points("leadgenius.rate_limit.refusals")] == [1]
    [waits] = told.points("leadgenius.rate_limit.wait")
    assert (waits.count, waits.sum >= 0.9) == (1, True)
    durations = told.points("http.client.request.duration")
    statuses = {point.attributes["http.response.status_code"]: point.count for point in durations}
    assert statuses == {503: 1, 429: 1, 200: 1}
    assert sum(point.sum for point in durations) < 0.9  # the service's time, and not the waits


async def test_a_refusal_ends_the_span_with_its_status(lg: LeadGenius, told: Telemetry) -> None:
    """And with the service's id of the request; the words of the error are not told."""
    with pytest.raises(errors.NotFound) as caught:
        await lg.leads.get("ada@sample.example")
    [span] = told.spans
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert span.events == ()
    assert attributes(span)["error.type"] == "404"
    assert attributes(span)["http.response.status_code"] == 404
    assert attributes(span)["leadgenius.request_id"] == caught.value.request_id is not None


@pytest.mark.parametrize(
    ("fault", "method", "error"),
    [
        (faults.hang(), "GET", errors.DeadlineExceeded),
        (faults.hang_up(), "POST", errors.OutcomeUnknown),
        (faults.redirect("/elsewhere"), "GET", errors.UnexpectedRedirect),
    ],
)
async def test_an_error_without_a_status_is_told_by_its_class(  # noqa: PLR0917 - fixtures
    emulator: Emulator,
    lg: LeadGenius,
    told: Telemetry,
    fault: faults.AnyFault,
    method: str,
    error: type[errors.LeadGeniusError],
) -> None:
    """Whatever it is, the span has its end."""
    emulator.faults.add(fault, path="/api/clients")
    with pytest.raises(error):
        await lg.request(method, "/clients", deadline=0.3)
    [span] = told.spans
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == f"leadgenius_async.errors.{error.__name__}"
    assert "http.response.status_code" not in attributes(span)


async def test_a_cancelled_call_has_its_end(
    emulator: Emulator, lg: LeadGenius, told: Telemetry
) -> None:
    """Its try is among the durations, as one that was cancelled."""
    emulator.faults.add(faults.hang(), path="/api/clients")
    with anyio.move_on_after(0.2):
        await lg.request("GET", "/clients")
    [span] = told.spans
    assert span.status.status_code is StatusCode.ERROR
    assert attributes(span)["error.type"] == "asyncio.exceptions.CancelledError"
    [point] = told.points("http.client.request.duration")
    assert point.attributes["error.type"] == "asyncio.exceptions.CancelledError"
    assert 0.1 < point.sum < 5


async def test_a_call_that_never_had_its_turn_has_a_span(
    emulator: Emulator, telemetry: Telemetry
) -> None:
    """It was not sent, so there is no duration of it; its wait is told."""
    async with connect(emulator) as lg:
        telemetry.follow(lg)
        emulator.faults.add(faults.status(429, retry_after=60), path="/api/clients", times=1)
        with pytest.raises(errors.RateLimited):
            await lg.request("GET", "/clients", deadline=0.3)
        with pytest.raises(errors.QueuedTooLong):
            await lg.request("GET", "/clients", deadline=0.3)
        with anyio.move_on_after(0.2):
            await lg.request("GET", "/clients")
    _, late, left = telemetry.spans
    assert attributes(left)["leadgenius.rate_limit.wait"] >= 0.1
    assert attributes(late)["error.type"] == "leadgenius_async.errors.QueuedTooLong"
    assert "http.request.resend_count" not in attributes(late)
    assert sum(point.count for point in telemetry.points("http.client.request.duration")) == 1


async def test_a_method_that_nobody_knows_is_not_told(lg: LeadGenius, told: Telemetry) -> None:
    """It could be any text."""
    with pytest.raises(errors.LeadGeniusError):
        await lg.request("ada", "/nobody@sample.example")
    [span] = told.spans
    assert span.name == "HTTP /api/{id}"
    assert attributes(span)["http.request.method"] == "_OTHER"


async def test_an_export_is_a_span_around_its_calls(
    lg: LeadGenius, told: Telemetry, tmp_path: Path
) -> None:
    """It has the figures of the report; the rows are counted as they come."""
    report = await lg.enrich_leads.export(tmp_path / "out", fields=["id", "email"])
    [job] = told.named("leadgenius.export")
    known = attributes(job)
    for name in ("rows", "pages", "bytes", "requests", "retries", "complete", "format", "table"):
        assert known[f"leadgenius.{name}"] == getattr(report, name)
    assert known["leadgenius.throttled_seconds"] == 0.0
    assert job.kind is SpanKind.INTERNAL
    assert job.context is not None
    calls = [span for span in told.spans if span is not job]
    assert len(calls) >= report.requests > 0
    assert {span.parent and span.parent.span_id for span in calls} == {job.context.span_id}
    assert told.sums("leadgenius.rows.read", "leadgenius.table") == {"enrich_leads": report.rows}


async def test_a_job_that_fails_has_its_error(
    lg: LeadGenius, told: Telemetry, tmp_path: Path
) -> None:
    """By its class, and not by its words."""
    with pytest.raises(errors.PermissionDenied):
        await lg.enrich_leads.export(tmp_path / "out", company_id="company-nobody")
    [job] = told.named("leadgenius.export")
    assert (job.status.status_code, job.status.description) == (StatusCode.ERROR, None)
    assert attributes(job)["error.type"] == "leadgenius_async.errors.PermissionDenied"
    assert attributes(job)["leadgenius.table"] == "enrich_leads"


async def test_an_empty_table_is_told_as_the_error_that_it_is(
    telemetry: Telemetry, tmp_path: Path
) -> None:
    """So that an alert can go by it."""
    async with Emulator(leads=0, rate="off") as emulator, connect(emulator) as lg:
        telemetry.follow(lg)
        with pytest.raises(errors.EmptyExport):
            await lg.enrich_leads.export(tmp_path / "out")
    [job] = telemetry.named("leadgenius.export")
    assert attributes(job)["error.type"] == "leadgenius_async.errors.EmptyExport"


async def test_imports_and_changes_are_told_by_their_ends(
    emulator: Emulator, lg: LeadGenius, told: Telemetry
) -> None:
    """In the span as the report has them, and in a counter by what became of the rows."""
    people = [
        {"firstName": "Ada", "lastName": "Sample", "email": f"ada{n}@sample.example"}
        for n in range(3)
    ]
    done = await lg.leads.create_many([*people, {}], client_id=client_of(emulator))
    ids = [str(row.id) for row in done.rows[:3]]
    await lg.leads.delete_many(ids)
    [job] = told.named("leadgenius.create_many")
    names = ("total", "created", "existing", "rejected", "unresolved")
    assert [attributes(job)[f"leadgenius.{name}"] for name in names] == [4, 3, 0, 1, 0]
    [job] = told.named("leadgenius.delete_many")
    assert attributes(job)["leadgenius.deleted"] == 3
    ends = told.sums("leadgenius.rows.written", "leadgenius.row.end")
    assert ends == {"created": 3, "rejected": 1, "deleted": 3}


async def test_the_limits_of_several_accounts_are_told_apart(
    emulator: Emulator, telemetry: Telemetry
) -> None:
    """By the attributes that were given; of a client that is gone nothing is told any more."""
    ready = emulator.ready
    names: dict[str, Any] = {
        "base_url": ready.base_url,
        "api_key": ready.api_key,
        "user_id": ready.user_id,
    }
    async with LeadGenius(**names, rate=5_000) as one, LeadGenius(**names, rate=2_000) as two:
        telemetry.follow(one, tenant="one")
        telemetry.follow(two, tenant="other")
        telemetry.follow(two, tenant="two")
        await two.request("GET", "/clients")
        limits = telemetry.sums("leadgenius.rate_limit.limit", "tenant")
        assert limits == {"one": 5_000, "two": 2_000}
    [span] = telemetry.spans
    assert attributes(span)["tenant"] == "two"
    del one, two
    await asyncio.sleep(0)
    gc.collect()
    assert telemetry.points("leadgenius.rate_limit.limit") == []


async def test_limits_are_told_before_and_after_the_global_provider_is_set(
    emulator: Emulator,
) -> None:
    """The one that is there before it is a stand-in; a process can set it once."""
    ready = emulator.ready
    args = [ready.base_url, ready.api_key, ready.user_id]
    done = await anyio.run_process([sys.executable, "-P", "-c", _GLOBAL, *args], check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == {"before": 4_000, "after": 2_000, "named": 1_000}


_GLOBAL = """
import asyncio, json, sys
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from leadgenius_async import LeadGenius
from leadgenius_async.integrations.otel import instrument

def client(rate):
    base_url, api_key, user_id = sys.argv[1:]
    return LeadGenius(
        base_url=base_url, api_key=api_key, user_id=user_id, rate=rate, share_rate=False
    )

async def main():
    async with client(4_000) as before, client(2_000) as after, client(1_000) as named:
        instrument(before, attributes={"tenant": "before"})
        reader = InMemoryMetricReader()
        meters = MeterProvider([reader])
        metrics.set_meter_provider(meters)
        instrument(after, attributes={"tenant": "after"})
        instrument(named, meter_provider=meters, attributes={"tenant": "named"})
        for lg in (before, after, named):
            await lg.request("GET", "/clients")
        data = json.loads(reader.get_metrics_data().to_json())
    told = [
        metric["data"]["data_points"]
        for resource in data["resource_metrics"]
        for scope in resource["scope_metrics"]
        for metric in scope["metrics"]
        if metric["name"] == "leadgenius.rate_limit.limit"
    ]
    print(json.dumps({p["attributes"]["tenant"]: p["value"] for points in told for p in points}))

asyncio.run(main())
"""


async def test_without_an_sdk_nothing_is_told(lg: LeadGenius) -> None:
    """The API alone does nothing, and calls go on as ever."""
    instrument(lg)
    assert (await lg.request("GET", "/clients")).status == 200


async def test_one_request_is_one_span_and_carries_no_trace(telemetry: Telemetry) -> None:
    """Of the instrumentation of aiohttp, too, which would tell the whole URL to both sides."""
    other = importlib.import_module("opentelemetry.instrumentation.aiohttp_client")
    instrumentor = other.AioHttpClientInstrumentor()
    instrumentor.instrument(tracer_provider=telemetry.tracers)
    try:
        async with Wire(reply()) as wire:
            names: dict[str, Any] = {
                "base_url": wire.url,
                "api_key": "k",
                "user_id": "u",
                "rate": "off",
            }
            async with LeadGenius(**names) as plain, LeadGenius(**names) as lg:
                telemetry.follow(lg)
                await plain.request("GET", "/clients", query={"email": "ada@sample.example"})
                await lg.request("GET", "/clients", query={"email": "ada@sample.example"})
    finally:
        instrumentor.uninstrument()
    theirs, ours = telemetry.spans
    assert "ada" in theirs.to_json()
    assert ours.name == "GET /api/clients"
    assert ["traceparent" in request.headers for request in wire.requests] == [True, False]


async def test_logs_name_the_span_that_they_belong_to(
    emulator: Emulator, lg: LeadGenius, told: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    """As JSON, by its ids."""
    caplog.handler.setFormatter(JsonFormatter())
    emulator.faults.add(faults.status(503), path="/api/clients", times=1)
    await lg.request("GET", "/clients")
    [span] = told.spans
    assert span.context is not None
    assert f'"trace_id": "{span.context.trace_id:032x}"' in caplog.text
    assert f'"span_id": "{span.context.span_id:016x}"' in caplog.text


async def test_nothing_of_anybody_is_told(
    emulator: Emulator, telemetry: Telemetry, tmp_path: Path
) -> None:
    """Not a name, an address, an id of a lead or a key: of a run with all that there is."""
    lines: list[str] = []
    handler = logging.StreamHandler(_Lines(lines))
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("leadgenius_async")
    logger.addHandler(handler)
    try:
        people = await _use_all(emulator, telemetry, tmp_path)
    finally:
        logger.removeHandler(handler)
    said = telemetry.text() + "".join(lines)
    assert "leadgenius.export" in said
    assert "next try" in said
    assert len(people) > 1_000
    assert [each for each in people if each in said] == []
    assert not ADDRESS.search(said.encode())
    assert not SECRET.search(said.encode())


class _Lines:
    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append

    def flush(self) -> None:
        """Nothing is held back."""


async def _use_all(emulator: Emulator, telemetry: Telemetry, out: Path) -> set[str]:
    """Do a bit of everything, also what fails, and return what nobody is to hear of."""
    ready, rows = emulator.ready, [*map(json.loads, emulator.rows("enrich_leads"))]
    names = ("id", "email", "fullName", "linkedinUrl", "phoneNumber", "nextToken")
    people = {str(row[name]) for row in rows for name in names if row.get(name)}
    first, taken = rows[0], "taken@sample.example"
    login: dict[str, Any] = {"username": ready.username, "password": ready.password}
    emulator.faults.add(faults.status(503), path=LIST, times=1)
    async with connect(emulator) as lg, LeadGenius(base_url=ready.base_url, **login) as user:
        telemetry.follow(lg)
        telemetry.follow(user)
        await lg.enrich_leads.export(out / "leads", chains="clients")
        _ = [lead async for lead in lg.enrich_leads.rows(limit=100)]
        await lg.leads.find(email=str(first["email"]), client_id=str(first["client_id"]))
        await user.enrich_leads.get(str(first["id"]))
        await user.email.validate(str(first["email"]))
        client_id = client_of(emulator)
        lead = {"firstName": "Zoltan", "lastName": "Quux", "email": taken}
        await lg.leads.create_many([lead, {**lead, "email": "no address"}], client_id=client_id)
        emulator.faults.add(faults.failure(f"{taken} is taken", 409), path="/api/leads")
        for call in (lg.leads.create(lead, client_id=client_id), lg.leads.get(taken)):
            with pytest.raises(errors.LeadGeniusError):
                await call
        emulator.faults.add(faults.failure(f"{taken} is unknown", 400), path=LIST)
        with pytest.raises(errors.LeadGeniusError):
            await lg.enrich_leads.export(out / "again")
    return people | {"Zoltan", "Quux", taken, ready.api_key, ready.username, ready.password}


async def test_the_page_runs(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the documentation shows runs as it stands, with the account in the environment."""
    for name in ("base_url", "api_key", "user_id"):
        monkeypatch.setenv(f"LEADGENIUS_{name.upper()}", getattr(emulator.ready, name))
    monkeypatch.setenv("LEADGENIUS_RATE", "off")
    with executing("integrations/test_otel.py::test_the_page_runs") as blocks:
        for number, block in enumerate(blocks):
            folder = tmp_path / f"{number}"
            folder.mkdir()
            monkeypatch.chdir(folder)
            async with LeadGenius() as lg:
                for function in functions(block):
                    await function(*(lg for _ in inspect.signature(function).parameters))


def test_without_opentelemetry_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the extra's name."""
    name = "leadgenius_async.integrations.otel"
    monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(
        errors.ConfigurationError, match=re.escape('pip install "leadgenius-async[otel]"')
    ):
        importlib.import_module(name)
