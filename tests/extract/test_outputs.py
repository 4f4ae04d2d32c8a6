"""Which rows an export takes, and what files it writes them to."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from accounts import connect
from truth import ndjson_rows, parquet_rows

from leadgenius_async import LeadGenius, UnknownFieldWarning, errors
from leadgenius_async._extract import options, parts
from leadgenius_async._extract.query import MAX_FIELDS_BYTES, make_query
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import ExportReport

TABLE = "enrich_leads"


def ids_in(folder: Path) -> list[str]:
    ids = pq.read_table(folder / TABLE, columns=["id"])["id"].to_pylist()
    return sorted(filter(None, ids))


def moments(emulator: Emulator) -> list[dt.datetime]:
    rows = [json.loads(line) for line in emulator.rows(TABLE)]
    return sorted(dt.datetime.fromisoformat(row["updatedAt"]) for row in rows if row["updatedAt"])


def changed_since(emulator: Emulator, moment: dt.datetime) -> list[str]:
    rows = [json.loads(line) for line in emulator.rows(TABLE)]
    return sorted(
        row["id"]
        for row in rows
        if not row.get("updatedAt") or dt.datetime.fromisoformat(row["updatedAt"]) >= moment
    )


@asynccontextmanager
async def repeating() -> AsyncGenerator[LeadGenius, None]:
    """A service that gives a fifth of the rows twice."""
    service = Emulator(leads=600, source_leads=0, clients=5, rate="off", repeat_share=0.5)
    async with service, connect(service) as lg:
        yield lg


@pytest.mark.parametrize("chains", ["all", "clients"])
@pytest.mark.parametrize("fields", [None, ["id", "email"]])
async def test_since_takes_what_was_changed_since_then(
    emulator: Emulator, tmp_path: Path, chains: str, fields: Sequence[str] | None
) -> None:
    """Rows are kept by `updatedAt`, those that have none too; the sweep looks at it as well."""
    middle = sorted(moments(emulator))[300]
    wanted = changed_since(emulator, middle)
    assert 0 < len(wanted) < 600
    async with connect(emulator) as lg:
        report = await lg.enrich_leads.export(
            tmp_path,
            since=middle,
            fields=fields,
            chains=chains,  # type: ignore[arg-type] # a parameter of this test
        )
    assert ids_in(tmp_path) == wanted
    assert report.complete
    assert report.since == middle.astimezone(dt.UTC).isoformat()
    if fields is not None:
        assert pq.read_schema(report.files[0]).names == ["id", "email", "_extra"]


async def test_batches_take_what_was_changed_since_then(emulator: Emulator) -> None:
    """A page of which nothing was changed gives no batch."""
    middle = sorted(moments(emulator))[300]
    async with connect(emulator) as lg:
        batches = [
            batch
            async for batch in lg.enrich_leads.batches(since=middle, fields=["id"], page_size=2)
        ]
    ids = [text for batch in batches for text in batch["id"].to_pylist() if text]
    assert sorted(ids) == changed_since(emulator, middle)
    assert min(batch.num_rows for batch in batches) > 0


async def test_since_keeps_rows_that_do_not_say_when(emulator: Emulator, tmp_path: Path) -> None:
    """A row without a date that can be read may be a new one."""
    emulator.insert(TABLE, [{"id": f"odd-{n}", "client_id": "client-1"} for n in range(2)])
    emulator.update(TABLE, "odd-0", {"updatedAt": None})
    emulator.update(TABLE, "odd-1", {"updatedAt": "yesterday"})
    async with connect(emulator) as lg:
        await lg.enrich_leads.export(tmp_path / "out", since="2999-01-01")
        await lg.enrich_leads.export(tmp_path / "lines", since="2999-01-01", format="ndjson")
    assert ids_in(tmp_path / "out") == ["odd-0", "odd-1"]
    lines = ndjson_rows(tmp_path / "lines" / TABLE)
    assert sorted(json.loads(line)["id"] for line in lines) == ["odd-0", "odd-1"]


@pytest.mark.fault("K5")
async def test_since_reads_a_date_without_a_zone_as_utc(emulator: Emulator, tmp_path: Path) -> None:
    """Whatever zone the machine is in; and the text goes to the file as it came."""
    dates = ["2999-01-01T00:30:00", "2999-01-01T00:30:00Z", "2999-01-01T01:30:00+02:00"]
    emulator.insert(
        TABLE,
        [
            {"id": f"odd-{n}", "client_id": "client-1", "updatedAt": date}
            for n, date in enumerate(dates)
        ],
    )
    async with connect(emulator) as lg:
        report = await lg.enrich_leads.export(tmp_path, since="2999-01-01")
    table = pq.read_table(report.files[0], columns=["id", "updatedAt"])
    assert sorted(table.to_pydict()["updatedAt"]) == dates[:2]


async def test_since_of_lines_leaves_out_the_date_that_nobody_asked_for(
    emulator: Emulator, tmp_path: Path
) -> None:
    """The field is read to look at it, and is in no line."""
    async with connect(emulator) as lg:
        await lg.enrich_leads.export(
            tmp_path, since="2000-01-01", format="ndjson", fields=["id", "email"]
        )
    lines = ndjson_rows(tmp_path / TABLE)
    assert len(lines) == 600
    assert {name for line in lines for name in json.loads(line)} <= {"id", "email"}


async def test_a_moment_that_is_none_is_refused(lg: LeadGenius, tmp_path: Path) -> None:
    """Before any request, with an example of a right one."""
    with pytest.raises(ValueError, match=r"since is 'last week'.*2026-01-31"):
        await lg.enrich_leads.export(tmp_path, since="last week")


@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
async def test_limit_takes_the_first_rows(emulator: Emulator, tmp_path: Path, format_: str) -> None:
    """No more pages are asked for than that takes, one or two ahead apart, and it is complete."""
    first = [json.loads(line)["id"] for line in emulator.rows(TABLE)][:50]
    async with connect(emulator) as lg:
        report = await lg.enrich_leads.export(
            tmp_path,
            limit=50,
            page_size=20,
            format=format_,  # type: ignore[arg-type] # a parameter of this test
        )
    assert (report.rows, report.complete, report.limit) == (50, True, 50)
    assert emulator.log.count(path="/api/enrich-leads/list") <= 5
    if format_ == "parquet":
        assert ids_in(tmp_path) == sorted(first)
    else:
        lines = ndjson_rows(tmp_path / TABLE)
        assert sorted(json.loads(line)["id"] for line in lines) == sorted(first)


async def test_a_limit_above_all_rows_takes_all(lg: LeadGenius, tmp_path: Path) -> None:
    """It is a limit, no number that must be reached."""
    report = await lg.enrich_leads.export(tmp_path, limit=5_000)
    assert (report.rows, report.complete) == (600, True)
    assert all(partition.done for partition in report.partitions)


async def test_a_small_limit_asks_for_small_pages(emulator: Emulator, tmp_path: Path) -> None:
    """Ten rows are not worth a page of a thousand."""
    async with connect(emulator) as lg:
        report = await lg.enrich_leads.export(tmp_path, limit=10)
    assert report.rows == 10
    assert report.wire_bytes < 150_000


async def test_a_limit_goes_over_clients_in_turn(emulator: Emulator, tmp_path: Path) -> None:
    """Named clients are walked one after the other, and those after the limit not at all."""
    async with connect(emulator) as lg:
        report = await lg.enrich_leads.export(
            tmp_path, limit=10, clients=[client.client_id for client in emulator.ready.clients[:3]]
        )
    assert report.rows == 10
    assert [partition.requests for partition in report.partitions][1:] == [0, 0]


async def test_a_limited_export_is_gone_on_with(emulator: Emulator, tmp_path: Path) -> None:
    """What stands counts: the second run takes what is missing to the limit."""
    async with connect(emulator) as lg:
        with pytest.raises(errors.LeadGeniusError):
            await _cut_off(lg, tmp_path)
        report = await lg.enrich_leads.export(tmp_path, limit=400, page_size=20)
    assert report.runs == 2
    assert (report.rows, report.complete) == (400, True)
    assert len(set(ids_in(tmp_path))) == 400


@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
async def test_a_limit_is_reached_though_the_chain_began_anew(tmp_path: Path, format_: Any) -> None:
    """Rows that come again after a token has expired are counted once."""
    service = Emulator(
        leads=600, source_leads=0, clients=1, rate="off", habits=False, page_token_life=3_600
    )
    async with service, connect(service) as lg:
        with pytest.raises(errors.LeadGeniusError):
            await _cut_off(lg, tmp_path, format=format_)
        service.clock.advance(3_601)
        report = await lg.enrich_leads.export(tmp_path, limit=400, page_size=20, format=format_)
    assert sum(chain.restarts for chain in report.partitions) == 1
    assert (report.rows, report.complete) == (400, True)
    assert report.duplicates >= 300


async def test_a_limit_counts_rows_that_come_twice_once(tmp_path: Path) -> None:
    """Half of the pages give their last row again, and the limit is reached all the same."""
    async with repeating() as lg:
        report = await lg.enrich_leads.export(tmp_path, limit=400, page_size=20)
    assert report.duplicates
    assert (report.rows, report.complete) == (400, True)
    assert len(set(ids_in(tmp_path))) == 400


async def test_what_a_limit_cuts_off_takes_no_memory_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Walk after walk ends at the limit, with pages on their way, and the next one has room."""
    monkeypatch.setattr(options, "BUDGET", 40_000)  # four pages
    monkeypatch.setattr(parts, "GROUP_BYTES", 15_000)
    async with repeating() as lg:
        with anyio.fail_after(60):
            report = await lg.enrich_leads.export(tmp_path, limit=200, page_size=2)
    assert report.duplicates
    assert (report.rows, report.complete) == (200, True)


