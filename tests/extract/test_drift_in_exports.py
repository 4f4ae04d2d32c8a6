"""Rows that fit nothing, in the midst of an export: each cell is kept, and the speed comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from accounts import connect
from truth import expected_rows, parquet_rows
from world import service_of

from leadgenius_async import errors
from leadgenius_async._extract import parts
from leadgenius_async._extract.decoding import DECODERS
from leadgenius_async._extract.rows import RowReader, Rows
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Progress

PAGE = 20
PLAIN: dict[str, object] = {"firstName": "Ada", "engagementScore": 7}
UNDECLARED: dict[str, object] = {"shoeSize": 43.50, "hat": {"colour": "red"}, "order": 2**70}
MISFIT: dict[str, object] = {"title": ["Head", 1], "aiLeadScore": 85.5, "engagementScore": "high"}
BOTH = {**UNDECLARED, **MISFIT}


@pytest.fixture
def slow_pages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each page had that was read row by row."""
    found: list[int] = []
    read = RowReader[Any].read_each

    def counted(self: RowReader[Any], raws: list[msgspec.Raw]) -> Rows[Any]:
        found.append(len(raws))
        return read(self, raws)

    monkeypatch.setattr(RowReader, "read_each", counted)
    return found


def stream(odd: dict[str, object], *, bursts: bool) -> Iterator[dict[str, object]]:
    """Give 30 pages: odd rows in bursts within every third page, or odd rows from page 11 to 20."""
    for page in range(30):
        for place in range(PAGE):
            in_burst = page % 3 == 1 and 5 <= place < 15
            in_all = 10 <= page < 20
            yield odd if (in_burst if bursts else in_all) else PLAIN


@pytest.mark.parametrize("odd", [UNDECLARED, MISFIT, BOTH], ids=["undeclared", "misfit", "both"])
@pytest.mark.parametrize("bursts", [True, False], ids=["bursts", "every row"])
async def test_nothing_is_lost_and_the_fast_road_is_taken_again(
    tmp_path: Path, slow_pages: list[int], odd: dict[str, object], *, bursts: bool
) -> None:
    """All cells are the service's; such pages are read row by row until one has been read so."""
    async with (
        Emulator(leads=0, source_leads=0, clients=1, rate="off", habits=False) as service,
        connect(service) as lg,
    ):
        client = service.ready.clients[0].client_id
        rows = ({**row, "client_id": client} for row in stream(odd, bursts=bursts))
        service.insert("enrich_leads", rows)
        report = await lg.enrich_leads.export(tmp_path / "out", page_size=PAGE, chains="all")
        truth = list(service.rows("enrich_leads"))
    assert report.complete
    assert report.pages == 30
    assert slow_pages in ([PAGE], [PAGE] * DECODERS)  # the second is under way with the first
    folder = tmp_path / "out" / "enrich_leads"
    assert parquet_rows(folder) == expected_rows(truth, "enrich_leads", None)
    count = 100 if bursts else 200
    lost = {name: count for name in odd if name not in {"title", "aiLeadScore"}}
    assert report.extra == lost


@pytest.mark.fault("P8")
async def test_rows_that_cannot_be_read_stand_aside_raw(tmp_path: Path) -> None:
    """`rejects.ndjson` has each row as it came, the reason and the place; a retry is refused."""
    async with (
        Emulator(leads=60, source_leads=0, clients=1, rate="off", habits=False) as service,
        connect(service) as lg,
    ):
        client = service.ready.clients[0].client_id
        service.insert("enrich_leads", [{"id": "next-to-it", "client_id": client}])
        spoil(service, "bad-1", client)
        spoil(service, "bad-2", client)
        report = await lg.enrich_leads.export(tmp_path / "out", page_size=PAGE, clients=[client])
        token = [request for request in service.log if "nextToken" in str(request.query)][-1]
        with pytest.raises(errors.ExportConflict, match="already holds an export"):
            await lg.enrich_leads.export(tmp_path / "out", page_size=PAGE, clients=[client])
    assert (report.rows, report.rejects) == (61, 2)
    assert "rejects.ndjson" in (report.incomplete_because or "")
    lines = (tmp_path / "out" / "rejects.ndjson").read_bytes().splitlines()
    found = [json.loads(line) for line in lines]
    for n, reject in enumerate(found, start=1):
        assert set(reject) == {"row", "reason", "client", "page", "token"}
        assert f'"id":"bad-{n}"' in reject["row"]
        assert '"notes":"\\xff"' in reject["row"]
        assert "UTF-8" in reject["reason"]
        assert (reject["client"], reject["page"]) == (client, 3)
        assert reject["token"] in str(token.query)


@pytest.mark.parametrize("chains", ["all", "clients"])
async def test_a_row_that_cannot_be_read_is_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chains: Any
) -> None:
    """Neither a chain that begins anew nor a recovery that meets it again tells it again."""
    monkeypatch.setattr(parts, "PART_PAGES", 3)

    def stop(progress: Progress) -> None:
        if progress.pages >= 9:
            raise errors.ConnectionFailed("cut off")

    async with (
        Emulator(
            leads=0, source_leads=0, clients=1, rate="off", habits=False, page_token_life=3_600
        ) as service,
        connect(service) as lg,
    ):
        client = service.ready.clients[0].client_id
        spoil(service, "bad", client)
        rows = ({"id": f"lead-{n}", "client_id": client} for n in range(300))
        service.insert("enrich_leads", rows)
        service.insert("enrich_leads", [{"id": "orphan", "client_id": "nobody"}])
        out = tmp_path / "out"
        with pytest.raises(errors.ConnectionFailed):
            await lg.enrich_leads.export(out, page_size=20, chains=chains, on_progress=stop)
        service.clock.advance(3_601)
        report = await lg.enrich_leads.export(out, page_size=20, chains=chains)
    assert sum(chain.restarts for chain in report.partitions) == 1
    assert (report.rows, report.rejects) == (301, 1)
    assert len((out / "rejects.ndjson").read_bytes().splitlines()) == 1


def spoil(service: Emulator, id_: str, client: str) -> None:
    """Insert a row that is not UTF-8."""
    table = "enrich_leads"
    service.insert(table, [{"id": id_, "client_id": client, "notes": "?"}])
    service_of(service).store.db.execute(
        f"UPDATE {table} SET head = CAST(replace(CAST(head AS TEXT), '\"?\"', ?) AS BLOB)"  # noqa: S608 - a name of TABLES
        " WHERE id = ?",
        (b'"\xff"', id_),
    )
