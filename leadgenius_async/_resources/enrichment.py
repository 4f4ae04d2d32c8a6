"""Enrichment jobs: many leads enriched by one background job."""

from __future__ import annotations

from collections.abc import Iterable

from leadgenius_async._http import origin
from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
from leadgenius_async._resources.section import Section, present
from leadgenius_async._resources.waiting import is_finished, until_finished

#: Most leads of a job (documented).
MAX_LEADS = 500

_JOB = ("data", "")


class EnrichmentJob(Record):
    """A job; of a new one the service says only the id.

    Attributes:
        jobId: Its id.
        status: Where it stands (assumed: QUEUED, EXECUTING, COMPLETED, …); the set is open.
        total: Leads in all (assumed, as the next two).
        completed: Leads that are enriched.
        failed: Leads that could not be.
    """

    jobId: str
    status: str | None = None
    total: int | None = None
    completed: int | None = None
    failed: int | None = None

    @property
    def finished(self) -> bool:
        """Whether it has come to an end, good or bad; no for a status that is not known."""
        return is_finished(self.status)

    @property
    def incomplete(self) -> bool:
        """Whether it has come to an end, and not all of its leads are enriched."""
        bad = (self.status or "").upper() != "COMPLETED" or bool(self.failed)
        return self.finished and bad


class Enrichment(Section):
    """Calls of `/api/enrichment/…`. Takes a login or an API key (assumed)."""

    async def create(
        self,
        lead_ids: Iterable[str],
        *,
        enrichment_type: str = "technographic",
        priority: str | int | None = None,
    ) -> EnrichmentJob:
        """Start a job.

        Args:
            lead_ids: 1 to 500 leads, by their ids.
            enrichment_type: What they are enriched with; the service documents this one alone.
            priority: How urgent it is; the service documents no values.

        Raises:
            ValueError: No lead or more than 500, an empty id or type.
            OutcomeUnknown: The answer was lost: the job may run.

        ```python
        job = await lg.enrichment.create(["lead_1", "lead_2"])
        ```
        """
        payload = {
            "leadIds": checks.many("lead_ids", lead_ids, most=MAX_LEADS),
            "enrichmentType": checks.text("enrichment_type", enrichment_type),
            **present(priority=priority),
        }
        path = "/enrichment/trigger"
        return await self._ask("POST", path, EnrichmentJob, _JOB, payload=payload)

    async def get(self, job_id: str) -> EnrichmentJob:
        """Return a job as it is now.

        Raises:
            NotFound: The company has no such job.

        ```python
        job = await lg.enrichment.create(["lead_1"])
        job = await lg.enrichment.get(job.jobId)
        print(job.status, job.completed, job.total)
        ```
        """
        path = f"/enrichment/status/{origin.segment(job_id)}"
        return await self._ask("GET", path, EnrichmentJob, _JOB)

    async def wait(self, job_id: str, *, deadline: float = 600.0) -> EnrichmentJob:
        """Follow a job to its end.

        It is asked for after 1 s, then 2 s, and so on up to 15 s, within the rate limit.

        Args:
            job_id: Its id.
            deadline: Seconds for everything.

        Returns:
            The job as it ended; one that failed is no error.

        Raises:
            ValueError: The deadline is not above 0.
            DeadlineExceeded: It is unfinished.
            NotFound: The company has no such job.

        ```python
        job = await lg.enrichment.create(["lead_1"])
        job = await lg.enrichment.wait(job.jobId, deadline=120)
        ```
        """
        [job] = await until_finished(
            [job_id], self.get, lambda job: job.status, deadline=deadline, what="job"
        )
        return job
