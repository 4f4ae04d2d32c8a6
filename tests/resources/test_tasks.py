"""Background tasks, over the emulator and over canned answers."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from accounts import connect
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import TaskRun


def key_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, api_key="lgp_1", user_id="u", rate="off")


async def test_a_run_from_its_trigger_to_its_end(emulator: Emulator, lg: LeadGenius) -> None:
    """It is queued, executes and completes; the latest runs have it first."""
    first = await lg.tasks.trigger("one")
    second = await lg.tasks.trigger("two", {"any": ["thing"]})
    seen = []
    for _ in range(3):
        run = await lg.tasks.get(second)
        seen.append((run.status, run.finished, run.failed))
        emulator.clock.advance(1.0)
    assert seen == [("QUEUED", False, False), ("EXECUTING", False, False),
                    ("COMPLETED", True, False)]  # fmt: skip
    assert [run.id async for run in lg.tasks.recent()] == [second, first]
    assert [run.taskIdentifier async for run in lg.tasks.recent(limit=1)] == ["two"]


@pytest.mark.parametrize(("failures", "status"), [(0.0, "COMPLETED"), (1.0, "FAILED")])
async def test_wait_returns_runs_however_they_ended(failures: float, status: str) -> None:
    """In the order in which they were asked for; a failure is not raised."""
    async with (
        Emulator(leads=0, rate="off", run_seconds=0, run_failures=failures) as emulator,
        connect(emulator) as lg,
    ):
        ids = [await lg.tasks.trigger(name) for name in ("one", "two")]
        runs = await lg.tasks.wait(reversed(ids))
    assert [run.taskIdentifier for run in runs] == ["two", "one"]
    assert [(run.status, run.failed) for run in runs] == [(status, bool(failures))] * 2
    assert all(run.error if failures else run.output for run in runs)


async def test_wait_for_nothing_asks_nothing(emulator: Emulator, lg: LeadGenius) -> None:
    """What triggered nothing is done."""
    assert await lg.tasks.wait([]) == []
    assert not list(emulator.log)


async def test_another_companys_run_is_not_found(emulator: Emulator, lg: LeadGenius) -> None:
    """Neither by its id nor among the latest."""
    other = emulator.other
    async with LeadGenius(
        base_url=emulator.base_url, api_key=other.api_key, user_id=other.user_id, rate="off"
    ) as theirs:
        run_id = await theirs.tasks.trigger("theirs")
    for call in (lg.tasks.get(run_id), lg.tasks.wait([run_id])):
        with pytest.raises(errors.NotFound):
            await call
    assert [run async for run in lg.tasks.recent()] == []


@pytest.mark.parametrize("body", [{"runId": "r"}, {"data": {"runId": "r"}}])
async def test_the_runs_id_is_found_in_any_envelope(body: object) -> None:
    """A payload that was not given is not sent."""
    async with Wire(reply(201, msgspec.json.encode(body))) as wire, key_of(wire) as lg:
        assert await lg.tasks.trigger("t") == "r"
    assert json.loads(wire.requests[0].body) == {"taskId": "t"}


@pytest.mark.parametrize("envelope", ["run", "data"])
async def test_a_status_and_a_field_that_are_new(envelope: str) -> None:
    """Neither is an error; the run counts as unfinished."""
    run = {"id": "r", "status": "DREAMING", "output": [1], "error": "text", "tags": ["new"]}
    body = msgspec.json.encode({envelope: run})
    async with Wire(reply(body=body)) as wire, key_of(wire) as lg:
        found = await lg.tasks.get("r/1 &")
    assert found == TaskRun(
        id="r", status="DREAMING", output=[1], error="text", extra={"tags": ["new"]}
    )
    assert not found.finished
    assert wire.requests[0].target == "/api/trigger-task-status?runId=r/1+%26"


@pytest.mark.parametrize(
    ("method", "arguments", "says"),
    [
        ("trigger", ("",), "task_id is empty"),
        ("get", (" ",), "run_id is empty"),
        ("wait", (["r", ""],), "run_ids is empty"),
    ],
)
async def test_what_cannot_be_right_is_not_sent(
    method: str, arguments: tuple[Any, ...], says: str
) -> None:
    """It is a ValueError that names what is wrong."""
    async with Wire(reply()) as wire, key_of(wire) as lg:
        with pytest.raises(ValueError, match=says):
            await getattr(lg.tasks, method)(*arguments)
        with pytest.raises(TypeError, match="run_ids is one string"):
            await lg.tasks.wait("run_1")
        for limit in (0, 101):
            with pytest.raises(ValueError, match=f"limit is {limit}: give .* from 1 to 100"):
                lg.tasks.recent(limit=limit)
    assert not wire.requests
