"""What an import asks of the service: creates, changes, and what stands there."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.query import make_query
from leadgenius_async._http import decode, origin
from leadgenius_async._http.call import Call, Meter, Reply, make_call
from leadgenius_async._http.transport import Transport
from leadgenius_async._writes.keys import Key, match_key
from leadgenius_async._writes.records import Outgoing, Seen

#: `accepted`: the service said that it stored them. `exists`: it has such a lead. `refused`: it
#: said no, and stored nothing. `too_large`: no, since it is too much at once. `unknown`: the
#: answer was lost, or says nothing of what was stored. `failed`: the service itself said that it
#: failed, by a 500; that says nothing either.
Kind = Literal["accepted", "exists", "refused", "too_large", "unknown", "failed"]

#: What the service answers to a row that it cannot store; 502 to 504 are no row's fault.
_FAILED = 500
_LISTED = ("id", "email", "linkedinUrl")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said to a write.

    Attributes:
        kind: What that means.
        said: Its words.
        lead: The id of the lead that a single create made.
        skipped: E-mail addresses that it has already, of a batch.
        count: How many leads it says that it created or changed; None if it does not say.
    """

    kind: Kind
    said: str | None = None
    lead: str | None = None
    skipped: tuple[str, ...] = ()
    count: int | None = None


class Service(Protocol):
    """What an import needs; a test may stand in for it."""

    @property
    def meter(self) -> Meter:
        """What it has cost."""
        ...

    async def create(self, rows: Sequence[Outgoing]) -> Answer:
        """Create leads, one by itself and several as a batch.

        Raises:
            LeadGeniusError: Nothing was stored, and the next call would fare no better.
        """
        ...

    async def update(self, rows: Sequence[Outgoing]) -> Answer:
        """Change leads, one by itself and several as a batch."""
        ...

    def listing(self, client_id: str) -> AsyncGenerator[Sequence[Seen], None]:
        """Give all leads of a client, page by page."""
        ...

    async def find(self, row: Outgoing) -> Seen | None:
        """Look a row up: by its id if it has one, else by its key."""
        ...


class _Created(msgspec.Struct):
    created: int | None = None
    updated: int | None = None
    skipped: list[object] = msgspec.field(default_factory=list)


class _Lead(msgspec.Struct):
    id: str | None = None
    email: object = None
    linkedinUrl: object = None


class _Findable(msgspec.Struct):
    email: str | None = None
    linkedinUrl: str | None = None


@dataclass(slots=True)
class LeadService:
    """The service over the wire.

    Attributes:
        transport: The way to it.
        company_id: The company.
        meter: Counts what the import costs.
    """

    transport: Transport
    company_id: str
    meter: Meter = field(default_factory=Meter)

    async def create(self, rows: Sequence[Outgoing]) -> Answer:
        """Create leads, one by itself and several as a batch."""
        return await self._write("POST", rows)

    async def update(self, rows: Sequence[Outgoing]) -> Answer:
        """Change leads, one by itself and several as a batch."""
        return await self._write("PUT", rows)

    async def _write(self, method: str, rows: Sequence[Outgoing]) -> Answer:
        body = rows[0].payload
        if len(rows) > 1:
            body = b'{"leads":[%b]}' % b",".join(row.payload for row in rows)
        call = make_call(method, "/leads", body=body)
        try:
            reply = await self.transport.request(call, meter=self.meter)
            return _read(reply, call, alone=len(rows) == 1)
        except errors.LeadGeniusError as error:
            if (answer := _answer_of(error)) is None:
                raise
            return answer

    async def listing(self, client_id: str) -> AsyncGenerator[Sequence[Seen], None]:
        """Give all leads of a client, page by page."""
        from leadgenius_async._extract.batches import (  # noqa: PLC0415 - loads pyarrow
            record_batches,
        )
        from leadgenius_async._extract.plan import plan  # noqa: PLC0415 - as that

        query = make_query(
            "enrich_leads", company_id=self.company_id, clients=[client_id], fields=_LISTED
        )
        async for batch in record_batches(
            self.transport, query, plan(query, None), meter=self.meter
        ):
            columns = (batch.column(name).to_pylist() for name in _LISTED)
            yield [
                Seen(lead, key_hashes(client_id, email, url))
                for lead, email, url in zip(*columns, strict=True)
                if lead is not None
            ]

    async def find(self, row: Outgoing) -> Seen | None:
        """Look a row up: by its id if it has one, else by its key."""
        if row.key is None and row.lead is not None:
            call = make_call("GET", f"/enrich-leads/{origin.segment(row.lead)}")
        else:
            said = msgspec.json.decode(row.payload, type=_Findable)
            query: dict[str, str | int | list[str] | None] = {"client_id": row.client}
            if said.email:
                query["email"] = said.email
            else:
                query["linkedinUrl"] = said.linkedinUrl
            call = make_call("GET", "/find-lead", query=query)
        try:
            reply = await self.transport.request(call, meter=self.meter)
        except errors.NotFound as error:
            if error.from_gateway:
                raise
            return None
        lead = _lead_of(reply, call)
        return None if lead.id is None else Seen(lead.id, _keys_of(lead, row))


