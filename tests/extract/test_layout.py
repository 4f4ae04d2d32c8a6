"""A dataset as one file, or as a folder a client: the same rows, whatever cuts it off."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import anyio
import duckdb
import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
import pyarrow.parquet as pq
import pytest
from accounts import connect
from anyio import from_thread
from truth import each_line, expected_rows, parquet_rows

from leadgenius_async import LeadGenius, compact, errors
from leadgenius_async._extract import export, files, folders, intent, layout, parts, rewrite
from leadgenius_async._extract.folders import folder_names
from leadgenius_async._extract.jobs import discard, verify
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import ExportReport, Progress

TABLE = "enrich_leads"
BY_CLIENT: dict[str, Any] = {"partition_by": "client_id", "fields": ["id", "client_id", "email"]}
ODD = [
    "007", "1", "acme-corp", "a b", "a/b", "..", "../../out", "100%", "%2F", "Ärzte 北", "Acme",
    "acme", "ACME", "", "a=b", "x:y*?", "CON", "trailing.", "+1", "2026-01-01", "true", "a'b\"c",
    "[x]{y}", "a\\b", "line\nend",
]  # fmt: skip


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few pages make a part, so that short exports have many."""
    monkeypatch.setattr(parts, "PART_PAGES", 2)


def manifest_of(out: Path) -> ExportReport:
    return msgspec.json.decode((out / "manifest.json").read_bytes(), type=ExportReport)


def table_of(out: Path) -> pa.Table:
    return pq.read_table(out / TABLE)


def columns_of(out: Path) -> list[str]:
    schema = json.loads((out / "schema.json").read_text())
    return [column["name"] for column in schema["columns"]]


def check_whole(out: Path) -> list[str]:
    """Folder, manifest and mark of success belong together; return the files."""
    found = sorted(p.relative_to(out).as_posix() for p in out.rglob("*/*") if p.is_file())
    assert found == sorted(part.file for part in manifest_of(out).parts)
    assert verify(out).ok, verify(out).problems
    names = {path.name for path in out.iterdir()}
    assert names == {TABLE, "schema.json", "manifest.json", "_SUCCESS"}
    return found


@pytest.mark.parametrize("options", [{}, {"compression": "gzip"}], ids=str)
async def test_one_parquet_file(lg: LeadGenius, tmp_path: Path, options: dict[str, Any]) -> None:
    """The rows of the parts in their order, and what a part says of itself."""
    out, plain = tmp_path / "one", tmp_path / "plain"
    how: dict[str, Any] = {"page_size": 50, "chains": "all", **options}
    await lg.enrich_leads.export(plain, **how)
    report = await lg.enrich_leads.export(out, single_file=True, **how)
    assert len(manifest_of(plain).parts) > 3
    assert check_whole(out) == [f"{TABLE}/part-00000.parquet"]
    assert table_of(out).equals(table_of(plain))
    metadata = pq.read_metadata(out / report.parts[0].file)
    assert metadata.num_row_groups == 1
    assert metadata.row_group(0).column(0).compression == options.get("compression", "zstd").upper()
    pairs = metadata.metadata or {}
    assert pairs[b"leadgenius.rows"].decode() == str(report.rows)
    assert pairs[b"leadgenius.job_id"].decode() == report.job_id
    assert report.single_file
    assert manifest_of(out) == report


@pytest.mark.parametrize("compression", ["zstd", "gzip", "none"])
async def test_one_ndjson_file(lg: LeadGenius, tmp_path: Path, compression: Any) -> None:
    """Byte for byte the lines of the parts."""
    out, plain = tmp_path / "one", tmp_path / "plain"
    how: dict[str, Any] = {
        "page_size": 50, "chains": "all", "format": "ndjson", "compression": compression,
    }  # fmt: skip
    await lg.enrich_leads.export(plain, **how)
    report = await lg.enrich_leads.export(out, single_file=True, **how)
    assert [path.name for path in (out / TABLE).iterdir()] == [Path(report.files[0]).name]
    assert verify(out).ok
    lines = [line for path in sorted((plain / TABLE).iterdir()) for line in rewrite.each_line(path)]
    assert [*rewrite.each_line(Path(report.files[0]))] == lines
    if compression == "zstd":
        assert len([*each_line(out / TABLE)]) == report.rows


