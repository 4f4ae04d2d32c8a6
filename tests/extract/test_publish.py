"""Exports into object stores: written to a staging folder, then brought there whole."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow.dataset as ds
import pyarrow.fs as pafs
import pytest
from accounts import connect
from truth import expected_rows, ndjson_rows, parquet_rows

from leadgenius_async import LeadGenius, errors
from leadgenius_async._extract import chain, dataset, parts
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.jobs import read_job, verify
from leadgenius_async._extract.journal import Journal
from leadgenius_async._extract.store import Store, default_staging
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Progress

if TYPE_CHECKING:
    from stores import Bucket

fsspec: Any = pytest.importorskip("fsspec")

PATH = "/api/enrich-leads/list"
OPTIONS: dict[str, Any] = {"chains": "all", "page_size": 10}
#: What comes after the parts.
LAST = ["schema.json", "manifest.json", "_SUCCESS"]


class CutOff(Exception):
    """Stands for whatever ends an export."""


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few pages make a part, so that short exports have many files."""
    monkeypatch.setattr(parts, "PART_PAGES", 3)


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    async with Emulator(leads=200, source_leads=0, clients=3, rate="off") as service:
        yield service


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what is brought to a store."""
    return watching(monkeypatch, lambda _: None)


def watching(monkeypatch: pytest.MonkeyPatch, step: Callable[[str], None]) -> list[str]:
    """Note what has been brought to a store, and call `step` before each with its name."""
    names: list[str] = []
    original = Store.put

    def put(self: Store, source: Path, name: str) -> None:
        step(name)
        original(self, source, name)
        names.append(name)

    monkeypatch.setattr(Store, "put", put)
    return names


def fail_at(place: str) -> Callable[[str], None]:
    def step(name: str) -> None:
        if place in name:
            raise errors.StorageError("no")

    return step


def after(pages: int) -> Callable[[Progress], None]:
    def stop(progress: Progress) -> None:
        if progress.pages >= pages:
            raise CutOff

    return stop


def memory() -> tuple[Any, str]:
    """Return the file system of fsspec that is in memory, and a folder in it of its own."""
    return fsspec.filesystem("memory"), f"/{os.urandom(4).hex()}/leads"


def staging_folders() -> list[Path]:
    return [*default_staging("any").parent.glob("*")]


async def check_whole(emulator: Emulator, bucket: Bucket, prefix: str) -> None:
    """Check that what stands there is an export, with exactly the service's rows."""
    truth = emulator.rows("enrich_leads", company_id=emulator.ready.company_id)
    there = f"{bucket.name}/{prefix}/enrich_leads"
    table = ds.dataset(there, filesystem=bucket.filesystem, format="parquet").to_table()
    copy = Path(os.environ["HOME"]) / prefix
    pafs.copy_files(f"{bucket.name}/{prefix}", str(copy), bucket.filesystem, pafs.LocalFileSystem())
    assert parquet_rows(copy / "enrich_leads") == expected_rows(truth, "enrich_leads", None)
    assert table.num_rows == 200
    assert verify(copy).ok
    assert not staging_folders()


async def test_into_s3(emulator: Emulator, lg: LeadGenius, bucket: Bucket) -> None:
    """It looks as a local one; report and manifest name its addresses; nothing stays here."""
    uri = bucket.uri("some/leads")
    report = await lg.enrich_leads.export(f"{uri}/", **OPTIONS)
    assert report.complete
    assert report.out == uri
    assert report.files == [f"{uri}/{part.file}" for part in report.parts]
    assert len(report.parts) > 5
    names = bucket.names("some/leads")
    assert names == sorted([*LAST, *(part.file for part in report.parts)])
    manifest = msgspec.json.decode(bucket.read("some/leads/manifest.json"))
    assert manifest == msgspec.to_builtins(report)
    assert b"sample-secret" not in b"".join(bucket.read(f"some/leads/{name}") for name in names)
    await check_whole(emulator, bucket, "some/leads")


