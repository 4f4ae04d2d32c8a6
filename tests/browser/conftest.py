"""A browser that notes whatever goes wrong on a page."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright
from visits import Visits

CHROMIUM = Path(os.environ.get("LEADGENIUS_CHROMIUM", "/usr/bin/chromium"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, help="folder for pictures of each page")


def pytest_configure() -> None:
    """Fail where there is no browser: nobody would notice tests that are left out."""
    if not CHROMIUM.exists():
        raise pytest.UsageError(
            f"there is no {CHROMIUM}: apt-get install chromium, or name another Chromium in"
            " LEADGENIUS_CHROMIUM"
        )


@pytest.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser]:
    # Chromium refuses its sandbox to root.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        await chromium.close()


@pytest.fixture
async def visit(browser: Browser) -> AsyncGenerator[Visits]:
    """Open pages; what goes wrong on one fails the test, unless it takes it out of `wrong`."""
    visits = Visits(browser)
    yield visits
    await visits.close()


@pytest.fixture
def picture(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Where the picture of a name goes."""
    folder = request.config.getoption("--screenshots")
    folder = folder or tmp_path_factory.getbasetemp() / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return lambda name: folder / f"{name}.png"
