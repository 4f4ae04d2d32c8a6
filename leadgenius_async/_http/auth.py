"""Credentials: which ones the account has, and how a login stays alive."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import anyio
import msgspec

from leadgenius_async import errors
from leadgenius_async._http import decode
from leadgenius_async._http.call import NO_CREDENTIALS, Call, Reply
from leadgenius_async._secret import Secret

#: A token is renewed when this share of its life is over.
RENEW_AT = 0.8
DEFAULT_LIFE = 3600.0  # seconds, documented
SHORTEST_LIFE = 30.0  # seconds; a server that says less would be asked without end
#: After a refresh that failed for a passing reason, the token that still lives is used this long.
REFRESH_PAUSE = 15.0  # seconds

_log = logging.getLogger("leadgenius_async.auth")

Headers = Mapping[str, Secret]
Send = Callable[[Call], Awaitable[Reply]]


class Credential(Protocol):
    """One kind of credentials that the transport can send."""

    async def headers(self) -> Headers:
        """Return the headers that carry it, renewed if its time has come."""
        ...

    async def renew(self, rejected: Headers) -> bool:
        """After a 401: get a new one, and return whether trying again makes sense."""
        ...


class Fixed:
    """Headers that never change: an API key with its user id, or a browser's cookies."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    async def headers(self) -> Headers:
        """Return the headers."""
        return self._headers

    async def renew(self, rejected: Headers) -> bool:
        """Return False: there is nothing to renew."""
        del rejected
        return False


def api_key(key: Secret, user_id: str) -> Fixed:
    """Return the credential of an API key; without its user id the service answers 401."""
    return Fixed({"x-api-key": key, "x-user-id": Secret(user_id)})


def cookies(access_token: Secret, id_token: Secret | None) -> Fixed:
    """Return the credential of a browser session."""
    pairs = [f"accessToken={access_token.reveal()}"]
    if id_token:
        pairs.append(f"idToken={id_token.reveal()}")
    return Fixed({"Cookie": Secret("; ".join(pairs))})


class _WireTokens(msgspec.Struct):
    accessToken: str
    idToken: str | None = None
    refreshToken: str | None = None
    expiresIn: float | None = None


class Claims(msgspec.Struct):
    """The claims of a JWT that are read; its signature is the service's business.

    Attributes:
        sub: The user id, which the service calls `owner`.
        exp: Expiry in epoch seconds.
        iat: Issue in epoch seconds.
    """

    sub: str | None = None
    exp: float | None = None
    iat: float | None = None


def read_claims(token: Secret) -> Claims:
    """Return the claims of a JWT; empty ones if it is not a JWT."""
    try:
        part = token.reveal().split(".")[1]
        padded = part + "=" * (-len(part) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=Claims)
    except (IndexError, ValueError, msgspec.MsgspecError):
        return Claims()


class Tokens:
    """The tokens of one login.

    Args:
        access: The bearer token.
        id_token: The identity token, if any.
        refresh: The token to get the next ones with, if any.
        expires_in: Seconds of life from now; read from the token's `exp` where not given.
    """

    def __init__(
        self,
        access: Secret,
        *,
        id_token: Secret | None = None,
        refresh: Secret | None = None,
        expires_in: float | None = None,
    ) -> None:
        self.access = access
        self.id_token = id_token
        self.refresh = refresh
        self.claims = read_claims(access)
        life = expires_in if expires_in and expires_in > 0 else self._claimed_life()
        self._due_at = time.monotonic() + RENEW_AT * max(life, SHORTEST_LIFE)
        self._ends_at = time.monotonic() + max(life, SHORTEST_LIFE)

    @property
    def due(self) -> bool:
        """Whether it is time to renew them."""
        return time.monotonic() >= self._due_at

    @property
    def alive(self) -> bool:
        """Whether the access token is within its life, as far as the client can know."""
        return time.monotonic() < self._ends_at

    def put_off(self) -> None:
        """Let the next renewal wait a little."""
        self._due_at = time.monotonic() + REFRESH_PAUSE

    def _claimed_life(self) -> float:
        if self.claims.exp is None:
            return DEFAULT_LIFE
        return self.claims.exp - time.time()


