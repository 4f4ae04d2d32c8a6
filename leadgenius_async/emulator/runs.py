"""Runs of tasks: their states go by the clock, and what they write is there once they are done.

Nothing happens in the background. A run is stored with its beginning and its end, its state is
worked out when it is asked for, and `settle` writes down what has ended before anything is read.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from random import Random
from typing import Any

import msgspec

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.documents import Documents
from leadgenius_async.emulator.ids import Ids
from leadgenius_async.emulator.leads import Leads

#: Share of its time that a run is queued.
QUEUED = 0.25


class Writes(msgspec.Struct):
    """What a run writes when it completes: a text into a lead's field."""

    lead_id: str
    field: str


class Run(msgspec.Struct, kw_only=True):
    """A run as it is kept.

    Attributes:
        began: Epoch seconds.
        seconds: From its beginning to its end.
        fails: Whether it will end as FAILED.
        writes: What it writes when it completes.
        settled: Whether its end is written down.
    """

    id: str
    task: str
    began: float
    seconds: float
    fails: bool
    writes: Writes | None = None
    settled: bool = False

    @property
    def ends(self) -> float:
        """Epoch seconds."""
        return self.began + self.seconds

    def status(self, now: float) -> str:
        """Its state at a time."""
        if now >= self.ends:
            return "FAILED" if self.fails else "COMPLETED"
        return "QUEUED" if now < self.began + QUEUED * self.seconds else "EXECUTING"

    def changed(self, now: float) -> float:
        """When its state last changed, epoch seconds."""
        executes = self.began + QUEUED * self.seconds
        return max(time for time in (self.began, executes, self.ends) if time <= now)


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of all companies; a company reaches its own alone.

    Attributes:
        documents: Where they are kept.
        leads: What they write to.
        ids: Gives out ids.
        config: How long they take, and how many of them fail.
        due: When each run that is not settled ends, the company and its id; a heap.
    """

    documents: Documents
    leads: Leads
    ids: Ids
    config: EmulatorConfig
    due: list[tuple[float, str, str]]

    def start(self, company_id: str, task: str, now: float, writes: Writes | None = None) -> Run:
        """Start a run."""
        run_id = f"run_{self.ids.short(21)}"
        run = Run(
            id=run_id,
            task=task,
            began=now,
            seconds=self.config.run_seconds,
            fails=self.fails(run_id),
            writes=writes,
        )
        self.documents.add(company_id, run)
        heapq.heappush(self.due, (run.ends, company_id, run.id))
        return run

    def fails(self, what: str) -> bool:
        """Whether something will fail; the same seed says the same of it."""
        dice = Random(f"{self.config.seed}/runs/{what}")
        return dice.random() < self.config.run_failures

    def get(self, company_id: str, run_id: str) -> Run | None:
        """The company's run of this id."""
        return self.documents.get(Run, company_id, run_id)

    def recent(self, company_id: str, limit: int) -> list[Run]:
        """The company's latest runs, the newest first."""
        return self.documents.all(Run, company_id)[: -limit - 1 : -1]

    def settle(self, now: float) -> None:
        """Write down what has ended; costs a comparison when nothing has."""
        while self.due and self.due[0][0] <= now:
            _, company_id, run_id = heapq.heappop(self.due)
            run = self.documents.get(Run, company_id, run_id)
            if run is not None:
                self._end(company_id, run)

    def _end(self, company_id: str, run: Run) -> None:
        run.settled = True
        self.documents.put(company_id, run)
        if run.writes is None or run.fails:
            return
        lead = self.leads.get(company_id, run.writes.lead_id)
        if lead is None:
            return  # deleted meanwhile
        text = f"{run.writes.field} of {lead.get('fullName') or lead['id']}, made up by {run.id}"
        self.leads.update(company_id, run.writes.lead_id, {run.writes.field: text}, run.ends)


def load_runs(documents: Documents, leads: Leads, ids: Ids, config: EmulatorConfig) -> Runs:
    """The runs that are kept, with those that had not ended when the file was closed."""
    kept = documents.everywhere(Run)
    due = [(run.ends, company_id, run.id) for company_id, run in kept if not run.settled]
    heapq.heapify(due)
    return Runs(documents, leads, ids, config, due)


class ServedRun(msgspec.Struct, kw_only=True):
    """A run as it is answered."""

    id: str
    taskIdentifier: str
    status: str
    createdAt: str
    updatedAt: str
    output: dict[str, Any] | None
    error: dict[str, Any] | None


def served(run: Run, now: float) -> ServedRun:
    """A run as it is answered at a time."""
    status = run.status(now)
    return ServedRun(
        id=run.id,
        taskIdentifier=run.task,
        status=status,
        createdAt=timestamp(run.began),
        updatedAt=timestamp(run.changed(now)),
        output={"message": f"{run.task} is done"} if status == "COMPLETED" else None,
        error={"message": f"{run.task} failed"} if status == "FAILED" else None,
    )
