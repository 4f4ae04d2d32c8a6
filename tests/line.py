"""A transport without sockets, for the virtual clock."""

from __future__ import annotations

from typing import Any

import anyio

from leadgenius_async import Secret, errors
from leadgenius_async._http import auth
from leadgenius_async._http.call import Call, Kind, Reply
from leadgenius_async._http.flight import Flight
from leadgenius_async._http.limiter import Gate
from leadgenius_async._http.transport import Transport

OK = Reply(200, {}, b"{}")


class FixedLogin:
    """A login with a number; each renewal counts up."""

    def __init__(self, *, renewable: bool = True) -> None:
        self.number = 0
        self.renewable = renewable

    @property
    def held(self) -> None:
        """Each call asks for them."""

    async def headers(self) -> auth.Headers:
        return {"Authorization": Secret(f"Bearer {self.number}")}

    async def renew(self, rejected: auth.Headers) -> bool:
        del rejected
        self.number += 1
        return self.renewable

    async def aclose(self) -> None:
        """Nothing goes on by itself."""


class Line(Transport):
    """A transport whose sends end as a script says, the last entry for all further ones.

    A number in it is a service that takes so many seconds for its answer.

    Attributes:
        sent: When each request left, and with which credentials.
        dial: Seconds that a connection takes.
        latency: Seconds from a request to its answer.
    """

    def __init__(self, *script: Reply | Exception | float, **options: Any) -> None:
        self.login = options.pop("login", FixedLogin())
        gate = options.pop("gate", None) or Gate("off")
        super().__init__("https://x.example", {Kind.JWT: self.login}, gate, **options)
        self.script = list(script)
        self.sent: list[tuple[float, str]] = []
        self.dial = 0.0
        self.latency = 0.0

    async def _exchange(self, call: Call, headers: auth.Headers, flight: Flight) -> Reply:
        del call

        await flight.permit()
        await anyio.sleep(self.dial)
        await flight.connected()
        token = headers["Authorization"].reveal() if headers else ""
        self.sent.append((anyio.current_time(), token))
        await anyio.sleep(self.latency)
        reply = await self._next()
        flight.sent = False
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def _next(self) -> Reply | errors.APIStatusError:
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        match step:
            case Reply() | errors.APIStatusError():
                return step
            case Exception():
                raise step
            case _:
                await anyio.sleep(step)
                return OK
