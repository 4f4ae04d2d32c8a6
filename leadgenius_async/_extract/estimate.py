"""What an export would cost: measured on the first page that has rows, and drawn out to all."""

from __future__ import annotations

import dataclasses
import math
import tempfile
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.chain import Chain, RawPage
from leadgenius_async._extract.columns import Decoded
from leadgenius_async._extract.envelope import rows_of
from leadgenius_async._extract.formats import Compression, FileFormat
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.plan import Partition, plan
from leadgenius_async._extract.query import Query
from leadgenius_async._extract.report import ExportEstimate, RowsFrom
from leadgenius_async._extract.rows import split
from leadgenius_async._extract.sinks import RowDecoder, make_decoder, open_sink
from leadgenius_async._http import record
from leadgenius_async._http.call import Meter, make_call
from leadgenius_async._http.limiter import USED
from leadgenius_async._http.transport import Transport

#: What the figures are for where nobody knows the number of rows.
PER_ROWS = 1_000_000
#: Pages without rows that are passed over before it is given up.
_MOST_PAGES = 5
_BUDGET = 64 * 2**20  # bytes: one page
#: The one table that the service counts.
_COUNTED = "enrich_leads"


class _Counts(msgspec.Struct):
    """The service's count, as far as it is needed here; `analytics.pipeline` has it whole."""

    total: int | None = None
    byClient: dict[str, int] = {}


class _Sample(NamedTuple):
    """The first page that had rows, and what it took.

    Attributes:
        chain: Which of the chains it is from.
        rows: Its rows; 0 if no page that was looked at had any.
        ended: Whether its chain ended with it.
        rows_per_page: Rows that later pages will have.
        seconds: What it took to come.
        wire_bytes: Bytes of its body.
        size: Bytes of a file of it.
        size_per_row: Bytes that each row adds to such a file.
        pages: Pages that were looked at, the empty ones before it included.
    """

    chain: int
    rows: int
    ended: bool
    rows_per_page: int = 1
    seconds: float = 0.0
    wire_bytes: int = 0
    size: int = 0
    size_per_row: float = 0.0
    pages: int = 0


