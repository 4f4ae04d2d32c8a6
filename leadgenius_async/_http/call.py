"""What a resource asks the transport for, and what comes back."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qs

import msgspec

from leadgenius_async._http.origin import api_path


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


#: A parameter that is sent more than once has a list of values.
Query = Mapping[str, str | int | list[str] | None]


@dataclass(slots=True)
class Meter:
    """What a job cost: counted where the sends happen, so retries and re-sends are in it.

    Attributes:
        sends: HTTP requests sent.
        retries: Tries after the first.
        throttled: Seconds spent waiting because the service answered 429.
        wire_bytes: Bytes of the bodies read, after decompression.
        latency: Seconds that the last answer took, from its permit on.
    """

    sends: int = 0
    retries: int = 0
    throttled: float = 0.0
    wire_bytes: int = 0
    latency: float = 0.0


@dataclass(slots=True, kw_only=True)
class Call:
    """One call of the API. Nothing changes it; `frozen` would take 2 µs of each.

    Attributes:
        method: HTTP method, in capitals.
        path: Path below the base URL, with or without `/api`.
        takes: Kinds of credentials that the service accepts here, best first.
        query: Query parameters; None values are left out.
        body: JSON bytes, or None.
        repeatable: Whether sending it twice does no harm. GETs are; a create is not.
        shrinks: Whether the caller answers a time-out or a 504 by asking for less, so that the
            same is not sent again.
    """

    method: str
    path: str
    takes: tuple[Kind, ...]
    query: Query = field(default_factory=dict[str, str | int | list[str] | None])
    body: bytes | None = field(default=None, repr=False)
    repeatable: bool = False
    shrinks: bool = False

    @property
    def name(self) -> str:
        """Method and path, for messages; the path may hold an id, so logs have `template`."""
        return f"{self.method} {self.path}"

    @property
    def template(self) -> str:
        """The path with `{id}` for all that may be an id: few values, and nobody's name in one."""
        return _template(self.path)


#: What the paths of the API are made of.
_WORDS = {
    "admin", "agent", "agent-api-keys", "analytics", "api", "auth", "bugs", "campaigns", "clients",
    "companies", "company", "copyright", "email-validate", "email-verify", "enhancements", "enrich",
    "enrich-leads", "enrichment", "epsimo-chat", "find-lead", "lead-generation-status", "leads",
    "list", "maintenance", "pipeline", "process", "refresh", "sdr", "sdr-ai", "search-history",
    "settings", "source-leads", "start-lead-scrape-complete", "status", "territory-workbench",
    "trigger", "trigger-recent-runs", "trigger-task-status", "unipile-accounts", "url", "users",
    "webhook-workbench",
}  # fmt: skip


@functools.lru_cache
def _template(path: str) -> str:
    parts = api_path(path).split("/")
    return "/".join(part if part in _WORDS or not part else "{id}" for part in parts)


#: What the service takes where it is not a login or else an API key: beginnings of paths, the
#: first that fits counts. The docs' table of credentials is this one.
_TAKES = (
    ("POST /api/auth", NO_CREDENTIALS),
    ("GET /api/enrich-leads/list", KEY_OR_SESSION),
    ("GET /api/source-leads/list", KEY_OR_SESSION),
    ("POST /api/search-history", SESSION_OR_KEY),
    ("/api/search-history", SESSION),
    ("/api/company", SESSION),
    ("/api/settings/", SESSION),
    ("/api/territory-workbench/", SESSION),
    ("/api/agent-api-keys", SESSION),
    ("/api/admin/", SESSION),
)


def make_call(
    method: str, path: str, *, query: Query | None = None, body: bytes | None = None
) -> Call:
    """Return a call by its method and path, with the credentials that the service wants there.

    Args:
        method: HTTP method; a GET, a PUT or the DELETE of one thing may be sent again when its
            answer was lost.
        path: Path with or without `/api`; it may bring a query of its own.
        query: More query parameters; None values are left out.
        body: JSON bytes.

    Raises:
        ValueError: The path is a whole URL.
    """
    bare, _, own_query = path.partition("?")
    if "://" in bare:
        raise ValueError(f"{path!r} is a URL: give the path alone; the base URL is a setting")
    method = method.upper()
    return Call(
        method=method,
        path=bare,
        takes=_credentials(method, api_path(bare)),
        query={**_parse(own_query), **(query or {})},
        body=body,
        # Not a DELETE of many: asked again, it would count only what the first try left. Who can
        # live with such a count replaces this (`_writes.changes`).
        repeatable=method in {"GET", "PUT"} or (method == "DELETE" and body is None),
    )


def _parse(query: str) -> dict[str, str | list[str]]:
    found = parse_qs(query, keep_blank_values=True) if query else {}
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


_LISTED = tuple(start for start, _ in _TAKES)


def _credentials(method: str, path: str) -> tuple[Kind, ...]:
    name = f"{method} {path}"
    if not (name.startswith(_LISTED) or path.startswith(_LISTED)):
        return SESSION_OR_KEY
    fits = (t for start, t in _TAKES if name.startswith(start) or path.startswith(start))
    return next(fits)


@dataclass(slots=True)
class Reply:
    """A successful answer.

    Attributes:
        status: Its status.
        headers: Its headers; capitals in a name make no difference.
        body: The bytes of its body.
        members: The members of its JSON object, still encoded, once somebody looked for them: all
            readers share one pass over the body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    members: Mapping[str, msgspec.Raw] | None = field(
        default=None, init=False, repr=False, compare=False
    )