@pytest.mark.parametrize("place", ["part-", "manifest", "_SUCCESS"])
async def test_folders_of_clients(
    lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A dataset that was written anew is published like any other, and goes on like one."""
    uri = bucket.uri("leads")
    with monkeypatch.context() as patch:
        watching(patch, fail_at(place))
        with pytest.raises(errors.StorageError):
            await lg.enrich_leads.export(uri, partition_by="client_id", **OPTIONS)
    [staging] = staging_folders()
    assert read_job(staging)
    report = await lg.enrich_leads.export(uri, partition_by="client_id", **OPTIONS)
    assert report.runs == 2
    assert report.files == [f"{uri}/{part.file}" for part in report.parts]
    assert bucket.names("leads") == sorted([*LAST, *(part.file for part in report.parts)])
    there = f"{bucket.name}/leads/enrich_leads"
    table = ds.dataset(there, filesystem=bucket.filesystem, partitioning="hive").to_table()
    assert table.num_rows == 200
    assert len(table["client_id"].drop_null()) == 200
    assert not staging_folders()


async def test_the_order(lg: LeadGenius, bucket: Bucket, sent: list[str]) -> None:
    """Parts, then the schema, then the manifest, then the mark of success, once all is there."""
    report = await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS)
    assert sorted(sent[:-3]) == [part.file for part in report.parts]
    assert sent[-3:] == LAST


@pytest.mark.parametrize("compression", ["zstd", "gzip", "none"])
async def test_files_arrive_as_they_are(
    lg: LeadGenius, bucket: Bucket, tmp_path: Path, compression: Any
) -> None:
    """A file whose name says that it is compressed is not compressed once more on its way."""
    report = await lg.enrich_leads.export(
        bucket.uri("leads"), format="ndjson", compression=compression
    )
    [part] = report.parts
    with bucket.filesystem.open_input_stream(
        f"{bucket.name}/leads/{part.file}", compression=None
    ) as stream:
        data = bytes(stream.read())
    assert (len(data), hashlib.sha256(data).hexdigest()) == (part.bytes, part.sha256)
    (tmp_path / Path(part.file).name).write_bytes(data)
    assert ndjson_rows(tmp_path).total() == 200 or compression != "zstd"


@pytest.mark.parametrize("as_uri", [True, False])
async def test_ndjson_into_what_fsspec_knows(
    emulator: Emulator, lg: LeadGenius, tmp_path: Path, *, as_uri: bool
) -> None:
    """By its address or as an object, with a staging folder of the user's choice."""
    filesystem, folder = memory()
    report = await lg.enrich_leads.export(
        f"memory:/{folder}" if as_uri else folder,
        filesystem=None if as_uri else filesystem,
        format="ndjson",
        chains="all",
        page_size=10,
        staging=tmp_path / "staging",
    )
    assert report.out == f"memory:/{folder}"
    names = [path.removeprefix(f"{folder}/") for path in filesystem.find(folder)]
    assert sorted(names) == sorted(
        ["_SUCCESS", "manifest.json", *(part.file for part in report.parts)]
    )
    filesystem.get(folder, str(tmp_path / "copy"), recursive=True)
    truth = emulator.rows("enrich_leads", company_id=emulator.ready.company_id)
    assert ndjson_rows(tmp_path / "copy" / "enrich_leads").total() == len([*truth])
    assert not (tmp_path / "staging").exists()


async def test_into_a_file_system_of_pyarrow(lg: LeadGenius, tmp_path: Path) -> None:
    """One that is no object store: files are moved to their names, and no other is left."""
    out = tmp_path / "deep" / "out"
    report = await lg.enrich_leads.export(out, filesystem=pafs.LocalFileSystem(), **OPTIONS)
    assert report.files == [str(out / part.file) for part in report.parts]
    assert verify(out).ok
    assert not [*out.rglob(".*")]


async def test_a_file_uri_is_a_folder(lg: LeadGenius, tmp_path: Path) -> None:
    """Nothing is staged for it."""
    report = await lg.enrich_leads.export(f"file://{tmp_path}/out%20put")
    assert report.out == str(tmp_path / "out put")
    assert verify(tmp_path / "out put").ok


@pytest.mark.parametrize("place", ["part-00000", "part-00006", *LAST])
async def test_an_upload_that_fails(
    emulator: Emulator, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Nothing is lost, nothing stands as a success; the same call sends the rest alone."""
    uri = bucket.uri("leads")
    async with connect(emulator) as lg:
        with monkeypatch.context() as patched:
            first = watching(patched, fail_at(place))
            with pytest.raises(errors.StorageError) as caught:
                await lg.enrich_leads.export(uri, **OPTIONS)
        [staging] = staging_folders()
        assert f"stands in {staging}" in str(caught.value)
        assert set(bucket.names("leads")) == set(first)
        assert "_SUCCESS" not in first
        job = read_job(staging)
        assert job is not None
        assert job.state == "unfinished"
        assert job.spec is not None
        assert job.spec.target == uri
        asked = emulator.log.count(path=PATH)
        with monkeypatch.context() as patched:
            second = watching(patched, lambda _: None)
            report = await lg.enrich_leads.export(uri, **OPTIONS)
        assert emulator.log.count(path=PATH) == asked
    assert report.complete
    assert report.runs == 2
    assert set(first) & set(second) <= {"manifest.json"}  # which tells of the second run
    assert set(first) | set(second) == set(bucket.names("leads"))
    assert second[-1] == "_SUCCESS"
    await check_whole(emulator, bucket, "leads")


KILLED = """
import asyncio, os, signal, sys, threading
from leadgenius_async import LeadGenius
from leadgenius_async._extract import dataset, parts, publish
from leadgenius_async._extract.journal import Journal
from leadgenius_async._extract.store import Store

parts.PART_PAGES = 3
uri, where, at, overwrite = *sys.argv[1:4], sys.argv[4] == "overwrite"
owner, name = {
    "put": (Store, "put"), "upload": (Journal, "add_upload"), "delete": (Store, "delete"),
    "check": (publish.Publication, "_check"), "remove": (dataset.Dataset, "remove"),
    "forget": (dataset, "forget"), "clear": (dataset, "clear"),
}[where]
original, lock, count = getattr(owner, name), threading.Lock(), 0

def killing(*args, **options):
    global count
    with lock:
        count += 1
        if str(count) == at or at in map(str, args):
            os.kill(os.getpid(), signal.SIGKILL)
    return original(*args, **options)

setattr(owner, name, killing)

async def main():
    async with LeadGenius(rate="off") as lg:
        await lg.enrich_leads.export(uri, chains="all", page_size=10, overwrite=overwrite)

asyncio.run(main())
"""


@pytest.fixture
def account(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADGENIUS_BASE_URL", emulator.base_url)
    monkeypatch.setenv("LEADGENIUS_API_KEY", emulator.ready.api_key)
    monkeypatch.setenv("LEADGENIUS_USER_ID", emulator.ready.user_id)


async def run_killed(uri: str, where: str, at: str, how: str = "") -> int | None:
    """Run an export in a process of its own that kills itself at a point."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",  # the installed package, not the source tree that this may be run from
        "-c",
        KILLED,
        *(uri, where, at, how),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return await process.wait()


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(
    ("where", "at"),
    [("put", "1"), ("put", "6"), ("put", "manifest.json"), ("put", "_SUCCESS"), ("upload", "5"),
     ("check", "1"), ("remove", "1")],
)  # fmt: skip
async def test_a_kill_while_it_is_published(
    emulator: Emulator, bucket: Bucket, sent: list[str], where: str, at: str
) -> None:
    """The same call goes on; what has arrived is sent no second time, success stands last."""
    assert await run_killed(bucket.uri("leads"), where, at) == -signal.SIGKILL
    before = bucket.names("leads")
    async with connect(emulator) as lg:
        report = await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS)
    assert report.complete
    manifest = msgspec.json.decode(bucket.read("leads/manifest.json"))
    assert manifest == msgspec.to_builtins(report)
    if "_SUCCESS" in before:
        assert set(before) == {*LAST, *(part.file for part in report.parts)}
    # At most those were on their way, or had just arrived, when it was killed.
    assert len(set(sent) & {name for name in before if "part-" in name}) <= 4
    await check_whole(emulator, bucket, "leads")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(("where", "at"), [("delete", "1"), ("delete", "3"), ("put", "3")])
async def test_a_kill_while_another_is_overwritten(
    emulator: Emulator, lg: LeadGenius, bucket: Bucket, where: str, at: str
) -> None:
    """Without `overwrite`, the same call goes on: that the old one may go was said once."""
    await lg.enrich_leads.export(bucket.uri("leads"), page_size=5)
    assert await run_killed(bucket.uri("leads"), where, at, "overwrite") == -signal.SIGKILL
    whole = (where, at) == ("delete", "1")
    assert ("_SUCCESS" in bucket.names("leads")) == whole
    report = await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS)
    assert report.runs == 2
    assert set(bucket.names("leads")) == {*LAST, *(part.file for part in report.parts)}
    await check_whole(emulator, bucket, "leads")


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize(("where", "at"), [("clear", "1"), ("forget", "2")])
async def test_a_kill_while_the_staging_folder_goes(
    emulator: Emulator, lg: LeadGenius, bucket: Bucket, where: str, at: str
) -> None:
    """All is published by then: the same call says so, and nobody's data stays here."""
    killed = await run_killed(bucket.uri("leads"), where, at)
    assert killed == -signal.SIGKILL
    assert "_SUCCESS" in bucket.names("leads")
    with pytest.raises(errors.ExportConflict, match="already holds an export"):
        await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS)
    assert not staging_folders()
    report = await lg.enrich_leads.export(bucket.uri("leads"), overwrite=True)
    assert report.runs == 1
    await check_whole(emulator, bucket, "leads")


