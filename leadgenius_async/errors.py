"""Every error that this package raises about the service, as one tree.

```
LeadGeniusError                 base of all below
├── ConfigurationError          a setting is missing or contradictory; nothing was sent
│   └── CredentialsMissing      no credentials that the call takes
├── UnknownClient               no client of the account has this `client_id`
├── ConnectionFailed            no answer: DNS, TCP, TLS, or the socket died
│   ├── TLSFailed               the certificate is wrong: never retried, never switched off
│   └── ProxyFailed             the proxy that was asked for cannot be reached, or refuses
├── TimedOut                    one try took longer than `timeout`
├── DeadlineExceeded            the whole call, with its waits, took longer than `deadline`
│   └── QueuedTooLong           it was still waiting for its turn at the rate limit
├── OutcomeUnknown              a write was sent and its answer lost: it may have happened
├── ProtocolError               an answer that is not the service's JSON
│   ├── BodyTooLarge            an answer above the cap on bytes
│   └── UnexpectedRedirect      a 3xx: never followed, since it would carry the keys along
├── APIStatusError              the service answered, and said no
│   ├── BadRequest              400, 422 and other 4xx
│   ├── AuthenticationError     401: the credentials are missing, wrong or expired
│   ├── PermissionDenied        403: right credentials, not theirs
│   ├── NotFound                404
│   ├── Conflict                409
│   ├── PayloadTooLarge         413: ask for a smaller page
│   ├── RateLimited             429
│   └── ServerError             5xx
├── ExportError                 an extraction cannot go on, or cannot be trusted
│   ├── ExportConflict          `out` already holds another export
│   │   └── AlreadyExported     it holds this very one, finished
│   ├── ExportLocked            another process is writing to `out`
│   ├── ExportDamaged           what stands in `out` is not what its journal says
│   ├── StorageError            an object store says no, or gives no answer
│   ├── EmptyExport             no row at all: a wrong company, or a table that is empty
│   ├── PaginationLoop          a page token came twice
│   ├── PageTokenRefused        the service does not take a page token any more
│   ├── SchemaMismatch          a row does not fit the schema, which was to be kept strictly
│   └── TenantMismatch          the service sent rows of another company or client
└── BulkWriteError              an import or a purge cannot go on
    ├── ImportConflict          the journal holds another import, or the input is another
    ├── ImportLocked            another process is at it
    ├── ImportDamaged           the journal cannot be read
    └── ImportStopped           a row was refused, and the import was to stop at that
```

What the caller got wrong (a field name, a number out of range) is a `ValueError` or a
`TypeError`, as in any library. Every error here pickles, and none holds a response object,
whose repr would print the credentials.
"""

from __future__ import annotations

from typing import Literal

Outcome = Literal["not_sent", "rejected", "unknown"]


class LeadGeniusError(Exception):
    """Base of all errors about the service.

    Attributes:
        request_id: The service's id of the request, to quote to its support.
        attempts: How many times the request was sent or tried.
        retry_after: Seconds to wait before another try, where the service said so.
        outcome: `not_sent` (nothing reached the service), `rejected` (it answered no),
            `unknown` (a write may or may not have happened), or None where it says nothing.
    """

    request_id: str | None = None
    attempts: int = 0
    retry_after: float | None = None
    outcome: Outcome | None = None


class ConfigurationError(LeadGeniusError):
    """A setting is missing or contradictory; nothing was sent."""

    outcome: Outcome | None = "not_sent"


class CredentialsMissing(ConfigurationError):
    """No credentials that the call takes are at hand."""


class UnknownClient(LeadGeniusError):
    """No client of the account has this `client_id`; nothing was sent in its name."""


class ConnectionFailed(LeadGeniusError):
    """The service gave no answer: DNS, TCP or TLS failed, or the socket died."""


class TLSFailed(ConnectionFailed):
    """The TLS handshake failed, as with a wrong certificate: trying again does not help."""


class ProxyFailed(ConnectionFailed):
    """The proxy cannot be reached, refuses the call or its credentials, or finds no service."""

    outcome: Outcome | None = "not_sent"


