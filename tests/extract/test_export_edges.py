"""What an export does when something is wrong, and what it leaves behind."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pyarrow.parquet as pq
import pytest
from accounts import connect

from leadgenius_async import LeadGenius, UnknownFieldWarning, errors
from leadgenius_async._extract import parts
from leadgenius_async._extract.journal import Journal, Step
from leadgenius_async._extract.options import Asked, ExportOptions, TenantOptions
from leadgenius_async._extract.report import PartReport
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Progress


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


async def test_manifest_and_success_come_last(lg: LeadGenius, tmp_path: Path) -> None:
    """The folder holds the dataset, the manifest that describes it, and the mark of success."""
    report = await lg.enrich_leads.export(tmp_path / "out")
    assert files_in(tmp_path / "out") == {
        "enrich_leads/part-00000.parquet",
        "schema.json",
        "manifest.json",
        "_SUCCESS",
    }
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["complete"] is True
    assert manifest["rows"] == report.rows == 600
    in_order = ("enrich_leads/part-00000.parquet", "schema.json", "manifest.json", "_SUCCESS")
    times = [(tmp_path / "out" / name).stat().st_mtime_ns for name in in_order]
    assert times == sorted(times)


async def test_parts_say_what_they_are(lg: LeadGenius, tmp_path: Path) -> None:
    """A Parquet part carries its job, its rows and its schema's version."""
    report = await lg.enrich_leads.export(tmp_path / "out")
    metadata = pq.read_metadata(report.files[0])
    pairs = metadata.metadata or {}
    assert pairs[b"leadgenius.job_id"].decode() == report.job_id
    assert pairs[b"leadgenius.rows"] == b"600"
    assert metadata.row_group(0).column(0).compression == "ZSTD"


