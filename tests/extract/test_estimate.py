"""What an export would cost is measured on a page, and near to what it then takes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from accounts import connect
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator

FEW = ["id", "email", "country"]


def page(rows: int, token: str | None = None) -> bytes:
    """Return the answer of a bulk list."""
    data = [
        {"id": f"lead_{n}", "company_id": "company-1", "email": f"{n}@a.example"}
        for n in range(rows)
    ]
    return reply(body=msgspec.json.encode({"success": True, "data": data, "nextToken": token}))


def counts(total: int | None, **by_client: int) -> bytes:
    """Return the answer of the pipeline's figures."""
    return reply(body=msgspec.json.encode({"pipeline": {"total": total, "byClient": by_client}}))


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, api_key="lgp_1", user_id="u", rate="off")


@pytest.mark.parametrize("fields", [None, FEW], ids=["all", "few"])
@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
async def test_the_export_then_takes_as_much(
    tmp_path: Path, format_: Literal["parquet", "ndjson"], fields: list[str] | None
) -> None:
    """Requests within a tenth, bytes on disk within 15 %, on the wire within a hundredth."""
    async with (
        Emulator(leads=13_000, source_leads=0, clients=5, rate="off", habits=False) as service,
        connect(service) as lg,
    ):
        cost = await lg.enrich_leads.estimate(fields=fields, format=format_)
        report = await lg.enrich_leads.export(tmp_path / "out", fields=fields, format=format_)
    assert (cost.rows, cost.rows_from, cost.for_rows) == (13_000, "pipeline", 13_000)
    assert cost.requests == pytest.approx(report.requests, rel=0.1)
    assert cost.bytes == pytest.approx(report.bytes, rel=0.15)
    assert cost.wire_bytes == pytest.approx(report.wire_bytes, rel=0.01)
    assert cost.sample_rows < 6_000
    assert cost.note is None


async def test_a_limit_and_another_compression_count(emulator: Emulator, tmp_path: Path) -> None:
    """They are what the export is asked for, so they are what it costs."""
    async with connect(emulator) as lg:
        cost = await lg.enrich_leads.estimate(limit=200, page_size=50, compression="none")
        report = await lg.enrich_leads.export(tmp_path, limit=200, page_size=50, compression="none")
        packed = await lg.enrich_leads.estimate(limit=200, page_size=50)
    assert (cost.for_rows, report.rows) == (200, 200)
    assert abs(cost.requests - report.requests) <= 3
    assert cost.bytes == pytest.approx(report.bytes, rel=0.15)
    assert packed.bytes < cost.bytes / 2


async def test_short_and_empty_pages_take_a_few_more(tmp_path: Path) -> None:
    """With the emulator's habits, which cost 8 % on average, it is within a tenth all the same."""
    async with (
        Emulator(leads=20_000, source_leads=0, clients=5, rate="off") as service,
        connect(service) as lg,
    ):
        cost = await lg.enrich_leads.estimate(fields=FEW, page_size=25)
        report = await lg.enrich_leads.export(tmp_path / "out", fields=FEW, page_size=25)
    assert cost.requests == pytest.approx(report.requests, rel=0.1)


async def test_sizes_that_are_refused_count() -> None:
    """An export pays for a page size that is too large, as the estimate did."""
    async with (
        Emulator(leads=6_000, source_leads=0, clients=2, rate="off", habits=True) as service,
        connect(service) as lg,
    ):
        cost = await lg.enrich_leads.estimate(page_size=5_000)
        refused = service.log.count(status=413)
    assert refused == 2
    assert cost.rows_per_page == 1_250
    assert cost.requests == 2 + 5
    assert cost.requests_used == 1 + 3 + 1  # the company; 5,000, 2,500 and 1,250 rows; the number


async def test_named_clients(emulator: Emulator, tmp_path: Path) -> None:
    """Each has a chain of its own, and the first page of the first is the sample."""
    names = [client.client_id for client in emulator.ready.clients[:3]]
    company_id = emulator.ready.company_id
    async with connect(emulator) as lg:
        cost = await lg.enrich_leads.estimate(company_id=company_id, clients=names, page_size=50)
        report = await lg.enrich_leads.export(tmp_path / "out", clients=names, page_size=50)
    assert (cost.rows, cost.clients, cost.requests_used) == (report.rows, names, 3)
    assert cost.sample_rows == cost.rows_per_page == 50
    assert cost.requests == pytest.approx(report.requests, rel=0.2)  # of a few short chains


async def test_one_page_is_exact_and_asks_for_no_number(
    lg: LeadGenius, emulator: Emulator, tmp_path: Path
) -> None:
    """If the first page is all there is, nothing is guessed."""
    cost = await lg.source_leads.estimate(company_id=emulator.ready.company_id)
    report = await lg.source_leads.export(tmp_path / "out")
    assert (cost.rows, cost.rows_from, cost.requests_used) == (200, "list", 1)
    assert (cost.rows, cost.requests) == (report.rows, report.requests)
    assert cost.wire_bytes == report.wire_bytes
    assert cost.bytes == pytest.approx(report.bytes, rel=0.1)  # a part says where it is from


async def test_an_unknown_number_is_said(emulator: Emulator) -> None:
    """Nobody counts SourceLeads: the figures are for a million rows."""
    async with connect(emulator) as lg:
        cost = await lg.source_leads.estimate(page_size=100)
    assert (cost.rows, cost.rows_from, cost.for_rows) == (None, None, 1_000_000)
    assert cost.requests == 10_000
    assert cost.bytes == pytest.approx(1_000_000 * cost.bytes_per_row, rel=0.001)
    assert "not known" in (cost.note or "")


