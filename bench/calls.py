"""What a call costs beside raw aiohttp: `python bench/calls.py --rounds 7`.

A server in a process of its own sends the same bytes to both, an answer of the emulator each: one
lead (3.9 KB), whichever is asked for, and pages of 1,000 leads. In one process, raw aiohttp and the
client take turns, A B A B: CPU seconds are this process's own, ratios are taken within a round, and
medians of both are printed. Raw aiohttp is one session that keeps its connections, sends the same
headers, and decodes into the same struct; no rate limit is in the way.

With `--otel`, a client that OpenTelemetry follows takes turns with one that nobody does: its SDK,
which must be installed, with a batch processor, and exporters that throw everything away.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import cycle, islice
from typing import NamedTuple

import aiohttp
import msgspec
from aiohttp import web

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import EnrichLead

_PAGE = 1_000  # leads
_PAGES = 5
_TOKEN = f"eyJhbGciOiJSUzI1NiJ9.{'e30'.ljust(700, 'A')}.{'s' * 342}"  # as long as a login's
_LIMIT = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "999", "X-RateLimit-Reset": "60"}


class Served(msgspec.Struct):
    """What the server sends, and to whom."""

    base_url: str
    api_key: str
    user_id: str
    leads: list[str]
    client_id: str

    @property
    def headers(self) -> dict[str, str]:
        """The credentials, as both send them."""
        return {"x-api-key": self.api_key, "x-user-id": self.user_id}


class LeadAnswer(msgspec.Struct):
    """The answer that has one lead."""

    lead: EnrichLead


class LeadsAnswer(msgspec.Struct):
    """The answer that has a page of them."""

    leads: list[EnrichLead]
    nextToken: str | None = None


class Cost(NamedTuple):
    """What a share of the work took, in seconds."""

    cpu: float
    wall: float


#: Does so many calls.
Work = Callable[[int], Coroutine[None, None, None]]


async def serve() -> None:
    """Take the answers from an emulator, and serve them until the process is ended."""
    emulator = Emulator(leads=_PAGE * _PAGES, source_leads=0, clients=1, rate="off", habits=False)
    bodies: dict[str, bytes] = {}
    async with emulator:
        served = await _take(emulator, bodies)

    async def answer(request: web.Request) -> web.Response:
        path = "one" if request.path.startswith("/api/enrich-leads/") else request.path
        body = bodies[path + request.query.get("nextToken", "")]
        return web.Response(body=body, content_type="application/json", headers=_LIMIT)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    served.base_url = f"http://{host}:{port}"
    print(msgspec.json.encode(served).decode(), flush=True)
    await asyncio.Event().wait()


async def _take(emulator: Emulator, bodies: dict[str, bytes]) -> Served:
    ready = emulator.ready
    served = Served("", ready.api_key, ready.user_id, [], ready.clients[0].client_id)
    query = {"client_id": served.client_id, "limit": str(_PAGE)}
    async with aiohttp.ClientSession(emulator.base_url, headers=served.headers) as session:

        async def get(path: str, **more: str) -> bytes:
            async with session.get(path, params=more) as response:
                return await response.read()

        bodies["/api/clients"] = await get("/api/clients")
        token = ""
        for _ in range(_PAGES):
            more = {"nextToken": token} if token else {}
            bodies[f"/api/leads{token}"] = await get("/api/leads", **query, **more)
            page = msgspec.json.decode(bodies[f"/api/leads{token}"], type=LeadsAnswer)
            token = page.nextToken or ""
            served.leads += [lead.id or "" for lead in page.leads]
        bodies["one"] = await get(f"/api/enrich-leads/{served.leads[0]}")
    return served


@contextmanager
def server() -> Generator[Served, None, None]:
    """Run the server in a process of its own, and end it by its process id."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield msgspec.json.decode(line, type=Served)
        finally:
            process.terminate()


class Raw:
    """Calls as they are written with aiohttp and msgspec alone."""

    def __init__(
        self, served: Served, session: aiohttp.ClientSession, headers: dict[str, str]
    ) -> None:
        self._session = session
        self._headers = {**headers, "Accept": "application/json", "User-Agent": "bench"}
        self._lead = f"{served.base_url}/api/enrich-leads"
        self._ids = cycle(served.leads)
        self._leads = f"{served.base_url}/api/leads"
        self._query = {"client_id": served.client_id, "limit": str(_PAGE)}
        self._read_lead = msgspec.json.Decoder(LeadAnswer)
        self._read_leads = msgspec.json.Decoder(LeadsAnswer)

    async def get(self, calls: int) -> None:
        """Get so many leads, one by one."""
        for lead_id in islice(self._ids, calls):
            url = f"{self._lead}/{lead_id}"
            async with self._session.get(url, headers=self._headers) as response:
                _ = self._read_lead.decode(await response.read()).lead

    async def list(self, _calls: int) -> None:
        """Go through all leads."""
        query = self._query
        while True:
            async with self._session.get(
                self._leads, params=query, headers=self._headers
            ) as response:
                page = self._read_leads.decode(await response.read())
            for _lead in page.leads:
                pass
            if page.nextToken is None:
                return
            query = self._query | {"nextToken": page.nextToken}


