"""What a resource asks the transport for, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """A kind of credentials."""

    COOKIES = "cookies"
    JWT = "login"
    API_KEY = "API key"


#: Which credentials a call takes, best first; the transport sends the first that it holds.
SESSION = (Kind.JWT, Kind.COOKIES)
KEY_OR_SESSION = (Kind.API_KEY, Kind.JWT, Kind.COOKIES)
SESSION_OR_KEY = (Kind.JWT, Kind.COOKIES, Kind.API_KEY)
NO_CREDENTIALS: tuple[Kind, ...] = ()


@dataclass(slots=True)
class Meter:
    """What a job cost: counted where the sends happen, so retries and re-sends are in it.

    Attributes:
        sends: HTTP requests sent.
        retries: Tries after the first.
        throttled: Seconds spent waiting because the service answered 429.
        wire_bytes: Bytes of the bodies read, after decompression.
    """

    sends: int = 0
    retries: int = 0
    throttled: float = 0.0
    wire_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the API.

    Attributes:
        method: HTTP method, in capitals.
        path: Path below the base URL, with or without `/api`.
        takes: Kinds of credentials that the service accepts here, best first.
        query: Query parameters; None values are left out.
        body: JSON bytes, or None.
        repeatable: Whether sending it twice does no harm. GETs are; a create is not.
    """

    method: str
    path: str
    takes: tuple[Kind, ...]
    query: Mapping[str, str | int | None] = field(default_factory=dict[str, str | int | None])
    body: bytes | None = field(default=None, repr=False)
    repeatable: bool = False

    @property
    def name(self) -> str:
        """Method and path, which may be logged; query values and bodies may not."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer: status, headers by lower-case name, and the body's bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
