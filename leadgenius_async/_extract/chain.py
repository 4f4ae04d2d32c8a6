"""One chain of pages: from its first token to the absent one."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import anyio

from leadgenius_async import errors
from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.envelope import has_rows, read_token
from leadgenius_async._extract.journal import token_digest
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import MAX_PAGE_SIZE, Query
from leadgenius_async._http.call import KEY_OR_SESSION, Call, Meter
from leadgenius_async._http.retry import MAX_PROTOCOL_TRIES, backoff, is_too_slow
from leadgenius_async._http.transport import Transport

#: More empty pages in a row than a filter could explain.
MAX_EMPTY_PAGES = 1000
#: A page that takes too long is asked for again with half the rows, down to so many.
SLOW_LIMIT = 100
MAX_SLOW_TRIES = 6

_REFUSED = 400


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
        body: All of it, JSON.
        limit: Rows that were asked for.
    """

    place: PagePlace
    body: bytes
    limit: int

    @property
    def size(self) -> int:
        """Bytes of its body."""
        return len(self.body)

    def check_count(self, rows: int) -> None:
        """Refuse a page of far more rows than were asked for: no memory was planned for them.

        Raises:
            ProtocolError: It has more than twice as many.
        """
        if rows > 2 * self.limit:
            raise errors.ProtocolError(
                f"a page has {rows:,} rows, and {self.limit:,} were asked for: "
                "tell the service's support"
            )


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
        number: The number of the page there.
        seen: Digests of the tokens that the chain has had before.
        first: The page there, where it was fetched already.
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
        number: int = 0,
        seen: set[bytes] | None = None,
        first: RawPage | None = None,
    ) -> None:
        self.partition = partition
        self._transport = transport
        self._query = query
        self._page_size = page_size
        self._budget = budget
        self._meter = meter
        self._token = token
        self._number = number
        self._seen = set(seen or ())
        self._first = first
        self._empty = 0
        #: Rows to ask for, where pages of the usual size take too long; it grows back.
        self._slow_limit: int | None = None

    async def pages(self) -> AsyncGenerator[RawPage, None]:
        """Fetch page after page; only an absent token ends the chain.

        Raises:
            PaginationLoop: A token came twice, or 1,000 pages in a row were empty.
            PageTokenRefused: The service does not take a token that it has given.
            LeadGeniusError: See `errors`.
        """
        while True:
            page = await self._fetch(self._number)
            self._check_progress(page)
            self._token = page.place.token_out
            yield page
            del page  # its body would stay in memory, out of the budget, while the next one comes
            if self._token is None:
                return
            self._number += 1

    async def _fetch(self, number: int) -> RawPage:
        if (first := self._first) is not None:
            self._first = None
            self._budget.correct(await self._budget.take(first.size), first.size)
            return first
        guess = await self._budget.take(self._page_size.guess)
        try:
            token, body, limit = await self._ask()
        except BaseException:
            self._budget.give_back(guess)
            raise
        self._budget.correct(guess, len(body))
        place = PagePlace(self.partition, number, self._token, token)
        return RawPage(place, body, limit)

    async def _ask(self) -> tuple[str | None, bytes, int]:
        """Ask for the page at the token, with smaller limits while it is too large or too slow."""
        slow = 0
        while True:
            limit = min(self._page_size.limit, self._slow_limit or MAX_PAGE_SIZE)
            try:
                found = await fetch_page(
                    self._transport,
                    self._query,
                    self.partition.client_id,
                    token=self._token,
                    limit=limit,
                    meter=self._meter,
                    shrinks=True,
                )
            except (errors.PayloadTooLarge, errors.BodyTooLarge):
                if not self._page_size.refuse(limit):
                    raise
            except (errors.TimedOut, errors.ServerError) as error:
                slow += 1
                if not is_too_slow(error) or (limit <= SLOW_LIMIT and slow >= MAX_SLOW_TRIES):
                    raise
                self._slow_limit = max(min(limit, SLOW_LIMIT), limit // 2)
                self._meter.retries += 1
                await anyio.sleep(backoff(slow))
            except errors.BadRequest as error:
                if self._token is None or error.status != _REFUSED:
                    raise
                raise errors.PageTokenRefused(
                    f"{self._query.path}: the service does not take its own page token any more "
                    f"for {self.partition.name} ({error})"
                ) from None
            else:
                self._grow_back()
                return (*found, limit)

    def _grow_back(self) -> None:
        if self._slow_limit is not None:
            self._slow_limit *= 2
            if self._slow_limit >= self._page_size.limit:
                self._slow_limit = None

    def _check_progress(self, page: RawPage) -> None:
        self._empty = 0 if has_rows(page.body) else self._empty + 1
        if self._empty >= MAX_EMPTY_PAGES:
            raise errors.PaginationLoop(
                f"{self._query.path}: {MAX_EMPTY_PAGES:,} empty pages in a row for "
                f"{self.partition.name}; the service is not getting on"
            )
        token = page.place.token_out
        if token is None:
            return
        digest = token_digest(token)
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
    shrinks: bool = False,
) -> tuple[str | None, bytes]:
    """Fetch one page of a bulk list, and return the token of the one after it and its body.

    A body that is not a page after all is asked for again, as any broken answer is; with
    `shrinks`, a page that takes too long is not, since the caller then asks for fewer rows.
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
        shrinks=shrinks,
    )
    for tries_left in reversed(range(MAX_PROTOCOL_TRIES)):
        reply = await transport.request(call, meter=meter)
        try:
            return read_token(reply, call=call), reply.body
        except errors.ProtocolError:
            if not tries_left:
                raise
            meter.retries += 1
    raise AssertionError("unreachable")