def _read(reply: Reply, call: Call, *, alone: bool) -> Answer:
    decode.check_success(reply, call=call)
    if alone:
        return Answer("accepted", lead=_lead_of(reply, call).id, count=1)
    try:
        found = decode.find(reply, ("data", ""), call=call)
        said = decode.parse(found, _Created, of=call.name)
    except errors.ProtocolError as error:
        return Answer("unknown", str(error))
    skipped = tuple(text for text in said.skipped if isinstance(text, str))
    counts = [count for count in (said.created, said.updated) if count is not None]
    return Answer("accepted", skipped=skipped, count=max(counts, default=None))


def _lead_of(reply: Reply, call: Call) -> _Lead:
    """Return the lead in an answer; one without an id where it cannot be told."""
    try:
        found = decode.find(reply, ("lead", "data", ""), call=call)
        return decode.parse(found, _Lead, of=call.name)
    except errors.ProtocolError:
        return _Lead()


def _keys_of(lead: _Lead, row: Outgoing) -> tuple[bytes, ...]:
    """Return all that a lead can be known by, and by what a row has found it."""
    email, url = (
        text if isinstance(text, str) else None for text in (lead.email, lead.linkedinUrl)
    )
    keys = key_hashes(row.client, email, url)
    return keys if row.key is None or row.key in keys else (*keys, row.key)


#: Errors that say that nothing was stored (assumed), and that the next call fares no better.
_OF_ALL = (errors.AuthenticationError, errors.PermissionDenied, errors.RateLimited)


def _answer_of(error: errors.LeadGeniusError) -> Answer | None:
    """Return what an error says of the rows; None if it says nothing of them."""
    kind: Kind | None = None
    if isinstance(error, errors.PayloadTooLarge):
        kind = "too_large"
    elif isinstance(error, errors.ServerError):
        passes = error.from_gateway or error.status != _FAILED
        kind = "unknown" if passes else "failed"
    elif error.outcome == "unknown":
        kind = "unknown"
    elif (
        isinstance(error, errors.APIStatusError)
        and not isinstance(error, _OF_ALL)
        and not error.from_gateway  # a wrong base URL says nothing of a row
    ):
        kind = "exists" if isinstance(error, errors.Conflict) else "refused"
    return None if kind is None else Answer(kind, str(error))


def key_hashes(client_id: str, email: str | None, url: str | None) -> tuple[bytes, ...]:
    """Return the hashes of all that a lead of a client can be known by."""
    by = ({"email": email}, {"linkedinUrl": url})
    keys = (match_key({"client_id": client_id, **fields}) for fields in by)
    return tuple(key_hash(key) for key in keys if key is not None)


def key_hash(key: Key) -> bytes:
    """Return 16 bytes that stand for a key in the journal."""
    return hashlib.blake2b("\0".join(key).encode(errors="surrogatepass"), digest_size=16).digest()


def row_key(fields: Mapping[str, object]) -> bytes | None:
    """Return the hash of a row's key; None if it has none."""
    key = match_key(fields)
    return None if key is None else key_hash(key)


def with_ids(rows: Sequence[Outgoing]) -> list[Outgoing]:
    """Return rows to be changed, each with its lead's id in its payload."""
    done: list[Outgoing] = []
    for row in rows:
        fields = msgspec.json.decode(row.payload, type=dict[str, msgspec.Raw])
        body = msgspec.json.encode({"id": row.lead, **fields})
        done.append(row._replace(payload=body))
    return done
