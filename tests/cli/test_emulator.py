"""`leadgenius emulator`: what it prints for a shell."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from anyio import to_thread

from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run
from leadgenius_async.cli.emulator import exports, write_whole
from leadgenius_async.emulator import Emulator

MINE = {"LEADGENIUS_PASSWORD": "mine", "LEADGENIUS_API_KEY": "mine", "LEADGENIUS_PROFILE": "mine"}


async def test_a_shell_reads_its_lines(emulator: Emulator) -> None:
    """They set the emulator's account and pace, and unset a login and a profile of one's own."""

    def read() -> subprocess.CompletedProcess[str]:
        lines = f"{exports(emulator)}env"
        command = ["/bin/sh", "-euc", lines]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=MINE)

    done = await to_thread.run_sync(read)
    set_now = dict(line.split("=", 1) for line in done.stdout.splitlines() if "LEADGENIUS_" in line)
    assert set_now == {
        "LEADGENIUS_BASE_URL": emulator.base_url,
        "LEADGENIUS_API_KEY": emulator.ready.api_key,
        "LEADGENIUS_USER_ID": emulator.ready.user_id,
        "LEADGENIUS_RATE": "off",
    }


def test_an_old_ready_file(tmp_path: Path) -> None:
    """It is gone before the new start loads: whoever waits for the file takes no other's."""
    file = tmp_path / "ready.json"
    file.write_text("{}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sizes = ["--leads=0", "--source-leads=0", "--clients=1"]
        assert run(["emulator", f"--port={port}", f"--ready-file={file}", *sizes]) == failures.OTHER
    assert not file.exists()


def test_the_ready_file_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From its first byte on, also where a start that was killed has left something."""
    (tmp_path / ".ready.json.tmp").write_text("left")
    modes: list[int] = []
    fdopen = os.fdopen

    def opened(descriptor: int, mode: str) -> object:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return fdopen(descriptor, mode)

    monkeypatch.setattr(os, "fdopen", opened)
    write_whole(tmp_path / "ready.json", b"{}")
    assert modes == [0o600]
    assert [path.name for path in tmp_path.glob("*ready*")] == ["ready.json"]