@pytest.fixture
async def odd(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Path, None]:
    """An export by clients of such names, three rows each."""
    async with Emulator(leads=0, source_leads=0, clients=1, rate="off") as service:
        rows = [{"id": f"{n}-{v}", "client_id": v} for n in range(3) for v in request.param]
        service.insert(TABLE, rows)
        async with connect(service) as lg:
            await lg.enrich_leads.export(
                tmp_path / "out", chains="all", allow_empty=True, page_size=10, **BY_CLIENT
            )
        yield tmp_path / "out"


def by_pyarrow(folder: Path) -> pa.Table:
    return pq.read_table(folder)


def by_dataset(folder: Path) -> pa.Table:
    return pads.dataset(folder, partitioning="hive").to_table()


def by_duckdb(folder: Path, *, hive: str = "") -> pa.Table:
    with duckdb.connect() as db:
        query = f"SELECT * FROM read_parquet('{folder}/**/*.parquet'{hive})"  # noqa: S608 - ours
        table: pa.Table = db.sql(query).to_arrow_table()
        return table


def by_duckdb_as_hive(folder: Path) -> pa.Table:
    return by_duckdb(folder, hive=", hive_partitioning = true")


def by_polars(folder: Path) -> pa.Table:
    table: pa.Table = pl.scan_parquet(folder).collect().to_arrow()
    return table


def by_polars_as_hive(folder: Path) -> pa.Table:
    table: pa.Table = pl.scan_parquet(folder, hive_partitioning=True).collect().to_arrow()
    return table


READERS = [
    by_pyarrow, by_dataset, by_duckdb, by_duckdb_as_hive, by_polars, by_polars_as_hive,
]  # fmt: skip


@pytest.mark.parametrize(
    "odd",
    [
        [*ODD, None], ["007", "42"], ["1.5", "1"], ["2026-01-01"], ["true", "false"], ["inf"],
        ["12:00:00"], ["0x10"], [None], [],
    ],
    ids=str,
    indirect=True,
)  # fmt: skip
async def test_folders_open_as_text_with_all_readers(
    request: pytest.FixtureRequest, odd: Path
) -> None:
    """Whatever a `client_id` is, its rows have it, as it was."""
    values = request.node.callspec.params["odd"]
    wanted = {f"{n}-{value}": value for n in range(3) for value in values}
    for read in READERS:
        table = read(odd / TABLE)
        found = dict(zip(table["id"].to_pylist(), table["client_id"].to_pylist(), strict=True))
        assert table.num_rows == len(wanted)
        assert found == wanted, read
    check_whole(odd)
    assert columns_of(odd) == ["id", "email", "client_id"]
    assert manifest_of(odd).partition_by == "client_id"
    text = any(value and re.match("acme", value) for value in values)
    assert (odd / TABLE / "client_id=no-rows").exists() == (not text)


def test_names_are_safe_and_differ() -> None:
    """No separator, no dots alone, nothing that a file system drops; the value can be read back."""
    names = folder_names([*ODD, None, "__HIVE_DEFAULT_PARTITION__"])
    assert len({name.lower() for name in names.values()}) == len(names)
    for value, name in names.items():
        assert re.fullmatch(r"[\w%.~-]*(?<!\.)", name, re.ASCII)
        assert value is None or unquote(name) == value
    assert names[None] == "__HIVE_DEFAULT_PARTITION__"
    assert names["acme-corp"] == "acme-corp"


async def test_rows_by_client(emulator: Emulator, lg: LeadGenius, tmp_path: Path) -> None:
    """All rows and columns, in the order of the parts; a file a client."""
    out = tmp_path / "out"
    report = await lg.enrich_leads.export(
        out, partition_by="client_id", page_size=50, single_file=True
    )
    found = check_whole(out)
    clients = {value.as_py() for value in table_of(out)["client_id"].unique()}
    assert found == sorted(f"{TABLE}/client_id={name}/part-00000.parquet" for name in clients)
    assert report.rows == 600
    company = emulator.ready.company_id
    names = [field for field in pq.read_schema(out / found[0]).names if field != "_extra"]
    columns = [
        column["name"] for column in json.loads((out / "schema.json").read_text())["columns"]
    ]
    assert columns == [*names, "client_id"]
    await lg.enrich_leads.export(tmp_path / "plain", page_size=50)
    order = pq.read_schema(next((tmp_path / "plain" / TABLE).iterdir())).names
    truth = expected_rows(emulator.rows(TABLE, company_id=company), TABLE, None)
    assert parquet_rows(out / TABLE, order[:-1]) == truth