class Estimator:
    """Finds out what an export would cost.

    Args:
        transport: The way to the wire.
        query: What would be asked for.
        format_: `parquet` or `ndjson`.
        compression: How files would be compressed.
        used: What was spent on the way here.
    """

    def __init__(
        self,
        transport: Transport,
        query: Query,
        format_: FileFormat,
        compression: Compression,
        used: Meter,
    ) -> None:
        self._transport = transport
        self._query = query
        self._format: FileFormat = format_
        self._compression: Compression = compression
        self._used = used
        self._meter = Meter()
        self._chains = plan(query, None)
        self._decoder: RowDecoder = make_decoder(query, format_, strict=False)
        self._page_size = PageSize(query.sent, fixed=query.page_size, most=query.limit)

    async def run(self) -> ExportEstimate:
        """Return the estimate.

        Raises:
            LeadGeniusError: See `errors`. That the service does not count its rows is none.
        """
        sample = await self._take_sample()
        over = sample.ended and sample.chain == len(self._chains) - 1
        if over:
            return self._report(sample, [sample.rows], "list")
        counts = await self._count() if sample.rows else None
        if counts is not None and (chains := self._rows_left(sample, counts)):
            return self._report(sample, chains, "pipeline")
        return self._report(sample, [PER_ROWS if sample.rows else 0], None)

    async def _take_sample(self) -> _Sample:
        """Look at page after page, chain after chain, until one has rows."""
        looked, budget = 0, ByteBudget(_BUDGET)
        for number, partition in enumerate(self._chains):
            async with aclosing(self._chain(partition, budget).pages()) as pages:
                async for page in pages:
                    looked += 1
                    content = await to_thread.run_sync(self._decoder, page)
                    if content.rows:
                        return await self._measure(page, content, number, looked)
                    budget.give_back(page.size)
                    if looked == _MOST_PAGES:
                        return _Sample(number, 0, page.place.token_out is None, pages=looked)
        return _Sample(len(self._chains) - 1, 0, ended=True, pages=looked)

    def _chain(self, partition: Partition, budget: ByteBudget) -> Chain:
        return Chain(
            self._transport,
            self._query,
            partition,
            page_size=self._page_size,
            budget=budget,
            meter=self._meter,
        )

    async def _measure(
        self, page: RawPage, content: Decoded[Any], chain: int, looked: int
    ) -> _Sample:
        ended = page.place.token_out is None
        is_short = content.rows < self._page_size.limit and not ended
        self._page_size.observe(content.rows, page.size)
        size, per_row = await to_thread.run_sync(self._weigh, page, content)
        return _Sample(
            chain=chain,
            rows=content.rows,
            ended=ended,
            # A page that the service itself cut short says how long its pages are.
            rows_per_page=content.rows if is_short else self._page_size.limit,
            seconds=self._meter.latency,
            wire_bytes=page.size,
            size=size,
            size_per_row=per_row,
            pages=looked,
        )

    def _weigh(self, page: RawPage, content: Decoded[Any]) -> tuple[int, float]:
        """Return the bytes of a file of a page, and how many each further row adds.

        A file's first rows cost more: columns have heads, and values come again later. Per row,
        a Parquet file of one page of full rows is 40 % larger than one of 32 pages (measured); by
        what the second half of the page adds, the estimate is 12 % too high.
        """
        raws = split(rows_of(page.body))
        body = msgspec.json.encode({"data": raws[: len(raws) // 2]})
        half = self._decoder(dataclasses.replace(page, body=body))
        size = self._file_size(content)
        added = max(0, size - self._file_size(half))
        return size, added / max(1, content.rows - half.rows)

    def _file_size(self, content: Decoded[Any]) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sample"
            sink = open_sink(path, self._decoder, self._compression)
            sink.write([content.content])
            sink.close({})
            return path.stat().st_size

    async def _count(self) -> _Counts | None:
        """Ask how many leads there are; None where the service does not say."""
        if self._query.table != _COUNTED:
            return None
        call = make_call("GET", "/analytics/pipeline")
        try:
            reply = await self._transport.request(call, meter=self._used)
            return record.payload(reply, _Counts, ("pipeline", "data"), call=call)
        except errors.LeadGeniusError:
            return None  # the credentials may not ask, or its shape, which is assumed, is another

    def _rows_left(self, sample: _Sample, counts: _Counts) -> list[int] | None:
        """Return the rows of the sample's chain and of each after it; None if it counts fewer."""
        clients = [chain.client_id for chain in self._chains[sample.chain :]]
        if clients == [None]:
            chains = [sum(counts.byClient.values()) if counts.total is None else counts.total]
        elif not counts.byClient:
            return None
        else:
            chains = [counts.byClient.get(client or "", 0) for client in clients]
        if sample.ended:
            chains[0] = sample.rows
        return chains if chains[0] >= sample.rows else None

    def _report(
        self, sample: _Sample, chains: Sequence[int], rows_from: RowsFrom | None
    ) -> ExportEstimate:
        """Draw the sample out to `chains`: the rows of its own chain, and of each after it."""
        chains = _up_to(self._query.limit, chains)
        rows = sum(chains)
        more = max(0, rows - sample.rows)
        wire_per_row = sample.wire_bytes / max(1, sample.rows)
        pages = [
            sample.pages + max(0, math.ceil((chains[0] - sample.rows) / sample.rows_per_page)),
            *(max(1, math.ceil(count / sample.rows_per_page)) for count in chains[1:]),
        ]
        again = self._meter.sends - sample.pages  # a page that is too large is asked for twice
        requests = sum(pages) + again
        limit = self._transport.gate.limit
        return ExportEstimate(
            table=self._query.table,
            company_id=self._query.company_id,
            clients=[*self._query.clients],
            format=self._format,
            rows=rows if rows_from else None,
            rows_from=rows_from,
            for_rows=rows,
            requests=requests,
            minutes=_minutes(requests, max(pages), sample.seconds, limit),
            wire_bytes=sample.wire_bytes + round(more * wire_per_row),
            bytes=sample.size + round(more * sample.size_per_row),
            sample_rows=sample.rows,
            rows_per_page=sample.rows_per_page if sample.rows else 0,
            wire_bytes_per_row=round(wire_per_row, 1),
            bytes_per_row=round(sample.size_per_row, 1),
            seconds_per_page=round(sample.seconds, 3),
            limit=limit,
            requests_used=self._used.sends + self._meter.sends,
            note=self._note(sample, rows_from),
        )

    def _note(self, sample: _Sample, rows_from: RowsFrom | None) -> str | None:
        path, company = self._query.path, self._query.company_id
        if not sample.rows and rows_from:
            return f"{path} gave no row for company {company!r}: check the company id"
        if not sample.rows:
            return f"the first {sample.pages} pages have no row, and more follow: nothing to go by"
        if rows_from is None:
            return f"the number of rows is not known: the figures are for {PER_ROWS:,} rows"
        return None


def _minutes(requests: int, longest: int, seconds: float, limit: float | None) -> float:
    """Return how long it takes: as the limit allows all requests, or as the longest chain takes."""
    paced = requests / (limit * USED) if limit else 0.0
    return round(max(paced, longest * seconds / 60), 2)


def _up_to(limit: int | None, chains: Sequence[int]) -> list[int]:
    """Return the rows of each chain, with so many in all; chains after them are not walked."""
    if limit is None:
        return [*chains]
    done: list[int] = []
    for count in chains:
        if limit > 0:
            done.append(min(count, limit))
            limit -= count
    return done
