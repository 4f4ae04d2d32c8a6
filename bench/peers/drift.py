"""Rows as services change them while somebody reads: from a listing's second page on.

Every second page has an odd row in fifty, each odd in one of four ways, by turns. The first page
has none, so that whoever takes the columns from it has not seen what is to come.

Of those that write all rows, looked at with dlt 1.31, Airbyte's CDK 7.39 and Singer's SDK 0.54: dlt
adds a column for the undeclared field and one for the texts among numbers, Airbyte passes all of it
on, Singer leaves the undeclared field out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

_STEP = 50


def drift(rows: list[bytes], number: int) -> list[bytes]:
    """The JSON rows of a listing's page, odd ones among them if it is a page that has some.

    Args:
        rows: The rows.
        number: The page's place in its listing, from 0.
    """
    if number % 2 == 0:
        return rows
    changed = list(rows)
    for turn, place in enumerate(range(_STEP - 1, len(rows), _STEP)):
        row = msgspec.json.decode(rows[place], type=dict[str, Any])
        changed[place] = msgspec.json.encode(row | CHANGES[turn % len(CHANGES)](row))
    return changed


def _undeclared(row: dict[str, Any]) -> dict[str, Any]:
    return {"intentTopic": f"data quality at {row['companyName']}"}


def _number_for_text(_: dict[str, Any]) -> dict[str, Any]:
    return {"aiScoreValue": 85}


def _text_for_number(_: dict[str, Any]) -> dict[str, Any]:
    return {"engagementScore": "high"}


def _object_for_text(row: dict[str, Any]) -> dict[str, Any]:
    return {"aiLeadScore": {"ai_score": 85, "reason": f"Fits {row['companyName']}"}}


CHANGES: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = (
    _undeclared,
    _number_for_text,
    _text_for_number,
    _object_for_text,
)