async def test_what_an_export_remembers_is_its_owners(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page tokens, ids, rows that wait to be sorted; the dataset itself has the umask's mode."""
    modes: dict[str, int] = {}

    def look() -> None:
        for path in (tmp_path / "out" / ".leadgenius").rglob("*"):
            if path.is_file():
                modes.setdefault(path.name, path.stat().st_mode & 0o777)

    def decide(path: Path, plan: intent.Intent) -> None:
        intent.decide(path, plan)
        look()

    def each_run(*given: Any) -> Any:
        look()
        return runs(*given)

    runs = vars(folders)["_runs"]
    monkeypatch.setattr(folders, "_runs", each_run)
    monkeypatch.setattr(layout, "decide", decide)
    before = os.umask(0o022)
    try:
        await lg.enrich_leads.export(
            tmp_path / "out",
            **BY_CLIENT,
            chains="clients",
            page_size=50,
            on_progress=lambda _: look(),
        )
    finally:
        os.umask(before)
    assert modes.keys() >= {"journal.db", "journal.db-wal", "lock", "holder.json", "spill.arrow",
                            "layout.json", "missing.arrow"}  # fmt: skip
    private = {name for name, mode in modes.items() if mode == 0o600}
    assert {name for name in modes if not name.startswith("part-")} == private
    found = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in found} == {0o644}


