"""Login and refresh."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from aiohttp import web

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.errors import LoginError
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, answer, call
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


A = TypeVar("A", LoginAnswer, RefreshAnswer)


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
async def log_in(ask: Ask[NoQuery, Login]) -> LoginAnswer | web.Response:
    """Username and password for tokens."""
    body, now = ask.body, ask.now
    address = ask.request.remote or ""
    tokens = ask.service.sessions.login(body.username, body.password, address, now)
    answered = LoginAnswer(
        message="Authentication successful",
        tokens=tokens,
        user=LoginUser(body.username),
        timestamp=timestamp(now),
    )
    return _lacking(answered, _withheld(ask.service.config))


@call(
    "POST",
    "/api/auth/refresh",
    Credentials.NONE,
    refuses=(401, 500),
    refuse=_refuse,
    known="documented",
)
async def refresh(ask: Ask[NoQuery, Refresh]) -> RefreshAnswer | web.Response:
    """A refresh token for new tokens."""
    tokens = ask.service.sessions.refresh(ask.body.refreshToken, ask.now)
    answered = RefreshAnswer(message="Token refreshed", tokens=tokens, timestamp=timestamp(ask.now))
    config = ask.service.config
    without = {"accessToken", "idToken"} if config.refresh == "no_token" else set[str]()
    return _lacking(answered, without | _withheld(config))


def _withheld(config: EmulatorConfig) -> set[str]:
    return {"expiresIn"} if config.expires_in == "absent" else set()


def _lacking(answered: A, names: set[str]) -> A | web.Response:
    """The answer; without some members of its tokens where there are any to leave out."""
    if not names:
        return answered
    tokens = msgspec.to_builtins(answered.tokens)
    body = msgspec.to_builtins(answered)
    return answer({**body, "tokens": {name: tokens[name] for name in tokens.keys() - names}})


ENDPOINTS = (log_in, refresh)
