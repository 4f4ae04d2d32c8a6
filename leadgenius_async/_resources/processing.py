"""Processing: services and agents that fill in the fields of a lead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import anyio
import msgspec

from leadgenius_async import errors
from leadgenius_async._fields import PROCESSES, SDR_FIELDS, SERVICES
from leadgenius_async._http.record import Record
from leadgenius_async._http.transport import Transport
from leadgenius_async._lead_structs import EnrichLead
from leadgenius_async._resources import checks
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.section import Section, present
from leadgenius_async._resources.tasks import TaskRun, Tasks
from leadgenius_async._resources.waiting import until_finished

#: What a step is named by: a service or field by its name, a process by its number; a service
#: that says more says it as an object.
Step = str | int | dict[str, object]

#: Errors that no other lead would be spared.
_OF_ALL = (errors.AuthenticationError, errors.ConfigurationError)


class Processing(Record):
    """What was triggered for a lead.

    Attributes:
        runIds: The background runs, for `tasks.get` and `tasks.wait`.
        batchTag: What they have in common.
        triggered: Steps that run.
        skipped: Steps that do not: not configured in the settings (documented), or filled in
            already and not to be overwritten (assumed).
        leadId: The lead.
        runs: The runs as they ended, where they were waited for.
    """

    runIds: list[str] = msgspec.field(default_factory=list)
    batchTag: str | None = None
    triggered: list[Step] = msgspec.field(default_factory=list)
    skipped: list[Step] = msgspec.field(default_factory=list)
    leadId: str | None = None
    runs: list[TaskRun] = msgspec.field(default_factory=list)


class LeadReport(msgspec.Struct, kw_only=True):
    """What became of one lead of `enrich_many`.

    Attributes:
        leadId: The lead.
        processing: What was triggered; None where the request for it failed.
        error: What went wrong; None where nothing did.
    """

    leadId: str
    processing: Processing | None = None
    error: errors.LeadGeniusError | None = None

    @property
    def failed(self) -> bool:
        """Whether a request failed, or a run that was waited for did not complete."""
        runs = self.processing.runs if self.processing else []
        return self.error is not None or any(run.failed for run in runs)


class ProcessingCalls(Section):
    """Calls of `/api/leads/process/…`. Takes a login or an API key (assumed)."""

    def __init__(self, transport: Transport, account: Account) -> None:
        super().__init__(transport, account)
        self._tasks = Tasks(transport, account)

    async def enrich(
        self,
        lead: EnrichLead | str,
        *,
        services: Iterable[str] | None = None,
        overwrite: bool = False,
        wait: bool = False,
        deadline: float = 600.0,
    ) -> Processing:
        """Run the enrichment services of `settings.url` for a lead.

        Args:
            lead: The lead, or its id.
            services: `companyUrl`, `emailFinder`, `enrichment1` to `enrichment10`; all that are
                configured if not given.
            overwrite: Run those too whose field is filled in already.
            wait: Follow the runs to their end, within the rate limit.
            deadline: Seconds that the runs may take, where they are waited for.

        Raises:
            ValueError: A service that there is none of, or a lead without an id.
            NotFound: The company has no such lead.
            DeadlineExceeded: Runs are unfinished; the message names them for `tasks.wait`.
            OutcomeUnknown: The answer was lost: look at `tasks.recent` before you repeat it.

        ```python
        await lg.settings.url.upsert(enrichment1="https://one.example")
        done = await lg.processing.enrich("lead_1", services=["enrichment1"], wait=True)
        print([run.status for run in done.runs], done.skipped)
        ```
        """
        selector = {"services": _names("services", services, SERVICES)}
        return await self._process(
            "enrich", lead, selector, overwrite=overwrite, wait=wait, deadline=deadline
        )

    async def copyright(
        self,
        lead: EnrichLead | str,
        *,
        processes: Iterable[int] | None = None,
        overwrite: bool = False,
        wait: bool = False,
        deadline: float = 600.0,
    ) -> Processing:
        """Run the copyright processes of `settings.agent` for a lead.

        Args:
            lead: The lead, or its id.
            processes: Their numbers, 1 to 10; all that are configured if not given.
            overwrite: Run those too whose field is filled in already.
            wait: Follow the runs to their end, within the rate limit.
            deadline: Seconds that the runs may take, where they are waited for.

        Raises:
            ValueError: A number out of range, or a lead without an id.
            TypeError: `processes` is one string and not a list.
            NotFound: The company has no such lead.
            DeadlineExceeded: Runs are unfinished; the message names them for `tasks.wait`.
            OutcomeUnknown: The answer was lost: look at `tasks.recent` before you repeat it.

        ```python
        await lg.settings.agent.upsert(enrichment1AgentId="agent-1")
        started = await lg.processing.copyright("lead_1", processes=[1, 2])
        print(started.triggered, started.skipped)
        ```
        """
        selector = {"processes": _numbers("processes", processes)}
        return await self._process(
            "copyright", lead, selector, overwrite=overwrite, wait=wait, deadline=deadline
        )

    async def sdr(
        self,
        lead: EnrichLead | str,
        *,
        fields: Iterable[str] | None = None,
        overwrite: bool = False,
        wait: bool = False,
        deadline: float = 600.0,
    ) -> Processing:
        """Let the agents of `settings.sdr_ai` write messages and AI fields of a lead.

        Args:
            lead: The lead, or its id.
            fields: `message1` to `message10`, and the sixteen AI fields from `aiLeadScore` to
                `aiProductFitScore`; all that are configured if not given.
            overwrite: Write those too that are filled in already.
            wait: Follow the runs to their end, within the rate limit.
            deadline: Seconds that the runs may take, where they are waited for.

        Raises:
            ValueError: A field that no agent writes, or a lead without an id.
            NotFound: The company has no such lead.
            DeadlineExceeded: Runs are unfinished; the message names them for `tasks.wait`.
            OutcomeUnknown: The answer was lost: look at `tasks.recent` before you repeat it.

        ```python
        await lg.settings.sdr_ai.upsert(message1AgentId="agent-1")
        started = await lg.processing.sdr("lead_1", fields=["message1"])
        runs = await lg.tasks.wait(started.runIds)
        ```
        """
        selector = {"fields": _names("fields", fields, SDR_FIELDS)}
        return await self._process(
            "sdr", lead, selector, overwrite=overwrite, wait=wait, deadline=deadline
        )

    async def enrich_many(
        self,
        leads: Iterable[EnrichLead | str],
        *,
        services: Iterable[str] | None = None,
        overwrite: bool = False,
        wait: bool = False,
        concurrency: int = 8,
        deadline: float = 600.0,
    ) -> list[LeadReport]:
        """Run the enrichment services for many leads, within the rate limit.

        Args:
            leads: The leads, or their ids.
            services: As for `enrich`.
            overwrite: Run those too whose field is filled in already.
            wait: Follow each lead's runs to their end.
            concurrency: Leads that are under way at a time, 1 to 100.
            deadline: Seconds that the runs of one lead may take, where they are waited for.

        Returns:
            One report a lead, in the order of the leads. What fails for one lead is in its
            report and does not end the others.

        Raises:
            ValueError: As for `enrich`; nothing is sent.
            TypeError: `leads` is one string and not a list.
            AuthenticationError: The credentials are wrong, as they would be for every lead. Leads
                that were sent before may be under way.

        ```python
        leads = [lead async for lead in lg.leads.list(client_id="acme-corp")]
        reports = await lg.processing.enrich_many(leads, wait=True)
        failed = [report.leadId for report in reports if report.failed]
        ```
        """
        if isinstance(leads, str):
            raise checks.one_string("leads")
        reports = [LeadReport(leadId=_id_of(lead)) for lead in leads]
        selector = {"services": _names("services", services, SERVICES)}
        limiter = anyio.CapacityLimiter(checks.whole("concurrency", concurrency, 1, 100))
        checks.seconds("deadline", deadline)
        of_all: list[errors.LeadGeniusError] = []

        async def enrich(report: LeadReport) -> None:
            try:
                async with limiter:
                    report.processing = await self._start(
                        "enrich", report.leadId, selector, overwrite=overwrite
                    )
                    if wait:
                        await self._follow(report.processing, deadline)
            except _OF_ALL as error:
                of_all.append(error)
                group.cancel_scope.cancel()
            except errors.LeadGeniusError as error:
                report.error = error

        async with anyio.create_task_group() as group:
            for report in reports:
                group.start_soon(enrich, report)
        if of_all:
            raise of_all[0]
        return reports

    async def _process(
        self,
        kind: str,
        lead: EnrichLead | str,
        selector: Mapping[str, object],
        *,
        overwrite: bool,
        wait: bool,
        deadline: float,
    ) -> Processing:
        lead_id = _id_of(lead)
        checks.seconds("deadline", deadline)
        processing = await self._start(kind, lead_id, selector, overwrite=overwrite)
        if wait:
            await self._follow(processing, deadline)
        return processing

    async def _start(
        self, kind: str, lead_id: str, selector: Mapping[str, object], *, overwrite: bool
    ) -> Processing:
        payload = {"leadId": lead_id, **present(**selector), "overwrite": overwrite}
        path, keys = f"/leads/process/{kind}", ("data", "")
        return await self._ask("POST", path, Processing, keys, payload=payload)

    async def _follow(self, processing: Processing, deadline: float) -> None:
        processing.runs = await until_finished(
            processing.runIds,
            self._tasks.get,
            lambda run: run.status,
            deadline=deadline,
            what="runs",
        )


def _id_of(lead: EnrichLead | str) -> str:
    return checks.text("the lead's id", (lead if isinstance(lead, str) else lead.id) or "")


def _names(name: str, values: Iterable[str] | None, allowed: Iterable[str]) -> list[str] | None:
    return None if values is None else checks.choices(name, values, allowed)


def _numbers(name: str, values: Iterable[int] | str | None) -> list[int] | None:
    if values is None:
        return None
    if isinstance(values, str):
        raise checks.one_string(name)
    numbers = [checks.whole(name, value, PROCESSES[0], PROCESSES[-1]) for value in values]
    checks.whole(f"the number of {name}", len(numbers), 1, len(PROCESSES))
    return numbers