async def test_many_small_groups_make_several_parts(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row groups and parts are closed by size; together they hold every row once."""
    monkeypatch.setattr(parts, "GROUP_ROWS", 50)
    monkeypatch.setattr(parts, "PART_BYTES", 200_000)
    report = await lg.enrich_leads.export(tmp_path / "out", page_size=40)
    assert len(report.files) > 2
    ids = Counter(
        pq.read_table(tmp_path / "out" / "enrich_leads", columns=["id"])["id"].to_pylist()
    )
    assert len(ids) == 600
    assert set(ids.values()) == {1}
    assert sum(part.rows for part in report.parts) == 600


async def test_another_export_is_never_mixed_in(lg: LeadGenius, tmp_path: Path) -> None:
    """A folder that holds an export is refused, and `overwrite` replaces that export only."""
    out = tmp_path / "out"
    await lg.source_leads.export(out)
    (out / "notes.txt").write_text("mine")
    before = files_in(out)
    with pytest.raises(errors.ExportConflict, match="already holds an export"):
        await lg.enrich_leads.export(out)
    assert files_in(out) == before
    await lg.enrich_leads.export(out, overwrite=True)
    assert "notes.txt" in files_in(out)
    assert "enrich_leads/part-00000.parquet" in files_in(out)
    assert not any(name.startswith("source_leads") for name in files_in(out))


async def test_overwriting_waits_until_there_is_something_to_put_in(
    lg: LeadGenius, tmp_path: Path
) -> None:
    """A run that fails before its first rows leaves the export that stood there untouched."""
    out = tmp_path / "out"
    await lg.enrich_leads.export(out)
    before = files_in(out)
    with pytest.raises(errors.PermissionDenied):
        await lg.enrich_leads.export(out, overwrite=True, company_id="company-2")
    assert files_in(out) == before
    assert pq.read_table(out / "enrich_leads").num_rows == 600


async def test_a_listing_of_one_client_checks_the_client(lg: LeadGenius) -> None:
    """An unknown client is no empty list, and an empty name does not mean all."""
    with pytest.raises(errors.UnknownClient):
        _ = [lead async for lead in lg.enrich_leads.rows(client_id="nobody")]
    with pytest.raises(ValueError, match="empty"):
        lg.enrich_leads.rows(client_id="")


async def test_the_wrong_company_is_an_error_that_leaves_nothing(
    lg: LeadGenius, tmp_path: Path
) -> None:
    """A company that is not the account's answers 403, and no folder stays behind."""
    with pytest.raises(errors.PermissionDenied):
        await lg.enrich_leads.export(tmp_path / "deep" / "out", company_id="company-2")
    assert not (tmp_path / "deep").exists()


async def test_a_wrong_company_without_rows_is_no_success(tmp_path: Path) -> None:
    """Where the service answers 200 with no rows, the export still fails."""
    async with (
        Emulator(
            leads=10, source_leads=0, clients=1, rate="off", foreign_company="empty"
        ) as service,
        connect(service) as lg,
    ):
        with pytest.raises(errors.EmptyExport, match="company-2"):
            await lg.enrich_leads.export(tmp_path / "out", company_id="company-2")
        with pytest.raises(errors.EmptyExport):
            await lg.source_leads.export(tmp_path / "out")
        assert not (tmp_path / "out").exists()
        report = await lg.source_leads.export(tmp_path / "out", allow_empty=True)
    assert report.complete
    assert pq.read_table(tmp_path / "out" / "source_leads").num_rows == 0


@pytest.mark.fault("S13")
async def test_a_clients_record_id_is_answered_with_its_client_id(
    emulator: Emulator, lg: LeadGenius, tmp_path: Path
) -> None:
    """The two identifiers of a client cannot be confused in silence."""
    client = emulator.ready.clients[0]
    with pytest.raises(errors.UnknownClient, match=client.client_id):
        await lg.enrich_leads.export(tmp_path / "out", clients=[client.id])
    with pytest.raises(errors.UnknownClient, match="did you mean"):
        await lg.enrich_leads.export(tmp_path / "out", clients=[client.client_id[:-1]])
    assert not (tmp_path / "out").exists()


async def test_chains_per_client_admit_what_they_cannot_know(
    emulator: Emulator, lg: LeadGenius, tmp_path: Path
) -> None:
    """Rows of unknown clients escape chains per client, unless they are looked for."""
    report = await lg.enrich_leads.export(tmp_path / "out", chains="clients", sweep=False)
    assert not report.complete
    assert "chains" in (report.incomplete_because or "")
    assert report.rows < 600
    assert len(report.partitions) == len(emulator.ready.clients)
    assert all(partition.done for partition in report.partitions)
    assert not (tmp_path / "out" / "_SUCCESS").exists()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("emial", "email"),
        ("first_name", "firstName"),
        ("Email", "email"),
        ("clientId", "client_id"),
    ],
)
async def test_a_near_miss_of_a_field_is_refused(
    lg: LeadGenius, tmp_path: Path, wrong: str, right: str
) -> None:
    """A misspelt field is answered with the right one, before any request."""
    with pytest.raises(ValueError, match=f"did you mean '{right}'"):
        await lg.enrich_leads.export(tmp_path / "out", fields=["id", wrong])


@pytest.mark.parametrize("name", ['we"ird', "back\\slash", "tab\there", "\ud800"])
async def test_a_name_that_no_field_can_have_is_refused(
    lg: LeadGenius, tmp_path: Path, name: str
) -> None:
    """A quote or a control character: the message says which name."""
    with pytest.raises(ValueError, match="is no name of a field"):
        await lg.enrich_leads.export(tmp_path / "out", fields=["id", name])


async def test_an_unknown_field_is_asked_for_with_a_warning(lg: LeadGenius, tmp_path: Path) -> None:
    """New fields appear without notice, so an unknown name is sent, as a text column."""
    with pytest.warns(UnknownFieldWarning, match="shoeSize"):
        await lg.enrich_leads.export(tmp_path / "out", fields=["id", "shoeSize"])
    table = pq.read_table(tmp_path / "out" / "enrich_leads")
    assert table.column_names == ["id", "shoeSize", "_extra"]
    assert table["shoeSize"].null_count == 600


