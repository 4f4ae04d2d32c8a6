"""E-mail addresses, judged by their domain: no mail server is ever asked."""

from __future__ import annotations

import re
from typing import Annotated, NamedTuple

import msgspec

from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call

_WELL_FORMED = re.compile(r"[^@\s]+@((?:[A-Za-z0-9-]+\.)+[A-Za-z0-9-]{2,})").fullmatch


class Address(msgspec.Struct):
    """The body of both calls."""

    email: Annotated[str, msgspec.Meta(min_length=1)]


class EmailCheck(msgspec.Struct):
    """`POST /api/email-validate`."""

    email: str
    valid: bool
    deliverable: bool
    reason: str
    success: bool = True


class EmailVerification(msgspec.Struct):
    """`POST /api/email-verify`: the same, and what the mail server said."""

    email: str
    valid: bool
    deliverable: bool
    reason: str
    mx: bool
    smtp: bool
    catchAll: bool
    success: bool = True


class _Mail(NamedTuple):
    """How a domain takes mail."""

    reason: str
    mx: bool = True
    smtp: bool = True
    catch_all: bool = False


_DOMAINS = {
    "valid.example": _Mail("The mailbox exists"),
    "bounce.example": _Mail("The mailbox does not exist", smtp=False),
    "catchall.example": _Mail("The domain takes mail for any address", catch_all=True),
    "invalid.example": _Mail("The domain has no MX record", mx=False, smtp=False),
}
_PLAUSIBLE = _Mail("The domain takes mail")
_OUTSIDE = _Mail("The emulator knows no domains but those of .example", mx=False, smtp=False)
_MALFORMED = _Mail("The address is malformed", mx=False, smtp=False)


@call("POST", "/api/email-validate", Credentials.KEY_TOO)
async def validate(ask: Ask[NoQuery, Address]) -> EmailCheck:
    """Format and deliverability of an address."""
    email = ask.body.email
    mail = _mail(email)
    return EmailCheck(email, mail is not _MALFORMED, mail.smtp, mail.reason)


@call("POST", "/api/email-verify", Credentials.KEY_TOO)
async def verify(ask: Ask[NoQuery, Address]) -> EmailVerification:
    """Format and deliverability of an address, and what its mail server says."""
    email = ask.body.email
    mail = _mail(email)
    return EmailVerification(
        email,
        valid=mail is not _MALFORMED,
        deliverable=mail.smtp,
        reason=mail.reason,
        mx=mail.mx,
        smtp=mail.smtp,
        catchAll=mail.catch_all,
    )


ENDPOINTS = (validate, verify)


def _mail(email: str) -> _Mail:
    found = _WELL_FORMED(email)
    if found is None:
        return _MALFORMED
    domain = found[1].lower()
    return _DOMAINS.get(domain) or (_PLAUSIBLE if domain.endswith(".example") else _OUTSIDE)
