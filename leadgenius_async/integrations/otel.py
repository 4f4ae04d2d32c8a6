"""Spans and metrics of OpenTelemetry, by the conventions for HTTP clients.

Only the API is used here: whoever runs the program brings the SDK, and says where it all goes.

A call is one span, whatever it took: its turn at the rate limit, its tries and the waits between
them, which are what explains its time, and a call that never had its turn has a span as well. Each
try that failed is an event of it. The histogram of durations has the tries, from the permit to the
answer's end: of calls, it would show the limit and not the service.

Nothing here takes a URL, a query, a header, a body or an error's message, which may quote any of
them: paths are told by their templates, errors by their types.
"""

from __future__ import annotations

import weakref
from collections.abc import Coroutine, Generator, Iterable, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from leadgenius_async import errors
from leadgenius_async._client import LeadGenius, transport_of
from leadgenius_async._http.call import Call, Reply
from leadgenius_async._http.clock import loop_time
from leadgenius_async._http.decode import printable
from leadgenius_async._http.flight import Flight, Late
from leadgenius_async._http.limiter import Gate
from leadgenius_async._http.observe import Facts
from leadgenius_async._version import __version__
from leadgenius_async.integrations.missing import extra

with extra("otel"):
    from opentelemetry import context, metrics, trace
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider
    from opentelemetry.util.types import AttributeValue

__all__ = ["instrument"]

#: What instrumentations agree on, so that one request has one span; it has no public name yet.
_SUPPRESSED: str = context._SUPPRESS_HTTP_INSTRUMENTATION_KEY  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as said
_SCHEMA = "https://opentelemetry.io/schemas/1.37.0"
#: Methods that the conventions know; another one might be anything.
_METHODS = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
#: Bounds of the buckets, in seconds; of durations, those of the conventions.
_DURATIONS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_WAITS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
#: The ends of rows that are counted; `updated` of an import is among its `existing`.
_ENDS = {
    "create_many": ("created", "existing", "rejected", "unresolved"),
    **dict.fromkeys(
        ("update_many", "delete_many", "move_many"),
        ("updated", "unchanged", "deleted", "gone", "missing", "refused", "unverified"),
    ),
}

_Attributes = dict[str, AttributeValue]


def instrument(
    lg: LeadGenius,
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    attributes: Mapping[str, AttributeValue] | None = None,
) -> None:
    """Give spans and metrics of the calls and jobs that a client begins from now on.

    No header is added to what is sent: the service is somebody else's, and your traces are none of
    its business. Other instrumentations of aiohttp, which would record whole URLs and send
    `traceparent`, stay silent within these calls.

    Args:
        lg: The client; a second call for it takes the place of the first.
        tracer_provider: Where spans go; OpenTelemetry's global one if not given.
        meter_provider: Where metrics go; the global one if not given.
        attributes: More attributes of all its spans and metrics, to tell several accounts apart.

    ```python
    from leadgenius_async.integrations.otel import instrument

    async with LeadGenius() as lg:
        instrument(lg)
        await lg.enrich_leads.export("leads/")
    ```
    """
    tracer = trace.get_tracer("leadgenius_async", __version__, tracer_provider, _SCHEMA)
    provider = meter_provider or metrics.get_meter_provider()
    meter = provider.get_meter("leadgenius_async", __version__, _SCHEMA)
    common = _server(lg.base_url) | dict(attributes or {})
    transport = transport_of(lg)
    transport.observer = _Telemetry(tracer, meter, common)
    _tell_limit(_key(provider), meter, transport.gate, common)


