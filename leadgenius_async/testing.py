"""pytest fixtures: your code against the service on your own machine, with whatever goes wrong.

pytest finds them by itself where this package is installed:

    @pytest.mark.leadgenius(leads=500, rate=100)
    async def test_my_job(leadgenius_emulator, leadgenius):
        leadgenius_emulator.faults.add(faults.status(503), path="/api/enrich-leads/*", times=2)
        await my_job(leadgenius)
        leadgenius_emulator.log.assert_no_429()

| fixture | what it is |
| --- | --- |
| `leadgenius_emulator` | a running `Emulator`, new for each test; the mark has its options |
| `leadgenius_environment` | points `LeadGenius()` and the command line at it |
| `leadgenius` | a `LeadGenius` for it, as its first company |

The emulator has a thread and an event loop of its own: tests may be plain or asynchronous.
`leadgenius` is asynchronous itself: it needs `anyio_mode = "auto"` or a mark of anyio's, or
pytest-asyncio in its auto mode.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from leadgenius_async._client import LeadGenius
    from leadgenius_async.emulator import Emulator

__all__ = ["leadgenius", "leadgenius_emulator", "leadgenius_environment"]

#: What an emulator is made with, unless the mark says otherwise: small, and in no hurry.
DEFAULTS: dict[str, object] = {"leads": 500, "source_leads": 100, "clients": 3, "rate": "off"}
_MARK = "leadgenius(**options): options of the test's emulator, such as leads=500"


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", _MARK)


@pytest.fixture
def leadgenius_emulator(request: pytest.FixtureRequest) -> Generator[Emulator]:
    """Give a running emulator; the arguments of the mark `leadgenius` are its options.

    Raises:
        TypeError: The mark has an option that there is not, or one without a name.
        ValueError: An option has a value outside its range.
    """
    # Here, and not at the top: pytest loads this module in every project, used or not.
    from anyio.from_thread import start_blocking_portal  # noqa: PLC0415

    from leadgenius_async.emulator import Emulator  # noqa: PLC0415

    emulator = Emulator(None, **{**DEFAULTS, **_options(request)})
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(emulator):
        yield emulator


@pytest.fixture
def leadgenius_environment(
    leadgenius_emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> dict[str, str]:
    """Let whatever reads the environment use the emulator, and no saved login; give the variables.

    `HOME`, on Windows `USERPROFILE`, is a folder of the test's own, so that no key of yours goes
    anywhere.
    """
    for name in list(os.environ):
        if name.startswith(("LEADGENIUS_", "LGP_")):
            monkeypatch.delenv(name)
    ready = leadgenius_emulator.ready
    variables = {
        "LEADGENIUS_BASE_URL": ready.base_url,
        "LEADGENIUS_API_KEY": ready.api_key,
        "LEADGENIUS_USER_ID": ready.user_id,
        "LEADGENIUS_RATE": str(leadgenius_emulator.config.rate),
        "HOME": str(tmp_path),
        "USERPROFILE": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / ".config"),
        "XDG_STATE_HOME": str(tmp_path / ".state"),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
async def leadgenius(leadgenius_environment: dict[str, str]) -> AsyncGenerator[LeadGenius]:
    """Give a client of the emulator's first company, with its API key."""
    from leadgenius_async._client import LeadGenius  # noqa: PLC0415 - as above

    del leadgenius_environment  # it is what the client reads
    async with LeadGenius() as client:
        yield client


def _options(request: pytest.FixtureRequest) -> dict[str, object]:
    mark: pytest.Mark | None = request.node.get_closest_marker("leadgenius")
    if mark is None:
        return {}
    if mark.args:
        raise TypeError(f"leadgenius{mark.args} has a value without a name: give leads=500")
    return dict(mark.kwargs)
