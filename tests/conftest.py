"""Fixtures that all tests share."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from accounts import connect
from canaries import Watch

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator

if TYPE_CHECKING:
    from stores import Bucket


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def nothing_secret_is_told(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Fail the run if a secret is in a log, an error or a file."""
    watch = Watch()
    watch.begin()
    yield
    watch.end(tmp_path_factory.getbasetemp())
    assert not watch.leaks, "\n".join(watch.leaks)


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
    monkeypatch.setenv("XDG_STATE_HOME", str(home / ".state"))
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


@pytest.fixture(scope="session")
def s3_endpoint() -> Generator[str]:
    from stores import running_s3  # noqa: PLC0415 - takes a second to load

    with running_s3() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket of S3, which the environment says how to reach."""
    from stores import Bucket, environment  # noqa: PLC0415 - the same

    for name, value in environment(s3_endpoint).items():
        monkeypatch.setenv(name, value)
    return Bucket(s3_endpoint)
