"""Lists of the API as async iterators."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from leadgenius_async.errors import PaginationLoop

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One answer of a list.

    Attributes:
        items: What stands on the page; it may be short or empty with more to come.
        token: Where the next page starts; None on the last.
    """

    items: list[T]
    token: str | None


#: Fetches the page at a token; the number is how many more items are wanted, or None for all.
Fetch = Callable[[str | None, int | None], Awaitable[Page[T]]]


class Listing(Generic[T]):
    """A list that is fetched page by page while it is iterated.

    `async for item in listing` gives items, `async for page in listing.pages()` gives pages.
    Each iteration starts anew at the token that the listing was made with.

    Args:
        fetch: Fetches one page.
        token: Where to start, as an earlier listing's `token` said; None at the beginning.
        limit: Most items to give; None for all.
    """

    def __init__(
        self, fetch: Fetch[T], *, token: str | None = None, limit: int | None = None
    ) -> None:
        if limit is not None and limit < 1:
            raise ValueError(f"limit is {limit}: give at least 1, or None for all")
        self._fetch = fetch
        self._start = token
        self._limit = limit
        self._token = token

    @property
    def token(self) -> str | None:
        """Where to go on: the page after the last one that was given whole; None at the end.

        If the iteration stopped within a page, this is that page's own token.
        """
        return self._token

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Iterate over the pages. Only an absent token ends the list, never an empty page.

        Raises:
            PaginationLoop: The service gave the same token twice.
        """
        self._token = token = self._start
        left = self._limit
        seen = {token}
        while True:
            page = await self._fetch(token, left)
            cut = left is not None and len(page.items) > left
            yield Page(page.items[:left], page.token) if cut else page
            if not cut:
                self._token = token = page.token
            if left is not None:
                left -= min(left, len(page.items))
            if page.token is None or left == 0:
                return
            if page.token in seen:
                raise PaginationLoop("the service gave the same page token twice; stopped here")
            seen.add(page.token)

    async def __aiter__(self) -> AsyncIterator[T]:
        """Iterate over the items."""
        async for page in self.pages():
            for item in page.items:
                yield item
