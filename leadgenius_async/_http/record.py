"""The payloads of answers as structs, with what nobody declared beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from leadgenius_async import errors
from leadgenius_async._http import decode
from leadgenius_async._http.call import Call, Reply

T = TypeVar("T")


class Record(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A payload of the service.

    Attributes:
        extra: Fields that the service sent and this package does not declare, by their names.
    """

    # Under this name in JSON, which no sender knows: a field `extra` of theirs is undeclared too.
    extra: dict[str, object] = msgspec.field(default_factory=dict, name="_leadgenius_extra")


def payload(reply: Reply, type_: type[T], keys: Sequence[str], *, call: Call) -> T:
    """Decode what stands under the first of `keys` that the answer has.

    Args:
        reply: A successful answer.
        type_: What it should be: a record, a list of records, or any other type.
        keys: Names to look under, in order; `data.items` looks one level down, and an empty
            name takes the whole answer.
        call: The call, for the message.

    Raises:
        ProtocolError: No such key, or another shape. Its outcome is unknown where the call was
            a write: that was done, it is only its answer that cannot be read.
        APIStatusError: The answer said `success: false`.
    """
    try:
        found = decode.find(reply, keys, call=call)
        if _is_record(type_):
            found = _with_id(found, reply, call=call)
        return _read(found, type_, call=call)
    except errors.ProtocolError as error:
        error.outcome = None if call.repeatable else "unknown"
        raise


def _is_record(type_: object) -> bool:
    return isinstance(type_, type) and issubclass(type_, Record)  # and no `list[…]`


def _with_id(found: bytes | msgspec.Raw, reply: Reply, *, call: Call) -> bytes | msgspec.Raw:
    """Return a record with the id that stands beside it, and not in it (observed)."""
    members = decode.parse(found, dict[str, msgspec.Raw], of=call.name)
    beside = decode.members(reply, call=call).get("id")
    if beside is None or "id" in members:
        return found
    is_text = isinstance(decode.parse(beside, object, of=call.name), str)
    return msgspec.json.encode({"id": beside, **members}) if is_text else found


def _read(found: bytes | msgspec.Raw, type_: type[T], *, call: Call) -> T:
    value = decode.parse(found, type_, of=call.name)
    if isinstance(value, Record):
        keep_undeclared(value, decode.parse(found, dict[str, object], of=call.name))
    elif isinstance(value, list) and value and isinstance(value[0], Record):
        for record, members in zip(
            value, decode.parse(found, list[dict[str, object]], of=call.name), strict=True
        ):
            keep_undeclared(record, members)
    return value


def plain(value: object) -> dict[str, object]:
    """Return a struct's members as they are on the wire, declared or not, without the absent."""
    if not isinstance(value, msgspec.Struct):
        return dict(_builtins(value))
    fields = ((field, getattr(value, field.name)) for field in msgspec.structs.fields(type(value)))
    # Not by the struct's own encoding: it leaves out a 0 or an empty list that was sent.
    members = {field.encode_name: _builtins(found) for field, found in fields if found is not None}
    undeclared: dict[str, object] = members.pop("_leadgenius_extra", {})
    return members | undeclared


def _builtins(value: object) -> Any:
    # A Secret among the undeclared says for itself what may be shown of it.
    return msgspec.to_builtins(value, enc_hook=str)


def keep_undeclared(record: Record, members: Mapping[str, object]) -> None:
    """Put into a record's `extra` the members that it does not declare."""
    declared = {field.encode_name for field in msgspec.structs.fields(type(record))}
    # `success` is the envelope's, where the record is the whole answer.
    record.extra = {
        name: value for name, value in members.items() if name not in declared and name != "success"
    }