async def test_a_large_client_gets_several_files(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many bytes of rows a file; with `single_file` one all the same."""
    for module in (rewrite, folders, layout):
        monkeypatch.setattr(module, "GROUP_BYTES", 2_000, raising=False)
    monkeypatch.setattr(layout, "FILE_BYTES", 6_000)
    await lg.enrich_leads.export(tmp_path / "many", page_size=20, **BY_CLIENT)
    await lg.enrich_leads.export(tmp_path / "one", page_size=20, single_file=True, **BY_CLIENT)
    many, one = check_whole(tmp_path / "many"), check_whole(tmp_path / "one")
    assert len(many) > len(one) + 4
    assert any(name.endswith("/part-00002.parquet") for name in many)
    assert all(name.endswith("/part-00000.parquet") for name in one)
    assert table_of(tmp_path / "many").sort_by("id").num_rows == 600
    both = [table_of(tmp_path / name).sort_by("id").to_pylist() for name in ("many", "one")]
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"partition_by": "client_id", "format": "ndjson"}, "Parquet"),
        ({"partition_by": "client_id", "fields": ["id"]}, "not among the fields: add it"),
        ({"partition_by": "status"}, "give 'client_id'"),
        ({"single_file": True, "max_file_bytes": 10}, "max_file_bytes"),
        ({"partition_by": "client_id", "max_file_bytes": 10}, "max_file_bytes"),
    ],
    ids=str,
)
async def test_bad_options(
    lg: LeadGenius, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    """They are refused before anything is asked for."""
    with pytest.raises(ValueError, match=message):
        await lg.enrich_leads.export(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


async def test_an_id_that_no_folder_can_have(
    emulator: Emulator, lg: LeadGenius, tmp_path: Path
) -> None:
    """The message says so; what was fetched stands in parts, and nothing else."""
    emulator.insert(TABLE, [{"id": "long", "client_id": "ä" * 50}])
    with pytest.raises(errors.ExportError, match=r"310 bytes.*without --partition-by"):
        await lg.enrich_leads.export(tmp_path / "out", chains="all", page_size=50, **BY_CLIENT)
    manifest = manifest_of(tmp_path / "out")
    assert "too long" in (manifest.incomplete_because or "")
    assert table_of(tmp_path / "out").num_rows == 601
    assert {path.suffix for path in (tmp_path / "out" / TABLE).rglob("*")} == {".parquet"}
    asked = emulator.log.count(path="/api/enrich-leads/list")
    options: dict[str, Any] = {**BY_CLIENT, "partition_by": None}
    report = await lg.enrich_leads.export(tmp_path / "out", chains="all", page_size=50, **options)
    assert report.complete
    assert report.partition_by is None
    assert emulator.log.count(path="/api/enrich-leads/list") == asked
    assert table_of(tmp_path / "out").num_rows == 601


def snapshots(out: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return where copies of a folder will stand, as a kill would leave it at each step."""
    found: list[Path] = []

    def armed(original: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            copy = out.with_name(f"copy-{len(found)}")
            found.append(copy)
            shutil.copytree(out, copy)
            return original(*args, **options)

        return step

    original = layout.lay_out

    def watched(*args: Any, **options: Any) -> None:
        with monkeypatch.context() as patch:
            for module in (files, intent, layout):
                patch.setattr(module, "sync", armed(files.sync))
            patch.setattr(Path, "rename", armed(Path.rename))
            patch.setattr(Path, "unlink", armed(Path.unlink))
            original(*args, **options)

    monkeypatch.setattr(export, "lay_out", watched)
    return found


def decided(copies: Sequence[Path]) -> list[Path]:
    return [copy for copy in copies if (copy / ".leadgenius" / "layout.json").exists()]


@pytest.mark.parametrize("options", [BY_CLIENT, {"single_file": True}], ids=["folders", "file"])
async def test_whoever_is_cut_off_goes_on(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    """At each step: no mark of success on what is not whole, and the same call ends as ever."""
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        copies = snapshots(out, patch)
        await lg.enrich_leads.export(out, page_size=100, chains="all", **options)
    found = check_whole(out)
    wanted = table_of(out).sort_by("id").to_pylist()
    assert 5 < len(decided(copies)) < len(copies) - 5
    for copy in copies:
        if (copy / "_SUCCESS").exists():
            assert table_of(copy).sort_by("id").to_pylist() == wanted
        report = await lg.enrich_leads.export(copy, page_size=100, chains="all", **options)
        assert report.complete
        assert report.runs == 2
        assert check_whole(copy) == found
        assert table_of(copy).sort_by("id").to_pylist() == wanted


async def test_what_else_can_be_done_with_one_that_was_cut_off(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once decided, another layout is refused; it is repaired, begun anew, or thrown away."""
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        copies = snapshots(out, patch)
        await lg.enrich_leads.export(out, page_size=100, chains="all", **BY_CLIENT)
    half = decided(copies)
    half = half[len(half) // 2 :]
    report = await lg.enrich_leads.export(
        copies[2], chains="all", single_file=True, fields=BY_CLIENT["fields"]
    )
    assert len(check_whole(copies[2])) == 1
    assert report.runs == 2
    for copy in (half[0], half[4]):
        with pytest.raises(errors.ExportConflict, match="single_file was False and is True"):
            await lg.enrich_leads.export(copy, chains="all", single_file=True, **BY_CLIENT)
        with pytest.raises(errors.ExportConflict):
            compact(copy)
    (half[0] / ".leadgenius" / "journal.db").write_bytes(b"torn")
    report = await lg.enrich_leads.export(half[0], chains="all", repair=True, **BY_CLIENT)
    assert report.complete
    check_whole(half[0])
    (half[1] / ".leadgenius" / "layout.json").write_bytes(b'{"torn')
    with pytest.raises(errors.ExportDamaged, match="--overwrite"):
        await lg.enrich_leads.export(half[1], chains="all", **BY_CLIENT)
    told = json.loads((half[3] / ".leadgenius" / "layout.json").read_text())
    for change in ({"spec": None}, {"gone": ["../mine.txt"]}):
        (half[3] / ".leadgenius" / "layout.json").write_text(json.dumps({**told, **change}))
        with pytest.raises(errors.ExportDamaged, match=r"which export|no export writes"):
            await lg.enrich_leads.export(half[3], chains="all", **BY_CLIENT)
    await lg.enrich_leads.export(half[1], chains="all", overwrite=True, single_file=True)
    assert len(check_whole(half[1])) == 1
    discard(half[2])
    assert not half[2].exists()


async def test_a_full_disk(lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the decision the parts stand as they were, after it nobody speaks of them any more."""

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    how: dict[str, Any] = {"chains": "all", "page_size": 50, **BY_CLIENT}
    with monkeypatch.context() as patch:
        patch.setattr(layout, "write_part", full)
        with pytest.raises(OSError, match="No space"):
            await lg.enrich_leads.export(out, **how)
    manifest = manifest_of(out)
    assert "No space" in (manifest.incomplete_because or "")
    assert not list((out / TABLE).glob("client_id=*"))
    assert table_of(out).num_rows == manifest.rows == 600
    with monkeypatch.context() as patch:
        patch.setattr(layout, "finish", full)
        with pytest.raises(OSError, match="No space"):
            await lg.enrich_leads.export(out, **how)
    assert not (out / "_SUCCESS").exists()
    assert (await lg.enrich_leads.export(out, **how)).complete
    check_whole(out)


async def test_progress_is_told_meanwhile(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page comes any more, and whoever watches sees that it lives."""
    told, begun = threading.Event(), False
    original = layout.lay_out

    def slow(*args: Any, **options: Any) -> None:
        nonlocal begun
        begun = True
        assert told.wait(10)
        original(*args, **options)

    def watch(_: Progress) -> None:
        if begun:
            told.set()

    monkeypatch.setattr(export, "lay_out", slow)
    await lg.enrich_leads.export(tmp_path / "out", single_file=True, on_progress=watch)
    assert len(check_whole(tmp_path / "out")) == 1


async def test_an_interrupt_ends_it_at_once(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step asks between row groups whether it is still wanted; what was there stays."""
    out, check = tmp_path / "out", from_thread.check_cancelled
    with anyio.CancelScope() as scope:

        def interrupted() -> None:
            from_thread.run_sync(scope.cancel)
            check()

        with monkeypatch.context() as patch:
            patch.setattr(from_thread, "check_cancelled", interrupted)
            await lg.enrich_leads.export(out, chains="all", **BY_CLIENT)
    assert scope.cancelled_caught
    assert manifest_of(out).incomplete_because == "it was interrupted"
    assert table_of(out).num_rows == 600
    assert (await lg.enrich_leads.export(out, chains="all", **BY_CLIENT)).complete
    check_whole(out)


async def test_compact_stays_within_the_folders(
    lg: LeadGenius, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small files of a client become one, fields of `_extra` columns, and readers see all."""
    client = emulator.ready.clients[0].client_id
    emulator.insert(TABLE, [{"client_id": client, "shoeSize": 43, "Client_ID": "x"}] * 5)
    with monkeypatch.context() as patch:
        for module in (rewrite, folders, layout):
            patch.setattr(module, "GROUP_BYTES", 20_000, raising=False)
        patch.setattr(layout, "FILE_BYTES", 40_000)
        await lg.enrich_leads.export(tmp_path / "out", page_size=20, partition_by="client_id")
    out = tmp_path / "out"
    before = table_of(out).sort_by("id").drop_columns(["_extra"]).to_pylist()
    clients = len({Path(name).parent for name in check_whole(out)})
    report = compact(out, promote=True)
    assert report.parts_before > report.parts == clients
    assert report.promoted["shoeSize"] == "number"
    assert "Client_ID" not in report.promoted
    check_whole(out)
    after = table_of(out).sort_by("id")
    assert after["shoeSize"].drop_null().to_pylist() == [43.0] * 5
    assert after.drop_columns([*report.promoted, "_extra"]).to_pylist() == before
    assert columns_of(out)[-1] == "client_id"
    assert {*columns_of(out)} >= {*report.promoted}


async def test_only_what_exports_write_is_deleted(lg: LeadGenius, tmp_path: Path) -> None:
    """A file of somebody else's in a client's folder outlasts an overwriting."""
    out = tmp_path / "out"
    await lg.enrich_leads.export(out, **BY_CLIENT)
    folder = next((out / TABLE).glob("client_id=*"))
    (folder / "mine.txt").write_text("mine")
    await lg.enrich_leads.export(out, overwrite=True)
    left = [path for path in (out / TABLE).rglob("*") if path.parent != out / TABLE]
    assert left == [folder / "mine.txt"]
    (folder / "mine.txt").unlink()
    folder.rmdir()
    check_whole(out)