class Ours:
    """The same calls by the client."""

    def __init__(self, served: Served, client: LeadGenius) -> None:
        self._client = client
        self._client_id = served.client_id
        self._ids = cycle(served.leads)

    async def get(self, calls: int) -> None:
        """Get so many leads, one by one."""
        for lead_id in islice(self._ids, calls):
            await self._client.leads.get(lead_id)

    async def list(self, _calls: int) -> None:
        """Go through all leads."""
        async for _lead in self._client.leads.list(client_id=self._client_id):
            pass


@asynccontextmanager
async def contestants(
    served: Served, headers: dict[str, str], client: LeadGenius
) -> AsyncGenerator[tuple[Raw, Ours], None]:
    """Both, with the same credentials."""
    async with client, aiohttp.ClientSession() as session:
        yield Raw(served, session, headers), Ours(served, client)


async def at_once(work: Work, calls: int, tasks: int) -> None:
    """Share the calls among tasks that make them at once."""
    async with asyncio.TaskGroup() as group:
        for _ in range(tasks):
            group.create_task(work(calls // tasks))


async def cost(work: Work, calls: int, tasks: int) -> Cost:
    """What one of the calls costs."""
    cpu, wall = time.process_time(), time.perf_counter()
    await at_once(work, calls, tasks)
    return Cost((time.process_time() - cpu) / calls, (time.perf_counter() - wall) / calls)


async def compare(pair: tuple[Work, Work], calls: int, tasks: int, rounds: int) -> list[list[Cost]]:
    """Take turns, after one that is not counted."""
    for work in pair:
        await at_once(work, max(calls // 10, tasks), tasks)
    return [[await cost(work, calls, tasks) for work in pair] for _ in range(rounds)]


def row(name: str, found: list[list[Cost]]) -> str:
    """The medians, as a row of a Markdown table; costs in microseconds."""
    cells = [name]
    for part in range(2):
        raw, ours = (statistics.median(pair[who][part] for pair in found) for who in range(2))
        ratio = statistics.median(pair[1][part] / pair[0][part] for pair in found)
        cells += [f"{raw * 1e6:,.1f}", f"{ours * 1e6:,.1f}", f"{ratio:.2f}"]
    return f"| {' | '.join(cells)} |"


async def main(options: argparse.Namespace) -> None:
    """Take the figures."""
    if options.otel:
        await followed(options)
        return
    print("| | CPU µs, aiohttp | ours | ratio | wall µs, aiohttp | ours | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with server() as served:
        base_url, rate = served.base_url, "off"
        key = LeadGenius(
            base_url=base_url, api_key=served.api_key, user_id=served.user_id, rate=rate
        )
        async with contestants(served, served.headers, key) as (raw, ours):
            for tasks in options.tasks:
                gets = (raw.get, ours.get)
                found = await compare(gets, options.calls, tasks, options.rounds)
                print(row(f"a GET, {tasks} at once", found), flush=True)
            found = await compare((raw.list, ours.list), _PAGE * _PAGES, 1, options.rounds)
            print(row("a lead of `list()`", found), flush=True)
        bearer = {"Authorization": f"Bearer {_TOKEN}"}
        login = LeadGenius(base_url=base_url, access_token=_TOKEN, rate=rate)
        async with contestants(served, bearer, login) as (raw, ours):
            found = await compare((raw.get, ours.get), options.calls, 1, options.rounds)
            print(row("a GET with a login", found), flush=True)


async def followed(options: argparse.Namespace) -> None:
    """Take those of OpenTelemetry."""
    print("| | CPU µs, nobody follows | followed | ratio | wall µs, nobody | followed | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with server() as served:
        plain, told = (
            LeadGenius(
                base_url=served.base_url,
                api_key=served.api_key,
                user_id=served.user_id,
                rate="off",
            )
            for _ in range(2)
        )
        async with plain, told:
            tell(told)
            gets = (Ours(served, plain).get, Ours(served, told).get)
            for tasks in options.tasks:
                found = await compare(gets, options.calls, tasks, options.rounds)
                print(row(f"a GET, {tasks} at once", found), flush=True)


def tell(client: LeadGenius) -> None:
    """Have a client followed, as a program would that sends its telemetry somewhere."""
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - only here
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import (  # noqa: PLC0415
        BatchSpanProcessor,
        SpanExporter,
        SpanExportResult,
    )

    from leadgenius_async.integrations.otel import instrument  # noqa: PLC0415

    class Nowhere(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002
            return SpanExportResult.SUCCESS

    tracers = TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(Nowhere()))
    meters = MeterProvider([InMemoryMetricReader()])
    instrument(client, tracer_provider=tracers, meter_provider=meters)


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2_000, help="of each, in a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tasks", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--otel", action="store_true", help="what OpenTelemetry costs instead")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    given = parse()
    asyncio.run(serve() if given.serve else main(given))
