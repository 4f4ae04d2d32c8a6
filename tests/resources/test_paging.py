"""Lists over page numbers and cursors, and lists whose service does not say how they go on."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from wire import Wire, reply

from leadgenius_async import LeadGenius
from leadgenius_async._http import record
from leadgenius_async._http.call import Call, Reply
from leadgenius_async._http.record import Record
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.paging import BY_CURSOR, BY_PAGE, Pages, Paging


class Item(Record):
    id: str


def read(call: Call, answer: Reply) -> list[Item]:
    return record.payload(answer, list[Item], ("items", "data.items", "data"), call=call)


def body(ids: Sequence[int], **more: object) -> bytes:
    return reply(body=msgspec.json.encode({"items": [{"id": str(n)} for n in ids], **more}))


async def walk(
    wire: Wire, paging: Paging | None, *, limit: int | None = None, page_size: int | None = None
) -> list[str]:
    """Return the ids of a list at the wire."""
    async with wire, LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg:
        transport = lg._transport  # pyright: ignore[reportPrivateUsage] - pages are tried alone
        pages = Pages(
            transport, Account(transport), "/things", {"q": "x"}, read=read, paging=paging,
            page_size=page_size,
        )  # fmt: skip
        return [item.id async for item in Listing(pages, limit=limit)]


def targets(wire: Wire) -> list[str]:
    return [request.target.partition("?")[2] for request in wire.requests]


async def test_numbered_pages_end_where_the_service_says() -> None:
    """`totalPages` ends the list, however full the last page is."""
    wire = Wire(
        body([1, 2], pagination={"page": 1, "totalPages": 2}),
        body([3, 4], pagination={"page": 2, "totalPages": 2}),
    )
    assert await walk(wire, BY_PAGE, page_size=2) == ["1", "2", "3", "4"]
    assert targets(wire) == ["q=x&pageSize=2", "q=x&page=2&pageSize=2"]


async def test_numbered_pages_of_a_service_that_does_not_count() -> None:
    """A page that is not full is the last one."""
    wire = Wire(body([1, 2]), body([3]))
    assert await walk(wire, BY_PAGE, page_size=2) == ["1", "2", "3"]


async def test_numbers_that_mean_nothing_to_the_service() -> None:
    """The same page again: the service gives all it has whatever the number; nothing twice."""
    wire = Wire(body([1, 2]))
    assert await walk(wire, BY_PAGE, page_size=2) == ["1", "2"]
    assert len(wire.requests) == 2


async def test_numbered_pages_keep_their_size() -> None:
    """Page 2 of smaller pages would start elsewhere."""
    wire = Wire(
        body([1, 2], pagination={"page": 1, "totalPages": 3}),
        body([3, 4], pagination={"page": 2, "totalPages": 3}),
    )
    assert await walk(wire, BY_PAGE, page_size=2, limit=3) == ["1", "2", "3"]
    assert [target[-10:] for target in targets(wire)] == ["pageSize=2"] * 2


@pytest.mark.parametrize("name", ["cursor", "nextCursor", "nextToken", "lastKey"])
@pytest.mark.parametrize("place", ["top", "data", "meta"])
async def test_a_cursor_under_any_name_and_place(name: str, place: str) -> None:
    """The token may stand beside the items, around them, or in `meta`."""
    first: dict[str, object] = {"items": [{"id": "1"}]}
    if place == "meta":
        first["meta"] = {name: "t"}
    else:
        first[name] = "t"
    answer = reply(body=msgspec.json.encode({"data": first} if place == "data" else first))
    wire = Wire(answer, body([2]))
    assert await walk(wire, BY_CURSOR) == ["1", "2"]
    assert targets(wire) == ["q=x&limit=100", "q=x&cursor=t&limit=100"]


async def test_one_answer_has_all() -> None:
    """A list without paging asks once, and sends no parameter of paging."""
    wire = Wire(body([1, 2], nextToken="t"))
    assert await walk(wire, None) == ["1", "2"]
    assert targets(wire) == ["q=x"]


async def test_the_last_page_asks_for_what_is_left() -> None:
    """With a token, no more items are asked for than are still wanted."""
    wire = Wire(body([1, 2], cursor="t"), body([3], cursor="u"))
    assert await walk(wire, BY_CURSOR, page_size=2, limit=3) == ["1", "2", "3"]
    assert [target[-7:] for target in targets(wire)] == ["limit=2", "limit=1"]
