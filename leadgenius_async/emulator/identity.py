"""Who is asking: cookies, bearer tokens and API keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, auto
from typing import Literal

from aiohttp import web

from leadgenius_async.emulator import jwt
from leadgenius_async.emulator.errors import ApiError, token_expired, unauthorized
from leadgenius_async.emulator.store import Store, digest


class Credentials(Flag):
    """Kinds of credentials that a call takes."""

    NONE = 0
    JWT = auto()
    API_KEY = auto()
    EITHER = JWT | API_KEY
    ASSUMED_KEY = auto()
    #: A login; an API key too, as was observed or is assumed (`keys_everywhere`).
    KEY_TOO = JWT | ASSUMED_KEY


#: What a user may do: an owner changes the company, an admin sees the other ones too.
Role = Literal["owner", "admin", "member"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A recognised user, the company of the membership, and the role in it."""

    user_id: str
    company_id: str
    role: Role


class Identity:
    """Recognises callers.

    Args:
        store: Where users and keys are.
        secret: Key of the JWTs' signature.
    """

    def __init__(self, store: Store, secret: bytes) -> None:
        self._db = store.db
        self._secret = secret

    def caller(self, request: web.Request, takes: Credentials, now: float) -> Caller:
        """The caller by the first valid credentials: cookies, bearer token, API key.

        Credentials of a kind that the call does not take are as good as none.

        Raises:
            ApiError: 401, none are valid; the error is of the first that were sent.
        """
        first_error: ApiError | None = None
        for recognise in self._methods(request, takes, now):
            try:
                return recognise()
            except ApiError as error:
                first_error = first_error or error
        raise first_error or _no_credentials(takes)

    def _methods(
        self, request: web.Request, takes: Credentials, now: float
    ) -> list[Callable[[], Caller]]:
        """One recogniser for each kind of credentials that was sent and that the call takes."""
        methods: list[Callable[[], Caller]] = []
        cookie = request.cookies.get("accessToken")
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        key = request.headers.get("x-api-key")
        if Credentials.JWT in takes and cookie:
            methods.append(lambda: self._by_token(cookie, now))
        if Credentials.JWT in takes and scheme.lower() == "bearer":
            methods.append(lambda: self._by_token(bearer.strip(), now))
        if Credentials.API_KEY in takes and key:
            methods.append(lambda: self._by_key(key, request.headers.get("x-user-id", "")))
        return methods

    def _by_token(self, token: str, now: float) -> Caller:
        claims = jwt.read(token, self._secret)
        if claims is None or claims.token_use != "access":  # noqa: S105 - a kind of token, not a secret
            raise unauthorized(
                "no_valid_tokens", "The token is not valid", "Sign in and send the accessToken."
            )
        if now >= claims.exp:
            raise token_expired()
        return self._member(claims.sub)

    def _by_key(self, key: str, user_id: str) -> Caller:
        if not user_id:
            raise unauthorized(
                "no_valid_credentials",
                "An API key needs the id of its user",
                "Send x-user-id besides x-api-key.",
            )
        owner = self._db.execute(
            "SELECT user_id FROM api_keys WHERE digest = ?", (digest(key),)
        ).fetchone()
        if owner is None or owner[0] != user_id:
            raise unauthorized(
                "authentication_error",
                "The API key is not valid for this user",
                "Check x-api-key and x-user-id.",
            )
        return self._member(user_id)

    def _member(self, user_id: str) -> Caller:
        company_id, role = self._db.execute(
            "SELECT company_id, role FROM users WHERE user_id = ?", (user_id,)
        ).fetchone()
        return Caller(user_id, company_id, role)


def _no_credentials(takes: Credentials) -> ApiError:
    wanted = {
        Credentials.JWT: "a bearer token (Authorization: Bearer <accessToken>)",
        Credentials.API_KEY: "an API key (x-api-key and x-user-id)",
    }
    named = " or ".join(text for kind, text in wanted.items() if kind in takes)
    return unauthorized("no_valid_credentials", "No valid credentials were sent", f"Send {named}.")
