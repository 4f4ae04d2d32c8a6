"""Rows that somebody has got are held against those that there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from leadgenius_async.emulator import Emulator

Row = dict[str, Any]


def _rows(emulator: Emulator, **which: str) -> list[Row]:
    return [msgspec.json.decode(row) for row in emulator.rows("enrich_leads", **which)]


async def test_right_rows(emulator: Emulator) -> None:
    """Ids, members or JSON, in any order; a member may be absent, or null where there is none."""
    rows = _rows(emulator)
    emulator.assert_rows_equal(row["id"] for row in reversed(rows))
    emulator.assert_rows_equal(rows)
    emulator.assert_rows_equal({"id": row["id"], "email": row.get("email")} for row in rows)
    emulator.assert_rows_equal(emulator.rows("enrich_leads"))
    emulator.assert_rows_equal(emulator.rows("source_leads"), table="source_leads")


async def test_rows_of_one_client_or_of_another_company(emulator: Emulator) -> None:
    """The truth can be a part of a table, and another company's."""
    client_id = emulator.ready.clients[0].client_id
    part = _rows(emulator, client_id=client_id)
    emulator.assert_rows_equal(part, client_id=client_id)
    with pytest.raises(AssertionError, match="missing"):
        emulator.assert_rows_equal(part)
    company_id = emulator.other.company_id
    emulator.assert_rows_equal(_rows(emulator, company_id=company_id), company_id=company_id)


WRONG: list[tuple[Callable[[list[Row]], list[Row]], str]] = [
    (lambda rows: rows[:2] + rows[4:], "598 were given: 2 missing ({2}, {3})"),
    (lambda rows: rows[6:], "594 were given: 6 missing ({0}, {1}, {2}, …)"),
    (lambda rows: [*rows, rows[5]], "601 were given: 1 doubled ({5})"),
    (lambda rows: [*rows, {"id": "x"}], "601 were given: 1 foreign (x)"),
    (lambda rows: [{**rows[0], "email": "z"}, *rows[1:]],
     "600 were given: 1 other in a member ({0} in email)"),
    (lambda rows: [*rows[1:], rows[5], {}], "1 missing ({0}); 1 doubled ({5}); 1 foreign (None)"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "says"), WRONG)
async def test_wrong_rows(
    emulator: Emulator, change: Callable[[list[Row]], list[Row]], says: str
) -> None:
    """The message counts what is wrong, and names the first ids."""
    rows = _rows(emulator)
    with pytest.raises(AssertionError) as caught:
        emulator.assert_rows_equal(change(rows))
    said = says.format(*(row["id"] for row in rows[:6]))
    assert str(caught.value).startswith("enrich_leads has 600 rows, ")
    assert said in str(caught.value)
