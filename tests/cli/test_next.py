"""What fails says what to type next, and speaks of options, not of Python's arguments."""

from __future__ import annotations

import json
import shlex
from collections.abc import Generator
from pathlib import Path

import pytest
from world import World, running_world

from leadgenius_async.cli.app import app, run
from leadgenius_async.cli.wording import with_options, worded
from leadgenius_async.emulator import faults

Said = pytest.CaptureFixture[str]

#: Command lines without an account, and what is to be typed next.
WITHOUT_ACCOUNT = [
    ("clients list", "auth login"),
    ("export enrich-leads --out x", "auth login"),
    ("auth status", "auth login"),
    ("auth login --no-input", "auth login --help"),
    ("selftest --no-input", "selftest --help"),
    ("clients list --profile nobody", "auth profiles"),
    ("clients list --base-url nonsense", "clients list --help"),
    ("exprot", "--help"),
    ("export enrich-lead", "export --help"),
    ("clients list --lmit 3", "clients list --help"),
    ("clients get", "clients get --help"),
    ("clients list --password x", "clients list --help"),
    ("leads find", "leads find --help"),
    ("jobs show nope", "jobs list"),
    ("jobs resume nope", "jobs list"),
    ("verify nope", "jobs list"),
    ("compact nope", "jobs list"),
    ("leads delete lead_1", "leads delete lead_1 --yes"),
    ("clients purge acme-corp", "clients purge acme-corp --yes"),
    ("leads create --data {bad", "leads create --help"),
    ("emulator --port 99999", "emulator --help"),
]
#: The same with one, where `full` holds a finished export, and people.csv has no e-mail addresses.
WITH_ACCOUNT = [
    ("clients get acme", "clients list"),
    ("leads list --client-id acme-cor", "clients list"),
    ("leads move lead_1 --to RECORD_ID", "clients list"),
    ("leads get nobody", "leads list"),
    ("tasks get nothing", "tasks recent"),
    ("enrichment get nothing", "leads list"),
    ("admin users", "auth status"),
    ("export enrich-leads --out x --company-id company-2", "auth status"),
    ("export enrich-leads --out x --fields emial", "export enrich-leads --help"),
    ("export enrich-leads --out x --page-size 0", "export enrich-leads --help"),
    ("export enrich-leads --out full", "export enrich-leads --out full --overwrite"),
    (
        "export source-leads --out none --client=acme-corp",
        "export source-leads --out none --client=acme-corp --allow-empty",
    ),
    ("leads import people.csv", "leads import --help"),
    ("leads import nothing.csv --client acme-corp", "leads import --help"),
    ("clients list --base-url http://127.0.0.1:1 --deadline 1", "doctor"),
]


@pytest.fixture(scope="module")
def account() -> Generator[World]:
    """An account whose tests change nothing in it."""
    with running_world(login_attempts=100) as world:
        yield world


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder that commands run in, with nobody at the terminal."""
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text("First Name,Last Name\nMia,Sample\n")
    return tmp_path


def check(line: str, next_: str, capsys: Said) -> None:
    """Run a command that fails, and assert what its one line on stderr ends with."""
    assert run(shlex.split(line)) not in {0, None}
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith((f"next: leadgenius {next_}", f"`leadgenius {next_}`")), last
    assert run([*shlex.split(line), "--json"]) != 0
    error = json.loads(capsys.readouterr().err)
    assert [word for word in shlex.split(error["next"]) if word != "--json"] == shlex.split(
        f"leadgenius {next_}"
    )
    words = shlex.split(next_)
    if "--help" not in words:  # which is one that can be typed itself
        app.parse_args(words, exit_on_error=False, print_error=False)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("line", "next_"), WITHOUT_ACCOUNT)
def test_without_an_account(line: str, next_: str, capsys: Said) -> None:
    """Missing credentials, wrong usage, and what is on this machine alone."""
    check(line, next_, capsys)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(("line", "next_"), WITH_ACCOUNT)
def test_with_an_account(
    account: World, line: str, next_: str, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the service does not have, or refuses, and exports that cannot begin."""
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)
    if "full" in line:
        assert run(["export", "enrich-leads", "--out", "full"]) == 0
        capsys.readouterr()
    record_id = account.with_client(lambda lg: lg.clients.get("acme-corp")).id
    check(line.replace("RECORD_ID", record_id), next_, capsys)


@pytest.mark.parametrize(
    ("name", "next_"), [("LEADGENIUS_API_KEY", "doctor"), ("LEADGENIUS_PASSWORD", "auth login")]
)
def test_credentials_that_are_refused(
    account: World, name: str, next_: str, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key has no login to be renewed by; a login has."""
    for each, value in account.environment().items():
        if name == "LEADGENIUS_PASSWORD" or "USERNAME" not in each:
            monkeypatch.setenv(each, value)
    monkeypatch.setenv(name, "wrong-password")
    check("clients list", next_, capsys)


@pytest.mark.usefixtures("folder")
def test_an_export_that_is_not_complete(capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the folder that goes on, in which the job is found."""
    with running_world() as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        world.emulator.faults.add(faults.status(400), path="/api/enrich-leads/list", nth=3)
        line = "export enrich-leads --out part --chains clients"
        assert run(line.split()) == 6
        assert (
            capsys.readouterr().err.splitlines()[-1].endswith("next: leadgenius jobs resume part")
        )
        assert run(["jobs", "resume", "part"]) == 0


OPTIONS = {"--page-size", "--max-file-size", "--sort-by", "--limit", "--client-id", "--single-file"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("page_size is 0: the service takes 1", "--page-size is 0: the service takes 1"),
        ("max_file_bytes is 0", "--max-file-size is 0"),
        ("sortBy is 'x': give one of id", "--sort-by is 'x': give one of id"),
        ("max_file_bytes goes not with single_file", "--max-file-size goes not with --single-file"),
        ("limit is 3, and its limit is 5", "--limit is 3, and its limit is 5"),
        ("client_id is empty", "--client-id is empty"),
        ("no client has the client_id 'x'", "no client has the client_id 'x'"),
        ("there is no field 'page_size' here", "there is no field 'page_size' here"),
        ("settle is -1: give 0 or more", "settle is -1: give 0 or more"),  # has no such option
    ],
)
def test_arguments_are_told_as_options(said: str, told: str) -> None:
    """Only what the command has an option for, and no name of a field."""
    assert with_options(said, OPTIONS) == told


def test_advice_is_what_can_be_typed() -> None:
    """Python's keywords are the options that do the same."""
    assert worded("give 1 or more, or None for all") == "give 1 or more, or leave it out for all"
    assert worded("go on past it with stop_on_error=False (--on-error continue)").endswith(
        "with --on-error continue"
    )
