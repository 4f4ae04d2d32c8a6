"""Pages of a browser, and what may be wrong with them."""

from __future__ import annotations

from typing import Any, Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

Theme = Literal["light", "dark"]
#: Milliseconds that a page may take to show what it should.
_PATIENCE = 10_000
expect.set_options(timeout=_PATIENCE)


class Visits:
    """Opens pages, each as a browser of its own.

    Attributes:
        wrong: What the pages' consoles and requests said that they should not.
    """

    def __init__(self, browser: Browser) -> None:
        self.wrong: list[str] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    async def __call__(
        self,
        url: str,
        *,
        theme: Theme = "light",
        width: int = 1280,
        height: int = 900,
        scripts: bool = True,
    ) -> Page:
        """Open a page in a window of so many pixels, with or without its scripts."""
        context = await self._browser.new_context(
            color_scheme=theme,
            viewport={"width": width, "height": height},
            java_script_enabled=scripts,
        )
        self._contexts.append(context)
        context.set_default_timeout(_PATIENCE)
        page = await context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("requestfailed", self._failed)
        await page.goto(url)
        return page

    def forgive(self, *parts: str) -> None:
        """Forget what was said with one of these in it, which must have been."""
        assert self.wrong, f"nothing was said of {parts}"
        self.wrong = [said for said in self.wrong if not any(part in said for part in parts)]

    async def close(self) -> None:
        """Close all pages.

        Raises:
            AssertionError: Something went wrong on one.
        """
        wrong = [*self.wrong]
        for context in self._contexts:
            await context.close()
        if wrong:
            raise AssertionError("\n".join(wrong))

    def _failed(self, request: Any) -> None:
        # A page that is left, or closed by the test, ends its stream.
        if request.failure != "net::ERR_ABORTED":
            self.wrong.append(f"failed: {request.url} {request.failure}")

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.wrong.append(f"{message.type}: {message.text}")


async def barriers(page: Page) -> list[str]:
    """What axe finds that keeps somebody from using the page, but for what is minor."""
    found = await Axe().run(page)
    return [
        f"{each['impact']}: {each['id']}: {each['nodes'][0]['html']}"
        for each in found.response["violations"]
        if each["impact"] != "minor"
    ]


async def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(await page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
