"""Credentials: which ones the account has, and how a login stays alive."""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Annotated, Any, Protocol, Self

import anyio
import msgspec

from leadgenius_async import errors
from leadgenius_async._http import record
from leadgenius_async._http.call import NO_CREDENTIALS, Call, Reply
from leadgenius_async._http.shared_login import Failure, OwnLogin, SharedLogin
from leadgenius_async._http.tokens import (
    Claims as Claims,
    Tokens as Tokens,
    read_claims as read_claims,
)
from leadgenius_async._secret import Secret

#: After a refresh that failed for a passing reason, the token that still lives is used this long.
REFRESH_PAUSE = 15.0  # seconds
#: A refresh or login that was refused is not tried again for this long: twice a minute at most.
REFUSAL_LIFE = 30.0  # seconds
#: A renewal that is under way when the client is closed is waited for so long; a twin's, whose
#: tokens are others' too, until the answer to what it has sent: nobody waits for a twin itself.
CLOSING = 5.0  # seconds
#: What a refresh may fail with and succeed at the next try.
_PASSING = (
    errors.ServerError,
    errors.ConnectionFailed,
    errors.TimedOut,
    errors.DeadlineExceeded,
    errors.OutcomeUnknown,
)

_log = logging.getLogger("leadgenius_async.auth")

Headers = Mapping[str, Secret]
Send = Callable[[Call], Awaitable[Reply]]


