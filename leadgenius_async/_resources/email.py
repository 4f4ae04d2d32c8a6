"""E-mail addresses: whether one is well-formed, and whether it takes mail."""

from __future__ import annotations

from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
from leadgenius_async._resources.section import Section

_CHECK = ("data", "")


class EmailCheck(Record):
    """What the service says of an address. The shape is assumed.

    Attributes:
        email: The address.
        valid: Whether it is well-formed.
        deliverable: Whether mail to it is likely to arrive.
        reason: Why, in the service's words.
    """

    email: str | None = None
    valid: bool | None = None
    deliverable: bool | None = None
    reason: str | None = None


class EmailVerification(EmailCheck):
    """What the service found out when it asked the address's mail server.

    Attributes:
        mx: Whether the domain has a mail server.
        smtp: Whether that server takes mail for the address.
        catchAll: Whether it takes mail for any address, so that `smtp` says little.
    """

    mx: bool | None = None
    smtp: bool | None = None
    catchAll: bool | None = None


class Email(Section):
    """Calls of `/api/email-…`. Takes a login or an API key (assumed)."""

    async def validate(self, email: str) -> EmailCheck:
        """Check an address by its format and its domain.

        Args:
            email: The address.

        Raises:
            ValueError: It has no text on both sides of one `@`.

        ```python
        check = await lg.email.validate("ada@valid.example")
        print(check.valid, check.deliverable, check.reason)
        ```
        """
        payload = {"email": checks.email("email", email)}
        return await self._ask("POST", "/email-validate", EmailCheck, _CHECK, payload=payload)

    async def verify(self, email: str) -> EmailVerification:
        """Check an address by asking its mail server.

        Args:
            email: The address.

        Raises:
            ValueError: It has no text on both sides of one `@`.

        ```python
        found = await lg.email.verify("ada@catchall.example")
        print(found.mx, found.smtp, found.catchAll)
        ```
        """
        payload = {"email": checks.email("email", email)}
        return await self._ask("POST", "/email-verify", EmailVerification, _CHECK, payload=payload)
