"""One walk over some chains: they fetch, two threads decode, another writes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from leadgenius_async import errors
from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.chain import Chain, RawPage
from leadgenius_async._extract.columns import Decoded
from leadgenius_async._extract.decoding import DECODERS, Decoding
from leadgenius_async._extract.first_error import first_error
from leadgenius_async._extract.journal import ChainState
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.parts import PartWriter
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import Query
from leadgenius_async._extract.sinks import Decoder
from leadgenius_async._http.call import Meter
from leadgenius_async._http.transport import Transport

#: Errors that no other chain would be spared.
_OF_ALL = (errors.AuthenticationError, errors.PermissionDenied, errors.ConfigurationError)


class Walk:
    """Takes chains from where they stand to their ends.

    A chain that fails ends alone; the others go on. Errors of the files or of the credentials
    end all.

    Args:
        transport: The way to the wire.
        query: What is asked for.
        chains: The chains, each with the digests of the tokens that it has had.
        decoder: What makes contents of pages.
        writer: What takes them.
        page_size: How many rows to ask for.
        budget: Bytes in flight over all chains.
        meters: Count what each chain costs.
        concurrency: Chains that run at a time.
        on_page: Called with each page that is handed to the writer.
        first: The first page of a chain, where it was fetched already.
        limit: Most rows to take; its chains are walked one after the other.

    Attributes:
        failed: What chains ended with.
        refused: Chains whose token the service does not take any more.
    """

    def __init__(
        self,
        transport: Transport,
        query: Query,
        chains: Mapping[Partition, tuple[ChainState, set[bytes]]],
        *,
        decoder: Decoder,
        writer: PartWriter,
        page_size: PageSize,
        budget: ByteBudget,
        meters: Mapping[Partition, Meter],
        concurrency: int,
        on_page: Callable[[Decoded[Any]], None],
        first: RawPage | None = None,
        limit: int | None = None,
    ) -> None:
        self._transport = transport
        self._query = query
        self._chains = chains
        self._decoder = decoder
        self._writer = writer
        self._budget = budget
        self._meters = meters
        self._concurrency = concurrency if limit is None else 1
        self._on_page = on_page
        self._first = first
        self._left = limit
        self._page_size = page_size
        self.failed: dict[Partition, errors.LeadGeniusError] = {}
        self.refused: dict[Partition, errors.PageTokenRefused] = {}
        self._unreadable: set[Partition] = set()
        self._fetching = anyio.CancelScope()
        self._of_all: errors.LeadGeniusError | None = None

    async def run(self) -> None:
        """Run all stages; an error of one that is not a chain's own ends them all."""
        # Under a limit nothing is fetched far ahead: it may be enough already.
        ahead = self._concurrency if self._left is None else 0
        pages_in, pages = anyio.create_memory_object_stream[RawPage](ahead)
        decoded_in, decoded = anyio.create_memory_object_stream[Decoded[Any]](1)
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._decode_all, pages, decoded_in)
                tasks.start_soon(self._write_all, decoded)
                await self._fetch_all(pages_in)
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        if self._of_all is not None:
            raise self._of_all

    async def _fetch_all(self, pages: MemoryObjectSendStream[RawPage]) -> None:
        """Fetch all chains; what came before an error of all is still decoded and written."""
        queue = deque(self._chains)
        async with pages, anyio.create_task_group() as fetching:
            self._fetching = fetching.cancel_scope
            for _ in range(min(self._concurrency, len(queue))):
                fetching.start_soon(self._fetch_next, queue, pages)

    async def _fetch_next(
        self, queue: deque[Partition], pages: MemoryObjectSendStream[RawPage]
    ) -> None:
        while queue:
            partition = queue.popleft()
            try:
                async for page in self._chain(partition).pages():
                    await pages.send(page)
                    del page  # as in the chain
                    if partition in self._unreadable:
                        break
            except _OF_ALL as error:
                self._of_all = error
                self._fetching.cancel()
            except errors.PageTokenRefused as error:
                self.refused[partition] = error
            except errors.LeadGeniusError as error:
                self.failed[partition] = error

    def _chain(self, partition: Partition) -> Chain:
        state, seen = self._chains[partition]
        first, self._first = self._first, None  # of the first chain, or of none
        if first is not None and (first.place.partition != partition or state.token is not None):
            first = None
        return Chain(
            self._transport,
            self._query,
            partition,
            page_size=self._page_size,
            budget=self._budget,
            meter=self._meters[partition],
            token=state.token,
            number=state.report.pages,
            seen=seen,
            first=first,
        )

    async def _decode_all(
        self,
        pages: MemoryObjectReceiveStream[RawPage],
        decoded: MemoryObjectSendStream[Decoded[Any]],
    ) -> None:
        """Decode pages side by side, and hand them on in the order in which they came."""
        # Under a limit one at a time: it may be enough.
        more = anyio.Semaphore(DECODERS - 1 if self._left is None else 0)
        queue_in, queue = anyio.create_memory_object_stream[Decoding](DECODERS)
        async with pages, queue_in, anyio.create_task_group() as decoding:
            decoding.start_soon(self._hand_on, queue, decoded, more, decoding.cancel_scope)
            async for page in pages:
                turn = Decoding(page)
                await queue_in.send(turn)
                decoding.start_soon(turn.run, self._decoder, page)
                del page, turn  # they would stay in memory while the next one is awaited
                await more.acquire()
            await queue_in.aclose()

    async def _hand_on(
        self,
        queue: MemoryObjectReceiveStream[Decoding],
        decoded: MemoryObjectSendStream[Decoded[Any]],
        more: anyio.Semaphore,
        decoding: anyio.CancelScope,
    ) -> None:
        async with queue, decoded:
            async for turn in queue:
                content = await self._take(turn)
                del turn
                if content is not None:
                    await decoded.send(content)
                del content
                if self._left == 0:
                    self._fetching.cancel()
                    decoding.cancel()
                    return
                more.release()

    async def _take(self, turn: Decoding) -> Decoded[Any] | None:
        """Return a page's rows; where it cannot be read, its chain fails, and all behind it."""
        content = await self._read(turn)
        if content is None or turn.partition in self._unreadable:
            self._budget.give_back(turn.size)
            return None
        self._budget.correct(turn.size, content.size)
        self._page_size.observe(content.read, turn.size)
        if self._left is not None:
            content = content.first(self._left)
            self._left -= content.rows
        return content

    async def _read(self, turn: Decoding) -> Decoded[Any] | None:
        try:
            return await turn.result()
        except errors.ProtocolError as error:
            # Its traceback would keep the page in memory, out of the budget.
            self.failed.setdefault(turn.partition, error.with_traceback(None))
            self._unreadable.add(turn.partition)
            return None

    async def _write_all(self, decoded: MemoryObjectReceiveStream[Decoded[Any]]) -> None:
        async with decoded:
            async for content in decoded:
                self._on_page(content)
                await self._writer.write(content)
                del content
