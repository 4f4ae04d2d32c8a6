"""The opaque `nextToken` of the bulk lists: a signed place in one listing."""

from __future__ import annotations

import base64
import binascii
import hmac

import msgspec

from leadgenius_async.emulator.errors import ApiError, invalid_format

_MAC_BYTES = 16


class Cursor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place in one listing.

    Attributes:
        table: The bulk table that is listed.
        company_id: The company whose rows are listed.
        client_id: The filter, None for all rows.
        after: `seq` of the last row served, 0 at the start.
        empties: Empty pages already served at this place.
        pages: Pages with rows that led here; counted only where a listing loops.
    """

    table: str
    company_id: str
    client_id: str | None
    after: int = 0
    empties: int = 0
    pages: int = 0


class _Sealed(msgspec.Struct, frozen=True):
    cursor: Cursor
    expires: float


class TokenBox:
    """Writes and reads tokens.

    Args:
        secret: Key of the signature.
        life: Seconds until a token expires.
    """

    def __init__(self, secret: bytes, life: float) -> None:
        self._secret = secret
        self._life = life
        self._decoder = msgspec.json.Decoder(_Sealed)

    def seal(self, cursor: Cursor, now: float) -> str:
        """The cursor as a token; its alphabet has `+`, `/` and `=`, so a URL must encode it."""
        body = msgspec.json.encode(_Sealed(cursor, now + self._life))
        return base64.b64encode(self._mac(body) + body).decode()

    def open(self, token: str, start: Cursor, now: float) -> Cursor:
        """The cursor of a token that was given out for the listing that `start` begins.

        Raises:
            ApiError: 400, the token is garbled, expired, or of another listing.
        """
        sealed = self._unseal(token)
        if sealed is None:
            raise _bad_token("not a token of this service")
        if now >= sealed.expires:
            raise _bad_token("expired")
        if _listing(sealed.cursor) != _listing(start):
            raise _bad_token("given out for another listing")
        return sealed.cursor

    def _unseal(self, token: str) -> _Sealed | None:
        try:
            data = base64.b64decode(token, validate=True)
        except (binascii.Error, ValueError):
            return None
        mac, body = data[:_MAC_BYTES], data[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)):
            return None
        return self._decoder.decode(body)

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, body, "sha256")[:_MAC_BYTES]


def _listing(cursor: Cursor) -> tuple[str, str, str | None]:
    return cursor.table, cursor.company_id, cursor.client_id


def _bad_token(why: str) -> ApiError:
    return invalid_format(
        "nextToken", f"nextToken is {why}", "Start again without nextToken, same filter."
    )
