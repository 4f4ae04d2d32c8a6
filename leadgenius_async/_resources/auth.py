"""Logging in and out."""

from __future__ import annotations

import msgspec

from leadgenius_async._http.auth import Session, Tokens
from leadgenius_async._http.call import Kind
from leadgenius_async._http.transport import Transport
from leadgenius_async._resources.account import Account
from leadgenius_async._secret import Secret


class Login(msgspec.Struct, frozen=True):
    """A login that stands.

    Attributes:
        user_id: The JWT's `sub`, which the service calls `owner`.
        expires_at: Epoch seconds at which the access token ends, if it says so.
        tokens: The tokens, which never print.
    """

    user_id: str | None
    expires_at: float | None
    tokens: Tokens


class Auth:
    """Calls of `/api/auth`."""

    def __init__(self, transport: Transport, session: Session, account: Account) -> None:
        self._transport = transport
        self._session = session
        self._account = account

    async def login(self, username: str, password: str | Secret) -> Login:
        """Log in; later calls use the login and keep it alive.

        It is not saved; a login that was saved stays as it is.

        Args:
            username: 3 to 128 characters (documented).
            password: 8 to 128 characters (documented).

        Raises:
            ValueError: A length that the service refuses; nothing was sent.
            AuthenticationError: Wrong password, an unconfirmed user, or a second factor.
            NotFound: No such user.
            RateLimited: More than 5 attempts from this address in 15 minutes; `retry_after` says
                how many seconds to wait.
            ServerError: The service's login backend failed.

        ```python
        login = await lg.auth.login("demo@company-1.example", "sample-password-1")
        print(login.user_id, login.expires_at)
        ```
        """
        secret = Secret(password)
        del password  # a traceback with locals would show it
        _check_length("username", len(username), 3)
        _check_length("password", len(secret.reveal()), 8)
        tokens = await self._session.login(username, secret)
        self._transport.credentials[Kind.JWT] = self._session
        self._account.forget()
        return _login(tokens)

    async def current(self) -> Login:
        """Return the login in force; it is made or refreshed first where one is due.

        Raises:
            AuthenticationError: There is none, or it was refused.

        ```python
        login = await lg.auth.current()
        print(login.user_id)
        ```
        """
        return _login(await self._session.current())

    async def refresh(self) -> Login:
        """Get new tokens now, by the refresh token (30 days of life, documented).

        Raises:
            AuthenticationError: It has expired, or there is none.

        ```python
        await lg.auth.login("demo@company-1.example", "sample-password-1")
        login = await lg.auth.refresh()
        ```
        """
        return _login(await self._session.refresh())


def _login(tokens: Tokens) -> Login:
    return Login(tokens.claims.sub, tokens.claims.exp, tokens)


def _check_length(name: str, length: int, least: int) -> None:
    if not least <= length <= 128:
        raise ValueError(f"{name} has {length} characters; the service takes {least} to 128")
