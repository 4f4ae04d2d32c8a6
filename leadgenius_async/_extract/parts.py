"""Decoded pages → row groups → part files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anyio import to_thread

from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.columns import Decoded
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.sinks import Decoder, Sink, open_sink

#: A row group is closed at whichever comes first. 100,000 full rows at once would hold 900 MB.
#: Peak memory of the whole process, full rows: 274 MB with groups of 32 MB, 342 MB with 64 MB,
#: at the same speed.
GROUP_BYTES = 32 * 2**20
GROUP_ROWS = 100_000
#: A part is closed, and so made durable, when it has this many bytes of rows.
PART_BYTES = 256 * 2**20

SCHEMA_VERSION = "1"


@dataclass(slots=True)
class _Part:
    """A part file that is being written."""

    path: Path
    sink: Sink
    rows: int = 0
    size: int = 0


class PartWriter:
    """Gathers the pages of all chains into groups, and groups into part files.

    Args:
        dataset: Where parts are committed.
        decoder: What made the pages' contents; it decides the file format.
        budget: Gets the bytes of each page back once they are in a file.
        job_id: Written into each part.
    """

    def __init__(self, dataset: Dataset, decoder: Decoder, budget: ByteBudget, job_id: str) -> None:
        self._dataset = dataset
        self._decoder = decoder
        self._budget = budget
        self._job_id = job_id
        self._group: list[Decoded[Any]] = []
        self._part: _Part | None = None

    async def write(self, page: Decoded[Any]) -> None:
        """Take a page; it is in a file when its group is full."""
        self._group.append(page)
        size = sum(page.size for page in self._group)
        rows = sum(page.rows for page in self._group)
        if size >= GROUP_BYTES or rows >= GROUP_ROWS:
            await self._flush()

    async def close(self) -> None:
        """Write what is left, and commit the last part; an empty one if there is no other."""
        if self._group:
            await self._flush()
        await to_thread.run_sync(self._commit_last)

    async def abandon(self) -> None:
        """Drop the part that is not finished."""
        self._group.clear()
        await to_thread.run_sync(self._discard)

    async def _flush(self) -> None:
        await to_thread.run_sync(self._write_group)
        for page in self._group:
            self._budget.give_back(page.size)
        self._group.clear()

    def _write_group(self) -> None:
        part = self._part or self._open()
        for page in self._group:
            if page.rejects:
                context = {"client": page.place.partition.name, "page": page.place.number}
                self._dataset.reject(page.rejects, context)
        part.sink.write([page.content for page in self._group])
        part.rows += sum(page.rows for page in self._group)
        part.size += sum(page.size for page in self._group)
        if part.size >= PART_BYTES:
            self._commit(part)

    def _open(self) -> _Part:
        path = self._dataset.next_part()
        self._part = _Part(path, open_sink(path, self._decoder))
        return self._part

    def _commit_last(self) -> None:
        if self._part is not None:
            self._commit(self._part)
        elif not self._dataset.parts:
            self._commit(self._open())

    def _commit(self, part: _Part) -> None:
        part.sink.close(
            {
                "leadgenius.schema_version": SCHEMA_VERSION,
                "leadgenius.job_id": self._job_id,
                "leadgenius.rows": str(part.rows),
            }
        )
        self._part = None
        self._dataset.commit(part.path, part.rows)

    def _discard(self) -> None:
        if self._part is not None:
            self._part.sink.abandon()
            self._part.path.unlink(missing_ok=True)
            self._part = None
