"""What an export costs and has read so far: its earlier runs, and this one."""

from __future__ import annotations

import copy
import time
from typing import Any

from leadgenius_async._extract.columns import Decoded
from leadgenius_async._extract.journal import ChainState, Journal
from leadgenius_async._extract.pace import Pacing, Spent
from leadgenius_async._extract.plan import Partition, partition_of
from leadgenius_async._extract.report import Progress
from leadgenius_async._http.call import Meter
from leadgenius_async._http.limiter import Gate


class Costs:
    """Counts for the manifest and for progress.

    Args:
        journal: What is durable; its totals and chains are brought up to date here.

    Attributes:
        rows: Rows taken, durable or not.
        read: Rows that this run has read, those that `since` leaves out among them.
        meters: Count what each chain costs in this run.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._table = journal.job.spec.table
        self._before = copy.copy(journal.job.totals)
        self._requests_before = {c.number: c.report.requests for c in journal.chains}
        self._started = time.monotonic()
        self.meters: dict[Partition, Meter] = {}
        self.rows = sum(chain.report.rows for chain in journal.chains)
        self._swept = sum(c.report.rows for c in journal.chains if c.report.kind == "sweep")
        self.read = 0
        self._pacing = Pacing(
            journal.job.totals, journal.job.started_at, rows=self.rows - self._swept
        )
        self._pages = sum(chain.report.pages for chain in journal.chains)

    def partition(self, chain: ChainState) -> Partition:
        """Return what a chain walks."""
        return partition_of(self._table, chain.report)

    def count(self, page: Decoded[Any], gate: Gate) -> None:
        """Count a page that was read."""
        self._pages += 1
        self.rows += page.rows
        if page.content is None:  # a sweep's: ids alone, of rows that are counted otherwise
            self._swept += page.rows
        self.read += page.read
        self.bring_up_to_date(gate)

    def bring_up_to_date(self, gate: Gate) -> None:
        """Let the journal's totals and chains say what has been spent up to now."""
        totals, before, meters = self._journal.job.totals, self._before, self.meters.values()
        totals.wire_bytes = before.wire_bytes + sum(meter.wire_bytes for meter in meters)
        totals.retries = before.retries + sum(meter.retries for meter in meters)
        totals.throttled = before.throttled + sum(meter.throttled for meter in meters)
        totals.seconds = before.seconds + time.monotonic() - self._started
        for chain in self._journal.chains:
            if meter := self.meters.get(self.partition(chain)):
                chain.report.requests = self._requests_before.get(chain.number, 0) + meter.sends
        self.note_pace(gate)

    def note_pace(self, gate: Gate) -> None:
        """Let the journal's totals say when what was spent up to now."""
        meters = self.meters.values()
        spent = Spent(
            requests=sum(meter.sends for meter in meters),
            retries=sum(meter.retries for meter in meters),
            throttled=sum(meter.throttled for meter in meters),
            rows=self.rows - self._swept,
        )
        self._pacing.note(spent, gate.last_limit)

    def progress(self, gate: Gate) -> Progress:
        """Return how far the export is."""
        meters, chains = self.meters.values(), self._journal.chains
        parts, uploads = self._journal.parts.values(), self._journal.uploads
        return Progress(
            job_id=self._journal.job.job_id,
            rows=self.rows,
            pages=self._pages,
            requests=sum(meter.sends for meter in meters),
            wire_bytes=sum(meter.wire_bytes for meter in meters),
            seconds=time.monotonic() - self._started,
            chains=len(chains),
            chains_done=sum(chain.report.done for chain in chains),
            limit=gate.limit,
            throttled_for=gate.paused_for,
            uploads=len(parts) if self._journal.job.publishing else 0,
            uploads_done=sum(part.file in uploads for part in parts),
        )
