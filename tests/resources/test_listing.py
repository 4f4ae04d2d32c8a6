"""Lists are async iterators over pages."""

from __future__ import annotations

import pytest

from leadgenius_async.models import Listing, Page


class Book:
    """Pages by token, with a note of what was asked for."""

    def __init__(self, *pages: list[int]) -> None:
        self._pages = pages
        self.asked: list[tuple[str | None, int | None]] = []

    async def __call__(self, token: str | None, left: int | None) -> Page[int]:
        self.asked.append((token, left))
        number = int(token or 0)
        following = str(number + 1) if number + 1 < len(self._pages) else None
        return Page(self._pages[number], following)


async def test_items_come_through_short_and_empty_pages() -> None:
    """Only an absent token ends a list."""
    book = Book([1, 2], [], [3], [])
    assert [item async for item in Listing(book)] == [1, 2, 3]
    assert [token for token, _ in book.asked] == [None, "1", "2", "3"]


async def test_limit_stops_in_the_middle() -> None:
    """No page is fetched that is not needed, and `token` says where to go on."""
    book = Book([1, 2], [3, 4], [5])
    listing = Listing(book, limit=3)
    assert [item async for item in listing] == [1, 2, 3]
    assert book.asked == [(None, 3), ("1", 1)]
    assert listing.token == "1"
    assert [item async for item in Listing(book, token=listing.token)] == [3, 4, 5]


async def test_a_limit_at_the_end_of_a_page() -> None:
    """The page was given whole, so the next one is where to go on."""
    listing = Listing(Book([1, 2], [3]), limit=2)
    assert [item async for item in listing] == [1, 2]
    assert listing.token == "1"


async def test_the_token_after_the_end() -> None:
    """None: there is nothing to go on with."""
    listing = Listing(Book([1], [2]))
    assert [page.items async for page in listing.pages()] == [[1], [2]]
    assert listing.token is None


async def test_a_break_leaves_the_token_of_the_page_begun() -> None:
    """Whoever goes on from there sees that page again, and misses nothing."""
    listing = Listing(Book([1, 2], [3, 4], [5]))
    async for item in listing:
        if item == 3:
            break
    assert listing.token == "1"


async def test_a_listing_can_be_iterated_again() -> None:
    """Each iteration starts anew."""
    listing = Listing(Book([1], [2]))
    assert [item async for item in listing] == [item async for item in listing]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit: int) -> None:
    """None means all; nothing means nothing was meant."""
    with pytest.raises(ValueError, match="limit"):
        Listing(Book([1]), limit=limit)
