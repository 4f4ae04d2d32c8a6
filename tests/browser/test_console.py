"""The emulator's console as somebody uses it, in a browser."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import aiohttp
import pytest
from accounts import connect
from playwright.async_api import Page, expect
from visits import Theme, Visits, barriers, overflow
from yarl import URL

from leadgenius_async import LeadGenius, LeadGeniusError
from leadgenius_async.cli.emulator import exports
from leadgenius_async.emulator import Emulator, faults
from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.console import events
from leadgenius_async.emulator.console.events import MOST_STREAMS
from leadgenius_async.emulator.faults.wire import paused

#: Milliseconds that a page may be busy without an answer to a click.
FROZEN = 500
LOCKED = "This page needs the token"


@pytest.fixture
async def page(emulator: Emulator, visit: Visits) -> Page:
    page = await visit(emulator.console_url)
    await expect(page.locator("#link")).to_have_text("live")
    return page


@pytest.fixture
async def http(emulator: Emulator) -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(emulator.base_url) as session:
        yield session


async def ask(http: aiohttp.ClientSession, path: str) -> None:
    async with http.get(path) as response:
        await response.read()


async def everyone(lg: LeadGenius) -> list[str]:
    return [client.client_id async for client in lg.clients.list()]


async def test_its_address(emulator: Emulator, visit: Visits) -> None:
    """The token leaves the address at once, and is there still when the page is loaded anew."""
    page = await visit(emulator.console_url)
    await expect(page.locator("#link")).to_have_text("live")
    await expect(page).to_have_url(f"{emulator.base_url}/")
    await page.reload()
    await expect(page.locator("#link")).to_have_text("live")


async def test_a_call_of_a_client(lg: LeadGenius, page: Page) -> None:
    """It is listed within a moment, newest first, with what it was answered."""
    await expect(page.locator("#no-requests")).to_be_visible()
    await everyone(lg)
    row = page.locator("#request-rows tr")
    await expect(row).to_contain_text("GET/api/clientscompany-1200", timeout=2_000)
    [_ async for _ in lg.enrich_leads.rows(fields=["id"])]
    newest = page.locator("#request-rows tr").first
    await expect(newest).to_contain_text("/api/enrich-leads/list")
    await expect(page.locator("#total")).not_to_have_text("1")


async def test_a_call_that_is_listed_at_once(http: aiohttp.ClientSession, page: Page) -> None:
    """Each shows how it ended: answered, refused or met by a fault."""
    await ask(http, "/api/nothing")
    row = page.locator("#request-rows tr").first
    await expect(row.locator(".status")).to_have_text("404", timeout=2_000)


async def test_pause(http: aiohttp.ClientSession, page: Page) -> None:
    """The list stands still, and has all that came meanwhile when it goes on."""
    rows = page.locator("#request-rows tr")
    await ask(http, "/api/first")
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="Pause").click()
    await ask(http, "/api/second")
    await expect(page.locator("#request-note")).to_contain_text("paused, 1 since")
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="Go on").click()
    await expect(rows.first).to_contain_text("/api/second")
    await expect(rows).to_have_count(2)


async def test_filters(http: aiohttp.ClientSession, page: Page) -> None:
    """By a part of the path and by status, for what came before and what comes after."""
    rows = page.locator("#request-rows tr")
    for path in ("/api/clients", "/api/nothing", "/api/clients"):
        await ask(http, path)
    await expect(rows).to_have_count(3)
    await page.get_by_label("Path has", exact=True).fill("clients")
    await expect(rows).to_have_count(2)
    await ask(http, "/api/nothing")
    await ask(http, "/api/clients")
    await expect(rows).to_have_count(3)
    await page.get_by_label("Status", exact=True).select_option("5xx")
    await expect(page.locator("#no-requests")).to_have_text("None of them matches.")
    await page.get_by_label("Status", exact=True).select_option("4xx")
    await page.get_by_label("Path has", exact=True).fill("")
    await expect(rows).to_have_count(5)


async def test_a_rule(lg: LeadGenius, page: Page) -> None:
    """Added by clicks it befalls the next call, says so, and is mended by its removal."""
    await page.get_by_label("Example").select_option("a login that has run out, once")
    await page.get_by_label("Rule", exact=True).fill("GET /api/clients status=422")
    await page.get_by_role("button", name="Add").click()
    rule = page.locator("#faults li")
    await expect(rule).to_contain_text("GET /api/clients status=422")
    with pytest.raises(LeadGeniusError):
        await everyone(lg)
    await expect(rule).to_contain_text("met 1 of 1")
    await expect(page.locator("#request-rows tr").first).to_contain_text("/api/clients status")
    await page.get_by_role("button", name="Remove rule 1").click()
    await expect(rule).to_have_text("None.")
    assert await everyone(lg)


async def test_a_rule_that_is_none(emulator: Emulator, visit: Visits, page: Page) -> None:
    """The page says what there is, and keeps what was written."""
    await page.get_by_label("Rule", exact=True).fill("GET /api/clients smoke")
    await page.keyboard.press("Enter")
    error = page.get_by_role("alert").filter(has_text="'smoke' is no fault: give one of status")
    await expect(error).to_be_visible()
    await expect(page.get_by_label("Rule", exact=True)).to_have_value("GET /api/clients smoke")
    assert len(emulator.faults) == 0
    visit.forgive("400")


async def test_a_switch(emulator: Emulator, lg: LeadGenius, visit: Visits, page: Page) -> None:
    """Changed by clicks it acts at once, and a value that is not allowed is taken back."""
    await page.get_by_label("Name or meaning has").fill("batch_create")
    await page.get_by_label("batch_create", exact=True).select_option("none")
    await expect(page.locator("summary", has_text="Creates")).to_contain_text("1 changed")
    assert emulator.config.batch_create == "none"
    client = emulator.ready.clients[0].client_id
    await lg.leads.create_batch([{"firstName": "Ada", "lastName": "Sample"}], client_id=client)
    assert not emulator.created()

    await page.get_by_label("Name or meaning has").fill("lost_before")
    share = page.get_by_label("lost_before", exact=True)
    await share.fill("2")
    await share.press("Enter")
    await expect(page.get_by_role("alert").filter(has_text="0 to 1")).to_be_visible()
    await expect(share).to_have_value("0")
    visit.forgive("400")


async def test_a_switch_that_takes_numbers(emulator: Emulator, page: Page) -> None:
    """What is no number is not sent, in place of nothing at all; a negative one is."""
    emulator.change(rate_hour=500)
    await page.get_by_label("Name or meaning has").fill("rate_hour")
    hourly = page.get_by_label("rate_hour", exact=True)
    await expect(hourly).to_have_value("500")
    await hourly.press("End")
    await page.keyboard.type("e")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(has_text="That is no number")).to_be_visible()
    await expect(hourly).to_have_value("500")
    assert emulator.config.rate_hour == 500

    await page.get_by_label("Name or meaning has").fill("expires_in")
    says = page.get_by_label("expires_in", exact=True)
    await says.fill("-5")
    await says.press("Enter")
    await expect(page.locator("summary", has_text="Logins")).to_contain_text("1 changed")
    assert emulator.config.expires_in == -5


async def test_a_switch_from_elsewhere(emulator: Emulator, page: Page) -> None:
    """What a test changes is on the page, whatever kind of value it has."""
    emulator.change(rate=5, bucket_size=9, apply_refused=True, poison="@p.example", refusal=401)
    await page.get_by_label("Name or meaning has").fill("e")
    for name, value in (("rate", "5"), ("bucket_size", "9"), ("poison", "@p.example")):
        await expect(page.get_by_label(name, exact=True)).to_have_value(value)
    await expect(page.get_by_label("apply_refused", exact=True)).to_be_checked()
    await expect(page.get_by_label("refusal", exact=True)).to_have_value("401")
    rate = page.get_by_label("rate", exact=True)
    for value, kept in (("off", "off"), ("70", 70)):
        await rate.fill(value)
        await rate.press("Enter")
        await expect(page.locator("#gauges")).to_contain_text("of 70" if kept == 70 else "No limit")
        assert emulator.config.rate == kept


async def test_the_gauge(visit: Visits) -> None:
    """It follows the limiter: up with requests, and down when the window has passed."""
    async with (
        Emulator(leads=0, source_leads=0, clients=1, rate=10) as emulator,
        connect(emulator) as lg,
    ):
        page = await visit(emulator.console_url)
        gauge = page.get_by_role("meter", name="Requests of company-1")
        await expect(gauge).to_have_attribute("aria-valuenow", "0")
        for _ in range(4):
            await everyone(lg)
        await expect(gauge).to_have_attribute("aria-valuenow", "4")
        await expect(page.locator("#gauges")).to_contain_text("4 of 10 in 60 s")
        await expect(page.locator("#history-all")).to_have_attribute("d", re.compile("M"))
        await page.get_by_role("button", name="+15 min").click()
        await expect(gauge).to_have_attribute("aria-valuenow", "0")
        await expect(page.locator("#ahead")).to_contain_text("15 min ahead")


async def test_the_gauge_of_a_bucket(visit: Visits) -> None:
    """It says how many tokens there are, and how many come."""
    config = EmulatorConfig(
        leads=0, source_leads=0, clients=1, rate=10, rate_model="bucket", bucket_size=3
    )
    async with Emulator(config) as emulator, connect(emulator) as lg:
        page = await visit(emulator.console_url)
        await everyone(lg)
        gauges = page.locator("#gauges")
        await expect(gauges).to_contain_text("1 of 3 tokens taken, 10 come in 60 s")


async def test_the_clock_at_its_end(visit: Visits, page: Page) -> None:
    """No further than times can be written; the page goes on."""
    await page.get_by_label("Seconds forward").fill("1e13")
    await page.get_by_role("button", name="Turn").click()
    await expect(page.locator("#clock-error")).to_contain_text("to the year 9999")
    await page.get_by_role("button", name="+1 min").click()
    await expect(page.locator("#ahead")).to_contain_text("ahead")
    visit.forgive("400")


async def test_the_tables(emulator: Emulator, page: Page) -> None:
    """Rows that are written while it looks are counted, and no name is read as markup."""
    tables = page.locator("#tables")
    await expect(tables).to_contain_text("Sample Company One company-1 · 5 clients600200")
    odd = "<img src=x onerror=alert(1)>"
    emulator.insert("enrich_leads", [{"client_id": odd, "email": "a@b.example"}])
    await expect(tables).to_contain_text("601")
    await expect(tables).to_contain_text(f"no client has this {odd}")
    assert await page.locator("img").count() == 0


async def test_connect(emulator: Emulator, page: Page) -> None:
    """The lines for a shell are those of the chosen company, and can be copied."""
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_label("Company").select_option("company-2")
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    ours, theirs = emulator.ready, emulator.other
    of_theirs = exports(emulator).replace(ours.api_key, theirs.api_key)
    assert copied == of_theirs.replace(ours.user_id, theirs.user_id)


async def test_a_copy_that_is_refused(emulator: Emulator, page: Page) -> None:
    """As where the page comes by http from another machine: the lines are selected."""
    await page.evaluate("delete Navigator.prototype.clipboard")
    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Press Ctrl+C")).to_be_visible()
    selected = await page.evaluate("String(getSelection())")
    assert selected.strip() == exports(emulator).strip()


_WATCH_TASKS = """
window.longest = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
}).observe({ type: "longtask" });
"""


async def test_five_thousand_requests(http: aiohttp.ClientSession, page: Page) -> None:
    """As fast as the emulator takes them: the page counts all and answers a click meanwhile."""
    await page.evaluate(_WATCH_TASKS)

    async def some() -> None:
        for n in range(625):
            await ask(http, f"/api/unknown/{n}")

    asking = asyncio.gather(*(some() for _ in range(8)))
    await page.get_by_role("button", name="Pause").click()
    await page.get_by_role("button", name="Go on").click()
    assert not asking.done()
    await asking
    await expect(page.locator("#total")).to_have_text("5,000")
    await expect(page.locator("#request-rows tr")).to_have_count(200)
    assert await page.evaluate("window.longest") < FROZEN


async def test_a_wrong_token(emulator: Emulator, visit: Visits) -> None:
    """The page says so, shows nothing, and opens with the right address when that is pasted."""
    page = await visit(f"{emulator.base_url}/#token=wrong")
    await expect(
        page.get_by_role("alert").filter(has_text="not that of this start")
    ).to_be_visible()
    await expect(page.locator("#console")).to_be_hidden()
    visit.forgive("401")
    await page.get_by_label("Address or token").fill(emulator.console_url)
    await page.get_by_role("button", name="Open").click()
    await expect(page.locator("#link")).to_have_text("live")


@pytest.mark.parametrize("token", ["", "#token=", "#token=%E2%82%AC"])
async def test_no_token(emulator: Emulator, visit: Visits, token: str) -> None:
    """It asks nothing of the emulator, and says where a token is found."""
    page = await visit(f"{emulator.base_url}/{token}")
    await expect(page.get_by_role("heading", name=LOCKED)).to_be_visible()
    await expect(page.get_by_label("Address or token")).to_be_focused()


async def test_without_scripts(emulator: Emulator, visit: Visits) -> None:
    """The page says that it needs them."""
    page = await visit(emulator.console_url, scripts=False)
    await expect(page.locator("noscript p")).to_be_visible()


async def test_as_many_pages_as_may_be(emulator: Emulator, visit: Visits) -> None:
    """All in one browser, which has six connections to a host: each can still ask."""
    first = await visit(emulator.console_url)
    pages = [first, *[await first.context.new_page() for _ in range(MOST_STREAMS - 1)]]
    for page in pages[1:]:
        await page.goto(emulator.console_url)
    for page in pages:
        await expect(page.locator("#link")).to_have_text("live")
    await first.get_by_role("button", name="+1 min").click()
    await expect(first.locator("#ahead")).to_contain_text("ahead")
    more = await first.context.new_page()
    await more.goto(emulator.console_url)
    await expect(more.locator("#link")).to_have_text(
        "4 pages are open, and no more may be: close one"
    )


async def test_a_stream_that_breaks(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page goes on as it was: what was typed, opened, chosen and focused stays."""
    broken = False

    async def once(stopped: asyncio.Event, seconds: float | None) -> bool:
        nonlocal broken
        broken, before = True, broken
        return not before or await paused(stopped, seconds)

    await page.get_by_label("Name or meaning has").fill("lag")
    await page.get_by_label("Company").select_option("company-2")
    await page.get_by_label("find_lag", exact=True).focus()
    monkeypatch.setattr(events, "paused", once)
    await expect(page.locator("#link")).to_have_text("The emulator is gone")
    await expect(page.locator("#link")).to_have_text("live")
    await expect(page.get_by_label("Company")).to_have_value("company-2")
    await expect(page.get_by_label("find_lag", exact=True)).to_be_focused()
    await expect(page.get_by_label("bucket_size", exact=True)).to_be_hidden()


