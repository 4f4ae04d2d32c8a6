"""Rows that somebody has got, held against those that there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

#: A row's id, or the row: its members, or its JSON.
RowOrId = str | Mapping[str, object] | bytes
#: How many ids of each kind a message names.
_NAMED = 3


def compare(table: str, truth: Iterable[bytes], given: Iterable[RowOrId]) -> None:
    """Check that rows are the true ones, each once, in any order.

    Args:
        table: Names the rows in the message.
        truth: Each row's JSON.
        given: Ids, or rows. A row need not have all members; those that it has must be right,
            and null is the same as absent.

    Raises:
        AssertionError: They are not; the message counts what is wrong and names the first ids.
    """
    rows = {str(row["id"]): row for row in map(_row, truth)}
    counts: Counter[str] = Counter()
    other: dict[str, str] = {}
    for each in given:
        row = {"id": each} if isinstance(each, str) else _row(each)
        row_id = str(row.get("id"))
        counts[row_id] += 1
        if wrong := _wrong_member(row, rows.get(row_id, row)):
            other.setdefault(row_id, wrong)
    wrongs = {
        "missing": [row_id for row_id in rows if row_id not in counts],
        "doubled": [row_id for row_id, count in counts.items() if count > 1],
        "foreign": [row_id for row_id in counts if row_id not in rows],
        "other in a member": [f"{row_id} in {name}" for row_id, name in other.items()],
    }
    if any(wrongs.values()):
        told = "; ".join(f"{len(ids)} {what}{_first(ids)}" for what, ids in wrongs.items() if ids)
        raise AssertionError(f"{table} has {len(rows)} rows, {counts.total()} were given: {told}")


def _row(row: Mapping[str, object] | bytes) -> Mapping[str, object]:
    if isinstance(row, bytes):
        return msgspec.json.decode(row, type=dict[str, object])
    return row


def _wrong_member(row: Mapping[str, object], true: Mapping[str, object]) -> str:
    return next((name for name, value in row.items() if value != true.get(name)), "")


def _first(ids: list[str]) -> str:
    return f" ({', '.join(ids[:_NAMED])}{', …' if len(ids) > _NAMED else ''})"
