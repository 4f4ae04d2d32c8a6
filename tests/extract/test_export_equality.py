"""An export holds exactly the service's rows, in every format and projection."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from itertools import chain
from pathlib import Path
from typing import Literal

import pytest
from accounts import connect
from truth import expected_rows, ndjson_rows, parquet_rows

from leadgenius_async.emulator import Emulator

FIVE = ["id", "email", "firstName", "aiLeadScore", "engagementScore"]


@pytest.fixture(scope="module")
async def large() -> AsyncGenerator[Emulator, None]:
    """20,000 rows with all habits of the service."""
    async with Emulator(leads=20_000, source_leads=3_000, clients=12, rate="off") as service:
        yield service


def some_clients(emulator: Emulator, count: int | None) -> list[str]:
    """Return that many clients, the largest first; none for all rows."""
    return [] if count is None else [c.client_id for c in emulator.ready.clients[:count]]


def lines(
    emulator: Emulator, table: str, clients: list[str], fields: list[str] | None
) -> list[bytes]:
    """Return the service's rows."""
    company = emulator.ready.company_id
    wanted: list[str | None] = [*clients] or [None]
    parts = [
        emulator.rows(table, company_id=company, client_id=client)
        if fields is None
        else emulator.rows_projected(table, fields, company_id=company, client_id=client)
        for client in wanted
    ]
    return list(chain.from_iterable(parts))


@pytest.mark.parametrize("count", [1, 3, None], ids=["one client", "three clients", "all"])
@pytest.mark.parametrize("fields", [None, FIVE], ids=["all fields", "five fields"])
@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
async def test_the_files_hold_the_rows(
    large: Emulator,
    tmp_path: Path,
    format_: Literal["parquet", "ndjson"],
    fields: list[str] | None,
    count: int | None,
) -> None:
    """Exported rows equal the service's rows as multisets."""
    clients = some_clients(large, count)
    async with connect(large) as lg:
        report = await lg.enrich_leads.export(
            tmp_path / "out", clients=clients, fields=fields, format=format_
        )
    truth = lines(large, "enrich_leads", clients, fields)
    folder = tmp_path / "out" / "enrich_leads"
    if format_ == "parquet":
        assert parquet_rows(folder) == expected_rows(truth, "enrich_leads", fields)
    else:
        assert ndjson_rows(folder) == Counter(truth)
    assert report.complete
    assert report.rows == len(truth)


@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
async def test_source_leads_are_the_same_pattern(
    large: Emulator, tmp_path: Path, format_: Literal["parquet", "ndjson"]
) -> None:
    """The second bulk list is exported like the first."""
    async with connect(large) as lg:
        await lg.source_leads.export(tmp_path / "out", format=format_)
    truth = lines(large, "source_leads", [], None)
    folder = tmp_path / "out" / "source_leads"
    if format_ == "parquet":
        assert parquet_rows(folder) == expected_rows(truth, "source_leads", None)
    else:
        assert ndjson_rows(folder) == Counter(truth)


async def test_batches_hold_the_rows(large: Emulator) -> None:
    """The stream of record batches has the rows that the files have, in one schema."""
    async with connect(large) as lg:
        batches = [batch async for batch in lg.enrich_leads.batches(fields=FIVE)]
    assert len({batch.schema for batch in batches}) == 1
    ids = chain.from_iterable(batch.column("id").to_pylist() for batch in batches)
    truth = expected_rows(lines(large, "enrich_leads", [], FIVE), "enrich_leads", FIVE)
    assert Counter(ids) == Counter(row[0] for row in truth.elements())


async def test_rows_are_typed_and_lose_nothing(large: Emulator) -> None:
    """Typed rows hold the same values; what nobody declared is in `extra`."""
    truth = expected_rows(lines(large, "enrich_leads", [], None), "enrich_leads", None)
    extras = sum(row[-1] is not None for row in truth.elements())
    seen = 0
    found = 0
    async with connect(large) as lg:
        async for lead in lg.enrich_leads.rows():
            seen += 1
            found += bool(lead.extra)
            assert lead.company_id == large.ready.company_id
    assert (seen, found) == (20_000, extras)
    assert extras > 0
