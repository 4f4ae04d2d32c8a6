"""One value of a lead, as the service takes it.

Nearly every field is text on the wire (`_fields`), while rows bring numbers, dates and lists.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from uuid import UUID

import msgspec

#: Bytes of UTF-8 that one value may have: DynamoDB takes 400 KB for a whole item (assumed).
MAX_VALUE = 350_000

# What `str.strip` takes off, and three characters that nobody sees: spreadsheets and web pages
# leave them around what was copied.
_BLANK = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u200b\u2060\ufeff"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
#: Above this a float has no digit after the point, and not every whole number.
_EXACT = 2**53
#: Characters of a value that a message shows.
_SHOWN = 60
#: What is said of a text with bytes that did not decode.
NO_TEXT = "has bytes that are no text: it is damaged, or of another encoding"
#: What a value that JSON cannot hold makes of its writer.
UNWRITABLE = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)


_Plain = bool | int | float | str | list[object] | dict[str, object] | None


class Unfit(ValueError):
    """A value that a lead cannot hold; the message says why, and goes behind the field's name."""


def as_text(value: object) -> str | None:
    """Return a value as text, None if there is nothing in it.

    Raises:
        Unfit: It cannot be text, is damaged, or is too long.
    """
    if type(value) is str:  # nearly all are: a third of the time of a row
        return clean(value) or None
    found = _plain(value)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float):
        return str(int(found)) if found.is_integer() and abs(found) <= _EXACT else repr(found)
    if isinstance(found, int):
        return _digits(found)
    if isinstance(found, dict | list):
        found = msgspec.json.encode(found).decode()
    return None if found is None else clean(found) or None


def as_number(value: object) -> float | None:
    """Return a value as a number, None if there is nothing in it.

    Raises:
        Unfit: It is none.
    """
    found = _plain(value)
    if isinstance(found, str):
        found = _parsed(clean(found))
    if isinstance(found, bool | dict | list):
        raise Unfit(f"is {shown(value)}: give a number")
    if found is None or abs(found) <= _EXACT:
        return found
    raise Unfit(f"is above {_EXACT:,}: not every such number can be kept")


def as_json(value: object) -> object | None:
    """Return a value of a field that nobody declared: its type stays, None if it is empty.

    Raises:
        Unfit: JSON cannot hold it, or it is damaged or too long.
    """
    found = _plain(value)
    if isinstance(found, str):
        return clean(found) or None
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) >= 2**63:
        return _digits(found)
    return found


def clean(text: str) -> str:
    """Return a text without blanks around it.

    Raises:
        Unfit: It is damaged or too long.
    """
    trimmed = text.strip(_BLANK)
    if fault := damage(trimmed):
        raise Unfit(fault)
    # A character has four bytes at the most: counting them is spared for nearly all.
    if len(trimmed) > MAX_VALUE // 4 and (size := len(trimmed.encode())) > MAX_VALUE:
        raise Unfit(f"has {size:,} bytes: the service stores up to {MAX_VALUE:,} (assumed)")
    return trimmed


def damage(text: str) -> str | None:
    """Return what is wrong with the characters of a text, None if nothing."""
    if text.isprintable():
        return None
    if _SURROGATE.search(text):
        return NO_TEXT
    if found := _CONTROL.search(text):
        return f"has the control character U+{ord(found[0]):04X}: take it out"
    return None


def shown(value: object) -> str:
    """Return a value as a message shows it: not more than fits a line, and never failing."""
    if not isinstance(value, str):
        return f"a {type(value).__name__}"
    text = value[:_SHOWN]
    quoted = ascii(text) if damage(text) else repr(text)
    return quoted if len(value) <= _SHOWN else f"{quoted}…"


@singledispatch
def _plain(value: object) -> _Plain:
    """Return what JSON can hold of a value; None where it is empty or no number."""
    if type(value).__name__ == "NAType":
        return None  # what pandas has where nothing is
    if dataclasses.is_dataclass(value):
        return _container(value)
    if getattr(getattr(value, "dtype", None), "kind", "-") in "biufU":
        return _numpy(value)
    raise Unfit(f"is of the type {type(value).__name__}, which a lead cannot hold")


@_plain.register
def _(value: bool | None) -> _Plain:  # noqa: FBT001 - it is the value
    return value


@_plain.register
def _(value: str) -> _Plain:
    return str.__str__(value)  # of an enumeration's member too


@_plain.register
def _(value: int) -> _Plain:
    return int(value)


@_plain.register
def _(value: float) -> _Plain:
    if math.isinf(value):
        raise Unfit(f"is {value}: give a number")
    return None if math.isnan(value) else float(value)


@_plain.register
def _(value: Decimal) -> _Plain:
    if value.is_infinite():
        raise Unfit(f"is {value}: give a number")
    if value.is_nan():
        return None
    # 1E+1000000 would be a megabyte of zeros.
    return f"{value:f}" if abs(value.adjusted()) <= 30 else str(value)


@_plain.register
def _(value: date | time) -> _Plain:
    try:
        text = value.isoformat()
    except UNWRITABLE as error:
        raise Unfit(f"is no time that can be written ({error})") from None
    if text == "NaT":
        return None  # pandas again
    return f"{text[:-6]}Z" if isinstance(value, datetime) and text.endswith("+00:00") else text


@_plain.register
def _(value: bytes) -> _Plain:
    return value.decode(errors="surrogateescape")


@_plain.register
def _(value: Enum) -> _Plain:
    return _plain(value.value)


@_plain.register
def _(value: UUID) -> _Plain:
    return str(value)


@_plain.register(Mapping)
@_plain.register(list)
@_plain.register(tuple)
@_plain.register(msgspec.Struct)
def _container(value: object) -> _Plain:
    """Return a list or an object as it comes out of JSON."""
    try:
        found: _Plain = msgspec.json.decode(msgspec.json.encode(value))
    except UNWRITABLE as error:
        raise Unfit(f"holds what JSON cannot ({error})") from None
    return found or None


def _numpy(value: object) -> _Plain:
    item = getattr(value, "item", None)
    try:
        return _plain(item() if callable(item) else None)
    except UNWRITABLE:
        raise Unfit(f"is of the type {type(value).__name__}, which is no single value") from None


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # Python writes no more than 4,300 digits
        raise Unfit("is a number of more digits than can be written") from None


def _parsed(text: str) -> float | None:
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        raise Unfit(f"is {shown(text)}: give a number, with a point and no other sign")
    return int(text) if text.lstrip("+-").isdecimal() and len(text) <= 17 else float(text)
