"""What the emulator was asked, in order, and what it answered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

TOO_MANY_REQUESTS = 429
_TIMES = {"at", "seconds"}


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request and its answer, without headers and bodies' values: those hold secrets.

    Attributes:
        at: Monotonic time when the request was read, seconds.
        method: HTTP method.
        path: Path without the query.
        query: Query parameters; of a repeated one the last.
        status: HTTP status of the answer; 0 where the connection was closed without one.
        account: Company of the caller, None if nobody was recognised.
        rows: Rows of a bulk page, None for any other answer.
        members: Names of the body's members.
        faults: The switches that a write of leads met, such as `lost_after`, and the kind of the
            fault that a rule let it meet, such as `hang_up`.
        seconds: Seconds until there was an answer to send.
    """

    at: float
    method: str
    path: str
    query: dict[str, str]
    status: int
    account: str | None
    rows: int | None
    members: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    seconds: float = 0.0


class RequestLog:
    """The requests so far, oldest first.

    Attributes:
        most: The last so many are kept, and up to a tenth more; None: all.
    """

    def __init__(self) -> None:
        self.most: int | None = None
        self._requests: list[LoggedRequest] = []
        self._forgotten = 0

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self._requests)

    def __len__(self) -> int:
        return len(self._requests)

    def add(self, request: LoggedRequest) -> None:
        """Append one answered request."""
        self._requests.append(request)
        if self.most is not None and len(self) > self.most + self.most // 10:
            self._forget(len(self) - self.most)

    def count(self, *, status: int | None = None, path: str | None = None) -> int:
        """How many requests had this status and this path; None matches all."""
        return sum(
            (status is None or request.status == status) and (path is None or request.path == path)
            for request in self._requests
        )

    @property
    def total(self) -> int:
        """How many requests there were, those that were forgotten too."""
        return self._forgotten + len(self)

    def since(self, total: int) -> list[LoggedRequest]:
        """Those that came when `total` had come before, but for the forgotten."""
        return self._requests[max(0, total - self._forgotten) :]

    def clear(self) -> None:
        """Forget all requests so far."""
        self._forget(len(self))

    def _forget(self, count: int) -> None:
        self._forgotten += count
        del self._requests[:count]

    def transcript(self) -> bytes:
        """A line of JSON for each request, the same for the same seed and the same calls.

        It has no times and no ports; a `nextToken` says when it expires, so its value is left out.
        """
        return b"".join(msgspec.json.encode(_timeless(each)) + b"\n" for each in self._requests)

    def assert_no_429(self) -> None:
        """Check that no request was refused for its rate.

        Raises:
            AssertionError: A request was; the message names the first and its place.
        """
        for place, request in enumerate(self._requests, 1):
            if request.status == TOO_MANY_REQUESTS:
                raise AssertionError(
                    f"request {place} of {len(self)}, {request.method} {request.path}, "
                    f"was answered 429; {self.count(status=TOO_MANY_REQUESTS)} were in all"
                )


def _timeless(request: LoggedRequest) -> dict[str, object]:
    query = {name: "" if name == "nextToken" else request.query[name] for name in request.query}
    told = {name: getattr(request, name) for name in LoggedRequest.__slots__ if name not in _TIMES}
    return {**told, "query": query}
