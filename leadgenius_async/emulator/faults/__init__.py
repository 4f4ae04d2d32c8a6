"""Faults that an emulator can be asked for.

    from leadgenius_async.emulator import Emulator, faults

    async with Emulator() as emulator:
        emulator.faults.add(faults.status(503, retry_after=2), path="/api/enrich-leads/*", times=2)

Each name makes one fault; the classes behind them say what their values mean.
"""

from __future__ import annotations

from leadgenius_async.emulator.faults import bodies, kinds, sockets
from leadgenius_async.emulator.faults.kinds import Fault as Fault, Status
from leadgenius_async.emulator.faults.rules import (
    AnyFault as AnyFault,
    Faults as Faults,
    PlacedRule as PlacedRule,
    Rule as Rule,
)
from leadgenius_async.emulator.faults.text import read_rule as read_rule

status = kinds.Status
failure = kinds.Failure
redirect = kinds.Redirect
empty = kinds.Empty
headers = kinds.Headers
delay = kinds.Delay
content = bodies.Content
truncated = bodies.Truncated
garbage = bodies.Garbage
bad_utf8 = bodies.BadUtf8
extra = bodies.Extra
deep = bodies.Deep
gzip = bodies.Gzip
encoding = bodies.Encoding
huge = sockets.Huge
huge_headers = sockets.HugeHeaders
hang_up = sockets.HangUp
reset = sockets.Reset
hang = sockets.Hang
dribble = sockets.Dribble
sliced = sockets.Sliced
short = sockets.Short
chunked = sockets.Chunked
interim = sockets.Interim
idle_close = sockets.IdleClose


def rate_limited(status: int = 403, retry_after: int | str | None = None) -> Status:
    """A refusal for the rate that is no 429: its body has the code `RATE_LIMITED`."""
    return Status(status, retry_after=retry_after, code="RATE_LIMITED")


def bom() -> bodies.Extra:
    """The service's answer behind a byte order mark."""
    return bodies.Extra(before="\ufeff")


def bomb(size: int = 512 * 1024 * 1024) -> sockets.Huge:
    """A small gzip body of so many bytes when it is unpacked."""
    return sockets.Huge(size, packed=True)


__all__ = [
    "AnyFault", "Fault", "Faults", "PlacedRule", "Rule", "bad_utf8", "bom", "bomb", "chunked",
    "content", "deep", "delay", "dribble", "empty", "encoding", "extra", "failure", "garbage",
    "gzip", "hang", "hang_up", "headers", "huge", "huge_headers", "idle_close", "interim",
    "rate_limited", "read_rule", "redirect", "reset", "short", "sliced", "status", "truncated",
]  # fmt: skip
