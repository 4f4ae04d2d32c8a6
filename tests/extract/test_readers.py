"""The dataset's folder opens with the plain calls of other tools."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from accounts import connect

from leadgenius_async import compact
from leadgenius_async._extract import parts
from leadgenius_async.emulator import Emulator


def by_pyarrow(folder: Path) -> pa.Table:
    return pq.read_table(folder)


def by_dataset(folder: Path) -> pa.Table:
    return pads.dataset(folder).to_table()


def by_duckdb(folder: Path) -> pa.Table:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as db:
        # Its plain call by a pattern, the one that its documentation shows first.
        found: Any = db.sql(f"SELECT * FROM '{folder}/*.parquet'").arrow()  # noqa: S608 - our folder
        return found if isinstance(found, pa.Table) else found.read_all()


def by_polars(folder: Path) -> pa.Table:
    table: pa.Table = pytest.importorskip("polars").read_parquet(folder).to_arrow()
    return table


READERS = [by_pyarrow, by_dataset, by_duckdb, by_polars]


@pytest.mark.parametrize("read", READERS)
async def test_it_opens_with(
    read: Callable[[Path], pa.Table], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an export of several parts with drift in some of them, and after its promotion."""
    monkeypatch.setattr(parts, "PART_PAGES", 2)
    out = tmp_path / "out"
    async with (
        Emulator(leads=80, source_leads=0, clients=1, rate="off") as service,
        connect(service) as lg,
    ):
        client = service.ready.clients[0].client_id
        odd = {"client_id": client, "shoeSize": 43, "hat": {"a": 1}, "engagementScore": "high"}
        service.insert("enrich_leads", [odd] * 30)
        plain = {"client_id": client, "engagementScore": 7}
        service.insert("enrich_leads", [plain] * 90)
        report = await lg.enrich_leads.export(out, page_size=20)
    assert len(report.parts) > 2
    check(read(out / "enrich_leads"), rows=200)
    smallest = max(part.bytes for part in report.parts)
    done = compact(out, promote=True, max_bytes=smallest)
    assert done.parts > 1
    table = read(out / "enrich_leads")
    check(table, rows=200)
    assert table["shoeSize"].drop_null().to_pylist() == [43.0] * 30
    assert table["hat"].drop_null().to_pylist() == ['{"a":1}'] * 30
    assert {*table["_extra"].drop_null().to_pylist()} >= {'{"engagementScore":"high"}'}


def check(table: pa.Table, *, rows: int) -> None:
    assert table.num_rows == rows
    assert pa.types.is_float64(table.schema.field("engagementScore").type)
    assert table["engagementScore"].to_pylist().count(7.0) >= 90
    assert table.column_names[-1] == "_extra"
    assert len(table["_extra"].drop_null()) >= 30
