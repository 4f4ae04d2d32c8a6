"""`leadgenius emulator`: what it prints for a shell."""

from __future__ import annotations

import subprocess

from anyio import to_thread

from leadgenius_async.cli.emulator import exports
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
