"""What the writes of leads do: leads that are made, changed and deleted, alone or in a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from leadgenius_async.emulator.errors import ApiError, already_exists, invalid_value, no_such
from leadgenius_async.emulator.leads import Lead
from leadgenius_async.emulator.routes.endpoint import Ask
from leadgenius_async.emulator.structs import Done
from leadgenius_async.emulator.write_habits import WRITE

Text = Annotated[str, msgspec.Meta(min_length=1)]
#: Statuses of the gateway that any write may be answered.
WRITE_REFUSES = (413, 504)
_BAD_REQUEST = 400


class NewLead(msgspec.Struct):
    """What a lead must have; any other field may come with it."""

    client_id: Text
    firstName: Text
    lastName: Text


class LeadBatch(msgspec.Struct):
    """Several leads."""

    leads: Annotated[list[NewLead], msgspec.Meta(min_length=1)]


class LeadChanges(msgspec.Struct):
    """A lead's id, and beside it the fields that change."""

    id: Text
    client_id: Text | msgspec.UnsetType = msgspec.UNSET


class ChangeBatch(msgspec.Struct):
    """Changes of several leads."""

    leads: Annotated[list[LeadChanges], msgspec.Meta(min_length=1)]


class LeadRemoval(msgspec.Struct):
    """The query of a delete of one lead."""

    id: str = ""


class RemovalBatch(msgspec.Struct):
    """The body of a delete of several leads."""

    ids: Annotated[list[Text], msgspec.Meta(min_length=1)]


class EnrichedChanges(msgspec.Struct):
    """The fields of a lead that change; the path has its id."""

    client_id: Text | msgspec.UnsetType = msgspec.UNSET


class LeadAnswer(msgspec.Struct):
    """One lead."""

    lead: dict[str, Any]
    success: bool = True


class Created(msgspec.Struct):
    """How many of a batch were created; `skipped` has the e-mail addresses of duplicates."""

    created: int
    skipped: list[str]
    success: bool = True


class Updated(msgspec.Struct):
    """How many of a batch were changed."""

    updated: int
    success: bool = True


class Deleted(msgspec.Struct):
    """How many of a batch were deleted."""

    deleted: int
    success: bool = True


def create_one(ask: Ask[Any, Any]) -> LeadAnswer:
    """Make a lead."""
    if refusal := _refusal(ask, ask.members):
        raise refusal
    if ask.service.config.duplicate_create == "conflict" and _known(ask, ask.members):
        raise already_exists("Lead", f"email={str(ask.members['email'])[:80]!r}")
    return LeadAnswer(_create(ask, ask.members))


def create_batch(ask: Ask[Any, Any]) -> Created:
    """Make leads, as far as the service does what it says."""
    rows, config = _rows(ask), ask.service.config
    _check_size(ask, "leads", len(rows))
    refusals = [_refusal(ask, row) for row in rows]
    refusal = next(filter(None, refusals), None)
    answer = Created(0, [])
    if refusal is None or config.poison_batch == "part":
        sound = rows if refusal is None else rows[: refusals.index(refusal)]
        _create_rows(ask, sound, answer)
    if refusal is not None:
        raise refusal
    return answer


def update_one(ask: Ask[Any, Any]) -> LeadAnswer:
    """Change a lead."""
    lead = _update(ask, ask.members)
    if lead is None and ask.service.config.unknown_ids == "not_found":
        raise no_such("Lead", ask.body.id)
    return LeadAnswer(lead or {"id": ask.body.id})


def update_by_path(ask: Ask[Any, Any]) -> LeadAnswer:
    """Change the lead whose id the path has."""
    lead = _update(ask, {**ask.members, "id": ask.path("id")})
    if lead is None:
        raise no_such("Lead", ask.path("id"))
    return LeadAnswer(lead)


def update_batch(ask: Ask[Any, Any]) -> Updated:
    """Change leads; those that are not there do not count."""
    _check_size(ask, "leads", len(ask.body.leads))
    return Updated(sum(_update(ask, changes) is not None for changes in _rows(ask)))