async def test_the_emulator_ends(visit: Visits) -> None:
    """The page says that it is gone, and asks for the token of the next start."""
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(Emulator(leads=0, source_leads=0, clients=1))
        port = URL(emulator.base_url).port
        page = await visit(emulator.console_url)
        await expect(page.locator("#link")).to_have_text("live")
        await stack.aclose()
        await expect(page.locator("#link")).to_have_text("The emulator is gone")
        await page.get_by_role("button", name="+1 min").click()
        await expect(page.locator("#clock-error")).to_have_text("The emulator does not answer.")
        async with Emulator(leads=0, source_leads=0, clients=1, port=port) as another:
            await expect(page.get_by_role("heading", name=LOCKED)).to_be_visible()
            # In the same tab an address that differs in its fragment alone loads nothing by itself.
            await page.goto(another.console_url)
            await expect(page.locator("#link")).to_have_text("live")
    visit.forgive("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "401")


@contextmanager
def started_by_hand() -> Generator[str]:
    """Run the command, and give the console's address that it prints."""
    command = [sys.executable, "-P", "-m", "leadgenius_async", "emulator", "--leads=20"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr
        found = (line for line in process.stderr if b"console at " in line)
        yield next(found).split()[-1].decode()
        process.terminate()


async def test_the_command_prints_its_address(visit: Visits) -> None:
    """Who opens it sees the console."""
    with started_by_hand() as address:
        page = await visit(address)
        await expect(page.locator("#link")).to_have_text("live")
        await page.goto("about:blank")


async def test_by_keys_alone(emulator: Emulator, page: Page) -> None:
    """Every control is reached by Tab, and shows that it is."""
    await page.get_by_label("Path has", exact=True).focus()
    for name in ("status-filter", "pause", "requests"):
        await page.keyboard.press("Tab")
        await expect(page.locator(f"#{name}")).to_be_focused()
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert await page.evaluate(outline) == "solid"
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.type("* /api/clients hang_up")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Remove rule 1")).to_be_visible()
    await page.get_by_role("button", name="Remove rule 1").press("Enter")
    await expect(page.get_by_label("Rule", exact=True)).to_be_focused()
    assert len(emulator.faults) == 0


_UNDER_THE_HEADER = """() => {
  const header = document.querySelector("header");
  const { bottom } = document.activeElement.getBoundingClientRect();
  const sticks = getComputedStyle(header).position === "sticky";
  return sticks && bottom <= header.getBoundingClientRect().bottom ? document.activeElement.id : "";
}"""


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (640, 400)])
async def test_backwards_by_keys(
    emulator: Emulator, visit: Visits, width: int, height: int
) -> None:
    """What is focused is never hidden beneath the header."""
    page = await visit(emulator.console_url, width=width, height=height)
    await expect(page.locator("#link")).to_have_text("live")
    await page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    await page.get_by_role("button", name="Copy").focus()
    hidden = ""
    while not hidden and not await page.evaluate("document.activeElement.id === 'path-filter'"):
        await page.keyboard.press("Shift+Tab")
        hidden = await page.evaluate(_UNDER_THE_HEADER)
    assert not hidden


