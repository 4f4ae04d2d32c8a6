"""JSON Web Tokens, HS256, as far as the emulator needs them."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Literal

import msgspec

TokenUse = Literal["access", "id"]


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a token says.

    Attributes:
        sub: User id.
        username: Sign-in name.
        token_use: `access` for calls, `id` for showing who is signed in.
        iat: Epoch seconds when it was issued.
        exp: Epoch seconds when it expires.
        jti: Name of this token; two of the same second still differ.
    """

    sub: str
    username: str
    token_use: TokenUse
    iat: int
    exp: int
    jti: str


def mint(claims: Claims, secret: bytes) -> str:
    """The signed token."""
    signed = f"{_HEADER}.{_encode(msgspec.json.encode(claims))}"
    return f"{signed}.{_encode(_signature(signed, secret))}"


def read(token: str, secret: bytes) -> Claims | None:
    """The claims of a token with a right signature, expired or not; None for any other text."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_encode(_signature(signed, secret)).encode(), signature.encode()):
        return None
    try:
        return msgspec.json.decode(_decode(signed.partition(".")[2]), type=Claims)
    except (binascii.Error, msgspec.MsgspecError):
        return None


def _signature(signed: str, secret: bytes) -> bytes:
    return hmac.digest(secret, signed.encode(), "sha256")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


_HEADER = _encode(b'{"alg":"HS256","typ":"JWT"}')
