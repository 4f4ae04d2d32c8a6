"""A dataset written anew holds the same rows, whatever cuts it off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from accounts import connect
from anyio.from_thread import start_blocking_portal

from leadgenius_async import LeadGenius, compact, errors
from leadgenius_async._extract import compact as compacting, files, intent, parts, rewrite
from leadgenius_async._extract.jobs import verify
from leadgenius_async._extract.lock import Lock
from leadgenius_async._extract.sinks import ParquetSink
from leadgenius_async.cli.app import run
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import ExportReport, PartReport

ODD: list[dict[str, Any]] = [
    {"id": "odd-1", "shoeSize": 43, "hat": "red", "engagementScore": "high"},
    {"id": "odd-2", "shoeSize": 44.5, "hat": {"colour": "red"}, "order": 12345678901234567891},
    {"id": "odd-3", "shoeSize": None, "Email": "x@a.example", "_extra": 1, "hat": None},
]


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished export of many small parts, with drift in the midst of it."""
    monkeypatch.setattr(parts, "PART_PAGES", 2)
    with start_blocking_portal() as portal:
        portal.call(export, tmp_path / "out")
    return tmp_path / "out"


async def export(out: Path) -> None:
    async with (
        Emulator(leads=200, source_leads=0, clients=1, rate="off", habits=False) as service,
        connect(service) as lg,
    ):
        client = service.ready.clients[0].client_id
        service.insert("enrich_leads", [{"client_id": client, **row} for row in ODD])
        rest = [{"client_id": client, "id": f"late-{n}"} for n in range(20)]
        service.insert("enrich_leads", rest)
        await lg.enrich_leads.export(out, page_size=20)


def table_of(out: Path) -> pa.Table:
    return pq.read_table(out / "enrich_leads")


def manifest_of(out: Path) -> ExportReport:
    return msgspec.json.decode((out / "manifest.json").read_bytes(), type=ExportReport)


def check_whole(out: Path, table: pa.Table) -> None:
    """The rows are these, in order; folder, manifest and mark of success belong together."""
    assert table_of(out).equals(table)
    manifest = manifest_of(out)
    named = {part.file.partition("/")[2] for part in manifest.parts}
    assert {path.name for path in (out / "enrich_leads").iterdir()} == named
    assert not list(files.damage(out, manifest.parts))
    assert sum(part.rows for part in manifest.parts) == manifest.rows == table.num_rows
    assert manifest.files == [str(out / part.file) for part in manifest.parts]
    names = {path.name for path in out.iterdir()}
    assert names == {"enrich_leads", "schema.json", "manifest.json", "_SUCCESS"}
    schema = json.loads((out / "schema.json").read_text())
    assert [*(column["name"] for column in schema["columns"]), "_extra"] == table.column_names
    assert {name: field["rows"] for name, field in schema["extra"].items()} == manifest.extra


def test_small_parts_become_one(out: Path) -> None:
    """Rows, their order and their cells stay; a second time there is nothing to do."""
    before = table_of(out)
    report = compact(out)
    assert (report.parts_before, report.parts) == (6, 1)
    assert report.rows == 223
    assert report.bytes < report.bytes_before
    check_whole(out, before)
    metadata = pq.read_metadata(out / "enrich_leads" / "part-00000.parquet")
    assert metadata.num_row_groups == 1
    pairs = metadata.metadata or {}
    assert pairs[b"leadgenius.rows"] == b"223"
    assert pairs[b"leadgenius.job_id"].decode() == manifest_of(out).job_id
    changed = (out / "manifest.json").stat().st_mtime_ns
    assert compact(out).parts_before == 1
    assert (out / "manifest.json").stat().st_mtime_ns == changed


def test_a_part_is_at_most_so_large(out: Path) -> None:
    """Parts are put together as far as the bound allows, one that is larger stays as it is."""
    before, sizes = table_of(out), [part.bytes for part in manifest_of(out).parts]
    assert compact(out, max_bytes=min(sizes)).parts == 6
    report = compact(out, max_bytes=2 * max(sizes))
    assert 1 < report.parts < 6
    assert all(part.bytes <= 2 * max(sizes) for part in manifest_of(out).parts)
    check_whole(out, before)


