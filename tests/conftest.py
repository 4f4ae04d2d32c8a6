"""Fixtures that all tests share."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from accounts import connect

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Keep the developer's own credentials out, and give each test a home of its own."""
    for name in list(os.environ):
        if name.startswith(("LEADGENIUS_", "LGP_")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    return home


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator, None]:
    """A service with its habits and no rate limit."""
    async with Emulator(leads=600, source_leads=200, clients=5, rate="off") as service:
        yield service


@pytest.fixture
async def lg(emulator: Emulator) -> AsyncGenerator[LeadGenius, None]:
    """A client of the emulator's first company, with its API key."""
    async with connect(emulator) as client:
        yield client
