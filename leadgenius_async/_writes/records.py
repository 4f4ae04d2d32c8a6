"""What the journal of an import holds, as structs."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import msgspec

from leadgenius_async._writes.report import Mode, OnExisting, State
from leadgenius_async._writes.rules import Change

#: Where an object is in memory, as its `repr` tells unless it tells something better.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class ImportSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What an import was asked for; one that differs is another import."""

    service: str
    company_id: str
    client_id: str | None
    mode: Mode
    on_existing: OnExisting

    def difference(self, other: ImportSpec) -> str:
        """Return in words what another import asks for otherwise; empty if nothing."""
        mine, theirs = msgspec.to_builtins(self), msgspec.to_builtins(other)
        return "; ".join(
            f"{name} was {mine[name]} and is {theirs[name]}"
            for name in mine
            if mine[name] != theirs[name]
        )


class ImportJob(msgspec.Struct, kw_only=True):
    """The import as a whole.

    Attributes:
        job_id: Names it, through all its runs.
        runs: How often it was started.
        started_at: ISO 8601, UTC.
        read: Whether the input was read to its end.
        batches_persist: Whether the service stores what it takes in batches; None if not known.
        changed: How many rows each rule changed, by `field:rule`.
        done: Whether every row has its end.
    """

    job_id: str
    spec: ImportSpec
    started_at: str = ""
    runs: int = 1
    read: bool = False
    batches_persist: bool | None = None
    changed: dict[str, int] = {}
    done: bool = False


class NewRow(NamedTuple):
    """A row of the input, after the rules."""

    line: int
    digest: bytes
    client: str | None
    key: bytes | None
    state: State
    payload: bytes | None
    changes: Sequence[Change]
    said: str | None


class Outgoing(NamedTuple):
    """A row that is to be sent.

    Attributes:
        seq: Its place in the input, from 0.
        client: Its client.
        key: By what it is known again, hashed; None if by nothing.
        payload: The lead, as JSON.
        alone: Whether it must have a request of its own.
        attempt: How often it was sent already.
        lead: The id of the lead that it changes, or that it has become.
    """

    seq: int
    client: str
    key: bytes | None
    payload: bytes
    alone: bool
    attempt: int
    lead: str | None


class Seen(NamedTuple):
    """A lead that a listing shows: its id, and the hashes of what it can be known by."""

    lead: str
    keys: tuple[bytes, ...]


def encode(value: object) -> bytes:
    """Return JSON of what a row of the input may hold, whatever that is.

    The same value gives the same bytes in every process: what has no order is sorted, and no
    address in memory is told.
    """
    try:
        return msgspec.json.encode(value, enc_hook=_told, order="deterministic")
    except (UnicodeEncodeError, TypeError):  # half a surrogate pair; what cannot be sorted
        return msgspec.json.encode(_plain(value), order="deterministic")


def _told(value: object) -> str:
    """Return a value in words."""
    return _ADDRESS.sub("", repr(value))


def _plain(value: object) -> object:
    """Return a value as JSON can have it."""
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return {str(_plain(name)): _plain(inner) for name, inner in pairs}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in cast("Iterable[object]", value)]
    if isinstance(value, (set, frozenset)):
        return sorted(map(_plain, cast("Iterable[object]", value)), key=repr)
    return _told(value)


def new_import(spec: ImportSpec) -> ImportJob:
    """Return a job that nobody has begun."""
    started_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return ImportJob(job_id=secrets.token_hex(6), spec=spec, started_at=started_at)