def test_a_part_that_turns_out_too_large_is_halved(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together, parts may take more than the sum of them: the bound holds all the same."""
    before, old = table_of(out), manifest_of(out).parts

    def all_in_one(parts: list[PartReport], max_bytes: int) -> list[list[PartReport]]:
        del max_bytes
        return [parts]

    monkeypatch.setattr(compacting, "_groups", all_in_one)
    bound = sum(part.bytes for part in old) // 4
    assert compact(out, max_bytes=bound).parts > 1
    assert all(part.bytes <= bound for part in manifest_of(out).parts)
    check_whole(out, before)


def test_fields_become_columns(out: Path) -> None:
    """Numbers where all are, else text; what has no column of its own stays in `_extra`."""
    before = table_of(out)
    report = compact(out, promote=True)
    assert report.promoted == {"hat": "text", "order": "text", "shoeSize": "number"}
    after = table_of(out)
    check_whole(out, after)
    assert after.column_names == [
        *before.column_names[:-1], "hat", "shoeSize", "order", "_extra",
    ]  # fmt: skip
    assert after.drop_columns(["shoeSize", "hat", "order", "_extra"]).equals(
        before.drop_columns(["_extra"])
    )
    assert after.schema.field("shoeSize").type == pa.float64()
    odd = after.filter(pa.array([str(i).startswith("odd") for i in after["id"].to_pylist()]))
    assert odd["shoeSize"].to_pylist() == [43.0, 44.5, None]
    assert odd["hat"].to_pylist() == ["red", '{"colour":"red"}', None]
    assert odd["order"].to_pylist() == [None, "12345678901234567891", None]
    assert odd["_extra"].to_pylist() == [
        '{"engagementScore":"high"}', None, '{"Email":"x@a.example","_extra":1}',
    ]  # fmt: skip
    assert report.extra == manifest_of(out).extra == {"engagementScore": 1, "Email": 1, "_extra": 1}
    assert manifest_of(out).promoted == report.promoted
    schema = json.loads((out / "schema.json").read_text())
    assert schema["columns"][-1] == {
        "name": "order", "type": "text", "group": "", "source": "promoted",
    }  # fmt: skip


def test_every_part_gets_the_same_schema(out: Path) -> None:
    """Also those in which no row has the field."""
    bound = max(part.bytes for part in manifest_of(out).parts)
    assert compact(out, promote=True, max_bytes=bound).parts > 2
    schemas = [pq.read_schema(path) for path in (out / "enrich_leads").iterdir()]
    assert all(schema.equals(schemas[0]) for schema in schemas)


def test_one_field_after_another(out: Path) -> None:
    """Only those that were named; what is a column already is no mistake."""
    assert compact(out, promote=True, fields=["hat"]).promoted == {"hat": "text"}
    report = compact(out, promote=True, fields=["hat", "shoeSize"])
    assert report.promoted == {"shoeSize": "number"}
    assert manifest_of(out).promoted == {"hat": "text", "shoeSize": "number"}
    check_whole(out, table_of(out))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"promote": True, "fields": ["hats"]}, ValueError, "'hats' is not in _extra, which holds"),
        ({"promote": True, "fields": ["Email"]}, ValueError, "cannot be a column"),
        ({"promote": True, "fields": ["engagementScore"]}, ValueError, "cannot be a column"),
        ({"promote": True, "fields": "hat"}, TypeError, "list"),
        ({"fields": ["hat"]}, ValueError, "promote"),
        ({"max_bytes": 0}, ValueError, "max_bytes"),
    ],
    ids=str,
)
def test_bad_options(
    out: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    """They are refused, and nothing has changed."""
    before = table_of(out)
    with pytest.raises(error, match=message):
        compact(out, **options)
    check_whole(out, before)


def snapshots(out: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[[], object]) -> list[Path]:
    """Return copies of a folder as a kill would leave it, at each step that a call takes."""
    found: list[Path] = []

    def armed(original: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **options: Any) -> Any:
            copy = out.with_name(f"copy-{len(found)}")
            found.append(copy)
            shutil.copytree(out, copy)
            return original(*args, **options)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(files, "sync", armed(files.sync))
        patch.setattr(compacting, "sync", armed(files.sync))
        patch.setattr(intent, "sync", armed(files.sync))
        patch.setattr(rewrite, "describe", armed(files.describe))
        patch.setattr(Path, "rename", armed(Path.rename))
        patch.setattr(Path, "unlink", armed(Path.unlink))
        call()
    return found


@pytest.mark.parametrize("promote", [True, False])
def test_whoever_is_cut_off_finishes_it(
    out: Path, monkeypatch: pytest.MonkeyPatch, *, promote: bool
) -> None:
    """At each step: what has the mark of success is whole, and the same call ends as ever."""
    before = table_of(out)
    bound = 3 * max(part.bytes for part in manifest_of(out).parts)
    copies = snapshots(out, monkeypatch, lambda: compact(out, promote=promote, max_bytes=bound))
    after = table_of(out)
    assert len(manifest_of(out).parts) > 1
    check_whole(out, after)
    resumed = 0
    for copy in copies:
        if (copy / "_SUCCESS").exists():
            assert table_of(copy).equals(before) or table_of(copy).equals(after)
        resumed += compact(copy, promote=promote, max_bytes=bound).resumed
        check_whole(copy, after)
    assert 5 < resumed < len(copies) - 5


async def test_a_compaction_that_was_cut_off_is_not_exported_over(
    lg: LeadGenius, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export names what finishes it; `overwrite` clears all of it away."""
    copies = snapshots(out, monkeypatch, lambda: compact(out, promote=True))
    halves = [copy for copy in copies if (copy / ".leadgenius-compact.json").exists()]
    half = next(copy for copy in halves if not (copy / "_SUCCESS").exists())
    assert any("compaction was cut off" in problem for problem in verify(half).problems)
    for options in ({}, {"repair": True}):
        with pytest.raises(errors.ExportConflict, match="leadgenius compact"):
            await lg.enrich_leads.export(half, **options)  # type: ignore[arg-type] # one of them
    await lg.enrich_leads.export(half, overwrite=True)
    assert table_of(half).num_rows == 600
    check_whole(half, table_of(half))


def test_an_intent_that_cannot_be_read_is_refused(out: Path) -> None:
    """Nothing is done by halves upon a guess; the message says what to do."""
    (out / ".leadgenius-compact.json").write_bytes(b'{"torn')
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(errors.ExportDamaged, match="--overwrite"):
        compact(out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("where", ["ready", "gone", "parts", "table"])
@pytest.mark.parametrize("name", ["../mine.parquet", "/srv/part-00000.parquet", "notes.txt"])
def test_an_intent_of_somebody_elses_touches_nothing_but_parts(
    out: Path, where: str, name: str
) -> None:
    """A folder may come from anybody: what it names is renamed and deleted by nobody."""
    manifest = manifest_of(out)
    names: dict[str, list[str]] = {"ready": [], "gone": []}
    if where == "table":
        manifest.table = name
    elif where == "parts":
        manifest.parts = [PartReport(name, 0, 0)]
    else:
        names[where] = [name]
    ready, gone = names["ready"], names["gone"]
    told = intent.Intent(ready=ready, gone=gone, manifest=manifest, schema=None)
    (out / ".leadgenius-compact.json").write_bytes(msgspec.json.encode(told))
    (out / "notes.txt").write_text("mine")
    (out.parent / "mine.parquet").write_text("mine")
    with pytest.raises(errors.ExportDamaged, match=r"no export writes|no table"):
        compact(out)
    assert (out / "notes.txt").exists()
    assert (out.parent / "mine.parquet").exists()


@pytest.mark.parametrize("change", [{"table": "../x"}, {"parts": [PartReport("../a", 0, 0)]}])
def test_a_manifest_of_somebody_elses_is_not_followed(out: Path, change: dict[str, Any]) -> None:
    """Neither to compact nor to verify reads what is not below the folder."""
    told = msgspec.structs.replace(manifest_of(out), **change)
    (out / "manifest.json").write_bytes(msgspec.json.encode(told))
    for call in (compact, verify):
        with pytest.raises(errors.ExportDamaged, match=r"no export writes|no table"):
            call(out)


def test_a_full_disk_leaves_all_as_it_was(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error before the decision: nothing has changed, and nothing is left behind."""
    before = table_of(out)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ParquetSink, "write", full)
    with pytest.raises(OSError, match="No space"):
        compact(out)
    check_whole(out, before)


async def test_what_is_not_a_finished_parquet_export(
    lg: LeadGenius, out: Path, tmp_path: Path
) -> None:
    """Each is refused with what to do."""
    with pytest.raises(errors.ExportConflict, match="holds no export"):
        compact(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    await lg.source_leads.export(tmp_path / "lines", format="ndjson")
    with pytest.raises(ValueError, match="NDJSON"):
        compact(tmp_path / "lines")
    await lg.enrich_leads.export(tmp_path / "part", chains="clients", sweep=False)
    with pytest.raises(errors.ExportConflict, match="not complete"):
        compact(tmp_path / "part")
    state = out / ".leadgenius"
    state.mkdir()
    (state / "journal.db").touch()
    with pytest.raises(errors.ExportConflict, match="not finished"):
        compact(out)
    (state / "journal.db").unlink()
    lock = Lock(state, "job-1")
    with pytest.raises(errors.ExportLocked, match="job-1"):
        compact(out)
    lock.release()
    (out / "enrich_leads" / "part-00001.parquet").write_bytes(b"PAR1")
    with pytest.raises(errors.ExportDamaged, match=r"part-00001\.parquet has been changed"):
        compact(out)


def test_the_command(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The report in words, or as one object."""
    assert run(["compact", str(out), "--promote", "--fields", "hat,shoeSize"]) == 0
    said = capsys.readouterr().out
    assert "223 rows in 1 files" in said
    assert "shoeSize (number)" in said
    assert "fields in _extra: order (1)" in said.replace("engagementScore (1), ", "")
    assert run(["compact", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parts"] == 1
    assert run(["compact", str(out), "--fields", "hat"]) == 2
    assert run(["compact", str(out.parent / "nowhere")]) == 2


async def test_a_folder_that_is_not_as_it_was_left_is_refused(
    lg: LeadGenius, tmp_path: Path
) -> None:
    """A stray part would be read twice; a folder without its mark of success is not to be read."""
    await lg.enrich_leads.export(tmp_path, fields=["id"])
    stray = tmp_path / "enrich_leads" / "part-00099.parquet"
    shutil.copy(tmp_path / "enrich_leads" / "part-00000.parquet", stray)
    with pytest.raises(errors.ExportDamaged, match=r"part-00099\.parquet is not in the manifest"):
        compact(tmp_path)
    stray.unlink()
    (tmp_path / "_SUCCESS").unlink()
    with pytest.raises(errors.ExportConflict, match="has no _SUCCESS"):
        compact(tmp_path)
    assert not (tmp_path / "_SUCCESS").exists()
