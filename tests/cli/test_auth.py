"""Logins and keys on the command line: where they are saved, and whose stays apart."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from world import World, running_world

from leadgenius_async import LeadGenius, errors
from leadgenius_async._credentials_file import CredentialsFile
from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run

YOU = "you@company.example"
FOREIGN = "https://elsewhere.example"
Said = pytest.CaptureFixture[str]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Generator[World, None, None]:
    """A service in the environment, and the password of whoever logs in."""
    with running_world() as world:
        world.add_user(YOU, world.emulator.ready.password, role="member")
        monkeypatch.setenv("LEADGENIUS_BASE_URL", world.emulator.base_url)
        monkeypatch.setenv("LEADGENIUS_PASSWORD", world.emulator.ready.password)
        monkeypatch.setenv("LEADGENIUS_RATE", "off")
        yield world


@pytest.fixture
def home(no_settings_from_outside: Path) -> Path:
    return no_settings_from_outside


def file_of(home: Path) -> Path:
    return home / ".leadgenius_auth.json"


def saved(home: Path) -> dict[str, Any]:
    """Return what the credentials file holds."""
    found: dict[str, Any] = json.loads(file_of(home).read_text())
    return found


def profiles(home: Path) -> dict[str, Any]:
    """Return what profiles.json holds."""
    found: dict[str, Any] = json.loads((home / ".config/leadgenius/profiles.json").read_text())
    return found


def save(home: Path, **values: str) -> None:
    file_of(home).write_text(json.dumps(values))
    file_of(home).chmod(0o600)


def token_in(world: World) -> str:
    """Return a token of the first user."""
    ready = world.emulator.ready

    async def log_in() -> str:
        async with LeadGenius(base_url=world.emulator.base_url, rate="off") as lg:
            return (await lg.auth.login(ready.username, ready.password)).tokens.access.reveal()

    return world.portal.call(log_in)


# Logins


@pytest.mark.parametrize("line", [["auth"], ["auth", "login"]], ids=" ".join)
def test_auth_alone_is_a_login(world: World, home: Path, capsys: Said, line: list[str]) -> None:
    """Scripts have it without `login`; the file has all that its readers look for."""
    assert run([*line, "--email", YOU]) == 0
    assert f"user-{YOU}" in capsys.readouterr().out
    found = saved(home)
    assert found.keys() == {"token", "id_token", "refresh_token", "email", "user_id", "base_url"}
    assert (found["email"], found["user_id"]) == (YOU, f"user-{YOU}")
    assert found["base_url"] == world.emulator.base_url


def test_auth_alone_asks_who(world: World, capsys: Said) -> None:
    """Off a terminal it says what is missing, and does not hang."""
    assert run(["auth"]) == failures.AUTH
    assert "--email" in capsys.readouterr().err
    assert not world.answered("POST /api/auth")


def test_a_login_is_saved_in_its_profile(world: World, home: Path, capsys: Said) -> None:
    """The profile may be new; the credentials file is not touched, in the whole life of it."""
    save(home, token="of-file", refresh_token="of-file", base_url=world.emulator.base_url)
    before = file_of(home).read_bytes()
    profile = ["--profile", "work"]
    assert run(["auth", "--email", YOU, *profile]) == 0
    first = profiles(home)["work"]
    assert first["email"] == YOU
    assert (home / ".config/leadgenius/profiles.json").stat().st_mode & 0o777 == 0o600
    assert run(["auth", "refresh", *profile]) == 0
    second = profiles(home)["work"]
    assert second["token"] != first["token"]
    capsys.readouterr()
    assert run(["auth", "status", "--json", *profile]) == 0
    assert json.loads(capsys.readouterr().out)["user_id"] == f"user-{YOU}"
    assert run(["generate-key", *profile]) == 0
    key = capsys.readouterr().out.strip()
    assert profiles(home)["work"] == {**second, "api_key": key}
    assert run(["auth", "logout", *profile]) == 0
    left = {name: second[name] for name in ("email", "user_id", "base_url")}
    assert profiles(home)["work"] == {**left, "api_key": key}
    assert file_of(home).read_bytes() == before


def test_a_login_that_fails_makes_no_profile(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is saved before the service has said yes."""
    del world
    monkeypatch.setenv("LEADGENIUS_PASSWORD", "not the password")
    assert run(["auth", "--email", YOU, "--profile", "work"]) == failures.AUTH
    assert not (home / ".config").exists()


@pytest.mark.parametrize("command", [["status"], ["refresh"], ["logout"]])
@pytest.mark.usefixtures("world")
def test_a_profile_that_is_not_there(home: Path, capsys: Said, command: list[str]) -> None:
    """Only a login makes one."""
    assert run(["auth", *command, "--profile", "wrok"]) == failures.USAGE
    assert "no profile 'wrok'" in capsys.readouterr().err
    assert not (home / ".config").exists()


def test_the_same_users_login_is_not_renewed_elsewhere(world: World, home: Path) -> None:
    """A login to a profile leaves the same user's login in the credentials file as it was."""
    assert run(["auth", "--email", YOU]) == 0
    before = file_of(home).read_bytes()
    assert run(["auth", "--email", YOU, "--profile", "work"]) == 0
    assert file_of(home).read_bytes() == before
    assert profiles(home)["work"]["base_url"] == world.emulator.base_url


