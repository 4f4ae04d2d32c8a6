"""A request's way, from the guard to its handler.

guard → log → faults → rate headers → errors → identity → rate limit → settle → handler

Each step is one aiohttp middleware; `CHAIN` holds them in the order in which they act.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress

from aiohttp import web
from aiohttp.typedefs import Handler

from leadgenius_async.emulator.control import guard
from leadgenius_async.emulator.errors import (
    ApiError,
    gateway_page,
    method_not_allowed,
    not_found,
    rate_exceeded,
)
from leadgenius_async.emulator.faults.meeting import MET, Meeting
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.limits import Permit
from leadgenius_async.emulator.request_log import LoggedRequest
from leadgenius_async.emulator.routes import ENDPOINTS
from leadgenius_async.emulator.service import CALLER, MEMBERS, ROWS, SERVICE
from leadgenius_async.emulator.write_habits import WRITE

_LOG = logging.getLogger(__name__)
_PERMIT = web.RequestKey("permit", Permit)
#: Epoch seconds before any token expires.
_ANY_TIME = 0.0
_LEAD_WRITES = {
    ("POST", "/api/leads"),
    ("PUT", "/api/leads"),
    ("DELETE", "/api/leads"),
    ("PUT", "/api/enrich-leads/{id}"),
}
_TAKES = {(endpoint.method, endpoint.path): endpoint.takes for endpoint in ENDPOINTS}


@web.middleware
async def log_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write the request down with what is answered, and send it if aiohttp would not."""
    at = time.monotonic()
    response = await handler(request)
    caller, write, fault = request.get(CALLER), request.get(WRITE), request.get(MET)
    switches = write.faults if write else ()
    request.app[SERVICE].log.add(
        LoggedRequest(
            at=at,
            method=request.method,
            path=request.path,
            query=dict(request.query),
            status=response.status,
            account=caller.company_id if caller else None,
            rows=request.get(ROWS),
            members=request.get(MEMBERS, ()),
            faults=(*switches, fault.rule.fault.kind) if fault else switches,
            seconds=time.monotonic() - at,
        )
    )
    if fault and fault.rule.fault.on_wire:
        # After it was written down: it may take until the emulator stops.
        await fault.send(request)
    return response


@web.middleware
async def meet_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the fault of a rule happen, before the service works on the request or after."""
    faults = request.app[SERVICE].faults
    if (met := await faults.meet(request)) is None:
        return await handler(request)
    meeting = request[MET] = Meeting(*met, faults.stopped)
    return await meeting.answer(request, handler)


@web.middleware
async def add_rate_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Add the rate headers to whatever the service answers."""
    response = await handler(request)
    if permit := request.get(_PERMIT):
        service = request.app[SERVICE]
        response.headers.update(permit.headers(service.config.rate_headers, service.clock.now()))
    return response


@web.middleware
async def word_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn exceptions into the service's error bodies."""
    try:
        return await handler(request)
    except ApiError as error:
        return _json_error(request, error)
    except web.HTTPException as error:
        return _http_error(request, error)
    except Exception:  # noqa: BLE001 - whatever fails, the client gets the service's own 500
        _LOG.exception("%s %s failed", request.method, request.path)
        return _json_error(
            request,
            ApiError(500, "internal_error", "Internal server error", recommendation="Try again."),
        )


@web.middleware
async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Recognise the caller by the credentials that the call takes."""
    service = request.app[SERVICE]
    takes = _takes(request)
    if takes:
        try:
            request[CALLER] = service.identity.caller(request, takes, service.clock.now())
        except ApiError as error:
            if error.error_type == "token_expired" and _applies_refused(request):
                request[CALLER] = service.identity.caller(request, takes, _ANY_TIME)
                await _apply_silently(request, handler)
            raise
    return await handler(request)


@web.middleware
async def limit_rate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count the request of a recognised account, or refuse it."""
    service = request.app[SERVICE]
    caller = request.get(CALLER)
    if service.limiter is None or caller is None:
        return await handler(request)
    permit = service.limiter.ask(caller.company_id, service.clock.now())
    request[_PERMIT] = permit
    if not permit.admitted:
        if _applies_refused(request):
            await _apply_silently(request, handler)
        raise rate_exceeded(allowed=f"{permit.limit} requests per {permit.window:g} s are allowed")
    return await handler(request)


@web.middleware
async def settle(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let late writes be applied, and runs that have ended have written what they write."""
    request.app[SERVICE].settle()
    return await handler(request)


CHAIN = (
    guard,
    log_request,
    meet_faults,
    add_rate_headers,
    word_errors,
    identify,
    limit_rate,
    settle,
)


def _applies_refused(request: web.Request) -> bool:
    """Whether the request is a write of leads that is applied though it is refused."""
    resource = request.match_info.route.resource
    called = (request.method, resource.canonical if resource else "")
    return request.app[SERVICE].config.apply_refused and called in _LEAD_WRITES


async def _apply_silently(request: web.Request, handler: Handler) -> None:
    with suppress(ApiError):
        await handler(request)


def _takes(request: web.Request) -> Credentials:
    """The credentials that the matched call takes, none where no call matched."""
    resource = request.match_info.route.resource
    if resource is None:
        return Credentials.NONE
    takes = _TAKES[request.method, resource.canonical]
    config = request.app[SERVICE].config
    if takes is Credentials.API_KEY and config.bulk_accepts_jwt:
        return Credentials.EITHER
    if Credentials.ASSUMED_KEY in takes:
        return Credentials.EITHER if config.keys_everywhere else Credentials.JWT
    return takes


def _json_error(request: web.Request, error: ApiError) -> web.Response:
    request_id = f"req-{next(request.app[SERVICE].error_numbers):08}"
    return web.Response(
        status=error.status,
        body=error.body(request_id),
        content_type="application/json",
        headers=error.headers,
    )


def _http_error(request: web.Request, error: web.HTTPException) -> web.Response:
    """What aiohttp refuses by itself: an unknown path or method, a body that is too large."""
    if not request.path.startswith("/api/"):
        return gateway_page(error.status)
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return _json_error(request, method_not_allowed(request.method, request.path, allowed))
    if error.status == web.HTTPNotFound.status_code:
        return _json_error(request, not_found(request.path))
    return gateway_page(error.status)
