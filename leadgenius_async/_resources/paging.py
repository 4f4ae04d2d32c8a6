"""The pages of a list, over whichever of the service's tokens it uses.

Lists go on by `nextToken`, by `lastKey` (older answers), by `cursor`, or by the number of a page;
some have all in one answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from leadgenius_async._http import decode
from leadgenius_async._http.call import Call, Query, Reply, make_call
from leadgenius_async._http.transport import Transport
from leadgenius_async._resources import checks
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.listing import Page

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list is asked for page by page.

    Attributes:
        token: The parameter that says where a page starts.
        size: The parameter that says how many items a page may have.
        most: The most that the service takes there.
    """

    token: str
    size: str
    most: int

    @property
    def numbered(self) -> bool:
        """Whether pages go by number."""
        return self.token == "page"  # noqa: S105 - the name of a parameter


BY_NEXT_TOKEN = Paging("nextToken", "limit", 1000)
BY_CURSOR = Paging("cursor", "limit", 100)
BY_PAGE = Paging("page", "pageSize", 100)


class _Numbers(msgspec.Struct):
    page: int = 1
    totalPages: int = 1


class _Place(msgspec.Struct):
    """What an answer may say about where it stands; each under one of several names."""

    nextToken: str | None = None
    lastKey: str | None = None
    cursor: str | None = None
    nextCursor: str | None = None
    pagination: _Numbers | None = None

    @property
    def next(self) -> str | None:
        """Where the next page starts."""
        if self.pagination and self.pagination.page < self.pagination.totalPages:
            return str(self.pagination.page + 1)
        return self.nextToken or self.cursor or self.nextCursor or self.lastKey or None


#: Where in an answer its place may stand, besides the top.
_INSIDE = ("data", "meta")


class Pages(Generic[T]):
    """Fetches the pages of one list; it is the `fetch` of a `Listing`.

    Args:
        transport: The way to the wire.
        account: Checks the client.
        path: The list's path.
        query: Its parameters, without those of paging.
        read: Reads the items of an answer.
        paging: How it goes on; None where one answer has all.
        client_id: The client that is asked for, checked before the first page.
        page_size: Items a page; the most that the service takes if not given.
    """

    def __init__(
        self,
        transport: Transport,
        account: Account,
        path: str,
        query: Query,
        *,
        read: Callable[[Call, Reply], list[T]],
        paging: Paging | None,
        client_id: str | None = None,
        page_size: int | None = None,
    ) -> None:
        if paging and page_size is not None:
            checks.whole("page_size", page_size, 1, paging.most)
        self._transport = transport
        self._account = account
        self._path = path
        self._query = query
        self._read = read
        self._paging = paging
        self._client_id = client_id
        self._page_size = page_size
        self._last = b""

    async def __call__(self, token: str | None, left: int | None) -> Page[T]:
        """Fetch the page at a token, with `left` items at the most still wanted."""
        if self._client_id is not None:
            await self._account.check_clients([self._client_id])
        call = make_call("GET", self._path, query={**self._query, **self._place(token, left)})
        reply = await self._transport.request(call)
        again, self._last = reply.body == self._last, reply.body
        if again and self._paging and self._paging.numbered:
            return Page([], None)  # the service knows no numbers: it gave this page already
        items = self._read(call, reply)
        if self._paging is None:
            return Page(items, None)
        return Page(items, _next(reply, call) or self._next_number(reply, token, len(items)))

    def _place(self, token: str | None, left: int | None) -> Query:
        if self._paging is None:
            return {}
        size = self._page_size or self._paging.most
        if not self._paging.numbered and left is not None:
            size = min(size, left)  # a numbered page starts elsewhere when pages are smaller
        return {self._paging.token: token, self._paging.size: size}

    def _next_number(self, reply: Reply, token: str | None, count: int) -> str | None:
        """Return the number after a full page of a service that does not say how many there are."""
        if not (self._paging and self._paging.numbered) or b'"pagination"' in reply.body:
            return None
        if count < (self._page_size or self._paging.most):
            return None
        return str(int(token or "1") + 1)


def _next(reply: Reply, call: Call) -> str | None:
    members = decode.members(reply, call=call)
    said = {name: members[name] for name in _Place.__struct_fields__ if name in members}
    place = decode.parse(msgspec.json.encode(said), _Place, of=call.name)
    if place.next:
        return place.next
    for name in _INSIDE:
        try:
            inside = msgspec.json.decode(members[name], type=_Place)
        except (KeyError, msgspec.MsgspecError, UnicodeDecodeError):
            continue  # not there, or a list and no envelope
        if inside.next:
            return inside.next
    return None
