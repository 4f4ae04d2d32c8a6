"""`leadgenius export` into an object store, and the commands for folders alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from world import World, running_world

from leadgenius_async import errors
from leadgenius_async._extract.store import Store, default_staging
from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run
from leadgenius_async.cli.export import folder_of, what_stands

if TYPE_CHECKING:
    from stores import Bucket


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)
    with running_world() as found:
        for name, value in found.environment().items():
            monkeypatch.setenv(name, value)
        yield found


def refuse(_: Store, source: Path, name: str) -> None:
    raise errors.StorageError(f"{name} cannot be written to ({source.stat().st_size} bytes)")


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("chosen", [False, True])
def test_from_export_to_resume(
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    chosen: bool,
) -> None:
    """What could not be published is told with its place, and resumed from there."""
    uri = bucket.uri("leads")
    command = ["export", "enrich-leads", "--out", uri, "--fields", "id,email"]
    staging = Path("here") if chosen else default_staging(uri)
    with monkeypatch.context() as patched:
        patched.setattr(Store, "put", refuse)
        assert run(command + ["--staging", "here"] * chosen) == failures.OTHER
    said = capsys.readouterr().err
    assert f"stands in {staging}" in said
    assert "the same command goes on from there" in said
    assert run(["jobs", "list", str(staging), "--json"]) == 0
    [job] = json.loads(capsys.readouterr().out)
    assert (job["state"], job["chains_done"], job["spec"]["target"]) == ("unfinished", 1, uri)
    assert run(["jobs", "resume", str(staging), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["complete"], report["out"], report["runs"]) == (True, uri, 2)
    assert "_SUCCESS" in bucket.names("leads")
    assert not staging.exists()
    assert run(command) == failures.USAGE
    assert "already holds an export" in capsys.readouterr().err
    assert run([*command, "--overwrite"]) == 0
    assert f"files, 0.0 MB in {uri}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    [
        ["verify", "s3://bucket/leads"],
        ["compact", "s3://bucket/leads"],
        ["jobs", "list", "s3://bucket/leads"],
    ],
)
def test_commands_for_folders_alone(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """They say so."""
    assert run(command) == failures.USAGE
    assert "is no folder on this machine" in capsys.readouterr().err


def test_what_an_interrupted_one_leaves(world: World) -> None:
    """The note names the folder that it is in, and how to go on."""
    del world
    assert folder_of("some/leads", None) == Path("some/leads")
    assert folder_of("file:///leads", None) == Path("/leads")
    assert folder_of("s3://b/p", None) == default_staging("s3://b/p")
    assert folder_of("s3://b/p", Path("here")) == Path("here")
    assert run(["export", "enrich-leads", "--out", "out"]) == 0
    manifest = Path("out/manifest.json")
    report = msgspec.json.decode(manifest.read_bytes()) | {"complete": False}
    manifest.write_bytes(msgspec.json.encode(report))
    assert what_stands(Path("out"), overwrite=False).endswith("the same command goes on from there")
    assert "the same command without --overwrite" in what_stands(Path("out"), overwrite=True)