class Session:
    """A login, kept alive: refreshed at 80 % of its life or on a 401, by one task at a time.

    Args:
        tokens: What an earlier login gave.
        username: For a login by name, when there are no tokens or they can not be renewed.
        password: The same.
        on_tokens: Called with every new set before it is used, so that it can be saved: where
            refresh tokens rotate, the old one is dead.
    """

    def __init__(
        self,
        tokens: Tokens | None = None,
        *,
        username: str | None = None,
        password: Secret | None = None,
        on_tokens: Callable[[Tokens], None] | None = None,
    ) -> None:
        self.tokens = tokens
        self._username = username
        self._password = password
        self._on_tokens = on_tokens
        self._turn = anyio.Lock()
        self._send: Send | None = None

    def bind(self, send: Send) -> None:
        """Give the session its way to the wire."""
        self._send = send

    async def headers(self) -> Headers:
        """Return the bearer header, after a login or a refresh if one is due."""
        tokens = self.tokens
        if tokens is None or tokens.due:
            tokens = await self._renew_once(tokens)
        return _bearer(tokens)

    async def renew(self, rejected: Headers) -> bool:
        """Get new tokens, unless another task did so since the `rejected` headers were made."""
        tokens = self.tokens
        if tokens is not None and _bearer(tokens) == rejected:
            await self._renew_once(tokens, rejected=True)
        return True

    async def login(self, username: str, password: Secret) -> Tokens:
        """Log in by name and password.

        Raises:
            AuthenticationError: Wrong password, an unconfirmed user, or a second factor.
            NotFound: No such user.
            RateLimited: More than 5 attempts from this address in 15 minutes.
        """
        body = {"username": username, "password": password.reveal()}
        return await self._ask("/auth", body)

    async def refresh(self) -> Tokens:
        """Get new tokens by the refresh token.

        Raises:
            AuthenticationError: It has expired (30 days), or there is none.
        """
        if self.tokens is None or not self.tokens.refresh:
            raise errors.AuthenticationError(_NO_LOGIN)
        return await self._ask("/auth/refresh", {"refreshToken": self.tokens.refresh.reveal()})

    async def _renew_once(self, old: Tokens | None, *, rejected: bool = False) -> Tokens:
        async with self._turn:
            if self.tokens is not None and self.tokens is not old:
                return self.tokens  # another task was here while this one waited
            try:
                return await self._new_tokens()
            except (errors.ServerError, errors.ConnectionFailed, errors.TimedOut):
                if rejected or old is None or not old.alive:
                    raise
                _log.warning("the login could not be refreshed yet; the old one still lives")
                old.put_off()
                return old

    async def _new_tokens(self) -> Tokens:
        if self.tokens is not None and self.tokens.refresh:
            try:
                return await self.refresh()
            except errors.AuthenticationError:
                if self._password is None:
                    raise
        if self._username is None or self._password is None:
            raise errors.AuthenticationError(_NO_LOGIN)
        return await self.login(self._username, self._password)

    async def _ask(self, path: str, body: Mapping[str, str]) -> Tokens:
        if self._send is None:
            raise RuntimeError("the session has no way to the wire: use it through LeadGenius")
        call = Call(method="POST", path=path, takes=NO_CREDENTIALS, body=msgspec.json.encode(body))
        reply = await self._send(call)
        wire = decode.payload(reply, _WireTokens, ("tokens",), call=call)
        self.tokens = self._read(wire)
        if self._on_tokens is not None:
            await anyio.to_thread.run_sync(self._on_tokens, self.tokens)
        return self.tokens

    def _read(self, wire: _WireTokens) -> Tokens:
        old = self.tokens
        refresh = Secret(wire.refreshToken) if wire.refreshToken else old and old.refresh
        return Tokens(
            Secret(wire.accessToken),
            id_token=Secret(wire.idToken) if wire.idToken else None,
            refresh=refresh or None,
            expires_in=wire.expiresIn,
        )


def _bearer(tokens: Tokens) -> Headers:
    return {"Authorization": Secret(f"Bearer {tokens.access.reveal()}")}


_NO_LOGIN = "the login has expired: run `leadgenius auth login`, or give username and password"
