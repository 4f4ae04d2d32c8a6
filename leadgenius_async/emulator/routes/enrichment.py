"""Enrichment jobs: how far one is goes by the clock."""

from __future__ import annotations

from typing import Annotated

import msgspec

from leadgenius_async.emulator.errors import no_such
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.runs import QUEUED, Run

Text = Annotated[str, msgspec.Meta(min_length=1)]


class NewJob(msgspec.Struct):
    """The leads of a job, and what they are enriched with."""

    leadIds: Annotated[list[Text], msgspec.Meta(min_length=1, max_length=500)]
    enrichmentType: Text = "technographic"
    priority: str | int | None = None


class Job(msgspec.Struct):
    """A job as it is kept.

    Attributes:
        run: Its beginning, end and states; it fails if none of its leads can be enriched.
        sound: For each lead whether it can be enriched: the company has it, and the seed does
            not let it fail.
    """

    id: str
    run: Run
    sound: list[bool]


class JobAnswer(msgspec.Struct):
    """The job that was started."""

    jobId: str
    success: bool = True


class JobStatus(msgspec.Struct):
    """How far a job is."""

    jobId: str
    status: str
    total: int
    completed: int
    failed: int
    success: bool = True


@call("POST", "/api/enrichment/trigger", Credentials.KEY_TOO, known="documented")
async def create(ask: Ask[NoQuery, NewJob]) -> JobAnswer:
    """Start a job."""
    service, company_id = ask.service, ask.company_id
    job_id = f"job_{service.ids.short(16)}"
    sound = [
        service.leads.get(company_id, lead_id) is not None
        and not service.runs.fails(f"{job_id}/{lead_id}")
        for lead_id in ask.body.leadIds
    ]
    run = Run(
        id=job_id,
        task=ask.body.enrichmentType,
        began=ask.now,
        seconds=service.config.run_seconds,
        fails=not any(sound),
    )
    service.documents.add(company_id, Job(job_id, run, sound))
    return JobAnswer(job_id)


@call("GET", "/api/enrichment/status/{jobId}", Credentials.KEY_TOO, refuses=(404,))
async def status(ask: Ask[NoQuery, None]) -> JobStatus:
    """A job as it is now: while it executes, its leads are done one after the other."""
    job = ask.service.documents.get(Job, ask.company_id, ask.path("jobId"))
    if job is None:
        raise no_such("Job", ask.path("jobId"))
    done = job.sound[: _done(job, ask.now)]
    completed = sum(done)
    return JobStatus(
        job.id, job.run.status(ask.now), len(job.sound), completed, len(done) - completed
    )


def _done(job: Job, now: float) -> int:
    """Leads that are done at a time."""
    if now >= job.run.ends:
        return len(job.sound)
    begins = job.run.began + QUEUED * job.run.seconds
    share = (now - begins) / (job.run.ends - begins)
    return max(0, int(share * len(job.sound)))


ENDPOINTS = (create, status)