async def test_an_export_that_stands_there_is_refused(
    emulator: Emulator, lg: LeadGenius, bucket: Bucket
) -> None:
    """Before the first request; whatever is left of it counts, and other files do not."""
    bucket.write("leads/enrich_leads/notes.txt", b"mine")
    await lg.enrich_leads.export(bucket.uri("leads"), fields=["id"])
    before = len(emulator.log)
    for name in ("_SUCCESS", "manifest.json", "schema.json", "enrich_leads/part-00000.parquet"):
        with pytest.raises(errors.ExportConflict, match=f"already holds an export .*{name}"):
            await lg.enrich_leads.export(bucket.uri("leads"))
        bucket.delete(f"leads/{name}")
    assert len(emulator.log) == before
    assert (await lg.enrich_leads.export(bucket.uri("leads"))).complete
    assert bucket.read("leads/enrich_leads/notes.txt") == b"mine"


async def test_overwriting(
    emulator: Emulator, lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one stands whole until all new rows are here; then its mark goes first."""
    uri = bucket.uri("leads")
    await lg.enrich_leads.export(uri, page_size=5)
    bucket.write("leads/mine.txt", b"mine")
    old = bucket.names("leads")
    deleted: list[str] = []
    original = Store.delete

    def delete(self: Store, name: str) -> None:
        [staging] = staging_folders()
        assert (staging / "_SUCCESS").exists()
        deleted.append(name)
        original(self, name)

    monkeypatch.setattr(Store, "delete", delete)
    with pytest.raises(CutOff):
        await lg.enrich_leads.export(uri, **OPTIONS, overwrite=True, on_progress=after(9))
    assert bucket.names("leads") == old
    report = await lg.enrich_leads.export(uri, **OPTIONS)
    assert report.runs == 2
    assert deleted[0] == "_SUCCESS"
    assert set(deleted) == set(old) - {"mine.txt"}
    assert set(bucket.names("leads")) == {
        "mine.txt", *LAST, *(part.file for part in report.parts)
    }  # fmt: skip
    await check_whole(emulator, bucket, "leads")


async def test_overwriting_begins_anew(
    lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where one stands in the staging folder that was all but published."""
    uri = bucket.uri("leads")
    with monkeypatch.context() as patched:
        watching(patched, fail_at("part-00005"))
        with pytest.raises(errors.StorageError):
            await lg.enrich_leads.export(uri, **OPTIONS)
    report = await lg.enrich_leads.export(uri, page_size=50, fields=["id"], overwrite=True)
    assert report.runs == 1
    assert set(bucket.names("leads")) == {*LAST, *(part.file for part in report.parts)}


async def test_another_query_is_refused(
    lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And another place, where the staging folder is the same; the difference is named."""
    uri, staging = bucket.uri("leads"), tmp_path / "staging"
    with monkeypatch.context() as patched:
        watching(patched, fail_at("part-00005"))
        with pytest.raises(errors.StorageError):
            await lg.enrich_leads.export(uri, **OPTIONS, staging=staging)
    with pytest.raises(errors.ExportConflict, match="fields was none and is id"):
        await lg.enrich_leads.export(uri, fields=["id"], staging=staging, **OPTIONS)
    other = bucket.uri("other")
    with pytest.raises(errors.ExportConflict, match=f"target was {uri} and is {other}"):
        await lg.enrich_leads.export(other, staging=staging, **OPTIONS)
    with pytest.raises(errors.ExportConflict, match=f"target was {uri} and is none"):
        await lg.enrich_leads.export(staging, **OPTIONS)
    assert (await lg.enrich_leads.export(uri, staging=staging, **OPTIONS)).complete
    assert bucket.names("other") == []


async def test_an_export_of_the_users_is_no_staging_folder(
    emulator: Emulator, lg: LeadGenius, bucket: Bucket, tmp_path: Path
) -> None:
    """It is not published, and `overwrite` does not delete it."""
    await lg.enrich_leads.export(tmp_path / "out")
    before = len(emulator.log)
    for overwrite in (False, True):
        with pytest.raises(errors.ExportConflict, match="choose another folder for staging"):
            await lg.enrich_leads.export(
                bucket.uri("leads"), staging=tmp_path / "out", overwrite=overwrite
            )
    assert verify(tmp_path / "out").ok
    with pytest.raises(ValueError, match="staging is for exports into a store"):
        await lg.enrich_leads.export(tmp_path / "other", staging=tmp_path / "staging")
    assert len(emulator.log) == before


@pytest.mark.parametrize("change", ["lost", "cut", "marked"])
async def test_what_has_arrived_must_still_be_there(
    emulator: Emulator, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    """A part that is gone or changed since is sent again, and the mark of success waits for it."""
    uri, part = bucket.uri("leads"), "enrich_leads/part-00002.parquet"
    async with connect(emulator) as lg:
        with monkeypatch.context() as patched:
            watching(patched, fail_at("schema"))
            with pytest.raises(errors.StorageError):
                await lg.enrich_leads.export(uri, **OPTIONS)
        if change == "cut":
            bucket.write(f"leads/{part}", b"cut")
        else:
            bucket.delete(f"leads/{part}")
        if change == "marked":
            bucket.write("leads/_SUCCESS", b"")
        marked: list[bool] = []

        def look(_: str) -> None:
            marked.append("_SUCCESS" in bucket.names("leads"))

        with monkeypatch.context() as patched:
            sent = watching(patched, look)
            await lg.enrich_leads.export(uri, **OPTIONS)
    assert sent == [part, *LAST]
    assert not any(marked)
    await check_whole(emulator, bucket, "leads")


async def test_no_mark_of_success_on_what_is_not_there(
    lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is asked what it has, after the manifest and before the mark."""

    def lose(name: str) -> None:
        if name == "manifest.json":
            bucket.delete("leads/enrich_leads/part-00001.parquet")

    with monkeypatch.context() as patched:
        watching(patched, lose)
        with pytest.raises(errors.StorageError, match=r"does not have .*part-00001"):
            await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS)
    assert "_SUCCESS" not in bucket.names("leads")
    assert (await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS)).complete