async def test_nothing_changed_since_is_no_error(lg: LeadGenius, tmp_path: Path) -> None:
    """There are rows, and none of them was changed; a wrong company is an error still."""
    report = await lg.enrich_leads.export(tmp_path, since="2999-01-01")
    assert (report.rows, report.complete) == (0, True)


async def test_what_only_the_sweep_finds_is_something(emulator: Emulator, tmp_path: Path) -> None:
    """The only row since then has a client_id that no client has."""
    emulator.insert(TABLE, [{"id": "odd", "client_id": "nobody", "updatedAt": "2999-01-01"}])
    async with connect(emulator) as lg:
        report = await lg.enrich_leads.export(tmp_path, since="2998-01-01", chains="clients")
    assert ids_in(tmp_path) == ["odd"]
    assert (report.complete, report.orphans) == (True, 1)


async def test_a_date_at_the_end_of_time_is_no_error(emulator: Emulator, tmp_path: Path) -> None:
    """One that cannot be told in UTC is like none: its row is kept."""
    late = "9999-12-31T23:59:59-05:00"
    emulator.insert(TABLE, [{"id": "odd", "client_id": "nobody", "updatedAt": late}])
    async with connect(emulator) as lg:
        await lg.enrich_leads.export(tmp_path, since="2999-01-01")
    assert ids_in(tmp_path) == ["odd"]