@pytest.mark.parametrize(
    "options",
    [
        {"fields": "id"},
        {"fields": []},
        {"fields": [""]},
        {"page_size": 0},
        {"page_size": 5001},
        {"company_id": ""},
        {"concurrency": 0},
        {"clients": "acme"},
        {"clients": [""]},
        {"chains": "client"},
        {"format": "Parquet"},
        {"fields": ["id", "_extra"]},
    ],
    ids=str,
)
async def test_bad_options_are_refused_beforehand(
    emulator: Emulator, lg: LeadGenius, tmp_path: Path, options: dict[str, object]
) -> None:
    """A value out of range names the field; no bulk request is sent and no folder made."""
    with pytest.raises((ValueError, TypeError)):
        await lg.enrich_leads.export(tmp_path / "out", **options)  # type: ignore[arg-type] # wrong on purpose
    assert emulator.log.count(path="/api/enrich-leads/list") == 0
    assert not (tmp_path / "out").exists()


@pytest.mark.fault("D4")
async def test_a_folder_that_cannot_be_written_fails_before_any_request(
    emulator: Emulator, lg: LeadGenius, tmp_path: Path
) -> None:
    """An output path below a file is an OSError at once."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        await lg.enrich_leads.export(tmp_path / "file" / "out", company_id="company-1")
    assert len(emulator.log) == 0


async def test_an_interrupted_export_leaves_whole_parts_and_says_so(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled half-way: finished parts stand, the manifest admits it, nothing is half-written."""
    monkeypatch.setattr(parts, "GROUP_ROWS", 50)
    monkeypatch.setattr(parts, "PART_BYTES", 100_000)
    out = tmp_path / "out"

    def stop(progress: Progress) -> None:
        if progress.rows > 300:
            scope.cancel()

    with anyio.CancelScope() as scope:
        await lg.enrich_leads.export(out, page_size=40, on_progress=stop)
    assert scope.cancelled_caught
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["complete"] is False
    assert "interrupted" in manifest["incomplete_because"]
    rows = pq.read_table(out / "enrich_leads").num_rows
    assert 0 < rows == manifest["rows"] < 600
    assert not any("tmp" in name or name == "_SUCCESS" for name in files_in(out))


async def test_a_failure_at_the_end_keeps_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error after some parts: they stand, the manifest has the error, and it is raised."""
    monkeypatch.setattr(parts, "GROUP_ROWS", 50)
    monkeypatch.setattr(parts, "PART_BYTES", 1)

    async with Emulator(leads=600, source_leads=0, clients=2, rate="off") as service:

        def die(progress: Progress) -> None:
            if progress.rows > 200:
                raise RuntimeError("the caller's own fault")

        async with connect(service) as lg:
            with pytest.raises(RuntimeError, match="own fault"):
                await lg.enrich_leads.export(tmp_path / "out", page_size=40, on_progress=die)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert "own fault" in manifest["incomplete_because"]


@pytest.mark.fault("H6")
async def test_a_page_too_large_is_asked_for_smaller_once(tmp_path: Path) -> None:
    """A 413 halves the page for all that follow; it is not met again and again."""
    async with (
        Emulator(leads=6_000, source_leads=0, clients=2, rate="off") as service,
        connect(service) as lg,
    ):
        report = await lg.enrich_leads.export(tmp_path / "out", page_size=5_000)
        refused = service.log.count(status=413)
    assert report.rows == 6_000
    assert refused == 2  # 5,000 and 2,500; 1,250 rows fit


async def test_an_export_in_a_bare_key_environment(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An API key alone is enough: the company comes from its clients."""
    monkeypatch.setenv("LEADGENIUS_BASE_URL", f"{emulator.base_url}/api")
    monkeypatch.setenv("LEADGENIUS_API_KEY", emulator.ready.api_key)
    monkeypatch.setenv("LEADGENIUS_USER_ID", emulator.ready.user_id)
    async with LeadGenius(rate="off") as lg:
        report = await lg.enrich_leads.export(tmp_path / "out")
    assert report.company_id == emulator.ready.company_id


async def test_leaving_a_stream_of_batches_half_way_is_clean(emulator: Emulator) -> None:
    """A caller may stop iterating; the page being fetched ahead is dropped without a warning."""
    async with connect(emulator) as lg:
        batches = lg.enrich_leads.batches(page_size=50)
        async for _ in batches:
            break
        await batches.aclose()
        await asyncio.sleep(0)


