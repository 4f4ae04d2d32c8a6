"""The report's page as somebody opens it, in a browser: `leadgenius report DIR --html FILE`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from accounts import connect
from anyio import to_thread
from playwright.async_api import Page, expect
from visits import Theme, Visits, barriers, overflow

from leadgenius_async.emulator import Emulator

SECTIONS = ["clients", "fields", "duplicates", "growth", "scores", "pace", "findings"]
#: What would leave its mark on the page, as ids of clients that an export is about.
ODD = [
    "<script>document.title = 'ran'</script>",
    '"><img src=x onerror="document.title=\'ran\'">',
    "'onmouseover='document.title=1",
    "</style></svg><iframe src=https://elsewhere.example>",
    "&lt;b&gt; " + "w" * 200,
    "שלום \u202eevil",
]


@pytest.fixture(scope="module")
async def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an export of odd clients, written by the command."""
    folder = tmp_path_factory.mktemp("report")
    async with Emulator(leads=600, clients=5, rate="off") as emulator, connect(emulator) as lg:
        emulator.insert("enrich_leads", odd_leads())
        await lg.enrich_leads.export(folder / "leads")
    page = folder / "report.html"
    command = [sys.executable, "-P", "-m", "leadgenius_async", "report", "leads", f"--html={page}"]
    await to_thread.run_sync(lambda: subprocess.run(command, cwd=folder, check=True))
    return page


def odd_leads() -> Iterator[dict[str, object]]:
    """Make ten leads of each odd client."""
    for client_id in ODD:
        for n in range(10):
            email = f"lead-{n % 3}@b.example"
            yield {"client_id": client_id, "email": email, "aiScoreValue": str(n * 9)}


async def opened(visit: Visits, report: Path, *, theme: Theme = "light", width: int = 1280) -> Page:
    """Open the page, which asks for nothing besides itself."""
    page = await visit("about:blank", theme=theme, width=width)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(report.as_uri(), wait_until="networkidle")
    assert asked == [report.as_uri()]
    return page


async def test_sections(visit: Visits, report: Path) -> None:
    """Each has its id and a heading of its own, beneath one for the page."""
    page = await opened(visit, report)
    await expect(page.locator("h1")).to_have_count(1)
    for name in SECTIONS:
        await expect(page.locator(f"#{name}").get_by_role("heading").first).to_be_visible()


async def test_what_came_from_the_server(visit: Visits, report: Path) -> None:
    """It is text: no script runs, nothing is loaded, and the ids stand there as they are."""
    page = await opened(visit, report)
    clients = page.locator("#clients")
    for client_id in ODD[:4]:
        await expect(clients).to_contain_text(client_id)
    assert await page.title() != "ran"
    assert await page.locator("script, iframe, img, object, embed, link[href]").count() == 0
    marked = page.locator("xpath=//*[@*[starts-with(name(), 'on')]]")
    assert await marked.count() == 0


async def test_all_unfolded(visit: Visits, report: Path) -> None:
    """What is folded up opens by keys, and makes the page no wider."""
    page = await opened(visit, report, width=360)
    for summary in await page.locator("summary").all():
        await summary.focus()
        await page.keyboard.press("Enter")
    assert await page.locator("details:not([open])").count() == 0
    assert await overflow(page) <= 0


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_how_it_looks(
    visit: Visits, report: Path, picture: Callable[[str], Path], theme: Theme, width: int
) -> None:
    """Light and dark, narrow and wide: pictures, nothing cut off, and no barrier by axe."""
    page = await opened(visit, report, theme=theme, width=width)
    assert await overflow(page) <= 0
    assert await barriers(page) == []
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    light = sum(int(part) for part in ground.strip("rgb()").split(",")[:3]) > 3 * 127
    assert light == (theme == "light")
    await page.screenshot(path=picture(f"report-{theme}-{width}"), full_page=True)
