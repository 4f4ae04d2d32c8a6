"""Rows of an update or a delete on their way: what is known of each, and in which order they go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from leadgenius_async._writes.change_report import ChangeEnd, ChangeResult
from leadgenius_async._writes.report import RowChange
from leadgenius_async._writes.rules import Change, Ready, Refused

#: Rules that only leave out: too many to be told of each row.
_LEFT_OUT = frozenset({"empty", "service"})

#: A row of the input, after the rules: its line, what it was, and what became of it.
Checked = tuple[int, object, Ready | Refused]
Verb = Literal["update", "delete"]


class Item(NamedTuple):
    """A row on its way.

    Attributes:
        line: Its line.
        lead: The lead's id.
        body: Its JSON in a request.
        changes: What the rules did to it.
    """

    line: int
    lead: str
    body: bytes
    changes: Sequence[Change]


class Ended(NamedTuple):
    """A row at its end.

    Attributes:
        result: What is told of it.
        counted: The count that it is in. Where some leads of a delete were missing, the service
            says how many and not which: the counts are right, and the rows say no more than that.
    """

    result: ChangeResult
    counted: ChangeEnd


def end_of(
    item: Item, state: ChangeEnd, reason: str | None = None, *, counted: ChangeEnd | None = None
) -> Ended:
    """Return a row at its end."""
    result = ChangeResult(
        line=item.line,
        state=state,
        id=item.lead or None,
        reason=reason,
        changes=_told(item.changes),
    )
    return Ended(result, counted or state)


def in_rounds(window: Sequence[Item]) -> list[list[Item]]:
    """Return rows in rounds: of one lead the first in the first, the second in the second, ….

    Requests that are under way at a time are applied in any order; rows of a lead in theirs.
    """
    rounds: list[list[Item]] = []
    seen: dict[str, int] = {}
    for item in window:
        place = seen[item.lead] = seen.get(item.lead, -1) + 1
        if place == len(rounds):
            rounds.append([])
        rounds[place].append(item)
    return rounds


def _told(changes: Sequence[Change]) -> list[RowChange]:
    """Return what the rules did as it is told, in values that JSON has."""
    kept = [change for change in changes if change.rule not in _LEFT_OUT]
    if not kept:
        return []
    data = msgspec.json.encode(kept, enc_hook=repr)
    return [RowChange(*change) for change in msgspec.json.decode(data, type=list[Change])]
