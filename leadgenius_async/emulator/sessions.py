"""Signing in: passwords, access tokens and refresh tokens."""

from __future__ import annotations

import hmac
import secrets

import msgspec

from leadgenius_async.emulator import jwt
from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.errors import LoginError
from leadgenius_async.emulator.limits import LOGIN_WINDOW, SlidingLog
from leadgenius_async.emulator.store import Store, digest
from leadgenius_async.emulator.structs import TokenSet

#: Why a user who knows the password may be refused, and what to do about it.
_REFUSED = {
    "unconfirmed": ("User is not confirmed", "Confirm the e-mail address first."),
    "mfa": ("A second factor is required", "Sign in with the web app, or use an API key."),
}


class Sessions:
    """Gives out tokens.

    Args:
        store: Where users and refresh tokens are.
        secret: Key of the JWTs' signature.
        config: Lives of tokens, rotation, logins per address; another one may be set at any time.
    """

    def __init__(self, store: Store, secret: bytes, config: EmulatorConfig) -> None:
        self._db = store.db
        self._secret = secret
        self.config = config
        #: The last access token of each user.
        self._last: dict[str, str] = {}
        self._attempts = SlidingLog(config.login_attempts, LOGIN_WINDOW)

    def login(self, username: str, password: str, address: str, now: float) -> TokenSet:
        """Tokens for a user who knows the password.

        Raises:
            LoginError: 429 for too many attempts of the address, 404 for an unknown user,
                401 for a wrong password or a user who may not log in like this, 500 for a login
                backend that fails.
        """
        if not self._attempts.ask(address, now).admitted:
            # The documented answer names the whole window, however much of it has passed.
            raise LoginError(
                429,
                "Too many login attempts",
                "Wait 15 minutes before the next attempt.",
                retry_after=round(LOGIN_WINDOW * 1_000),
            )
        if self.config.login == "failing":
            raise LoginError(500, "Authentication service failed", "Try again later.")
        user = self._db.execute(
            "SELECT user_id, password FROM users WHERE username = ?", (username,)
        ).fetchone()
        if user is None:
            raise LoginError(404, "User not found", "Check the username.")
        if not hmac.compare_digest(user[1].encode(), password.encode()):
            raise LoginError(401, "Incorrect username or password", "Check the password.")
        if refused := _REFUSED.get(self.config.login):
            raise LoginError(401, *refused)
        return self._tokens(user[0], username, self._new_refresh_token(user[0], now), now)

    def refresh(self, refresh_token: str, now: float) -> TokenSet:
        """New tokens for a refresh token.

        Raises:
            LoginError: 401, the token is unknown, used up or expired; 500 for a backend that
                fails.
        """
        if self.config.refresh == "failing":
            raise LoginError(500, "Authentication service failed", "Try again later.")
        found = self._db.execute(
            "SELECT user_id, username FROM refresh_tokens JOIN users USING (user_id)"
            " WHERE digest = ? AND expires > ?",
            (digest(refresh_token), now),
        ).fetchone()
        if found is None or self.config.refresh == "refused":
            raise LoginError(401, "The refresh token is not valid", "Sign in again.")
        user_id, username = found
        if self.config.rotate_refresh_tokens:
            self._db.execute(
                "DELETE FROM refresh_tokens WHERE digest = ?", (digest(refresh_token),)
            )
            refresh_token = self._new_refresh_token(user_id, now)
        last = self._last.get(user_id) if self.config.refresh == "same_token" else None
        tokens = self._tokens(user_id, username, refresh_token, now)
        return msgspec.structs.replace(tokens, accessToken=last) if last else tokens

    def _new_refresh_token(self, user_id: str, now: float) -> str:
        token = secrets.token_urlsafe(48)
        self._db.execute(
            "INSERT INTO refresh_tokens VALUES (?, ?, ?)",
            (digest(token), user_id, now + self.config.refresh_token_life),
        )
        return token

    def _tokens(self, user_id: str, username: str, refresh_token: str, now: float) -> TokenSet:
        told = self.config.expires_in
        token = self._last[user_id] = self._jwt(user_id, username, "access", now)
        return TokenSet(
            accessToken=token,
            idToken=self._jwt(user_id, username, "id", now),
            refreshToken=refresh_token,
            expiresIn=told if isinstance(told, int) else int(self.config.access_token_life),
        )

    def _jwt(self, user_id: str, username: str, use: jwt.TokenUse, now: float) -> str:
        claims = jwt.Claims(
            sub=user_id,
            username=username,
            token_use=use,
            iat=int(now),
            exp=int(now + self.config.access_token_life),
            jti=secrets.token_hex(8),
        )
        return jwt.mint(claims, self._secret)
