"""Tasks: what the service does in the background, as runs of Trigger.dev."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.section import Section, present
from leadgenius_async._resources.waiting import is_finished, until_finished

_RUN = ("run", "data")
#: Most runs that `recent` asks for (assumed; Trigger.dev's own most).
MAX_RECENT = 100


class TaskRun(Record):
    """A run of a task; the shape is assumed.

    Attributes:
        id: Its id.
        taskIdentifier: The task that it is a run of.
        status: QUEUED, EXECUTING, COMPLETED, FAILED, CANCELED or another: the set is open.
        output: What a completed run says.
        error: What a failed run says.
    """

    id: str
    taskIdentifier: str | None = None
    status: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None
    output: object = None
    error: object = None

    @property
    def finished(self) -> bool:
        """Whether it has come to an end, good or bad; no for a status that is not known."""
        return is_finished(self.status)

    @property
    def failed(self) -> bool:
        """Whether it has come to an end other than COMPLETED."""
        return self.finished and (self.status or "").upper() != "COMPLETED"


class Tasks(Section):
    """Calls of `/api/trigger…`. Takes a login or an API key (assumed)."""

    async def trigger(self, task_id: str, payload: Mapping[str, object] | None = None) -> str:
        """Start a run of a task.

        Args:
            task_id: The task, by its identifier.
            payload: What it is given.

        Returns:
            The run's id.

        Raises:
            ValueError: The identifier is empty.
            OutcomeUnknown: The answer was lost: look at `recent` before you start it again.

        ```python
        run_id = await lg.tasks.trigger("score-leads", {"client_id": "acme-corp"})
        ```
        """
        sent = {"taskId": checks.text("task_id", task_id), **present(payload=payload)}
        keys = ("runId", "data.runId")
        return await self._ask("POST", "/trigger", str, keys, payload=sent)

    async def get(self, run_id: str) -> TaskRun:
        """Return a run as it is now.

        Raises:
            NotFound: The company has no such run.

        ```python
        run_id = await lg.tasks.trigger("score-leads")
        run = await lg.tasks.get(run_id)
        print(run.status)
        ```
        """
        query = {"runId": checks.text("run_id", run_id)}
        return await self._ask("GET", "/trigger-task-status", TaskRun, _RUN, query=query)

    def recent(self, *, limit: int = 20) -> Listing[TaskRun]:
        """List the latest runs, the newest first.

        Args:
            limit: Most runs to give, 1 to 100 (assumed).

        Raises:
            ValueError: The limit is out of range.

        ```python
        failed = [run async for run in lg.tasks.recent() if run.failed]
        ```
        """
        return self._list(
            "/trigger-recent-runs",
            TaskRun,
            ("runs", "data.items", "data"),
            query={"limit": checks.whole("limit", limit, 1, MAX_RECENT)},
            limit=limit,
        )

    async def wait(self, run_ids: Iterable[str], *, deadline: float = 600.0) -> list[TaskRun]:
        """Follow runs to their end.

        Each run that is unfinished is asked for after 1 s, then 2 s, and so on up to 15 s, within
        the rate limit.

        Args:
            run_ids: The runs.
            deadline: Seconds for everything.

        Returns:
            The runs as they ended, in order; one that failed is among them and no error.

        Raises:
            ValueError: An id is empty, or the deadline is not above 0.
            DeadlineExceeded: Some are unfinished; the message names them.
            NotFound: The company has no such run.

        ```python
        run_id = await lg.tasks.trigger("score-leads")
        [run] = await lg.tasks.wait([run_id], deadline=120)
        ```
        """
        ids = checks.many("run_ids", run_ids, least=0)
        return await until_finished(
            ids, self.get, lambda run: run.status, deadline=deadline, what="runs"
        )
