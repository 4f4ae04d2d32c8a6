"""`leadgenius tasks`: what the service does in the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclopts import App

from leadgenius_async._http.record import plain
from leadgenius_async.cli import failures
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.notes import note
from leadgenius_async.cli.options import DEFAULT, Connection, Data, Names, read_object
from leadgenius_async.cli.output import SHOW, Show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leadgenius_async.models import TaskRun

app: App = App(
    name="tasks",
    help="Background tasks: trigger, get, recent, wait.",
    help_epilogue=examples("tasks recent", "tasks wait run_1"),
)

_COLUMNS = ("id", "taskIdentifier", "status", "createdAt", "updatedAt")


@app.command(
    help_epilogue=examples(
        "tasks trigger score-leads", "tasks trigger score-leads --data '{\"limit\": 10}'"
    )
)
async def trigger(
    task_id: str, *, data: Data = "{}", show: Show = SHOW, connection: Connection = DEFAULT
) -> None:
    """Start a run of a task.

    Args:
        task_id: The task, by its identifier.
        data: What the run is given, as a JSON object; @FILE reads a file, - reads stdin.
    """
    payload = read_object(data)
    async with connection.open() as lg:
        show.one({"runId": await lg.tasks.trigger(task_id, payload)})


@app.command(help_epilogue=examples("tasks get run_1", "tasks get run_1 --json"))
async def get(run_id: str, *, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Show a run as it is now.

    Args:
        run_id: Its id.
    """
    async with connection.open() as lg:
        show.one(await lg.tasks.get(run_id))


@app.command(help_epilogue=examples("tasks recent", "tasks recent --limit 5 --json"))
async def recent(*, limit: int = 20, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """List the latest runs, the newest first.

    Args:
        limit: Most runs to show, up to 100.
    """
    async with connection.open() as lg:
        await show.many(lg.tasks.recent(limit=limit), _COLUMNS)


@app.command(help_epilogue=examples("tasks wait run_1", "tasks wait run_1 --deadline 3600"))
async def wait(run_ids: Names, *, show: Show = SHOW, connection: Connection = DEFAULT) -> int:
    """Follow runs to their end, up to --deadline; exits 6 if one did not complete.

    Args:
        run_ids: Their ids.
    """
    async with connection.open() as lg:
        runs = await lg.tasks.wait(run_ids, deadline=connection.deadline)
    show.rows([plain(run) for run in runs], _COLUMNS)
    return tell_failed(runs)


def tell_failed(runs: Sequence[TaskRun]) -> int:
    """Name the runs that did not complete on stderr, and return the exit code."""
    failed = [run for run in runs if run.failed]
    for run in failed:
        note(f"{run.taskIdentifier or 'run'} {run.id}: {run.status}")
    return failures.PARTIAL if failed else failures.OK
