"""The tokens of a login, and how long they live."""

from __future__ import annotations

import base64
import time

import msgspec

from leadgenius_async._secret import Secret

#: A token is renewed when this share of its life is over.
RENEW_AT = 0.8
DEFAULT_LIFE = 3600.0  # seconds, documented
#: A server that says less would be asked more than twice a minute.
SHORTEST_LIFE = 37.5  # seconds


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
    except (IndexError, ValueError, RecursionError, msgspec.MsgspecError):
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
        bearer = Secret(f"Bearer {access.reveal()}")
        self.headers: dict[str, Secret] = {"Authorization": bearer}  # made once for every call
        self.id_token = id_token
        self.refresh = refresh
        self.claims: Claims = read_claims(access)
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

    def put_off(self, seconds: float) -> None:
        """Let the next renewal wait."""
        self._due_at = time.monotonic() + seconds

    def _claimed_life(self) -> float:
        if self.claims.exp is None:
            return DEFAULT_LIFE
        return self.claims.exp - time.time()