@pytest.mark.parametrize("width", [360, 1280, 1680])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_how_it_looks(
    visit: Visits, picture: Callable[[str], Path], theme: Theme, width: int
) -> None:
    """Light and dark, narrow and wide: pictures, nothing cut off, and no barrier by axe."""
    async with Emulator(leads=3_000, source_leads=300, clients=12, rate=60) as emulator:
        emulator.faults.add(faults.status(503, retry_after=2), path="/api/enrich-leads/*", nth=3)
        emulator.faults.add(faults.hang_up(), path="/api/leads", method="POST", times=1)
        emulator.change(read_lag=2.5, batch_create="none")
        await some_requests(emulator)
        page = await visit(emulator.console_url, theme=theme, width=width)
        await expect(page.locator("#link")).to_have_text("live")
        await expect(page.locator("#gauges")).to_contain_text("60 of 60")
        await page.locator("summary", has_text="Lag").click()
        assert await overflow(page) <= 0
        assert await barriers(page) == []
        await page.screenshot(path=picture(f"console-{theme}-{width}"), full_page=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_how_it_looks_without_a_token(
    emulator: Emulator, visit: Visits, picture: Callable[[str], Path], theme: Theme
) -> None:
    """The same for the page that asks for the token."""
    page = await visit(emulator.base_url, theme=theme, width=360)
    await expect(page.get_by_role("heading", name=LOCKED)).to_be_visible()
    assert await overflow(page) <= 0
    assert await barriers(page) == []
    await page.screenshot(path=picture(f"console-locked-{theme}"), full_page=True)


async def some_requests(emulator: Emulator) -> None:
    """Ask for some things, until the limit is met."""
    ready = emulator.ready
    keys = {"x-api-key": ready.api_key, "x-user-id": ready.user_id}
    paths = ("/api/clients", "/api/enrich-leads/list?companyId=company-1&limit=50", "/api/nothing")
    async with aiohttp.ClientSession(emulator.base_url, headers=keys) as session:
        for n in range(100):
            await ask(session, paths[n % len(paths)])
        with pytest.raises(aiohttp.ClientError):
            await session.post("/api/leads", json={})
