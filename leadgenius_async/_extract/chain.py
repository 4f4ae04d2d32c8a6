"""One chain of pages: from its first token to the absent one."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import Query
from leadgenius_async._extract.rows import Head, read_head
from leadgenius_async._http.call import KEY_OR_SESSION, Call, Meter
from leadgenius_async._http.retry import MAX_PROTOCOL_TRIES
from leadgenius_async._http.transport import Transport

#: More empty pages in a row than a filter could explain.
MAX_EMPTY_PAGES = 1000


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Where in the extraction a page stands.

    Attributes:
        partition: The chain's partition.
        number: Its place in the chain, from 0.
        token_in: The token that it was asked for by; None for the first.
        token_out: The token of the page after it; None for the last.
    """

    partition: Partition
    number: int
    token_in: str | None
    token_out: str | None


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page as it came.

    Attributes:
        place: Where it stands.
        data: Its rows, a JSON array; they keep the whole body in memory.
        size: Bytes of its body.
    """

    place: PagePlace
    data: msgspec.Raw
    size: int


class Chain:
    """Walks the pages of one partition.

    Args:
        transport: The way to the wire.
        query: What is asked for.
        partition: The partition.
        page_size: Shared by all chains of the extraction.
        budget: Shared by all chains; each page's bytes are taken here, and given back by whoever
            is done with the page.
        meter: Counts what the chain costs.
        token: Where to start; None at the beginning.
    """

    def __init__(
        self,
        transport: Transport,
        query: Query,
        partition: Partition,
        *,
        page_size: PageSize,
        budget: ByteBudget,
        meter: Meter,
        token: str | None = None,
    ) -> None:
        self.partition = partition
        self._transport = transport
        self._query = query
        self._page_size = page_size
        self._budget = budget
        self._meter = meter
        self._token = token
        self._seen: set[bytes] = set()
        self._empty = 0

    async def pages(self) -> AsyncGenerator[RawPage, None]:
        """Fetch page after page; only an absent token ends the chain.

        Raises:
            PaginationLoop: A token came twice, or 1,000 pages in a row were empty.
            LeadGeniusError: See `errors`.
        """
        number = 0
        while True:
            page = await self._fetch(number)
            self._check_progress(page)
            yield page
            if page.place.token_out is None:
                return
            self._token = page.place.token_out
            number += 1

    async def _fetch(self, number: int) -> RawPage:
        guess = await self._budget.take(self._page_size.guess)
        try:
            head, size = await self._ask()
        except BaseException:
            self._budget.give_back(guess)
            raise
        self._budget.correct(guess, size)
        place = PagePlace(self.partition, number, self._token, head.token)
        return RawPage(place, head.data, size)

    async def _ask(self) -> tuple[Head, int]:
        """Ask for the page at the token, with smaller limits while it is refused as too large."""
        while True:
            limit = self._page_size.limit
            try:
                head, size = await fetch_page(
                    self._transport,
                    self._query,
                    self.partition.client_id,
                    token=self._token,
                    limit=limit,
                    meter=self._meter,
                )
            except errors.PayloadTooLarge:
                if not self._page_size.refuse(limit):
                    raise
            else:
                return head, size

    def _check_progress(self, page: RawPage) -> None:
        self._empty = self._empty + 1 if memoryview(page.data).nbytes <= len(b"[]") else 0
        if self._empty >= MAX_EMPTY_PAGES:
            raise errors.PaginationLoop(
                f"{self._query.path}: {MAX_EMPTY_PAGES:,} empty pages in a row for "
                f"{self.partition.name}; the service is not getting on"
            )
        token = page.place.token_out
        if token is None:
            return
        digest = hashlib.blake2b(token.encode(), digest_size=16).digest()
        if digest in self._seen:
            raise errors.PaginationLoop(
                f"{self._query.path}: the service gave the same page token twice for "
                f"{self.partition.name}; going on would never end"
            )
        self._seen.add(digest)


async def fetch_page(
    transport: Transport,
    query: Query,
    client_id: str | None,
    *,
    token: str | None,
    limit: int,
    meter: Meter,
) -> tuple[Head, int]:
    """Fetch one page of a bulk list, and return its head and the bytes of its body.

    A body that is not a page after all is asked for again, as any broken answer is.
    """
    call = Call(
        method="GET",
        path=query.path,
        takes=KEY_OR_SESSION,
        query={
            "companyId": query.company_id,
            "clientId": client_id,
            "limit": limit,
            "nextToken": token,
            "fields": query.fields_parameter,
        },
        repeatable=True,
    )
    for tries_left in reversed(range(MAX_PROTOCOL_TRIES)):
        reply = await transport.request(call, meter=meter)
        try:
            return read_head(reply, call=call), len(reply.body)
        except errors.ProtocolError:
            if not tries_left:
                raise
            meter.retries += 1
    raise AssertionError("unreachable")
