"""Leads on their way in and out, one by one: what the service would refuse is refused here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.rows import RowReader, Rows
from leadgenius_async._fields import ENRICH_LEAD_FIELDS
from leadgenius_async._http import decode
from leadgenius_async._http.call import Call, Reply
from leadgenius_async._lead_structs import EnrichLead
from leadgenius_async._resources import checks
from leadgenius_async._writes.members import struct_fields
from leadgenius_async._writes.rules import lone_mark, near_miss, shown_names, two_clients

#: A lead as it is written: a mapping by the service's field names, or a struct.
LeadInput = Mapping[str, object] | EnrichLead


def json_object(data: bytes) -> dict[str, object]:
    """Return what a JSON object holds."""
    return msgspec.json.decode(data, type=dict[str, object])


_reader = RowReader(EnrichLead, ENRICH_LEAD_FIELDS, keep_extra=json_object)


def read_leads(keys: Sequence[str], call: Call, reply: Reply) -> list[EnrichLead]:
    """Return the leads that stand as a list under the first of `keys`.

    Raises:
        ProtocolError: There is no such list, or a row in it cannot be read at all.
    """
    found = decode.find(reply, keys, call=call)
    return _sound(_reader.read(msgspec.Raw(found)), call)


def read_lead(keys: Sequence[str], call: Call, reply: Reply) -> EnrichLead:
    """Return the lead that stands under the first of `keys`.

    Raises:
        ProtocolError: There is none, or it cannot be read at all.
    """
    found = decode.find(reply, keys, call=call)
    return _sound(_reader.read_each([msgspec.Raw(found)]), call)[0]


def created_lead(keys: Sequence[str], call: Call, reply: Reply) -> EnrichLead:
    """Return the lead that a create answers; where the answer is its id alone, nothing but that.

    Raises:
        ProtocolError: It cannot be read; the lead was created all the same.
    """
    try:
        lead = read_lead((*keys, ""), call, reply)
        _require_id(lead, call)
    except errors.ProtocolError as error:
        error.outcome = "unknown"
        raise
    lead.extra.pop("success", None)
    return lead


def _require_id(lead: EnrichLead, call: Call) -> None:
    if lead.id is None:
        raise errors.ProtocolError(f"{call.name}: the answer has no lead and no id")


def _sound(read: Rows[EnrichLead], call: Call) -> list[EnrichLead]:
    if read.rejects:
        reason = read.rejects[0].reason
        raise errors.ProtocolError(f"{call.name}: a lead cannot be read ({reason})")
    return read.rows


def new_lead(lead: LeadInput, client_id: str | None) -> dict[str, object]:
    """Return a lead as it is sent for a create.

    Absent and None fields are left out; `fullName` and `contactName`, without which the web app
    shows no name, are filled from first and last name.

    Raises:
        ValueError: What the service is known to refuse or to fail at (observed): a missing or
            empty name, an empty text, `phone` for `phoneNumber`, a last name of one punctuation
            mark; or an e-mail address without `@`, a misspelt field, two different client_ids.
        TypeError: A name or the `client_id` is no text, or the lead is neither mapping nor struct.
    """
    fields = {name: value for name, value in members(lead).items() if value is not None}
    fields["client_id"] = _client_of(fields, client_id)
    for name in ("client_id", "firstName", "lastName"):
        checks.text(name, fields.get(name, ""))
    fields = {name: _new_value(name, value) for name, value in fields.items()}
    return {**shown_names(fields["firstName"], fields["lastName"]), **fields}


def lead_changes(changes: LeadInput, lead_id: str | None = None) -> dict[str, object]:
    """Return changes as they are sent for an update: None clears a field, the absent stay.

    Raises:
        ValueError: There is none, a field is misspelt, an e-mail address has no `@`, `phone` for
            `phoneNumber`, an empty `client_id`, or an `id` that is another lead's than `lead_id`.
        TypeError: The `client_id` is no text: a lead belongs to a client.
    """
    fields = members(changes)
    checks.changes({name: value for name, value in fields.items() if name != "id"})
    if lead_id is not None and (own := fields.get("id", lead_id)) != lead_id:
        raise ValueError(f"the lead is {lead_id!r}, and the id in its changes {own!r}: give one")
    if "client_id" in fields:
        checks.text("client_id", fields["client_id"])
    return {name: _value(name, value) for name, value in fields.items()}


def client_ids(leads: Sequence[Mapping[str, object]]) -> list[str]:
    """Return the client_ids that leads name, each once."""
    found = (lead.get("client_id") for lead in leads)
    return list(dict.fromkeys(name for name in found if isinstance(name, str)))


def members(lead: LeadInput) -> dict[str, object]:
    """Return a lead's fields by the service's names, declared or not.

    Raises:
        ValueError: A name is a near miss of a field's.
        TypeError: Neither a mapping nor an `EnrichLead`.
    """
    if isinstance(lead, EnrichLead):
        return struct_fields(lead)
    if not isinstance(lead, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
        raise TypeError(f"a lead is a mapping or an EnrichLead, not {type(lead).__name__}")
    for name in lead:
        if fault := near_miss(name):
            raise ValueError(fault)
    return dict(lead)


def _client_of(fields: Mapping[str, object], client_id: str | None) -> object:
    own = fields.get("client_id")
    if client_id is not None and own is not None and own != client_id:
        raise ValueError(two_clients(client_id, own))
    return own or client_id


def _new_value(name: str, value: object) -> object:
    if value == "":
        raise ValueError(
            f"{name} is empty: leave it out (the service answers 500 to an empty text)"
        )
    if name == "lastName" and lone_mark(str(value)):
        raise ValueError(f"lastName is {value!r}, which the service fails at: give '-'")
    return _value(name, value)


def _value(name: str, value: object) -> object:
    if name == "phone":
        raise ValueError("phone is a field for reading: give phoneNumber")
    return checks.email("email", value) if name == "email" and isinstance(value, str) else value
