"""Background tasks: their runs are started, looked at and listed."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from leadgenius_async.emulator.errors import no_such
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.runs import ServedRun, served

Text = Annotated[str, msgspec.Meta(min_length=1)]


class Trigger(msgspec.Struct):
    """A task, and what its run is given."""

    taskId: Text
    payload: dict[str, Any] | None = None


class Triggered(msgspec.Struct):
    """The run that was started."""

    runId: str
    success: bool = True


class RunQuery(msgspec.Struct):
    """The run that is asked for."""

    runId: Text


class RunAnswer(msgspec.Struct):
    """One run."""

    run: ServedRun
    success: bool = True


class RecentQuery(msgspec.Struct):
    """How many runs are asked for."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20


class RunList(msgspec.Struct):
    """The latest runs."""

    runs: list[ServedRun]
    success: bool = True


@call("POST", "/api/trigger", Credentials.KEY_TOO)
async def trigger(ask: Ask[NoQuery, Trigger]) -> Triggered:
    """Start a run of a task."""
    return Triggered(ask.service.runs.start(ask.company_id, ask.body.taskId, ask.now).id)


@call("GET", "/api/trigger-task-status", Credentials.KEY_TOO, refuses=(404,))
async def status(ask: Ask[RunQuery, None]) -> RunAnswer:
    """A run as it is now."""
    run = ask.service.runs.get(ask.company_id, ask.query.runId)
    if run is None:
        raise no_such("Run", ask.query.runId)
    return RunAnswer(served(run, ask.now))


@call("GET", "/api/trigger-recent-runs", Credentials.KEY_TOO)
async def recent(ask: Ask[RecentQuery, None]) -> RunList:
    """The latest runs, the newest first."""
    runs = ask.service.runs.recent(ask.company_id, ask.query.limit)
    return RunList([served(run, ask.now) for run in runs])


ENDPOINTS = (trigger, status, recent)