async def _cut_off(lg: LeadGenius, out: Path, **options: Any) -> ExportReport:
    def stop(progress: object) -> None:
        if progress.rows >= 340:  # type: ignore[attr-defined] # a Progress
            raise errors.ConnectionFailed("cut off")

    return await lg.enrich_leads.export(out, limit=400, page_size=20, on_progress=stop, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"limit": 0}, "limit is 0"),
        ({"limit": 5, "chains": "clients"}, "leave chains out"),
        ({"compression": "rar"}, "compression of parquet is 'rar'"),
        ({"compression": "lz4", "format": "ndjson"}, "'zstd' or 'gzip' or 'none'"),
        ({"max_file_bytes": 0}, "at least one byte"),
    ],
)
async def test_options_that_cannot_be_are_refused(
    emulator: Emulator, tmp_path: Path, options: dict[str, object], words: str
) -> None:
    """Before any request."""
    async with connect(emulator) as lg:
        before = len(emulator.log)
        with pytest.raises(ValueError, match=words):
            await lg.enrich_leads.export(tmp_path / "out", **options)  # type: ignore[arg-type]
    assert len(emulator.log) == before
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "lz4", "none"])
async def test_parquet_is_compressed_as_asked(tmp_path: Path, compression: str) -> None:
    """Also in parts that were written again without the rows that came twice."""
    async with repeating() as lg:
        report = await lg.enrich_leads.export(
            tmp_path,
            compression=compression,  # type: ignore[arg-type] # a parameter of this test
            page_size=20,
            fields=["id", "email"],
        )
    assert report.duplicates
    codecs = {pq.read_metadata(file).row_group(0).column(0).compression for file in report.files}
    assert codecs == {"UNCOMPRESSED" if compression == "none" else compression.upper()}
    assert len(parquet_rows(tmp_path / TABLE)) == 600