class TimedOut(LeadGeniusError):
    """One try took longer than `timeout` seconds."""


class DeadlineExceeded(LeadGeniusError):
    """The call with all its waits took longer than `deadline` seconds."""


class QueuedTooLong(DeadlineExceeded):
    """The deadline ends before the call has its turn at the account's rate limit."""


class OutcomeUnknown(LeadGeniusError):
    """A write was sent and its answer lost: look it up before sending it again."""

    outcome: Outcome | None = "unknown"


class ProtocolError(LeadGeniusError):
    """The answer is not the service's JSON: a gateway's page, cut off, or malformed."""


class BodyTooLarge(ProtocolError):
    """The answer is larger than the cap on bytes."""


class UnexpectedRedirect(ProtocolError):
    """The answer is a redirect, which is never followed."""


class APIStatusError(LeadGeniusError):
    """The service answered, and said no.

    Attributes:
        status: HTTP status; 200 where the body said `success: false`.
        error_type: The service's `errorType`, an open set, or None.
        details: The service's `details`, as text, or None.
        recommendation: What the service advises (`recommendation` or `solution`), or None.
        from_gateway: Whether the body was not the service's JSON, but a page of something
            before it.
    """

    status: int = 0
    error_type: str | None = None
    details: str | None = None
    recommendation: str | None = None
    from_gateway: bool = False
    outcome: Outcome | None = "rejected"


class BadRequest(APIStatusError):
    """400 or another 4xx without a class of its own: the request is at fault."""


class AuthenticationError(APIStatusError):
    """401: the credentials are missing, wrong or expired."""


class PermissionDenied(APIStatusError):
    """403: the credentials are right, and do not reach this."""


class NotFound(APIStatusError):
    """404: no such thing, or another company's."""


class Conflict(APIStatusError):
    """409: it exists already, or another change came first."""


class PayloadTooLarge(APIStatusError):
    """413: the request, or the page asked for, is too large."""


class RateLimited(APIStatusError):
    """429: over the account's rate limit, for longer than the deadline allows to wait."""


class ServerError(APIStatusError):
    """5xx: the service or its gateway failed."""


class ExportError(LeadGeniusError):
    """An extraction cannot go on, or its result cannot be trusted."""


class ExportConflict(ExportError):
    """The output folder holds another export."""


class AlreadyExported(ExportConflict):
    """The output folder holds the export that was asked for, finished: no row was fetched.

    Attributes:
        manifest: Its `manifest.json`.
    """

    manifest: bytes = b""


class ExportLocked(ExportError):
    """Another process is writing to the output folder."""


class ExportDamaged(ExportError):
    """The output folder's files are not those that its journal or manifest names."""


class StorageError(ExportError):
    """An object store, or another file system, refused what was asked of it, or did not answer."""


class EmptyExport(ExportError):
    """The extraction found no row at all."""


class PaginationLoop(ExportError):
    """The service gave the same page token twice in one chain."""


class PageTokenRefused(ExportError):
    """The service does not take a page token any more: it has expired, or is another listing's."""


class SchemaMismatch(ExportError):
    """A row does not fit the schema, and the export was to be strict about that."""


class TenantMismatch(ExportError):
    """The service sent rows of another company or client."""


class BulkWriteError(LeadGeniusError):
    """An import or a purge cannot go on; the same call takes it up again."""


class ImportConflict(BulkWriteError):
    """The journal holds another import, or the input is not the one that it began with."""


class ImportLocked(BulkWriteError):
    """Another process is at the import."""


class ImportDamaged(BulkWriteError):
    """The journal of an import cannot be read."""


class ImportStopped(BulkWriteError):
    """A row was refused, and the import was to stop at the first one."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    401: AuthenticationError,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    413: PayloadTooLarge,
    429: RateLimited,
}


def class_for_status(status: int) -> type[APIStatusError]:
    """Return the error class of an HTTP status."""
    if status >= 500:
        return ServerError
    return _BY_STATUS.get(status, BadRequest)
