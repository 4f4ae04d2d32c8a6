"""What the journal of an import holds, as structs."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from leadgenius_async._writes.report import Mode, OnExisting, State
from leadgenius_async._writes.rules import Change


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


def new_import(spec: ImportSpec) -> ImportJob:
    """Return a job that nobody has begun."""
    started_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return ImportJob(job_id=secrets.token_hex(6), spec=spec, started_at=started_at)
