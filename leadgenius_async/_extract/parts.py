"""Decoded pages → row groups → part files, each one commit."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from anyio import to_thread

from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.columns import Decoded, KeysDecoder
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.ids import IdsFile
from leadgenius_async._extract.journal import ChainState, Step, token_digest
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.repair import ABOUT, About
from leadgenius_async._extract.sinks import Decoder, Sink, open_sink

#: A row group is closed at whichever comes first. 100,000 full rows at once would hold 900 MB.
#: One that is written and one that fills have to leave some of the budget to the pages that are on
#: their way: with groups of 32 MB in 64 nothing was fetched meanwhile, and full rows took a fifth
#: longer. Files of groups of 16 MB are 10 % larger, of 24 MB 5 %.
GROUP_BYTES = 24 * 2**20
GROUP_SHARE = 3 / 8  # at the most, of a smaller budget
GROUP_ROWS = 100_000
#: A part is closed, and so made durable, at whichever comes first: so many bytes of rows; so
#: many seconds; so many pages, or a fiftieth of those that are durable already. That is what a
#: crash costs: a minute, or 16 pages, or 2 % of the work. Files grow with the dataset.
PART_BYTES = 256 * 2**20
PART_SECONDS = 60.0
PART_PAGES = 16
PART_SHARE = 1 / 50
#: Of the bytes that a file may have, this share is for rows; the rest is for what stands behind.
ROWS_SHARE = 0.9

SCHEMA_VERSION = "1"


@dataclass(slots=True)
class _Part:
    """A part that is being written; without a sink, if its pages are read for their keys alone."""

    path: Path | None
    sink: Sink | None
    ids: IdsFile
    rows: int = 0
    size: int = 0


class PartWriter:
    """Gathers the pages of all chains into groups, and groups into part files.

    Args:
        dataset: Where parts are committed.
        decoder: What made the pages' contents; it decides the file format.
        budget: Gets the bytes of each page back once they are in a file.
        chains: The chains whose pages come.
    """

    def __init__(
        self,
        dataset: Dataset,
        decoder: Decoder,
        budget: ByteBudget,
        chains: Mapping[Partition, ChainState],
    ) -> None:
        self._dataset = dataset
        self._decoder = decoder
        self._budget = budget
        self._chains = chains
        self._spec = dataset.journal.job.spec
        most = self._spec.max_file_bytes
        self._part_bytes = None if most is None else int(most * ROWS_SHARE)
        group_bytes = min(GROUP_BYTES, int(budget.total * GROUP_SHARE))
        self._group_bytes = min(group_bytes, self._part_bytes or group_bytes)
        self._group: list[Decoded[Any]] = []
        self._part: _Part | None = None
        self._steps: dict[int, Step] = {}
        self._since = 0.0  # when the first page came that is not durable yet
        self._durable_pages = sum(chain.report.pages for chain in dataset.journal.chains)

    async def write(self, page: Decoded[Any]) -> None:
        """Take a page; it is in a file when its group is full, and durable when its part is."""
        if not self._group and not self._steps:
            self._since = time.monotonic()
        size = sum(one.size for one in self._group) + page.size
        if self._group and size > self._group_bytes:
            await self._flush()
            size = page.size
        self._group.append(page)
        rows = sum(one.rows for one in self._group)
        if size >= self._group_bytes or rows >= GROUP_ROWS or self._is_due():
            await self._flush()

    async def close(self) -> None:
        """Write what is left, and commit it."""
        if self._group:
            await self._flush()
        await to_thread.run_sync(self._commit)

    async def abandon(self) -> None:
        """Drop what is not committed."""
        self._group.clear()
        await to_thread.run_sync(self._discard)

    async def write_empty(self) -> None:
        """Commit a part without rows, so that a dataset of none has its schema."""
        try:
            await to_thread.run_sync(self._open)
            await self.close()
        except OSError:
            await self.abandon()
            raise

    async def _flush(self) -> None:
        await to_thread.run_sync(self._write_group)
        for page in self._group:
            self._budget.give_back(page.size)
        self._group.clear()

    def _write_group(self) -> None:
        with_rows = [page for page in self._group if page.rows]
        if with_rows:
            if self._is_full(sum(page.size for page in with_rows)):
                self._commit()
            part = self._part or self._open()
            if part.sink is not None:
                part.sink.write([page.content for page in with_rows])
            for page in with_rows:
                part.ids.write(page.keys)
                part.rows += page.rows
                part.size += page.size
        for page in self._group:
            self._count(page)
        if self._is_due(in_hand=0):
            self._commit()

    def _count(self, page: Decoded[Any]) -> None:
        place = page.place
        if page.rejects and place.partition.kind == "rows":  # a recovery reads them once more
            context = {"client": place.partition.name, "page": place.number,
                       "token": place.token_in}  # fmt: skip
            self._dataset.reject(page.rejects, context)
        step = self._steps.setdefault(
            self._chains[place.partition].number, Step(token_in=place.token_in)
        )
        step.pages += 1
        step.rows += page.rows
        step.token_out = place.token_out
        if place.token_out is not None:
            step.tokens += token_digest(place.token_out)

    def _is_due(self, in_hand: int | None = None) -> bool:
        """Return whether it is time for a commit; pages in hand count, unless they are written."""
        pages = sum(step.pages for step in self._steps.values())
        pages += len(self._group) if in_hand is None else in_hand
        if pages >= max(PART_PAGES, self._durable_pages * PART_SHARE):
            return True
        if self._part is not None and self._part.size >= PART_BYTES:
            return True
        return time.monotonic() - self._since >= PART_SECONDS

    def _is_full(self, more: int) -> bool:
        """Return whether the part's file may get too large by so many bytes of rows."""
        part = self._part
        if self._part_bytes is None or part is None or part.sink is None:
            return False
        return part.sink.written + more > self._part_bytes

    def _open(self) -> _Part:
        number = self._dataset.journal.next_number
        sweep = isinstance(self._decoder, KeysDecoder)
        path = None if sweep else self._dataset.temporary_part()
        sink = None if path is None else open_sink(path, self._decoder, self._spec.compression)
        self._part = _Part(path, sink, IdsFile(self._dataset.ids_file(number), with_clients=sweep))
        return self._part

    def _commit(self) -> None:
        part = self._part
        if part is None and not self._steps:
            return
        path, rows = None, 0
        if part is not None:
            path, rows = part.path, part.rows
            part.ids.close()
            if part.sink is not None:
                part.sink.close(self._about(rows))
        self._part = None
        self._dataset.commit(path, self._steps, rows=rows)
        self._durable_pages += sum(step.pages for step in self._steps.values())
        self._steps = {}

    def _about(self, rows: int) -> dict[str, str]:
        """Return what a part says of itself, from which a lost journal can be rebuilt."""
        journal = self._dataset.journal
        chains = [chain.report for chain in journal.chains]
        about = About(job=journal.job, chains=chains, steps=self._steps)
        return {
            "leadgenius.schema_version": SCHEMA_VERSION,
            "leadgenius.job_id": journal.job.job_id,
            "leadgenius.rows": str(rows),
            ABOUT: msgspec.json.encode(about).decode(),
        }

    def _discard(self) -> None:
        self._steps = {}
        part, self._part = self._part, None
        if part is not None:
            with contextlib.suppress(OSError):  # the disk may be full, which is why
                part.ids.close()
            with contextlib.suppress(OSError):
                if part.sink is not None:
                    part.sink.abandon()
        self._dataset.discard()
