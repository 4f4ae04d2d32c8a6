"""A call on its way: the permit and the time limit of the try that is under way."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import aiohttp
import anyio

from leadgenius_async._http.breaker import Breaker
from leadgenius_async._http.call import Meter
from leadgenius_async._http.clock import loop_time
from leadgenius_async._http.limiter import Gate, NoTurn

if TYPE_CHECKING:
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

T = TypeVar("T")


class Late(Exception):
    """The call's deadline has come."""


@dataclass(slots=True)
class Flight:
    """Where a call is: its permit and its try's time limit, renewed where aiohttp re-sends.

    Attributes:
        scope: What ends the try that is under way.
        deadline: When the call ends, by the event loop's clock.
        tries: How many have begun.
        sends: How many requests took a permit, those that aiohttp sent again among them.
        waited: Seconds that it waited for its turn at the rate limit.
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
    scope: anyio.CancelScope = field(init=False, repr=False)
    deadline: float = math.inf
    granted: float = 0.0
    tries: int = 0
    sends: int = 0
    waited: float = 0.0
    sent: bool = False
    reached: bool = False
    queueing: bool = False
    caller: Flight | None = None
    looks: bool = False

    def begin(self) -> anyio.CancelScope:
        """Start a try, and return the scope that its time limit ends, or the call's deadline.

        It is the only one of a call that goes well: a scope and its timer cost 20 µs.
        """
        self.scope = anyio.CancelScope()
        self.tries += 1
        self.sent = False
        return self.scope

    async def within(self, work: Awaitable[T]) -> T:
        """Wait for what the call needs before it is sent.

        Raises:
            Late: Its deadline came first.
        """
        with anyio.CancelScope(deadline=self.deadline):
            return await work
        raise Late

    def ends_before(self, wait: float) -> bool:
        """Return whether the call, or a scope that it is in, ends before so many seconds."""
        ends_at = min(self.deadline, anyio.current_effective_deadline())
        return loop_time() + wait > ends_at

    def end(self) -> None:
        """End a try; another call may look for the end of the outage."""
        if self.looks:
            self.looks = False
            self.breaker.looked()

    async def permit(self) -> None:
        """Take the permit of a send."""
        granted = None if self.breaker.holds else self.gate.at_once()
        if granted is None:
            await self._queue(self._permit)
        else:
            self._go(granted)
        self.meter.sends += 1
        self.sends += 1

    async def connected(self) -> None:
        """Take a new permit if dialling has used up the first one's life.

        From here on the service may have got the request.
        """
        if not self.gate.is_fresh(self.granted):
            await self._queue(self._renewed)
        self.sent = self.reached = True

    async def _permit(self) -> float:
        while True:
            self.looks = self.looks or await self.breaker.wait()
            granted = await self._turn(self.gate.permit(self.deadline))
            if self.looks or not self.breaker.holds:  # an outage may begin while it queues
                return granted

    async def _renewed(self) -> float:
        return await self._turn(self.gate.renew(self.granted, self.deadline))

    async def _turn(self, turn: Awaitable[float]) -> float:
        asked = loop_time()
        try:
            return await turn
        finally:
            self.waited += loop_time() - asked

    async def _queue(self, turn: Callable[[], Awaitable[float]]) -> None:
        self.scope.deadline = self.deadline  # queueing is not the try's time
        self.mark(queueing=True)
        granted = await turn()
        self.mark(queueing=False)  # the mark stays where the call's deadline ends it
        self._go(granted)

    def _go(self, granted: float) -> None:
        if granted > self.deadline:
            raise NoTurn
        self.granted = granted
        self.scope.deadline = min(self.deadline, granted + self.timeout)

    def mark(self, *, queueing: bool) -> None:
        """Note whether it waits for its turn, and so whether its caller does."""
        self.queueing = queueing
        if self.caller is not None:
            self.caller.mark(queueing=queueing)


#: The call that is being made; one that begins within it renews its login.
under_way: ContextVar[Flight | None] = ContextVar("under_way", default=None)


class Connector(aiohttp.TCPConnector):
    """Asks each call for its permit, and tells it when its request is about to be written.

    aiohttp re-sends a GET by itself when a socket dies, and comes by here again then. A middleware
    and a trace would know all this too; they cost 40 of a call's 250 µs.
    """

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """Return a connection, once its request may be written to it."""
        flight = under_way.get()
        assert flight is not None  # noqa: S101 - for the type checker: only calls send
        await flight.permit()
        connection = await super().connect(req, traces, timeout)
        try:
            await flight.connected()
        except BaseException:
            connection.close()
            raise
        return connection
