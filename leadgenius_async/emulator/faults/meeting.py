"""One request that meets a rule's fault: what is answered, and how it is sent."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from aiohttp import web
from aiohttp.typedefs import Handler

from leadgenius_async.emulator.faults.kinds import Delay
from leadgenius_async.emulator.faults.rules import Rule
from leadgenius_async.emulator.faults.wire import Answer, Wire, answer_of, paused

#: What a fault spoils that acts before the service has an answer.
_SAMPLE = Answer(200, (("Content-Type", "application/json"),), b'{"success":true,"data":[]}')
#: Status that is logged of a request without an answer.
_NO_ANSWER = 0


@dataclass
class Meeting:
    """A request that meets a fault.

    Attributes:
        rule: The rule.
        dice: The request's own.
        stopped: Set when the emulator stops.
    """

    rule: Rule
    dice: Random
    stopped: asyncio.Event
    _answer: Answer = field(default=_SAMPLE, init=False)

    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What the client gets; of a fault on the wire its status alone, and `send` sends it."""
        fault, before = self.rule.fault, self.rule.acts == "before"
        # A connection that is closed over a body that nobody read would be reset.
        with suppress(web.HTTPException, ConnectionError):
            await request.read()
        response = None if before else await handler(request)
        seconds = fault.seconds if isinstance(fault, Delay) else 0.0
        if seconds + self.rule.delay:
            await paused(self.stopped, seconds + self.rule.delay)
        if isinstance(fault, Delay):
            return response or await handler(request)
        real = answer_of(response) if response else _SAMPLE
        self._answer = fault.change(real, self.dice)
        return self._answer.response() if fault.answered else web.Response(status=_NO_ANSWER)

    async def send(self, request: web.Request) -> None:
        """Send what `answer` made, and end the connection: aiohttp then has nobody to answer."""
        wire = Wire(request, self.stopped)
        with suppress(ConnectionError):
            await self.rule.fault.send(wire, self._answer, self.dice)
        wire.close()


#: The fault that a request meets.
MET = web.RequestKey("met", Meeting)