class _Telemetry:
    """Follows a client's calls and jobs; see `_http.observe`."""

    def __init__(self, tracer: trace.Tracer, meter: metrics.Meter, common: _Attributes) -> None:
        self._tracer = tracer
        self._common = common
        self._durations = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests: a try each, from its permit on.",
            explicit_bucket_boundaries_advisory=_DURATIONS,
        )
        self._waits = meter.create_histogram(
            "leadgenius.rate_limit.wait",
            "s",
            "What calls that had to wait for their turn at the rate limit have waited.",
            explicit_bucket_boundaries_advisory=_WAITS,
        )
        self._retries = meter.create_counter(
            "leadgenius.retries", "{retry}", "Calls that were tried again, each time."
        )
        self._refusals = meter.create_counter(
            "leadgenius.rate_limit.refusals", "{response}", "Answers of 429 and the like."
        )
        self._rows_read = meter.create_counter(
            "leadgenius.rows.read", "{row}", "Rows of the bulk lists that came."
        )
        self._rows_written = meter.create_counter(
            "leadgenius.rows.written", "{row}", "Rows of imports and changes, by their ends."
        )

    async def call(self, call: Call, flight: Flight, going: Coroutine[Any, Any, Reply]) -> Reply:
        known = self._known(call)
        method = known["http.request.method"]
        name = f"{'HTTP' if method == '_OTHER' else method} {call.template}"
        span = self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=known)
        token = context.attach(_quiet(span))
        try:
            reply = await going
        except BaseException as error:
            _fail(span, error, _told(error))
            raise
        else:
            known["http.response.status_code"] = reply.status
            self._durations.record(loop_time() - flight.granted, known)
            span.set_attribute("http.response.status_code", reply.status)
            _set_request_id(span, reply.headers.get("x-request-id"))
            return reply
        finally:
            context.detach(token)
            if flight.waited:
                self._waits.record(flight.waited, self._common)
                span.set_attribute("leadgenius.rate_limit.wait", round(flight.waited, 3))
            if flight.sends > 1:
                span.set_attribute("http.request.resend_count", flight.sends - 1)
            span.end()

    def failed(self, call: Call, flight: Flight, error: BaseException) -> None:
        if isinstance(error, errors.RateLimited):
            self._refusals.add(1, self._common)
        if not flight.queueing and flight.granted:
            told = self._known(call) | _told(error)
            self._durations.record(loop_time() - flight.granted, told)

    def retries(self, call: Call, error: errors.LeadGeniusError, wait: float) -> None:
        told = _told(error)
        self._retries.add(1, self._known(call) | told)
        waits = {"leadgenius.retry.wait": round(wait, 3)}
        trace.get_current_span().add_event("leadgenius.retry", told | waits)

    def read(self, table: str, rows: int) -> None:
        self._rows_read.add(rows, self._common | {"leadgenius.table": table})

    @contextmanager
    def job(self, name: str, facts: Facts) -> Generator[None]:
        span = self._tracer.start_span(f"leadgenius.{name}", attributes=_named(facts))
        token = context.attach(trace.set_span_in_context(span))
        try:
            yield
        except BaseException as error:
            _fail(span, error, {"error.type": _class(error)})
            raise
        finally:
            context.detach(token)
            span.set_attributes(_named(facts))
            span.end()
            self._count_ends(name, facts)

    def _known(self, call: Call) -> _Attributes:
        """Return what is known of a call beforehand, so that samplers can go by it."""
        method = call.method if call.method in _METHODS else "_OTHER"
        return {
            "http.request.method": method,
            "url.template": call.template,
            **self._common,
        }

    def _count_ends(self, job: str, facts: Facts) -> None:
        for end in _ENDS.get(job, ()):
            if rows := facts.get(end):
                told = {"leadgenius.job": job, "leadgenius.row.end": end}
                self._rows_written.add(int(rows), self._common | told)


def _server(base_url: str) -> _Attributes:
    url = urlsplit(base_url)
    port = url.port or (443 if url.scheme == "https" else 80)
    return {"server.address": url.hostname or "", "server.port": port}


def _quiet(span: Span) -> context.Context:
    """Return the context of a call: its span, and no other of the same request."""
    return context.set_value(_SUPPRESSED, True, trace.set_span_in_context(span))


def _named(facts: Facts) -> _Attributes:
    return {f"leadgenius.{name}": value for name, value in facts.items()}


def _fail(span: Span, error: BaseException, told: _Attributes) -> None:
    """Give a span its error, by its type alone: a message may quote a row or the service."""
    span.set_status(Status(StatusCode.ERROR))
    span.set_attributes(told)
    if isinstance(error, errors.LeadGeniusError):
        _set_request_id(span, error.request_id)


def _told(error: BaseException) -> _Attributes:
    """Return what a call's error is; of an answer, the type is its status."""
    if isinstance(error, errors.APIStatusError):
        type_ = str(error.status) if error.status >= 400 else _class(error)
        return {"error.type": type_, "http.response.status_code": error.status}
    return {"error.type": _class(error)}


def _class(error: BaseException) -> str:
    class_ = errors.DeadlineExceeded if isinstance(error, Late) else type(error)
    in_module = "" if class_.__module__ == "builtins" else f"{class_.__module__}."
    return f"{in_module}{class_.__qualname__}"


def _set_request_id(span: Span, request_id: str | None) -> None:
    if request_id:
        span.set_attribute("leadgenius.request_id", printable(request_id))


_Gates = dict[weakref.ref[Gate], _Attributes]
#: Whose limits are told where: of several gauges of one name, the SDK asks the first alone.
_GATES: weakref.WeakKeyDictionary[object, _Gates] = weakref.WeakKeyDictionary()


class _Global:
    """The key of the global provider: until it is set, a stand-in that it follows is got."""


def _key(provider: MeterProvider) -> object:
    is_global = provider is metrics.get_meter_provider()
    return _Global if is_global and provider not in _GATES else provider


def _tell_limit(key: object, meter: metrics.Meter, gate: Gate, common: _Attributes) -> None:
    """Let the limit of a gate be told for as long as somebody has the gate."""
    gates = _GATES.get(key)
    if gates is None:
        gates = _GATES[key] = {}
        meter.create_observable_gauge(
            "leadgenius.rate_limit.limit",
            [partial(_limits, gates)],
            "{request}/min",
            "Requests a minute that the account may make.",
        )
    gates[weakref.ref(gate, partial(_forget, gates))] = common


def _forget(gates: _Gates, gone: weakref.ref[Gate]) -> None:
    gates.pop(gone, None)


def _limits(gates: _Gates, _: CallbackOptions) -> Iterable[Observation]:
    for gate, common in tuple(gates.items()):  # at once: this is the exporter's thread
        there = gate()
        if there is not None and (limit := there.last_limit) is not None:
            yield Observation(limit, common)
