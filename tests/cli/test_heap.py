"""The C library's heap of the command: fewer arenas, where there is glibc and nobody said else."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: A heap that some threads have filled, each from an arena of its own, if it gets one.
_ARENAS = """
import ctypes, re, threading
from leadgenius_async.cli.heap import use_few_arenas
use_few_arenas()
libc = ctypes.CDLL(None)
held = threading.Barrier(9)
def hold():
    place = libc.malloc(1000)
    held.wait()
threads = [threading.Thread(target=hold) for _ in range(8)]
for thread in threads: thread.start()
held.wait()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc alone has arenas")
@pytest.mark.parametrize(("said", "arenas"), [(None, 2), ("4", 4)])
def test_an_export_has_two_arenas(
    monkeypatch: pytest.MonkeyPatch, said: str | None, arenas: int
) -> None:
    """Eight threads share them; MALLOC_ARENA_MAX in the environment goes first."""
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    if said is not None:
        monkeypatch.setenv("MALLOC_ARENA_MAX", said)
    done = subprocess.run(
        [sys.executable, "-P", "-c", _ARENAS], check=True, capture_output=True, text=True
    )
    assert done.stdout.count("<heap nr=") == arenas