async def test_an_error_while_the_staging_folder_goes(
    emulator: Emulator, lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and nothing calls what is published incomplete; the next call clears the rest."""

    def broken(_: object) -> None:
        raise OSError(5, "Input/output error")

    for name in ("clear", "forget"):
        with monkeypatch.context() as patched:
            original = Dataset.remove

            def remove(self: Dataset, original: Any = original, name: str = name) -> None:
                with pytest.MonkeyPatch.context() as inner:
                    inner.setattr(dataset, name, broken)
                    original(self)

            patched.setattr(Dataset, "remove", remove)
            with pytest.raises(OSError, match="Input/output"):
                await lg.enrich_leads.export(bucket.uri(name), **OPTIONS)
        [staging] = staging_folders()
        assert name == "clear" or not (staging / "manifest.json").exists()
        with pytest.raises(errors.ExportConflict, match="already holds an export"):
            await lg.enrich_leads.export(bucket.uri(name), **OPTIONS)
        await check_whole(emulator, bucket, name)


@pytest.mark.parametrize("options", [{}, {"single_file": True}], ids=["parts", "file"])
@pytest.mark.parametrize("place", ["part-00000", "manifest"])
async def test_a_torn_journal(
    lg: LeadGenius,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    place: str,
) -> None:
    """It is told with its remedy, which then publishes the rest; another's parts are refused."""
    uri = bucket.uri("leads")
    how: dict[str, Any] = {**OPTIONS, **options}
    with monkeypatch.context() as patched:
        watching(patched, fail_at(place))
        with pytest.raises(errors.StorageError):
            await lg.enrich_leads.export(uri, **how)
    [staging] = staging_folders()
    for path in (staging / ".leadgenius").glob("journal.db*"):
        path.write_bytes(b"torn" * 100)
    with pytest.raises(errors.ExportDamaged, match="--repair"):
        await lg.enrich_leads.export(uri, **how)
    theirs = "leads/enrich_leads/part-00099.parquet"
    bucket.write(theirs, b"theirs")
    with pytest.raises(errors.ExportConflict, match="already holds an export"):
        await lg.enrich_leads.export(uri, repair=True, **how)
    bucket.delete(theirs)
    report = await lg.enrich_leads.export(uri, repair=True, **how)
    assert report.complete
    assert report.rows == 200
    assert bucket.names("leads") == sorted([*LAST, *(part.file for part in report.parts)])
    assert not staging_folders()


@pytest.mark.parametrize("begun", [False, True])
async def test_somebody_else_was_faster(
    lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, *, begun: bool
) -> None:
    """An export that has come to stand there meanwhile is not touched."""
    theirs = "leads/enrich_leads/part-00099.parquet"

    def publish(progress: Progress) -> None:
        if progress.pages == 5:
            bucket.write(theirs, b"theirs")

    if begun:
        with monkeypatch.context() as patched:
            watching(patched, fail_at("part-00005"))
            with pytest.raises(errors.StorageError):
                await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS)
        bucket.write(theirs, b"theirs")
    with pytest.raises(errors.ExportConflict, match="part-00099"):
        await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS, on_progress=publish)
    assert bucket.read(theirs) == b"theirs"
    assert "_SUCCESS" not in bucket.names("leads")
    bucket.delete(theirs)
    assert (await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS)).complete


