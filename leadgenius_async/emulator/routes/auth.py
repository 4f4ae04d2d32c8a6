"""Login and refresh."""

from __future__ import annotations

import time

from aiohttp import web

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.errors import LoginError
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import (
    Endpoint,
    UnreadableBody,
    answer,
    read_object,
)
from leadgenius_async.emulator.service import SERVICE
from leadgenius_async.emulator.structs import LoginAnswer, LoginUser, RefreshAnswer

_USERNAME_LENGTH = range(3, 129)
_PASSWORD_LENGTH = range(8, 129)


async def log_in(request: web.Request) -> web.Response:
    """`POST /api/auth`: username and password for tokens."""
    fields = await _read(request)
    username = _text(fields, "username")
    password = _text(fields, "password")
    _check_length("Username", username, _USERNAME_LENGTH)
    _check_length("Password", password, _PASSWORD_LENGTH)
    now = time.time()
    tokens = request.app[SERVICE].sessions.login(username, password, request.remote or "", now)
    return answer(
        LoginAnswer(
            success=True,
            message="Authentication successful",
            tokens=tokens,
            user=LoginUser(username),
            timestamp=timestamp(now),
        )
    )


async def refresh(request: web.Request) -> web.Response:
    """`POST /api/auth/refresh`: a refresh token for new tokens."""
    fields = await _read(request)
    now = time.time()
    tokens = request.app[SERVICE].sessions.refresh(_text(fields, "refreshToken"), now)
    return answer(
        RefreshAnswer(
            success=True, message="Token refreshed", tokens=tokens, timestamp=timestamp(now)
        )
    )


ENDPOINTS = (
    Endpoint("POST", "/api/auth", Credentials.NONE, log_in),
    Endpoint("POST", "/api/auth/refresh", Credentials.NONE, refresh),
)


async def _read(request: web.Request) -> dict[str, object]:
    try:
        return await read_object(request)
    except UnreadableBody as error:
        raise LoginError(400, "Invalid request", f"Send a JSON object: {error}.") from None


def _text(fields: dict[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise LoginError(400, f"Missing {name}", f"Send {name} as text.")
    return value


def _check_length(what: str, value: str, allowed: range) -> None:
    if len(value) not in allowed:
        raise LoginError(
            400,
            f"{what} has an invalid length",
            f"{what} must have {allowed.start} to {allowed.stop - 1} characters.",
        )
