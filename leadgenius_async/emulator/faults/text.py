"""Fault rules as one line of text: `GET /api/enrich-leads* status=503 nth=3 retry_after=2`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

import msgspec

from leadgenius_async.emulator.faults.kinds import Fault, refused
from leadgenius_async.emulator.faults.rules import AnyFault, PlacedRule, Rule

S = TypeVar("S", bound=msgspec.Struct)
#: Each kind by its name.
KINDS: dict[str, type[Fault]] = {
    str(kind.__struct_config__.tag): kind for kind in get_args(AnyFault)
}
_PLACED = {"fault", "method", "path"}
_RULE_KEYS = [each.name for each in msgspec.structs.fields(Rule) if each.name not in _PLACED]
_LEAST_WORDS = 3
_FORM = "METHOD PATH FAULT[=VALUE] [KEY=VALUE …]"


def read_rule(text: str) -> Rule:
    """The rule that a text says.

    Args:
        text: `METHOD PATH FAULT[=VALUE] [KEY=VALUE …]`: a method or `*`, a path in which `*` stands
            for anything, the name of a fault with the value of its first option, and other
            options of the fault or of the rule. A value has no spaces; one that begins with
            `{` or `[` is JSON.

    Raises:
        ValueError: It says something else; the message names what there is.
    """
    if not _is_text(text):
        raise ValueError(f"{text!r} is not {_FORM} in UTF-8")
    words = text.split()
    if len(words) < _LEAST_WORDS:
        raise ValueError(f"{text!r} is not {_FORM}")
    method, path, named, *pairs = words
    name, equals, value = named.partition("=")
    kind = KINDS.get(name)
    if kind is None:
        raise ValueError(f"{name!r} is no fault: give one of {', '.join(KINDS)}")
    options = [field.encode_name for field in msgspec.structs.fields(kind)]
    given = _pairs(pairs, [*options, *_RULE_KEYS])
    if equals:
        if not options:
            raise ValueError(f"{named!r}: {name} takes no value")
        given[options[0]] = value
    fault = _struct(kind, {key: given[key] for key in given if key in options})
    rule = {key: given[key] for key in given if key not in options}
    return _struct(Rule, {"method": method.upper(), "path": path, **rule}, fault=fault)


def _is_text(text: str) -> bool:
    """Whether it can be told again: bytes of a command line may be no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def rule_text(rule: Rule) -> str:
    """The text that says a rule, without what is so by itself.

    A value with a space stands in it as it is, so that such a text cannot be read again.
    """
    named, *options = [rule.fault.kind, *_options(rule.fault)]
    first = next((field.name for field in msgspec.structs.fields(rule.fault)), "")
    if options and options[0].startswith(f"{first}="):
        named += options.pop(0).removeprefix(first)
    return " ".join((rule.method, rule.path, named, *options, *_options(rule)))


def told(placed: PlacedRule) -> dict[str, object]:
    """A rule, its text, and how often it was met, as JSON may have it."""
    return {
        **msgspec.to_builtins(placed.rule),
        "number": placed.number,
        "text": rule_text(placed.rule),
        "calls": placed.calls,
        "hits": placed.hits,
    }


def _options(struct: msgspec.Struct) -> list[str]:
    """`KEY=VALUE` of each field that is not as it is by itself."""
    return [
        f"{field.encode_name}={_written(getattr(struct, field.name))}"
        for field in msgspec.structs.fields(struct)
        if field.encode_name not in _PLACED and getattr(struct, field.name) != _usual(field)
    ]


def _usual(field: msgspec.structs.FieldInfo) -> object:
    made = field.default_factory
    return field.default if made is msgspec.NODEFAULT else made()


def _written(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _pairs(pairs: list[str], keys: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if key not in keys or not equals:
            raise ValueError(f"{pair!r}: give KEY=VALUE with one of {', '.join(keys)}")
        found[key] = value
    return found


def _struct(type_: type[S], texts: Mapping[str, str], **ready: object) -> S:
    """A struct from texts, each read as its field's type; the struct itself checks ranges."""
    types = {field.name: field.type for field in msgspec.structs.fields(type_)}
    values = {name: _value(name, text, types[name]) for name, text in texts.items()}
    try:
        return type_(**values, **ready)
    except TypeError as error:
        # A field without a default was left out.
        raise ValueError(str(error)) from None


def _value(name: str, text: str, type_: Any) -> object:
    if type_ is bytes:
        return text.encode()
    try:
        data = msgspec.json.decode(text) if text.startswith(("{", "[")) else text
        return msgspec.convert(data, type_, strict=False)
    except msgspec.MsgspecError as error:
        raise refused(name, text, type_, error) from None