async def test_a_chain_that_failed_publishes_nothing(
    bucket: Bucket, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken out waits in the staging folder for the rest."""
    failing = emulator.ready.clients[0].client_id
    original = chain.fetch_page

    async def fetch_page(transport: Any, query: Any, client: Any, **options: Any) -> Any:
        if client == failing:
            raise errors.ServerError("no 500")
        return await original(transport, query, client, **options)

    async with connect(emulator) as lg:
        with monkeypatch.context() as patched:
            patched.setattr(chain, "fetch_page", fetch_page)
            report = await lg.enrich_leads.export(bucket.uri("leads"), chains="clients")
        [staging] = staging_folders()
        assert not report.complete
        assert report.out == str(staging)
        assert "leads has nothing yet" in (report.incomplete_because or "")
        assert bucket.names("leads") == []
        report = await lg.enrich_leads.export(
            bucket.uri("leads"), chains="clients", retry_failed=True
        )
    assert report.complete
    await check_whole(emulator, bucket, "leads")


async def test_what_cannot_become_complete_is_published_without_a_mark(
    lg: LeadGenius, bucket: Bucket
) -> None:
    """As in a folder: the manifest says why, and nothing is left to go on with."""
    report = await lg.enrich_leads.export(bucket.uri("leads"), chains="clients", sweep=False)
    assert not report.complete
    assert report.out == bucket.uri("leads")
    names = bucket.names("leads")
    assert "_SUCCESS" not in names
    assert not json.loads(bucket.read("leads/manifest.json"))["complete"]
    assert {part.file for part in report.parts} < set(names)
    assert not staging_folders()


async def test_nor_is_it_deleted_here_before_it_is_there(
    lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is asked what it has, though there be no mark to set."""
    how: dict[str, Any] = {"chains": "clients", "sweep": False, "page_size": 10}

    def lose(name: str) -> None:
        if name == "manifest.json":
            bucket.delete("leads/enrich_leads/part-00001.parquet")

    with monkeypatch.context() as patched:
        watching(patched, lose)
        with pytest.raises(errors.StorageError, match=r"does not have .*part-00001"):
            await lg.enrich_leads.export(bucket.uri("leads"), **how)
    assert staging_folders()
    report = await lg.enrich_leads.export(bucket.uri("leads"), **how)
    assert {part.file for part in report.parts} < set(bucket.names("leads"))


async def test_rows_that_cannot_be_read_go_along(
    lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`rejects.ndjson` comes before the schema and the manifest."""
    original = chain.fetch_page
    first = True

    async def fetch_page(*args: Any, **options: Any) -> Any:
        nonlocal first
        token, body = await original(*args, **options)
        if first:
            first = False
            body = b'{"data":[7]}'
        return token, body

    monkeypatch.setattr(chain, "fetch_page", fetch_page)
    sent = watching(monkeypatch, lambda _: None)
    report = await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS)
    assert report.rejects == 1
    assert sent[-3:] == ["rejects.ndjson", "schema.json", "manifest.json"]


async def test_cancelling_waits_for_the_uploads_in_hand(
    emulator: Emulator, lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are whole and on record; no other is begun."""
    reached, go_on = threading.Event(), threading.Event()

    def step(name: str) -> None:
        if "part-00004" in name:
            reached.set()
        if name >= "enrich_leads/part-00004":
            assert go_on.wait(10)

    with monkeypatch.context() as patched:
        first = watching(patched, step)
        task = asyncio.create_task(lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS))
        assert await asyncio.to_thread(reached.wait, 10)
        task.cancel()
        await asyncio.sleep(0.05)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert set(bucket.names("leads")) == set(first)
    assert 4 <= len(first) <= 8
    [staging] = staging_folders()
    journal = Journal(staging / ".leadgenius" / "journal.db")
    journal.close()
    assert set(journal.uploads) == set(first)
    second = watching(monkeypatch, lambda _: None)
    await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS)
    assert not set(first) & set(second)
    await check_whole(emulator, bucket, "leads")


async def test_progress_counts_the_uploads(
    lg: LeadGenius, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever watches sees that something goes on while no page comes."""
    seen: list[Progress] = []
    done = threading.Event()

    def note(progress: Progress) -> None:
        seen.append(progress)
        if progress.uploads_done:
            done.set()

    def wait(name: str) -> None:
        if "part-00007" in name:
            assert done.wait(10)

    watching(monkeypatch, wait)
    report = await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS, on_progress=note)
    assert (seen[0].uploads, seen[0].uploads_done) == (0, 0)
    assert seen[-1].uploads == len(report.parts)
    assert 0 < seen[-1].uploads_done <= len(report.parts)


async def test_the_staging_folder_is_closed_to_others(lg: LeadGenius, bucket: Bucket) -> None:
    """It holds people's contact data, in a folder that the user has not chosen."""
    with pytest.raises(CutOff):
        await lg.enrich_leads.export(bucket.uri("leads"), **OPTIONS, on_progress=after(8))
    [staging] = staging_folders()
    assert staging.parent.stat().st_mode & 0o077 == 0
