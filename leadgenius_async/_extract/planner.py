"""How a new export is cut into chains: by what was asked for, or by what its first page shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import anyio
import msgspec

from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.chain import Chain, RawPage
from leadgenius_async._extract.formats import Chains
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.plan import Partition, clients_are_faster, plan
from leadgenius_async._extract.query import Query
from leadgenius_async._http.call import Meter
from leadgenius_async._http.limiter import WINDOW
from leadgenius_async._http.transport import Transport

_BUDGET = 64 * 2**20  # bytes: one page


class Plan(NamedTuple):
    """How an export is cut into chains.

    Attributes:
        partitions: The chains.
        first: A page that was fetched on the way, the first of its chain.
    """

    partitions: Sequence[Partition]
    first: RawPage | None = None


class _Row(msgspec.Struct, gc=False):
    client_id: str | None = None


class _Rows(msgspec.Struct):
    data: list[_Row]


class Planner:
    """Cuts an export into chains.

    Args:
        transport: The way to the wire.
        query: What is asked for.
        chains: How the caller wants it.
        list_clients: Gives the `client_id`s of the account; none where it may not know.
    """

    def __init__(
        self,
        transport: Transport,
        query: Query,
        chains: Chains,
        list_clients: Callable[[], Awaitable[Sequence[str]]],
    ) -> None:
        self._transport = transport
        self._query = query
        self._chains = chains
        self._list_clients = list_clients

    async def __call__(self, page_size: PageSize, meter: Meter) -> Plan:
        """Return the plan.

        Args:
            page_size: Learns from the page that is looked at.
            meter: Counts what that costs.
        """
        if self._query.clients or self._chains == "all" or self._query.limit:
            return Plan(plan(self._query, None))
        if self._chains == "clients":
            clients = await self._list_clients()
            return Plan(plan(self._query, clients or None))
        return await self._choose(page_size, meter)

    async def _choose(self, page_size: PageSize, meter: Meter) -> Plan:
        """Look at the first page of all rows, and go by what it shows."""
        [over_all] = plan(self._query, None)
        began = anyio.current_time()
        first = await self._first_page(over_all, page_size, meter)
        seconds = anyio.current_time() - began
        limit = self._transport.gate.limit
        gap = WINDOW / limit if limit else 0.0
        if first.place.token_out is None or seconds <= gap:
            return Plan([over_all], first)
        clients = await self._list_clients()
        shares = _shares(first)
        faster = clients_are_faster(seconds=seconds, gap=gap, shares=shares, clients=len(clients))
        return Plan(plan(self._query, clients) if faster else [over_all], first)

    async def _first_page(self, partition: Partition, page_size: PageSize, meter: Meter) -> RawPage:
        chain = Chain(
            self._transport,
            self._query,
            partition,
            page_size=page_size,
            budget=ByteBudget(_BUDGET),
            meter=meter,
        )
        pages = chain.pages()
        try:
            return await anext(pages)
        finally:
            await pages.aclose()


def _shares(page: RawPage) -> Counter[str | None]:
    """Return the rows of a page per client; none where they cannot be told."""
    try:
        return Counter(row.client_id for row in msgspec.json.decode(page.body, type=_Rows).data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Counter()
