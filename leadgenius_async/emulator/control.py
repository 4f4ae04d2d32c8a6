"""Who may talk to the emulator at all, and how it is steered from another process or its console.

A page in a browser can send requests to this machine, and by a name whose address it changes
("DNS rebinding") read the answers. So a request must name the emulator as its host, and a
request that steers it must have the token of this start. The console's page alone is everyone's:
it has no figures.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from leadgenius_async.emulator.choices import CHANGEABLE
from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.console import CONSOLE, page
from leadgenius_async.emulator.faults.rules import Rule
from leadgenius_async.emulator.faults.text import read_rule, told
from leadgenius_async.emulator.service import SERVICE, Service

PREFIX = "/__lg__/"
TOKEN_HEADER = "X-Emulator-Token"  # noqa: S105 - the header's name
#: Where the console hears what goes on.
EVENTS = f"{PREFIX}events"
_PORT = re.compile(r":\d*$")
_NUMBER = re.compile(r"/(\d{1,9})$", re.ASCII)


class Advance(msgspec.Struct, forbid_unknown_fields=True):
    """The body of `POST /__lg__/clock`: seconds that the clock is turned forward."""

    advance: float


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a request to another host; answer one for the console, or to steer the emulator."""
    service = request.app[SERVICE]
    host, names = request.headers.get("Host", ""), _hosts(service.config)
    if not service.config.expose and _PORT.sub("", host.lower()) not in names:
        return _refusal(421, f"Host is no name of this emulator: give {' or '.join(sorted(names))}")
    if (file := page(request)) is not None:
        return file
    if not request.path.startswith(PREFIX):
        return await handler(request)
    if not _may_steer(request, service):
        return _refusal(401, f"Send {TOKEN_HEADER} with control_token of the ready file")
    if (request.method, request.path) == ("GET", EVENTS):
        return await request.app[CONSOLE].stream(request)
    return await _steer(request, service)


def url_host(host: str) -> str:
    """An address as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def _hosts(config: EmulatorConfig) -> set[str]:
    """Names of the emulator. Its port may be another one: that of a relay before it."""
    return {"127.0.0.1", "localhost", "[::1]", url_host(config.host).lower()}


def _may_steer(request: web.Request, service: Service) -> bool:
    token = request.headers.get(TOKEN_HEADER, "")
    # Bytes that are not UTF-8 stand in a header as lone surrogates.
    return hmac.compare_digest(
        token.encode(errors="surrogateescape"), service.control_token.encode()
    )


async def _steer(request: web.Request, service: Service) -> web.Response:
    number = _NUMBER.search(request.path)
    called = f"{request.method} {_NUMBER.sub('/{number}', request.path)}"
    if called not in _CALLS:
        calls = ", ".join((*_CALLS, f"GET {EVENTS}"))
        return _refusal(404, f"There is no {request.method} {request.path}: {calls}")
    try:
        asked = number[1].encode() if number else await request.read()
        result = _CALLS[called](service, asked)
    except LookupError as error:
        return _refusal(404, str(error))
    except (ValueError, OverflowError, msgspec.MsgspecError) as error:
        return _refusal(400, str(error))
    body = result if isinstance(result, bytes) else msgspec.json.encode(result)
    return web.Response(body=body, content_type="application/json")


def _list_faults(service: Service, _: bytes) -> object:
    return [told(placed) for placed in service.faults]


def _add_fault(service: Service, body: bytes) -> object:
    rule = msgspec.json.decode(body, type=Rule | str)
    return told(service.faults.place(read_rule(rule) if isinstance(rule, str) else rule))


def _remove_fault(service: Service, number: bytes) -> object:
    placed = next((each for each in service.faults if each.number == int(number)), None)
    if placed is None:
        raise LookupError(f"There is no rule {int(number)}")
    service.faults.remove(placed)
    return _list_faults(service, b"")


def _clear_faults(service: Service, _: bytes) -> object:
    service.faults.clear()
    return []


def _read_switches(service: Service, _: bytes) -> object:
    return {name: getattr(service.config, name) for name in CHANGEABLE}


def _change_switches(service: Service, body: bytes) -> object:
    service.settle()
    service.change(msgspec.json.decode(body, type=dict[str, Any]))
    return _read_switches(service, b"")


def _read_clock(service: Service, _: bytes) -> object:
    return {"now": service.clock.now()}


def _advance_clock(service: Service, body: bytes) -> object:
    service.clock.advance(msgspec.json.decode(body, type=Advance).advance)
    return {"now": service.clock.now()}


def _read_log(service: Service, _: bytes) -> object:
    return list(service.log)


def _clear_log(service: Service, _: bytes) -> object:
    service.log.clear()
    return []


def _transcript(service: Service, _: bytes) -> object:
    return service.log.transcript()


_CALLS: dict[str, Callable[[Service, bytes], object]] = {
    f"GET {PREFIX}faults": _list_faults,
    f"POST {PREFIX}faults": _add_fault,
    f"DELETE {PREFIX}faults": _clear_faults,
    f"DELETE {PREFIX}faults/{{number}}": _remove_fault,
    f"GET {PREFIX}switches": _read_switches,
    f"POST {PREFIX}switches": _change_switches,
    f"GET {PREFIX}clock": _read_clock,
    f"POST {PREFIX}clock": _advance_clock,
    f"GET {PREFIX}log": _read_log,
    f"DELETE {PREFIX}log": _clear_log,
    f"GET {PREFIX}transcript": _transcript,
}


def _refusal(status: int, error: str) -> web.Response:
    return web.json_response({"success": False, "error": error}, status=status)