@pytest.mark.parametrize(
    "answer",
    [
        reply(401),
        reply(403),
        reply(404),
        reply(body=b'{"success":true}'),
        counts(None),
        counts(9),  # fewer than the page has
    ],
    ids=["401", "403", "404", "no figures", "no number", "too few"],
)
async def test_a_number_that_is_refused_or_cannot_be_is_unknown(answer: bytes) -> None:
    """Credentials may not ask for it, and its shape is assumed: the estimate stands without."""
    async with Wire(page(10, "t1"), answer) as wire, client_of(wire) as lg:
        cost = await lg.enrich_leads.estimate(company_id="company-1", page_size=10)
    assert (cost.rows, cost.for_rows, cost.requests_used) == (None, 1_000_000, 2)


async def test_clients_add_up_without_a_total() -> None:
    """Where only the clients are counted, all rows are theirs together."""
    async with Wire(page(10, "t1"), counts(None, one=30, two=5)) as wire, client_of(wire) as lg:
        cost = await lg.enrich_leads.estimate(company_id="company-1", page_size=10)
    assert (cost.rows, cost.requests) == (35, 4)


async def test_an_empty_table_has_no_rows(emulator: Emulator) -> None:
    """It is no error here: 0 rows, and what to look at."""
    async with Emulator(leads=0, source_leads=0, clients=1, rate="off") as service:
        async with connect(service) as lg:
            cost = await lg.enrich_leads.estimate()
        assert (cost.rows, cost.rows_from, cost.bytes) == (0, "list", 0)
        assert "company id" in (cost.note or "")
    async with connect(emulator) as lg:
        with pytest.raises(errors.UnknownClient):
            await lg.enrich_leads.estimate(clients=["nobody"])


async def test_empty_pages_are_passed_over() -> None:
    """A page without rows says nothing; the next one is looked at."""
    pages = [page(0, "t1"), page(0, "t2"), page(10, "t3")]
    async with Wire(*pages, counts(100)) as wire, client_of(wire) as lg:
        cost = await lg.enrich_leads.estimate(company_id="company-1", page_size=10)
    assert (cost.rows, cost.requests, cost.requests_used) == (100, 12, 4)


async def test_five_empty_pages_are_enough() -> None:
    """Then there is nothing to go by, and no number is asked for."""
    pages = [page(0, f"t{n}") for n in range(6)]
    async with Wire(*pages) as wire, client_of(wire) as lg:
        cost = await lg.enrich_leads.estimate(company_id="company-1")
    assert (cost.rows, cost.for_rows, cost.requests_used) == (None, 0, 5)
    assert "first 5 pages" in (cost.note or "")


async def test_a_client_without_rows_is_passed_over() -> None:
    """The first of the clients that has rows is the sample; if none has, there are none."""
    clients = reply(body=b'{"clients":[{"id":"1","client_id":"a"},{"id":"2","client_id":"b"}]}')
    async with Wire(clients, page(0), page(10)) as wire, client_of(wire) as lg:
        cost = await lg.enrich_leads.estimate(company_id="company-1", clients=["a", "b"])
    assert (cost.rows, cost.rows_from, cost.requests) == (10, "list", 2)
    async with Wire(clients, page(0), page(0)) as wire, client_of(wire) as lg:
        cost = await lg.enrich_leads.estimate(company_id="company-1", clients=["a", "b"])
    assert cost.rows == 0


async def test_a_page_cut_short_says_how_long_pages_are() -> None:
    """The service reads 1 MB at a time; what it sent of more is what it will send."""
    async with Wire(page(40, "t1"), counts(400)) as wire, client_of(wire) as lg:
        cost = await lg.enrich_leads.estimate(company_id="company-1", page_size=100)
    assert (cost.rows_per_page, cost.requests) == (40, 10)


async def test_minutes_are_the_limits_or_the_chains() -> None:
    """The turn at the limit is no part of a page's time."""
    async with (
        Emulator(leads=2_000, source_leads=0, clients=2, rate="off", latency=0.1) as service,
        LeadGenius(
            base_url=service.base_url,
            api_key=service.ready.api_key,
            user_id=service.ready.user_id,
            rate=60,
        ) as lg,
    ):
        paced = await lg.enrich_leads.estimate(page_size=10)
        async with connect(service) as unpaced:
            free = await unpaced.enrich_leads.estimate(page_size=10)
    assert paced.limit == 60
    assert 0.1 <= paced.seconds_per_page < 0.9
    assert paced.minutes == pytest.approx(paced.requests / (60 * 0.985), rel=0.01)
    assert free.limit is None
    assert free.minutes == pytest.approx(free.requests * free.seconds_per_page / 60, rel=0.05)


async def test_nothing_is_left_behind(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample's file is a temporary one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = os.listdir(tmp_path)  # noqa: PTH208 - names are enough
    await lg.enrich_leads.estimate()
    assert os.listdir(tmp_path) == before  # noqa: PTH208 - as above


async def test_another_companys_rows_are_refused() -> None:
    """As an export refuses them."""
    async with Wire(page(10, "t1")) as wire, client_of(wire) as lg:
        with pytest.raises(errors.TenantMismatch):
            await lg.enrich_leads.estimate(company_id="company-2")