class Credential(Protocol):
    """One kind of credentials that the transport can send."""

    @property
    def held(self) -> Headers | None:
        """The headers that carry it, where neither a login nor a refresh is due."""
        ...

    async def headers(self) -> Headers:
        """Return the headers that carry it, renewed if its time has come."""
        ...

    async def renew(self, rejected: Headers) -> bool:
        """After a 401: get a new one, and return whether trying again makes sense."""
        ...

    def twin(self, send: Send) -> Self:
        """Return one for another event loop, with that one's way to the wire."""
        ...

    def is_renewing_in(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Return whether a new one is on its way in that event loop."""
        ...

    async def aclose(self) -> None:
        """End what it does by itself."""
        ...


class Fixed:
    """Headers that never change: an API key with its user id, or a browser's cookies."""

    def __init__(self, headers: Headers) -> None:
        self.held = headers

    async def headers(self) -> Headers:
        """Return the headers."""
        return self.held

    async def renew(self, rejected: Headers) -> bool:
        """Return False: there is nothing to renew."""
        del rejected
        return False

    def twin(self, send: Send) -> Self:
        """Return itself: it is never changed, and sends nothing."""
        del send
        return self

    def is_renewing_in(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Return False: it never is."""
        del loop
        return False

    async def aclose(self) -> None:
        """Do nothing: there is nothing to end."""


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
    accessToken: Annotated[str, msgspec.Meta(min_length=1)]
    idToken: str | None = None
    refreshToken: str | None = None
    expiresIn: float | None = None

    def __repr__(self) -> str:
        return "_WireTokens(**********)"


class Session:
    """A login, kept alive: refreshed at 80 % of its life or on a 401, by one task at a time.

    That task is no caller's: one that is cancelled, or whose deadline comes, while the new tokens
    are on their way does not lose them. Where refresh tokens rotate, that would end the login.

    Args:
        tokens: What an earlier login gave.
        refresh: A refresh token without an access token, from which the login begins.
        username: For a login by name, when there are no tokens or they can not be renewed.
        password: The same.
        shared: Where the login is saved, for other processes too; in memory alone if not given.
            Every new set is saved before it is used: where refresh tokens rotate, the old one is
            dead.
        closing: Seconds that `aclose` waits for a renewal that is under way; None for its end.
    """

    def __init__(
        self,
        tokens: Tokens | None = None,
        *,
        refresh: Secret | None = None,
        username: str | None = None,
        password: Secret | None = None,
        shared: SharedLogin | OwnLogin | None = None,
        closing: float | None = CLOSING,
    ) -> None:
        self.tokens = tokens
        self._first_refresh = refresh
        self._username = username
        self._password = password
        self._shared = shared or OwnLogin(tokens)
        self._turn = anyio.Lock()
        self._renewal: asyncio.Task[Tokens] | None = None
        self._send: Send | None = None
        self._closing = closing

    def bind(self, send: Send) -> None:
        """Give the session its way to the wire."""
        self._send = send

    def twin(self, send: Send) -> Self:
        """Return one for another event loop; what either of them gets, the other takes."""
        twin = type(self)(
            self.tokens,
            refresh=self._first_refresh,
            username=self._username,
            password=self._password,
            shared=self._shared,
            closing=None,
        )
        twin.bind(send)
        return twin

    def is_renewing_in(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Return whether new tokens are on their way in that event loop."""
        renewal = self._renewal
        return renewal is not None and not renewal.done() and renewal.get_loop() is loop

    async def aclose(self) -> None:
        """Let a renewal that is under way end, or end it if that takes too long."""
        if (renewal := self._renewal) is None or renewal.done():
            return
        try:
            await asyncio.wait([renewal], timeout=self._closing)
        finally:
            renewal.cancel()
        await asyncio.wait([renewal])

    async def headers(self) -> Headers:
        """Return the bearer header, after a login or a refresh if one is due."""
        return (await self.current()).headers

    @property
    def held(self) -> Headers | None:
        """The bearer header, where neither a login nor a refresh is due."""
        return None if self.tokens is None or self._is_due(self.tokens) else self.tokens.headers

    async def current(self) -> Tokens:
        """Return the tokens in force, after a login or a refresh if one is due."""
        tokens = self.tokens
        if tokens is None or self._is_due(tokens):
            tokens = await self._renew_once(tokens)
        return tokens

    def _is_due(self, tokens: Tokens) -> bool:
        return tokens.due and self._renewable

    @property
    def _renewable(self) -> bool:
        by_name = self._username is not None and self._password is not None
        return by_name or self._refresh_token is not None

    @property
    def _refresh_token(self) -> Secret | None:
        return self.tokens.refresh if self.tokens is not None else self._first_refresh

    async def renew(self, rejected: Headers) -> bool:
        """Get new tokens, unless another task did so since the `rejected` headers were made."""
        tokens = self.tokens
        if tokens is not None and tokens.headers == rejected:
            await self._renew_once(tokens, rejected=True)
        return True

    async def login(self, username: str, password: Secret) -> Tokens:
        """Log in by name and password; from here on no tokens are saved: they are another login's.

        Raises:
            AuthenticationError: Wrong password, an unconfirmed user, or a second factor.
            NotFound: No such user.
            RateLimited: More than 5 attempts from this address in 15 minutes.
        """
        async with self._turn:
            await self._finish_renewal()  # another user's: it must not come in afterwards
            tokens = await self._ask("/auth", _by_name(username, password), save=False)
            self._shared = OwnLogin(tokens)
            # Once it ends it begins again as this user, and not as whoever was here before.
            self._username, self._password = username, password
            return tokens

    async def refresh(self) -> Tokens:
        """Get new tokens by the refresh token.

        Raises:
            AuthenticationError: It has expired (30 days), or there is none.
        """
        async with self._turn:
            await self._finish_renewal()
            return await self._in_own_task(self._saved_refreshed())

    async def _saved_refreshed(self) -> Tokens:
        async with self._shared.hold():
            await self._take_saved()
            return await self._refresh()

    async def _refresh(self) -> Tokens:
        token = self._refresh_token
        if token is None:
            raise errors.AuthenticationError(_NO_LOGIN)
        return await self._ask("/auth/refresh", {"refreshToken": token})

    async def _take_saved(self) -> Tokens | None:
        """Take the tokens that another has saved since, and return them."""
        saved = await self._shared.read()
        if saved is None or (self.tokens is not None and saved.access == self.tokens.access):
            return None
        if self.tokens is not None and saved.claims.sub != self.tokens.claims.sub:
            # Somebody else has logged in there: it is not ours to write to.
            self._shared = OwnLogin(self.tokens)
            return None
        self.tokens = saved
        return saved

    async def _renew_once(self, old: Tokens | None, *, rejected: bool = False) -> Tokens:
        asked = time.monotonic()
        async with self._turn:
            await self._finish_renewal()
            if self.tokens is not None and self.tokens is not old:
                return self.tokens  # another task was here while this one waited
            if old is not None and not (rejected or old.due):
                return old  # it was, in vain, and the old one still lives
            self._raise_known(asked)
            return await self._in_own_task(self._renewed(old, asked, rejected=rejected))

    def _raise_known(self, asked: float) -> None:
        """Fail as the last renewal did: for all who waited for it, not for one."""
        known = self._shared.failure
        if known is not None and asked <= known.until:
            raise copy.copy(known.error)

    async def _renewed(self, old: Tokens | None, asked: float, *, rejected: bool) -> Tokens:
        async with self._shared.hold():
            saved = await self._take_saved()
            if saved is not None and not saved.due:
                return saved
            self._raise_known(asked)  # another loop's
            return await self._new_or_old(old, rejected=rejected)

    async def _new_or_old(self, old: Tokens | None, *, rejected: bool) -> Tokens:
        try:
            fresh = await self._new_tokens()
            if rejected and old is not None and fresh.access == old.access:
                raise errors.AuthenticationError(_NOT_RENEWED)
        except errors.LeadGeniusError as error:
            if rejected or old is None or not self._lives_on(old, error):
                lasts = 0.0 if isinstance(error, _PASSING) else REFUSAL_LIFE
                self._shared.failure = Failure(copy.copy(error), time.monotonic() + lasts)
                raise
            return old
        return fresh

    async def _in_own_task(self, work: Coroutine[Any, Any, Tokens]) -> Tokens:
        """Do it to its end, whether or not whoever waits here does."""
        self._renewal = renewal = asyncio.create_task(work)
        renewal.add_done_callback(_look_at)
        await asyncio.wait([renewal])  # which does not cancel it
        if renewal.cancelled():
            raise RuntimeError("this LeadGenius was closed: make a new one")
        return renewal.result()

    async def _finish_renewal(self) -> None:
        """Wait for one whose caller has gone."""
        if self._renewal is not None and not self._renewal.done():
            await asyncio.wait([self._renewal])

    @staticmethod
    def _lives_on(old: Tokens, error: errors.LeadGeniusError) -> bool:
        """Return whether the old token is used on for a while, since the failure may pass."""
        if not old.alive or not isinstance(error, (*_PASSING, errors.RateLimited)):
            return False
        _log.warning("the login could not be refreshed yet; the old one still lives")
        old.put_off(max(REFRESH_PAUSE, error.retry_after or 0.0))
        return True

    async def _new_tokens(self) -> Tokens:
        if self._refresh_token is not None:
            try:
                return await self._refresh()
            except errors.AuthenticationError:
                if self._password is None:
                    raise
        if self._username is None or self._password is None:
            raise errors.AuthenticationError(_NO_LOGIN)
        return await self._ask("/auth", _by_name(self._username, self._password))

    async def _ask(
        self, path: str, body: Mapping[str, str | Secret], *, save: bool = True
    ) -> Tokens:
        if self._send is None:
            raise RuntimeError("the session has no way to the wire: use it through LeadGenius")
        call = Call(method="POST", path=path, takes=NO_CREDENTIALS, body=_encode(body))
        reply = await self._send(call)
        fresh = self._read(record.payload(reply, _WireTokens, ("tokens",), call=call))
        try:
            if save:
                self._shared.failure = None
                await self._shared.write(fresh)
        finally:
            # Used after it was saved; and if it could not be saved, the old one may be dead.
            self.tokens = fresh
        return fresh

    def _read(self, wire: _WireTokens) -> Tokens:
        try:
            refresh = Secret(wire.refreshToken) if wire.refreshToken else self._refresh_token
            return Tokens(
                Secret(wire.accessToken),
                id_token=Secret(wire.idToken) if wire.idToken else None,
                refresh=refresh,
                expires_in=wire.expiresIn,
            )
        except ValueError as error:
            raise errors.ProtocolError(f"the answer to the login: {error}") from None


def _look_at(renewal: asyncio.Task[Tokens]) -> None:
    """Take note of its failure, or asyncio complains where the caller has gone."""
    if not renewal.cancelled():
        renewal.exception()


def _by_name(username: str, password: Secret) -> Mapping[str, str | Secret]:
    return {"username": username, "password": password}


def _encode(body: Mapping[str, str | Secret]) -> bytes:
    """Return the JSON of a login; its secrets are plain in here alone."""
    return msgspec.json.encode(
        {
            name: value.reveal() if isinstance(value, Secret) else value
            for name, value in body.items()
        }
    )


_NO_LOGIN = "the login has expired: run `leadgenius auth login`, or give username and password"
_NOT_RENEWED = "the refresh gave the rejected token again: run `leadgenius auth login`"
