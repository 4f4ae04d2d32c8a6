"""Every Python block of the README and the documentation runs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator

ROOT = Path(__file__).parent.parent
#: Those in docs/integrations run in the tests of their tools, but for what needs none.
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "docs" / "integrations" / "tenants.md",
]
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{n}")
    for page in PAGES
    for n, block in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL))
]


def functions(block: str) -> list[Callable[..., Coroutine[Any, Any, object]]]:
    """Execute a block and return the coroutine functions that it defines."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(block, "documentation", "exec"), names)  # noqa: S102 - the block is the subject
    found = (value for value in names.values() if inspect.iscoroutinefunction(value))
    return [value for value in found if value.__module__ == "__main__"]


@pytest.mark.parametrize("block", BLOCKS)
async def test_the_block_runs(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: str
) -> None:
    """A reader may copy it: it runs as it stands, with the account in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADGENIUS_BASE_URL", emulator.base_url)
    monkeypatch.setenv("LEADGENIUS_API_KEY", emulator.ready.api_key)
    monkeypatch.setenv("LEADGENIUS_USER_ID", emulator.ready.user_id)
    monkeypatch.setenv("LEADGENIUS_RATE", "off")
    if "asyncio.run(" in block:
        # It brings its own event loop, so it gets a thread of its own; the emulator stays here.
        await to_thread.run_sync(functions, block)
        return
    found = functions(block)
    assert found
    async with LeadGenius() as lg:
        fixtures = {"leadgenius_emulator": emulator}
        for function in found:
            names = inspect.signature(function).parameters
            await function(*(fixtures.get(name, lg) for name in names))


def test_there_are_blocks() -> None:
    """The pattern above finds something."""
    assert len(BLOCKS) >= 4


def test_the_loggers_are_listed() -> None:
    """Whoever sets levels goes by their names, and what they log is promised there."""
    names = {
        name.strip('"')
        for path in (ROOT / "leadgenius_async").rglob("*.py")
        if "emulator" not in path.parts  # a service of its own, with nobody's leads
        for name in re.findall(r"getLogger\((.*?)\)", path.read_text())
    }
    page = (ROOT / "docs" / "integrations" / "otel.md").read_text()
    listed = re.search(r"\nThe loggers are (.*?)\.\n", page, re.DOTALL)
    assert listed
    assert set(re.findall(r"`(.*?)`", listed[1])) == names - {"leadgenius_async"}


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: page.name
)
def test_no_placeholder_is_left(page: Path) -> None:
    """A table or a figure that is still to come stands as one word in capitals."""
    assert re.findall(r"^[ \t]*[A-Z][A-Z_]+[ \t]*$", page.read_text(), re.MULTILINE) == []
