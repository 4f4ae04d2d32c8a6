"""Login and refresh."""

from __future__ import annotations

from typing import Annotated

import msgspec

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.errors import LoginError
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.structs import TokenSet


class Login(msgspec.Struct):
    """The body of a login; the lengths are documented."""

    username: Annotated[str, msgspec.Meta(min_length=3, max_length=128)]
    password: Annotated[str, msgspec.Meta(min_length=8, max_length=128)]


class Refresh(msgspec.Struct):
    """The body of a refresh."""

    refreshToken: Annotated[str, msgspec.Meta(min_length=1)]


class LoginUser(msgspec.Struct):
    """Who signed in."""

    username: str


class LoginAnswer(msgspec.Struct):
    """`POST /api/auth`."""

    message: str
    tokens: TokenSet
    user: LoginUser
    timestamp: str
    success: bool = True


class RefreshAnswer(msgspec.Struct):
    """`POST /api/auth/refresh`."""

    message: str
    tokens: TokenSet
    timestamp: str
    success: bool = True


def _refuse(problem: str) -> LoginError:
    return LoginError(400, "Invalid request", f"Send what the API documents: {problem}.")


@call(
    "POST",
    "/api/auth",
    Credentials.NONE,
    refuses=(401, 404, 429, 500),
    refuse=_refuse,
    known="documented",
)
async def log_in(ask: Ask[NoQuery, Login]) -> LoginAnswer:
    """Username and password for tokens."""
    body, now = ask.body, ask.now
    address = ask.request.remote or ""
    tokens = ask.service.sessions.login(body.username, body.password, address, now)
    return LoginAnswer(
        message="Authentication successful",
        tokens=tokens,
        user=LoginUser(body.username),
        timestamp=timestamp(now),
    )


@call(
    "POST",
    "/api/auth/refresh",
    Credentials.NONE,
    refuses=(401,),
    refuse=_refuse,
    known="documented",
)
async def refresh(ask: Ask[NoQuery, Refresh]) -> RefreshAnswer:
    """A refresh token for new tokens."""
    tokens = ask.service.sessions.refresh(ask.body.refreshToken, ask.now)
    return RefreshAnswer(message="Token refreshed", tokens=tokens, timestamp=timestamp(ask.now))


ENDPOINTS = (log_in, refresh)
