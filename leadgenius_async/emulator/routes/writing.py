"""How a write of leads is carried out, or not, by what befalls it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from leadgenius_async.emulator.choices import WriteCall
from leadgenius_async.emulator.errors import ApiError, gateway_page, rate_exceeded, token_expired
from leadgenius_async.emulator.routes.endpoint import Ask
from leadgenius_async.emulator.write_habits import WRITE

T = TypeVar("T")
_UNAUTHORIZED = 401
_GATEWAY_TIMEOUT = 504
#: Status that is logged of a request without an answer.
_NO_ANSWER = 0


def carry_out(
    ask: Ask[Any, Any], call: WriteCall, apply: Callable[[Ask[Any, Any]], T]
) -> T | web.Response:
    """Apply a write and answer it, as far as it meets no fault.

    Args:
        ask: The write.
        call: Its kind.
        apply: What it does; gives the answer.

    Raises:
        ApiError: It is refused.
    """
    service, request = ask.service, ask.request
    content = msgspec.json.encode((request.method, request.path_qs, ask.members))
    write = request[WRITE] = service.writes.meet(call, content, ask.now)
    if write.due is not None:
        service.writes.defer(write.due, partial(apply, ask))
        late = service.config.late_answer
        return gateway_page(_GATEWAY_TIMEOUT) if late == "timeout" else _no_answer(ask)
    if write.fault == "refused_writes":
        if service.config.apply_refused:
            _apply_silently(ask, apply)
        raise _refusal(service.config.refusal)
    if write.fault == "lost_after":
        _apply_silently(ask, apply)
    return _no_answer(ask) if write.fault else apply(ask)


def _apply_silently(ask: Ask[Any, Any], apply: Callable[[Ask[Any, Any]], object]) -> None:
    with suppress(ApiError):
        apply(ask)


def _no_answer(ask: Ask[Any, Any]) -> web.Response:
    """Close the connection; the response goes nowhere, its status is for the log."""
    if transport := ask.request.transport:
        transport.close()
    return web.Response(status=_NO_ANSWER)


def _refusal(status: int) -> ApiError:
    return token_expired() if status == _UNAUTHORIZED else rate_exceeded(retry_after=1)
