"""What can be known to be wrong before it is sent: a `ValueError` that names what is allowed."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from datetime import date

from leadgenius_async._writes.rules import address

#: An e-mail address, as rows that are imported are checked too.
email = address


def text(name: str, value: object) -> str:
    """Return a text that must not be empty.

    Raises:
        ValueError: It is empty or blank.
        TypeError: It is no text.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}: give a text")
    if not value.strip():
        raise ValueError(f"{name} is empty: it must have a text")
    return value


def choice(name: str, value: str, allowed: Iterable[str]) -> str:
    """Return a value that must be one of some.

    Raises:
        ValueError: It is another one.
    """
    names = list(allowed)
    if value not in names:
        raise ValueError(f"{name} is {value!r}: give one of {', '.join(names)}")
    return value


def choices(name: str, values: Iterable[str], allowed: Iterable[str]) -> list[str]:
    """Return values, each of which must be one of some.

    Raises:
        ValueError: One of them is another one, or there is none.
        TypeError: They are one string and not a list of them.
    """
    listed, names = many(name, values), list(allowed)
    for value in listed:
        choice(name, value, names)
    return listed


def many(name: str, values: Iterable[str], *, least: int = 1, most: float = math.inf) -> list[str]:
    """Return texts, at least one if not said otherwise, as a list.

    Raises:
        ValueError: There are less than `least` or more than `most`, or one of them is empty.
        TypeError: They are one string and not a list of them.
    """
    if isinstance(values, str):
        raise one_string(name)
    listed = list(values)
    if not least <= len(listed) <= most:
        bound = f"at least {least}" if math.isinf(most) else f"{least} to {most:g}"
        raise ValueError(f"{name} has {len(listed)} entries: give {bound}")
    for value in listed:
        text(name, value)
    return listed


def one_string(name: str) -> TypeError:
    """Return the error of a string in place of a list, which would be taken for its letters."""
    return TypeError(f"{name} is one string: give a list of them")


def whole(name: str, value: float, least: int, most: int) -> int:
    """Return a whole number that must lie within bounds.

    Raises:
        ValueError: It does not, or is not whole.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{name} is {value}: give a whole number from {least:,} to {most:,}")
    return value


def seconds(name: str, value: float) -> float:
    """Return a span of time that must be above 0.

    Raises:
        ValueError: It is not.
    """
    if not value > 0:
        raise ValueError(f"{name} is {value:g}: give more than 0 seconds")
    return value


def day(name: str, value: date | str | None) -> str | None:
    """Return a day as `YYYY-MM-DD`.

    Raises:
        ValueError: It is no day of the calendar.
    """
    if value is None:
        return None
    try:
        found = value if isinstance(value, date) else date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{name} is {value!r}: give a day like 2026-01-31") from None
    return found.isoformat()[:10]


def days(
    start: date | str | None, end: date | str | None, names: tuple[str, str] = ("start", "end")
) -> tuple[str | None, str | None]:
    """Return two days, of which the first must not come after the second.

    Raises:
        ValueError: One is no day of the calendar, or they are reversed.
    """
    first, last = day(names[0], start), day(names[1], end)
    if first and last and first > last:
        raise ValueError(f"{names[0]} {first} comes after {names[1]} {last}: turn them round")
    return first, last


def known(fields: Mapping[str, object], type_: type, *, call: str = "") -> None:
    """Check the names of keyword arguments, as a function that spells them out would.

    What is missing is for the checks of the values.

    Args:
        fields: The arguments.
        type_: The `TypedDict` that names them.
        call: The function whose options they are; none if they are fields of a record.

    Raises:
        TypeError: One is not known.
    """
    names = list(type_.__annotations__)
    for name in fields:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
            no = f"{call}() has no option {name!r}" if call else f"there is no field {name!r} here"
            raise TypeError(f"{no}; {hint}")


def changes(fields: Mapping[str, object]) -> Mapping[str, object]:
    """Return the fields of an update.

    Raises:
        ValueError: There is none: nothing would change.
    """
    if not fields:
        raise ValueError("no field to change was given: name at least one; None clears it")
    return fields