def delete_one(ask: Ask[Any, Any]) -> Done:
    """Delete a lead."""
    # Without any id there is nothing to be found either.
    strict = ask.service.config.unknown_ids == "not_found" or not ask.query.id
    if not _delete(ask, ask.query.id) and strict:
        raise no_such("Lead", ask.query.id)
    return Done()


def delete_batch(ask: Ask[Any, Any]) -> Deleted:
    """Delete leads; those that are not there do not count."""
    _check_size(ask, "ids", len(ask.body.ids))
    return Deleted(sum(_delete(ask, lead_id) for lead_id in ask.body.ids))


def _create_rows(ask: Ask[Any, Any], rows: list[Lead], answer: Created) -> None:
    stored = ask.service.writes.stored(ask.request[WRITE])
    skips = ask.service.config.duplicate_batch == "skip"
    for row in rows:
        if skips and _known(ask, row):
            answer.skipped.append(str(row["email"]))
            continue
        answer.created += 1
        if stored(answer.created):
            _create(ask, row)


def _check_size(ask: Ask[Any, Any], name: str, count: int) -> None:
    limit = ask.service.config.batch_limit
    if count > limit:
        raise invalid_value(name, f"{count} leads", f"{limit} at the most")


def _rows(ask: Ask[Any, Any]) -> list[Lead]:
    return msgspec.convert(ask.members["leads"], list[Lead])


def _create(ask: Ask[Any, Any], fields: Mapping[str, object]) -> Lead:
    """Store a lead as often as its request is applied; the first of them is the answer's."""
    stripped = {name.strip() for name in ask.service.config.strip_fields.split(",")}
    kept = {n: value for n, value in fields.items() if n == "client_id" or n not in stripped}
    create, user_id = ask.service.leads.create, ask.caller.user_id
    copies = range(ask.request[WRITE].copies)
    first, *_ = [create(ask.company_id, user_id, kept, ask.now) for _ in copies]
    return first


def _update(ask: Ask[Any, Any], changes: Mapping[str, object]) -> Lead | None:
    kept = dict(changes)
    if not ask.service.config.move_leads:
        kept.pop("client_id", None)
    return ask.service.leads.update(ask.company_id, str(changes["id"]), kept, ask.now)


def _delete(ask: Ask[Any, Any], lead_id: str) -> bool:
    return ask.service.leads.delete(ask.company_id, lead_id, ask.now)


def _known(ask: Ask[Any, Any], fields: Mapping[str, object]) -> bool:
    """Whether the client has a lead of this e-mail address."""
    email, client_id = fields.get("email"), str(fields["client_id"])
    if not isinstance(email, str) or not email:
        return False
    find, by_case = ask.service.leads.find, ask.service.config.duplicates_by_case
    return find(ask.company_id, client_id, "email", email, by_case=by_case) is not None


def _refusal(ask: Ask[Any, Any], fields: Mapping[str, object]) -> ApiError | None:
    """The error of a lead that the service cannot store."""
    config = ask.service.config
    marked = [
        name
        for name, value in fields.items()
        if config.poison and isinstance(value, str) and config.poison in value
    ]
    if marked and config.poison_status == _BAD_REQUEST:
        return invalid_value(marked[0], str(fields[marked[0]]), "another value")
    if marked or (config.habits and _is_poison(fields)):
        return _no_data_returned()
    return None


def _is_poison(fields: Mapping[str, object]) -> bool:
    """Whether the service fails to store it: an empty text, a `phone`, a lone full stop."""
    last_name = str(fields["lastName"])
    lone = len(last_name) == 1 and not last_name.isalnum() and last_name != "-"
    return "phone" in fields or lone or any(value == "" for value in fields.values())


def _no_data_returned() -> ApiError:
    return ApiError(
        500,
        "internal_error",
        "Failed to create lead - no data returned",
        recommendation="Try again.",
    )
