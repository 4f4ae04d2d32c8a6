"""`leadgenius export … --tenants FILE`."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import aiohttp
import pytest
from aiohttp.compression_utils import ZLibBackend
from world import World

from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run

NAMES = ("acme", "beta")
FILE = """
[defaults]
base_url = "{base_url}"
rate = "off"

[[tenant]]
name = "acme"
api_key_env = "LEADGENIUS_API_KEY"
user_id_env = "LEADGENIUS_USER_ID"
fields = ["id", "email"]

[[tenant]]
name = "beta"
api_key_env = "BETA_KEY"
user_id = "{user_id}"
"""


@pytest.fixture
def tenants(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A tenants file for both companies; the second's key is not there yet."""
    monkeypatch.chdir(tmp_path)
    other = world.emulator.other
    text = FILE.format(base_url=world.emulator.base_url, user_id=other.user_id)
    (tmp_path / "tenants.toml").write_text(text)
    return "tenants.toml"


@pytest.mark.usefixtures("world")
def test_gzip_is_unpacked_as_in_one_export(tenants: str) -> None:
    aiohttp.set_zlib_backend(zlib)  # pyright: ignore[reportArgumentType] # it reads constants
    run(["export", "enrich-leads", "--tenants", tenants, "--out", "out"])
    assert ZLibBackend.name == "isal.isal_zlib"


def test_from_a_failure_to_the_end(
    world: World,
    tenants: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What failed is told with its remedy, exit code 6; the same command goes on with it."""
    command = ["export", "enrich-leads", "--tenants", tenants, "--out", "out"]
    assert run(command) == failures.PARTIAL
    said = capsys.readouterr()
    assert "[1/2] beta: failed, 0 rows in 0 files: the environment variable BETA_KEY" in said.err
    assert "[2/2] acme: complete, 22 rows in 1 files" in said.err
    assert "1 of 2 tenants are not complete (beta); the same command goes on" in said.err
    head, acme, beta = said.out.splitlines()
    assert head.split() == ["name", "status", "rows", "files", "bytes", "requests", "seconds"]
    assert acme.split()[:4] == ["acme", "complete", "22", "1"]
    assert beta.split()[:4] == ["beta", "failed", "0", "0"]
    monkeypatch.setenv("BETA_KEY", world.emulator.other.api_key)
    assert run([*command, "--json"]) == failures.OK
    said = capsys.readouterr()
    assert said.err == ""
    report = json.loads(said.out)
    assert report["complete"]
    assert [(each["name"], each["kept"]) for each in report["tenants"]] == [
        ("acme", True),
        ("beta", False),
    ]
    assert report == json.loads(Path("out/tenants.json").read_text())
    assert run(command) == failures.OK
    assert "acme: complete, 22 rows in 1 files, which were there already" in capsys.readouterr().err
    assert run(["jobs", "list", "out", "--json"]) == failures.OK
    assert [Path(job["out"]).name for job in json.loads(capsys.readouterr().out)] == [
        "acme",
        "beta",
    ]


def test_what_the_same_command_does_not_mend(
    world: World,
    tenants: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither a sweep that was left out, nor another export in the folder; nor is it promised."""
    monkeypatch.setenv("BETA_KEY", world.emulator.other.api_key)
    command = ["export", "enrich-leads", "--tenants", tenants, "--out", "out", "--json"]
    unswept = [*command, "--chains", "clients", "--no-sweep"]
    for kept in (False, True):
        assert run(unswept) == failures.PARTIAL
        said = capsys.readouterr()
        assert "(acme, beta); see the errors" in said.err
        for told in json.loads(said.out)["tenants"]:
            assert (told["status"], told["kept"]) == ("incomplete", kept)
            assert "sweep" in told["error"]
    assert run([each for each in unswept if each != "--json"]) == failures.PARTIAL
    assert "which were there already: " in capsys.readouterr().err
    assert run(command) == failures.PARTIAL
    said = capsys.readouterr()
    assert "(acme, beta); see the errors" in said.err
    for told in json.loads(said.out)["tenants"]:
        assert "(--overwrite), in a call for this tenant alone" in told["error"]


def test_overwriting_begins_anew(tenants: str, capsys: pytest.CaptureFixture[str]) -> None:
    """So what goes on is the command without it."""
    command = ["export", "enrich-leads", "--tenants", tenants, "--out", "out"]
    assert run([*command, "--overwrite"]) == failures.PARTIAL
    assert "(beta); the same command without --overwrite goes on" in capsys.readouterr().err


def test_source_leads(world: World, tenants: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other table, with options of an export."""
    monkeypatch.setenv("BETA_KEY", world.emulator.other.api_key)
    command = ["export", "source-leads", "--tenants", tenants, "--out", "out"]
    options = [
        "--fields",
        "id",
        "--accounts",
        "1",
        "--format",
        "ndjson",
        "--max-file-size",
        "1",
        "--limit",
        "2",
    ]
    assert run([*command, *options]) == failures.OK
    assert [*Path("out/beta/source_leads").glob("*.ndjson.zst")]
    told = {name: json.loads(Path("out", name, "manifest.json").read_text()) for name in NAMES}
    assert told["acme"]["fields"] == ["id", "email"]
    assert told["beta"]["fields"] == ["id"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--company-id", "c"], "--company-id goes not with --tenants: say it in the file"),
        (["--client", "c"], "--client goes not with --tenants"),
        (["--estimate"], "--estimate is for one export"),
        (["--retry-failed"], "--retry-failed is for one export"),
        (["--repair"], "--repair is for one export"),
        (["--profile", "acme"], "the tenants file says how each is reached"),
        (["--accounts", "0"], "accounts is 0"),
        (["--concurrency", "0"], "concurrency is 0"),
        (["--limit", "-3"], "limit is -3"),
        (["--page-size", "9999"], "--page-size is 9999"),
        (["--since", "yesterday"], "since is 'yesterday'"),
        (["--fields", "emial"], "did you mean 'email'"),
        (["--format", "ndjson", "--compression", "lz4"], "compression of ndjson is 'lz4'"),
        (["--partition-by", "client_id", "--format", "ndjson"], "--partition-by is for Parquet"),
        (["--staging", "staging"], "staging is for exports into a store"),
    ],
)
def test_options_that_do_not_go_with_it(
    tenants: str, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    """They are refused, with the place where it is to be said."""
    command = ["export", "enrich-leads", "--tenants", tenants, "--out", "out", *options]
    assert run(command) == failures.USAGE
    assert says in capsys.readouterr().err
    assert not Path("out").exists()


@pytest.mark.usefixtures("tenants")
def test_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    """No folder, no file, a key in the file."""
    assert run(["export", "enrich-leads", "--tenants", "tenants.toml"]) == failures.USAGE
    assert "--out is missing" in capsys.readouterr().err
    command = ["export", "enrich-leads", "--out", "out", "--tenants"]
    assert run([*command, "none.toml"]) == failures.USAGE
    assert "none.toml: cannot be read" in capsys.readouterr().err
    Path("bad.toml").write_text('[[tenant]]\nname = "acme"\napi_key = "secret"\n')
    assert run([*command, "bad.toml"]) == failures.USAGE
    said = capsys.readouterr().err
    assert "tenant 'acme' has api_key" in said
    assert "secret" not in said