async def test_a_listing_goes_on_from_its_token(lg: LeadGenius) -> None:
    """What `limit` cut off is read on with `.token`, nothing twice and nothing missing."""
    first = lg.enrich_leads.rows(limit=100)
    ids = [lead.id async for lead in first]
    assert first.token is not None
    ids += [lead.id async for lead in lg.enrich_leads.rows(token=first.token)]
    assert len(ids) == len(set(ids)) == 600


async def test_pages_may_be_empty_with_more_to_come(lg: LeadGenius) -> None:
    """Only an absent token ends a list; short and empty pages are passed on as they are."""
    sizes = [len(page.items) async for page in lg.enrich_leads.pages(page_size=4)]
    assert sum(sizes) == 600
    assert 0 in sizes
    assert len(set(sizes)) > 2


async def test_no_warning_without_reason(lg: LeadGenius, tmp_path: Path) -> None:
    """Known fields in any order are asked for without a word."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await lg.enrich_leads.export(tmp_path / "out", fields=["email", "id"])
    assert pq.read_table(tmp_path / "out" / "enrich_leads").column_names == [
        "email",
        "id",
        "_extra",
    ]


@pytest.mark.skipif(os.name != "posix", reason="the order of system calls is read from a trace")
async def test_a_part_is_synced_before_it_gets_its_name(
    lg: LeadGenius, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsync(part) < rename < fsync(folder) < commit: a power cut shows no half-written part."""
    steps: list[str] = []
    fsync, rename, commit = os.fsync, Path.rename, Journal.commit

    def traced_fsync(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        steps.append(f"sync {name}")
        fsync(descriptor)

    def traced_rename(self: Path, target: Path) -> Path:
        steps.append(f"rename {self.name}")
        return rename(self, target)

    def traced_commit(self: Journal, part: PartReport | None, steps_: Mapping[int, Step]) -> None:
        steps.append("commit")
        commit(self, part, steps_)

    monkeypatch.setattr(os, "fsync", traced_fsync)
    monkeypatch.setattr(Path, "rename", traced_rename)
    monkeypatch.setattr(Journal, "commit", traced_commit)
    await lg.enrich_leads.export(tmp_path / "out")
    temporary = ".part-00000.parquet.tmp"
    first = steps.index("sync 00000.arrow")
    assert steps[first : first + 6] == [
        "sync 00000.arrow", "sync ids",
        f"sync {temporary}", f"rename {temporary}", "sync enrich_leads", "commit",
    ]  # fmt: skip


@pytest.mark.parametrize("inner", ["enrich_leads", "enrich_leads/more"])
async def test_no_export_goes_into_the_dataset_of_another(
    lg: LeadGenius, tmp_path: Path, inner: str
) -> None:
    """Whoever reads the outer folder would take both; and an empty name means no folder."""
    await lg.enrich_leads.export(tmp_path / "out", fields=["id"])
    before = files_in(tmp_path / "out")
    with pytest.raises(errors.ExportConflict, match="choose a folder of its own"):
        await lg.enrich_leads.export(tmp_path / "out" / inner)
    with pytest.raises(ValueError, match="out is empty"):
        await lg.enrich_leads.export("")
    assert files_in(tmp_path / "out") == before


async def test_a_misspelt_option_is_told(lg: LeadGenius, tmp_path: Path) -> None:
    """The options are one typed object; a name that is none of them goes no way unnoticed."""
    wrong: dict[str, Any] = {"feilds": ["id"]}
    with pytest.raises(TypeError, match=r"^export\(\) has no option 'feilds'; did you mean 'fie"):
        await lg.enrich_leads.export(tmp_path / "out", **wrong)


def test_the_options_and_their_defaults_are_the_same() -> None:
    """What can be asked for by name has a value where it is left out, and the other way round."""
    named = {each.name for each in dataclasses.fields(Asked)} - {"table", "query"}
    assert named == ExportOptions.__annotations__.keys()
    assert TenantOptions.__annotations__.keys() < named