@pytest.mark.parametrize(
    ("compression", "ending"), [("zstd", "zst"), ("gzip", "gz"), ("none", "ndjson")]
)
async def test_lines_are_compressed_as_asked(tmp_path: Path, compression: str, ending: str) -> None:
    """Readers tell by the name: polars and DuckDB open them all."""
    async with repeating() as lg:
        report = await lg.enrich_leads.export(
            tmp_path,
            compression=compression,  # type: ignore[arg-type] # a parameter of this test
            format="ndjson",
            page_size=20,
            fields=["id", "email"],
        )
    assert report.duplicates
    assert {file.rsplit(".", 1)[1] for file in report.files} == {ending}
    files = [str(file) for file in report.files]
    duck = duckdb.read_json(files).fetchall()
    assert len(duck) == 600
    assert pl.scan_ndjson(files).collect().height == 600


@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
async def test_files_stay_below_their_size(
    emulator: Emulator, tmp_path: Path, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part is closed before it would get larger."""
    monkeypatch.setattr(parts, "PART_PAGES", 1_000)
    async with connect(emulator) as lg:
        report = await lg.enrich_leads.export(
            tmp_path,
            format=format_,  # type: ignore[arg-type] # a parameter of this test
            page_size=10,
            compression="none",
            max_file_bytes=2**20,
        )
    assert report.rows == 600
    sizes = [part.bytes for part in report.parts]
    assert len(sizes) > 2
    assert 2**19 < max(sizes) <= 2**20


def test_a_field_list_that_is_too_long_for_a_url_is_not_sent() -> None:
    """All fields are asked for then; all declared ones together still fit."""
    with pytest.warns(UnknownFieldWarning):
        long = make_query(TABLE, company_id="c", fields=[f"custom_field_{n}" for n in range(300)])
    assert long.fields_parameter is None
    assert len(long.sent) > 100
    whole = make_query(
        TABLE, company_id="c", fields=[f.name for f in make_query(TABLE, company_id="c").wanted]
    )
    assert whole.fields_parameter is not None
    assert len(whole.fields_parameter) < MAX_FIELDS_BYTES


@pytest.mark.filterwarnings("ignore::leadgenius_async.UnknownFieldWarning")
@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
async def test_more_fields_than_a_url_holds_give_the_same_rows(
    emulator: Emulator, tmp_path: Path, format_: str
) -> None:
    """Whole rows come, and the fields that nobody asked for are dropped here."""
    names = ["id", "company_id", "client_id", "email", *(f"custom_{n:04}" for n in range(500))]
    emulator.insert(TABLE, [{"id": "odd", "client_id": "client-1", "custom_0499": "kept"}])
    async with connect(emulator) as lg:
        await lg.enrich_leads.export(
            tmp_path,
            fields=names,
            format=format_,  # type: ignore[arg-type] # a parameter of this test
        )
        assert not any("fields" in request.query for request in emulator.log)
    if format_ == "parquet":
        table = pq.read_table(tmp_path / TABLE)
        assert table.column_names == [*names, "_extra"]
        assert table["custom_0499"].drop_null().to_pylist() == ["kept"]
        assert table["_extra"].null_count == 601
        assert table["email"].null_count < 601
    else:
        rows = [json.loads(line) for line in ndjson_rows(tmp_path / TABLE)]
        assert len(rows) == 601
        assert {name for row in rows for name in row} == {
            "id", "company_id", "client_id", "email", "custom_0499",
        }  # fmt: skip
