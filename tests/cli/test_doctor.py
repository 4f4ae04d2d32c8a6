"""`leadgenius doctor`: each line is right, and what is not well has a remedy and a code."""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from world import World, running_world

from leadgenius_async import _settings
from leadgenius_async._resources.bulk import EnrichLeads
from leadgenius_async.cli import examination
from leadgenius_async.cli.app import run
from leadgenius_async.cli.options import Connection
from leadgenius_async.emulator import faults


def checks(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    """Run it, and return its code and what each check found."""
    code = run(["doctor", "--json", *arguments])
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] == (code == 0)
    return code, {check["check"]: check for check in report["checks"]}


def outcomes(found: dict[str, Any]) -> dict[str, str]:
    return {name: check["outcome"] for name, check in found.items()}


def test_all_is_well(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Few requests; the key's last characters alone are shown."""
    code, found = checks(capsys)
    assert code == 0
    assert set(outcomes(found).values()) <= {"ok", "warning"}
    assert [*found] == [
        "versions", "settings", "dns", "proxy", "tls", "account", "clock", "quota", "export",
        "work folder", "settings folder", "state folder", "temporary folder",
    ]  # fmt: skip
    assert len(world.emulator.log) <= 5
    assert world.emulator.ready.api_key not in json.dumps(found)
    assert world.emulator.ready.api_key[-4:] in found["settings"]["detail"]


def test_the_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """People get a line a check, its remedy in full, and the counts."""
    assert run(["doctor", "--base-url", "http://127.0.0.1:9"]) == 3
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert [line.split()[0] for line in lines].count("failed") == 1
    assert len(lines) == 13
    assert "or run `leadgenius auth login`\n" in said.out
    assert "1 failed" in said.err


@pytest.mark.usefixtures("world")
def test_the_quota(capsys: pytest.CaptureFixture[str]) -> None:
    """The account's limit, and what is left of it; or that nobody knows."""
    assert checks(capsys)[1]["quota"]["outcome"] == "warning"  # this service has no limit
    with running_world(rate=100) as limited:
        code, found = checks(capsys, "--base-url", limited.emulator.base_url)
    assert code == 0
    assert found["quota"]["outcome"] == "ok"
    assert found["quota"]["detail"].startswith("100 requests a minute, 9")


def test_no_credentials(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the first thing to mend."""
    code, found = checks(capsys, "--base-url", "http://127.0.0.1:9")
    assert code == 3
    assert "leadgenius auth login" in found["settings"]["remedy"]


def test_a_wrong_key(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service's word, and what to do."""
    monkeypatch.setenv("LEADGENIUS_API_KEY", "lgp_wrong")
    code, found = checks(capsys)
    assert code == 3
    assert found["account"]["outcome"] == "ok"  # by the login
    assert found["export"]["outcome"] == "failed"
    monkeypatch.delenv("LEADGENIUS_USERNAME")
    code, found = checks(capsys)
    assert code == 3
    assert found["account"]["outcome"] == "failed"
    assert "check key and user id" in found["account"]["remedy"]
    assert found["quota"]["outcome"] == "skipped"
    del world


def test_a_setting_that_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is sent; the folders are looked at all the same."""
    code, found = checks(capsys, "--base-url", "ftp://service.example")
    assert code == 2
    assert found["settings"]["outcome"] == "failed"
    assert "account" not in found
    assert found["work folder"]["outcome"] == "ok"


@pytest.mark.usefixtures("world")
def test_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    """The port is closed: what was the network's is told as such."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code, found = checks(capsys, "--base-url", f"http://127.0.0.1:{port}", "--deadline", "0.5")
    assert code == 7
    assert found["account"]["outcome"] == "failed"


@pytest.mark.usefixtures("world")
def test_a_host_without_an_address(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing further is tried."""
    code, found = checks(capsys, "--base-url", "https://nowhere.invalid")
    assert code == 7
    assert found["dns"]["outcome"] == "failed"
    assert [found[name]["outcome"] for name in ("tls", "account", "clock", "quota")] == [
        "skipped"
    ] * 4
    del monkeypatch


@pytest.mark.usefixtures("world")
def test_a_proxy_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said that it is not used; its password is not shown."""
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:secret@proxy.example:3128")
    code, found = checks(capsys)
    assert code == 0
    assert found["proxy"]["outcome"] == "warning"
    assert "secret" not in json.dumps(found)


def test_a_proxy_that_is_used(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It looks the name up and dials; its password is not shown."""
    port = world.emulator.base_url.rpartition(":")[2]  # no proxy: it answers for itself
    monkeypatch.setenv("LEADGENIUS_PROXY", f"http://ada:secret@127.0.0.1:{port}")
    _, found = checks(capsys)
    assert found["proxy"]["detail"] == "all goes through 127.0.0.1"
    assert found["dns"]["outcome"] == found["tls"]["outcome"] == "skipped"
    assert "secret" not in json.dumps(found)


@pytest.mark.usefixtures("world")
def test_a_clock_that_is_off(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Logins end by the service's clock."""
    monkeypatch.setattr(examination, "_SKEW", -1.0)
    _, found = checks(capsys)
    assert found["clock"]["outcome"] == "warning"
    assert "NTP" in found["clock"]["remedy"]


@pytest.mark.usefixtures("world")
def test_a_folder_that_is_full(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning, since some exports are small."""
    monkeypatch.setattr(examination, "_LITTLE_SPACE", 10**18)
    code, found = checks(capsys)
    assert code == 0
    assert found["work folder"]["outcome"] == "warning"


@pytest.mark.usefixtures("world")
def test_a_folder_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A file stands where the state folder should be."""
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    code, found = checks(capsys)
    assert code == 1
    assert found["state folder"]["outcome"] == "failed"
    assert run(["doctor", "--format", "csv"]) == 1
    assert (
        capsys.readouterr().out.splitlines()[0] == '"check","outcome","detail","remedy","exit_code"'
    )


def test_what_does_not_speak_tls(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is sent to it."""
    code, found = checks(capsys, "--base-url", world.emulator.base_url.replace("http", "https"))
    assert code == 7
    assert found["tls"]["outcome"] == "failed"
    assert "firewall" in found["tls"]["remedy"]
    assert found["account"]["outcome"] == "skipped"


@pytest.mark.parametrize("date", ["Mon, 01 Jan 2024 00:00:00 +99999999999999999999", "soon", ""])
def test_a_date_that_is_none(world: World, capsys: pytest.CaptureFixture[str], date: str) -> None:
    """The clock cannot be looked at; the rest can."""
    world.emulator.faults.add(faults.headers(set={"Date": date}))
    code, found = checks(capsys)
    assert code == 0
    assert found["clock"]["outcome"] == "skipped"
    assert found["export"]["outcome"] == "ok"


@pytest.mark.usefixtures("world")
def test_a_folder_whose_name_is_no_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """What is shown of it can be printed."""
    monkeypatch.setenv("XDG_STATE_HOME", f"{tmp_path}/a\udcff")
    assert f"{tmp_path}/a\ufffd" in checks(capsys)[1]["state folder"]["detail"]


@pytest.mark.usefixtures("world")
def test_a_host_that_none_can_have(capsys: pytest.CaptureFixture[str]) -> None:
    """A part of a name has 63 letters at the most."""
    code, found = checks(capsys, "--base-url", f"https://{'a' * 70}.example")
    assert code == 7
    assert found["dns"]["outcome"] == "failed"
    assert "base URL's host" in found["dns"]["remedy"]


def test_plain_http_to_another_machine(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is allowed, and said what that means."""

    def is_loopback(_host: str) -> bool:
        return False

    monkeypatch.setenv("LEADGENIUS_ALLOW_HTTP", "1")
    monkeypatch.setattr(examination, "is_loopback", is_loopback)
    code, found = checks(capsys)
    assert code == 0
    assert found["tls"]["outcome"] == "warning"
    assert "127.0.0.1 and whoever is on the way" in found["tls"]["detail"]
    assert "LEADGENIUS_ALLOW_HTTP" in found["tls"]["remedy"]
    del world


@pytest.mark.usefixtures("world")
def test_a_work_folder_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """It was deleted while somebody stood in it."""
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    code, found = checks(capsys)
    assert code == 1
    assert found["work folder"]["outcome"] == "failed"
    assert found["state folder"]["outcome"] == "ok"


@pytest.mark.usefixtures("world")
def test_a_folder_under_one_that_cannot_be_looked_into(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The one that can be seen is named."""
    hidden = tmp_path / "closed" / "state"
    hidden.parent.mkdir()
    original = os.stat

    def stat(path: Any, **options: Any) -> os.stat_result:
        if str(path).startswith(str(hidden)):
            raise PermissionError(errno.EACCES, "Permission denied")
        return original(path, **options)

    monkeypatch.setenv("XDG_STATE_HOME", str(hidden))
    monkeypatch.setattr(os, "stat", stat)
    hidden.parent.chmod(0o500)
    found = checks(capsys)[1]["state folder"]
    assert found["outcome"] == ("ok" if os.getuid() == 0 else "failed")  # root may do all
    assert str(tmp_path) in found["detail"] + found["remedy"]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("function", "check", "skipped"),
    [
        ("_dns", "dns", {"proxy", "tls", "account", "clock", "quota", "export"}),
        ("_tls", "dns", {"proxy", "tls", "account", "clock", "quota", "export"}),
        ("_clock", "clock", set[str]()),
        ("_quota", "quota", set[str]()),
        ("_folder", "work folder", set[str]()),
    ],
)
def test_a_check_that_itself_fails(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    function: str,
    check: str,
    skipped: set[str],
) -> None:
    """It is a finding like others, with the error's name and words."""

    def fail(*_arguments: object) -> None:
        raise RuntimeError("who would have thought")

    monkeypatch.setattr(examination, function, fail)
    code, found = checks(capsys)
    assert code == 1
    assert found[check]["outcome"] == "failed"
    assert found[check]["detail"] == "RuntimeError: who would have thought"
    assert {name for name, outcome in outcomes(found).items() if outcome == "skipped"} == skipped
    assert len(found) == 13


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(("owner", "name", "check"), [
    (_settings, "load", "settings"),
    (Connection, "open", "account"),
    (EnrichLeads, "rows", "export"),
])  # fmt: skip
def test_what_nobody_expects_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    owner: Any,
    name: str,
    check: str,
) -> None:
    """The same."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("who would have thought")

    monkeypatch.setattr(owner, name, fail)
    code, found = checks(capsys)
    assert code == 1
    assert found[check]["outcome"] == "failed"
    assert found[check]["detail"] == "RuntimeError: who would have thought"
    assert found["work folder"]["outcome"] == "ok"


def test_a_service_that_fails(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """Five requests at the most, of which one that fails is sent up to five times."""
    world.emulator.faults.add(faults.status(500), path="/api/enrich-leads/*")
    code, found = checks(capsys)
    assert code == 7
    assert found["export"]["outcome"] == "failed"
    assert len(world.emulator.log) <= 4 + 5


def test_a_base_url_with_a_wrong_path(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """What answers is there, but not what is asked for: the path may be at fault."""
    code, found = checks(capsys, "--base-url", f"{world.emulator.base_url}/app")
    assert code != 0
    assert found["account"]["remedy"] == "check the base URL: its path may be at fault"
