"""A call on its way: the permit and the time limit of the try that is under way."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace

import aiohttp
import anyio

from leadgenius_async._http.breaker import Breaker
from leadgenius_async._http.call import Meter
from leadgenius_async._http.limiter import Gate


@dataclass(slots=True)
class Flight:
    """Where a call is: its permit and its try's time limit, renewed where aiohttp re-sends.

    Attributes:
        deadline: When the call ends, by the event loop's clock.
        tries: How many have begun.
        sent: Whether the try that is under way may have reached the service.
        reached: Whether any try may have.
        queueing: Whether it waits for its turn at the gate, or its login does.
        caller: The call whose login this one renews.
        looks: Whether it is the one call that looks for the end of an outage.
    """

    gate: Gate
    meter: Meter
    timeout: float
    breaker: Breaker = field(default_factory=Breaker)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    deadline: float = math.inf
    granted: float = 0.0
    tries: int = 0
    sent: bool = False
    reached: bool = False
    queueing: bool = False
    caller: Flight | None = None
    looks: bool = False

    def begin(self) -> anyio.CancelScope:
        """Start a try, and return the scope that its time limit ends."""
        self.scope = anyio.CancelScope()
        self.tries += 1
        self.sent = False
        return self.scope

    def end(self) -> None:
        """End a try; another call may look for the end of the outage."""
        if self.looks:
            self.looks = False
            self.breaker.looked()

    async def middleware(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        # aiohttp re-sends a GET by itself when a socket dies; this runs again then.
        await self._queue(self._permit)
        self.meter.sends += 1
        return await handler(request)

    async def connected(self) -> None:
        """Take a new permit if dialling has used up the first one's life."""
        await self._queue(partial(self.gate.renew, self.granted, self.deadline))

    async def sending(self) -> None:
        """Note that from here on the service may have got the request."""
        self.sent = self.reached = True

    async def _permit(self) -> float:
        while True:
            self.looks = self.looks or await self.breaker.wait()
            granted = await self.gate.permit(self.deadline)
            if self.looks or not self.breaker.holds:  # an outage may begin while it queues
                return granted

    async def _queue(self, turn: Callable[[], Awaitable[float]]) -> None:
        self.scope.deadline = math.inf  # queueing is not the try's time
        self.mark(queueing=True)
        self.granted = await turn()
        self.mark(queueing=False)  # the mark stays where the call's deadline ends it
        self.scope.deadline = self.granted + self.timeout

    def mark(self, *, queueing: bool) -> None:
        """Note whether it waits for its turn, and so whether its caller does."""
        self.queueing = queueing
        if self.caller is not None:
            self.caller.mark(queueing=queueing)


def flight_trace() -> aiohttp.TraceConfig:
    """Return the hooks that run when a connection is new, and just before a request is written."""

    async def connected(
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        _params: aiohttp.TraceConnectionCreateEndParams,
    ) -> None:
        await context.trace_request_ctx.connected()

    async def sending(
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        _params: aiohttp.TraceRequestHeadersSentParams,
    ) -> None:
        await context.trace_request_ctx.sending()

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    trace.on_request_headers_sent.append(sending)
    return trace