def test_profiles_are_listed(home: Path, capsys: Said) -> None:
    """Names and services, and nothing that is secret; none is an empty list."""
    assert run(["auth", "profiles", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    folder = home / ".config" / "leadgenius"
    folder.mkdir(parents=True)
    entries = {"work": {"base_url": FOREIGN, "api_key": "lgp_canary"}, "home": {"token": "canary"}}
    (folder / "profiles.json").write_text(json.dumps(entries))
    (folder / "profiles.json").chmod(0o600)
    assert run(["auth", "profiles", "--json"]) == 0
    said = capsys.readouterr().out
    assert json.loads(said) == [
        {"profile": "work", "base_url": FOREIGN},
        {"profile": "home", "base_url": "https://last.leadgenius.app"},
    ]
    assert "canary" not in said


@pytest.mark.parametrize("also", [{}, {"LEADGENIUS_ACCESS_TOKEN": "made-up"}], ids=["", "login"])
def test_status_of_a_key_without_its_user(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, also: dict[str, str]
) -> None:
    """The service would answer 401 to it."""
    for name, value in {"LEADGENIUS_API_KEY": "lgp_1", **also}.items():
        monkeypatch.setenv(name, value)
    assert run(["auth", "status"]) == failures.AUTH
    assert "LEADGENIUS_USER_ID" in capsys.readouterr().err
    monkeypatch.setenv("LEADGENIUS_USER_ID", "u")
    assert run(["auth", "status"]) == 0


# Keys


def test_a_key_is_printed_once_and_saved(world: World, home: Path, capsys: Said) -> None:
    """Stdout has the key alone; the file has it with its user id, and works from then on."""
    assert run(["auth", "--email", YOU]) == 0
    login = saved(home)
    capsys.readouterr()
    assert run(["generate-key", "--name", "Production Agent", "--desc", "Nightly export"]) == 0
    said = capsys.readouterr()
    key = said.out.removesuffix("\n")
    assert key.startswith("lgp_")
    assert key not in said.err
    assert saved(home) == {**login, "api_key": key}
    assert file_of(home).stat().st_mode & 0o777 == 0o600
    assert run(["api-keys", "list", "--json"]) == 0
    [listed] = json.loads(capsys.readouterr().out)
    assert (listed["name"], listed["description"]) == ("Production Agent", "Nightly export")
    assert run(["auth", "logout"]) == 0
    before = len(world.answered("GET /api/enrich-leads/list"))
    assert run(["export", "enrich-leads", "--out", str(home / "out")]) == 0
    assert len(world.answered("GET /api/enrich-leads/list")) > before


def test_the_same_users_key_may_be_replaced(world: World, home: Path, capsys: Said) -> None:
    """A newer one takes its place without a question; with --json its user id is beside it."""
    assert run(["auth", "--email", YOU]) == 0
    assert run(["generate-key"]) == 0
    first = saved(home)["api_key"]
    capsys.readouterr()
    assert run(["generate-key", "--json"]) == 0
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert answer == {"apiKey": saved(home)["api_key"], "user_id": f"user-{YOU}"}
    assert answer["apiKey"] != first
    assert said.err == ""
    assert len(world.answered("POST /api/agent-api-keys")) == 2


@pytest.mark.parametrize("whose", ["user", "unknown user", "service", "service's login", "login"])
def test_anothers_credentials_are_not_overwritten(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said, whose: str
) -> None:
    """No key is made; --replace makes it, and drops the other's login, which it would not fit."""
    here = world.emulator.base_url
    stored = {
        "user": {"api_key": "lgp_old", "user_id": "somebody", "base_url": here},
        "unknown user": {"api_key": "lgp_old", "base_url": here},
        "service": {"api_key": "lgp_old", "user_id": f"user-{YOU}", "base_url": FOREIGN},
        "service's login": {"token": "t", "refresh_token": "r", "base_url": FOREIGN},
        "login": {"token": token_in(world), "email": "demo@company-1.example", "base_url": here},
    }[whose]
    save(home, theirs="kept", **stored)
    monkeypatch.setenv("LEADGENIUS_USERNAME", YOU)
    assert run(["generate-key"]) == failures.USAGE
    assert "--replace" in capsys.readouterr().err
    assert saved(home) == {"theirs": "kept", **stored}
    assert not world.answered("POST /api/agent-api-keys")
    assert run(["generate-key", "--replace"]) == 0
    key = capsys.readouterr().out.strip()
    assert saved(home) == {
        "theirs": "kept", "api_key": key, "user_id": f"user-{YOU}", "base_url": here,
    }  # fmt: skip


def test_a_key_that_cannot_be_saved_is_printed_all_the_same(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    """The service shows it this once."""

    def full(*_: object) -> None:
        raise errors.ConfigurationError("no space")

    monkeypatch.setattr(CredentialsFile, "update", full)
    monkeypatch.setenv("LEADGENIUS_USERNAME", YOU)
    assert run(["generate-key"]) == failures.USAGE
    said = capsys.readouterr()
    assert said.out.startswith("lgp_")
    assert "no space" in said.err
    assert len(world.answered("POST /api/agent-api-keys")) == 1
    assert not file_of(home).exists()


@pytest.mark.usefixtures("world")
def test_a_key_needs_a_login(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """Another key does not do; nothing is sent."""
    monkeypatch.setenv("LEADGENIUS_API_KEY", "lgp_1")
    monkeypatch.setenv("LEADGENIUS_USER_ID", "u")
    assert run(["generate-key"]) == failures.AUTH
    assert "auth login" in capsys.readouterr().err


@pytest.mark.usefixtures("world")
def test_a_key_has_a_name(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """An empty one is refused before anything is made."""
    monkeypatch.setenv("LEADGENIUS_USERNAME", YOU)
    assert run(["generate-key", "--name", ""]) == failures.USAGE
    assert "name is empty" in capsys.readouterr().err
