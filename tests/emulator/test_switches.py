"""`leadgenius emulator --set NAME=VALUE`: every option that has no flag of its own."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import anyio
import msgspec
import pytest

from leadgenius_async.cli.app import run
from leadgenius_async.cli.emulator import emulator as command, read_switches
from leadgenius_async.emulator import EmulatorConfig

_LIMIT = 30.0  # seconds that the command may take to listen
FLAGS = set(inspect.signature(command).parameters)
DEFAULTS = {
    field.name: field.default
    for field in dataclasses.fields(EmulatorConfig)
    if field.name not in FLAGS
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_switch_can_be_set(name: str) -> None:
    """A default, written as text, is read back as what it is."""
    text = "null" if DEFAULTS[name] is None else DEFAULTS[name]
    found = read_switches([f"{name}={text}"], FLAGS)
    assert found == {name: DEFAULTS[name]}
    assert type(found[name]) is type(DEFAULTS[name])


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("repeat_share=0.2", 0.2),
        ("slow_above=500", 500),
        ("loop_pages=3", 3),
        ("endless_empty=true", True),
        ("refusal=401", 401),
        ("late_least=2", 2.0),
        ("fault_at=3", 3),
        ("poison=@poison.example", "@poison.example"),
    ],
)
def test_faults_can_be_set(pair: str, value: object) -> None:
    """The faults of bulk lists and of writes are read as what they are."""
    [found] = read_switches([pair], FLAGS).values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("colour=red", "--set colour=red: give NAME=VALUE with one of latency, "),
        ("leads=5", "--set leads=5: give NAME=VALUE with one of latency, "),
        ("move_leads", "--set move_leads: give NAME=VALUE"),
        ("move_leads=perhaps", "--set move_leads='perhaps' is not allowed: give True or False"),
        ("batch_limit=1.5", "--set batch_limit='1.5' is not allowed: give an int"),
        ("read_lag=inf", "--set read_lag=inf is not allowed: give 0 seconds or more"),
        ("batch_create=some", "--set batch_create='some' is not allowed: give 'all' or 'part'"),
    ],
)
def test_what_cannot_be_set(capsys: pytest.CaptureFixture[str], pair: str, says: str) -> None:
    """It is bad input, and the line names what there is."""
    assert run(["emulator", "--set", pair]) == 8
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


async def test_the_command_takes_several(tmp_path: Path) -> None:
    """The service that listens has them all; of one given twice the last counts."""
    ready_file = tmp_path / "ready.json"
    arguments = ["--leads=0", "--source-leads=0", "--set", "batch_limit=9",
                 "--set=batch_limit=1", "--set", "keys_everywhere=false",
                 f"--ready-file={ready_file}"]  # fmt: skip
    starts = [sys.executable, "-P", "-m", "leadgenius_async", "emulator", *arguments]
    with subprocess.Popen(starts, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:  # noqa: ASYNC220 - it returns at once
        try:
            deadline = time.monotonic() + _LIMIT
            while not ready_file.exists():
                assert time.monotonic() < deadline
                await anyio.sleep(0.02)
            await _check(msgspec.json.decode(ready_file.read_bytes()))
        finally:
            process.terminate()


async def _check(ready: dict[str, str]) -> None:
    key = {"x-api-key": ready["api_key"], "x-user-id": ready["user_id"]}
    login = {name: ready[name] for name in ("username", "password")}
    async with aiohttp.ClientSession(ready["base_url"]) as session:
        async with session.get("/api/leads", headers=key) as response:
            assert response.status == 401
        async with session.post("/api/auth", json=login) as response:
            token = (await response.json())["tokens"]["accessToken"]
        bearer = {"Authorization": f"Bearer {token}"}
        batch = {"ids": ["lead_1", "lead_2"]}
        async with session.delete("/api/leads", json=batch, headers=bearer) as response:
            assert response.status == 400
            assert "1 at the most" in await response.text()
