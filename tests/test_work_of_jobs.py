"""What a job costs, by counts: its requests, and what it makes durable."""

from __future__ import annotations

import os
import re
import sqlite3
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from math import ceil
from pathlib import Path
from typing import Any

import msgspec
import pytest
from accounts import connect

from leadgenius_async import LeadGenius
from leadgenius_async._extract import export
from leadgenius_async._extract.parts import PART_PAGES
from leadgenius_async.emulator import Emulator

ROWS = 600
LIST, CLIENTS, LEADS = "/api/enrich-leads/list", "/api/clients", "/api/leads"
#: Syncs of an export for each part: the ids' file, its folder, the part, its folder. And however
#: many parts there are: of the folders that it makes, and of what it writes at its end.
PART_SYNCS, EXPORT_SYNCS = 4, 12
#: Its commits but for one each part: the journal's tables, the chains, that it is done.
EXPORT_COMMITS = 3
#: Its statements, with one part: 36.
EXPORT_STATEMENTS = 40
#: Statements of an import's journal for each row: two look for its key, the others put it in and
#: note what became of it. Besides, 175 to 207: tables, requests, the leads that were there before.
ROW_STATEMENTS, IMPORT_STATEMENTS = 7, 220
#: Its commits for each request, before and after it; and besides.
REQUEST_COMMITS, IMPORT_COMMITS = 2, 15

_WRITES = re.compile("(INSERT|UPDATE|DELETE)(?!.* temp\\.)").match


@pytest.fixture
async def service() -> AsyncGenerator[Emulator]:
    """A service without habits: its pages have as many rows as were asked for."""
    async with Emulator(leads=ROWS, source_leads=0, clients=5, rate="off", habits=False) as there:
        yield there


@pytest.fixture
async def lg(service: Emulator) -> AsyncGenerator[LeadGenius]:
    async with connect(service) as client:
        yield client


class Disk:
    """What is asked of the disk.

    Attributes:
        syncs: Syncs of files and folders; SQLite's own are none of them, but one a commit.
        statements: What is asked of journals.
    """

    def __init__(self) -> None:
        self.syncs = 0
        self.statements: list[str] = []

    @property
    def commits(self) -> int:
        """Ends of transactions, and statements that write outside of one."""
        found, inside = 0, False
        for statement in self.statements:
            if statement.startswith("BEGIN"):
                inside = True
            elif statement == "COMMIT":
                found, inside = found + 1, False
            elif not inside and _WRITES(statement):
                found += 1
        return found


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Disk:
    found = Disk()
    fsync = os.fsync
    open_database: Callable[..., sqlite3.Connection] = sqlite3.connect

    def counted(descriptor: int) -> None:
        found.syncs += 1
        fsync(descriptor)

    def traced(path: str | Path, **options: Any) -> sqlite3.Connection:
        db = open_database(path, **options)
        if tmp_path.name in str(path):  # and not the emulator's; some are URIs
            db.set_trace_callback(found.statements.append)
        return db

    monkeypatch.setattr(os, "fsync", counted)
    monkeypatch.setattr(sqlite3, "connect", traced)
    return found


def asked(service: Emulator) -> Counter[str]:
    return Counter(request.path for request in service.log)


def rows_of_clients(service: Emulator) -> list[int]:
    """Return how many rows each client has."""
    stored = service.rows("enrich_leads", company_id=service.ready.company_id)
    return [*Counter(msgspec.json.decode(row)["client_id"] for row in stored).values()]


@pytest.mark.parametrize("size", [7, 50, ROWS, 5_000])
async def test_one_chain_asks_for_each_page_once(
    service: Emulator, lg: LeadGenius, tmp_path: Path, size: int
) -> None:
    """And once for the account."""
    report = await lg.enrich_leads.export(tmp_path / "out", chains="all", page_size=size)
    assert asked(service) == {LIST: ceil(ROWS / size), CLIENTS: 1}
    assert report.requests == report.pages == ceil(ROWS / size)


@pytest.mark.parametrize(("chains", "looked_at"), [("clients", 0), ("auto", 1)])
async def test_chains_per_client_ask_for_each_page_once(
    service: Emulator, lg: LeadGenius, tmp_path: Path, chains: Any, looked_at: int
) -> None:
    """Then for the ids of 5,000 rows at a time; and first for a page that the plan goes by."""
    pages = sum(ceil(rows / 50) for rows in rows_of_clients(service))
    await lg.enrich_leads.export(tmp_path / "out", chains=chains, page_size=50)
    assert asked(service) == {LIST: looked_at + pages + ceil(ROWS / 5_000), CLIENTS: 2}


async def test_an_export_with_all_its_rows_asks_for_none(
    service: Emulator, lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that ended before its report is gone on with from its files."""
    with monkeypatch.context() as patched:
        patched.setattr(export, "make_report", _no_report)
        with pytest.raises(OSError, match="no report"):
            await lg.enrich_leads.export(tmp_path / "out", page_size=50)
    service.log.clear()
    report = await lg.enrich_leads.export(tmp_path / "out", page_size=50)
    assert (report.complete, report.rows) == (True, ROWS)
    assert asked(service)[LIST] == 0


def _no_report(*_: object) -> None:
    raise OSError("no report")


@pytest.mark.parametrize(("rows", "size"), [(105, 50), (505, 50), (505, 100)])
async def test_an_import_sends_each_row_once(
    service: Emulator, tmp_path: Path, disk: Disk, rows: int, size: int
) -> None:
    """A probe of 5 rows and a look for one of them; batches; the list before and after."""
    client = service.ready.clients[-1].client_id
    async with connect(service) as lg:
        await lg.leads.create_many(
            people(rows), client_id=client, batch_size=size, journal=tmp_path / "journal"
        )
    requests = 1 + ceil((rows - 5) / size)
    assert asked(service) == {LEADS: requests, LIST: 2, CLIENTS: 2, "/api/find-lead": 1}
    assert len(disk.statements) <= IMPORT_STATEMENTS + ROW_STATEMENTS * rows
    assert disk.commits <= IMPORT_COMMITS + REQUEST_COMMITS * requests


def people(count: int) -> list[dict[str, object]]:
    return [
        {"firstName": "Ada", "lastName": f"N{n}", "email": f"ada.{n}@sample.example"}
        for n in range(count)
    ]


@pytest.mark.parametrize("size", [10, 50])
@pytest.mark.parametrize("chains", [1, 5])
async def test_a_part_for_so_many_pages(
    service: Emulator, tmp_path: Path, disk: Disk, chains: int, size: int
) -> None:
    """Over however many chains they come: a part costs four syncs and one commit."""
    clients = [client.client_id for client in service.ready.clients] if chains > 1 else []
    async with connect(service) as lg:
        report = await lg.enrich_leads.export(
            tmp_path / "out", chains="all", clients=clients, page_size=size
        )
    parts = ceil(report.pages / PART_PAGES)
    assert (len(report.partitions), len(report.files)) == (chains, parts)
    assert disk.syncs == EXPORT_SYNCS + PART_SYNCS * parts
    assert disk.commits == EXPORT_COMMITS + parts


@pytest.mark.parametrize("rows", [20, ROWS])
async def test_the_journal_knows_no_rows(
    lg: LeadGenius, tmp_path: Path, disk: Disk, rows: int
) -> None:
    """Ten pages of 2 rows cost it as much as ten of 60."""
    await lg.enrich_leads.export(tmp_path / "out", limit=rows, page_size=rows // 10)
    assert len(disk.statements) <= EXPORT_STATEMENTS
