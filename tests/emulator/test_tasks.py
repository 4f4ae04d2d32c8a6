"""Background runs over plain HTTP: their states go by the clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator, EmulatorConfig


async def _send(
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    method: str,
    path: str,
    body: Any = None,
    **query: str,
) -> tuple[int, Any]:
    async with session.request(method, path, params=query, json=body, headers=headers) as response:
        return response.status, await response.json()


async def _trigger(session: aiohttp.ClientSession, headers: dict[str, str]) -> str:
    status, body = await _send(session, headers, "POST", "/api/trigger", {"taskId": "t"})
    assert status == 200
    run_id: str = body["runId"]
    return run_id


async def _run(session: aiohttp.ClientSession, headers: dict[str, str], run_id: str) -> Any:
    status, body = await _send(session, headers, "GET", "/api/trigger-task-status", runId=run_id)
    return body["run"] if status == 200 else status


def _key(emulator: Emulator) -> dict[str, str]:
    return {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}


@pytest.mark.parametrize(("failures", "last"), [(0, "COMPLETED"), (1, "FAILED")])
async def test_states(started: Any, failures: int, last: str) -> None:
    """A quarter of its time it is queued, then it executes, then it has ended for good."""
    async with started(run_seconds=100, run_failures=failures) as (emulator, session):
        key = _key(emulator)
        run_id = await _trigger(session, key)
        states = []
        for step in (20, 20, 50, 20, 0):
            run = await _run(session, key, run_id)
            states.append(run["status"])
            emulator.clock.advance(step)
        assert states == ["QUEUED", "QUEUED", "EXECUTING", "EXECUTING", last]
        assert set(run) == {
            "id", "taskIdentifier", "status", "createdAt", "updatedAt", "output", "error",
        }  # fmt: skip
        assert (run["output"] is None, run["error"] is None) == (bool(failures), not failures)
        assert run["createdAt"] < run["updatedAt"]


async def test_the_share_of_failures_is_the_seeds(started: Any) -> None:
    """Some fail and some do not; the same seed says the same."""
    rounds = []
    for _ in range(2):
        async with started(run_seconds=0, run_failures=0.5, seed=3) as (emulator, session):
            key = _key(emulator)
            ids = [await _trigger(session, key) for _ in range(20)]
            rounds.append([(await _run(session, key, run_id))["status"] for run_id in ids])
    assert rounds[0] == rounds[1]
    assert 4 <= rounds[0].count("FAILED") <= 16


async def test_the_latest_runs(started: Any) -> None:
    """The newest first, twenty of them if not said otherwise."""
    async with started() as (emulator, session):
        key = _key(emulator)
        ids = [await _trigger(session, key) for _ in range(21)]
        path = "/api/trigger-recent-runs"
        for query, count in (({}, 20), ({"limit": "3"}, 3), ({"limit": "100"}, 21)):
            _, body = await _send(session, key, "GET", path, **query)
            assert [run["id"] for run in body["runs"]] == ids[::-1][:count]
        for limit in ("0", "101", "many"):
            assert (await _send(session, key, "GET", path, limit=limit))[0] == 400


async def test_another_companys_run(
    session: aiohttp.ClientSession, by_key: dict[str, str], other_key: dict[str, str]
) -> None:
    """It is not found, nor is one that does not exist."""
    run_id = await _trigger(session, other_key)
    assert await _run(session, by_key, run_id) == 404
    assert await _run(session, by_key, "run_nobody") == 404
    _, body = await _send(session, by_key, "GET", "/api/trigger-recent-runs")
    assert body["runs"] == []


async def test_runs_outlive_a_restart(started: Any, tmp_path: Path) -> None:
    """They are kept in the file with the rest."""
    db = tmp_path / "emulator.db"
    async with started(db=db) as (emulator, session):
        run_id = await _trigger(session, _key(emulator))
    async with started(db=db) as (emulator, session):
        emulator.clock.advance(10)
        assert (await _run(session, _key(emulator), run_id))["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("option", "value"),
    [("run_seconds", -1), ("run_failures", 1.1), ("run_failures", -0.1), ("run_failures", "half")],
)
def test_options_out_of_range(option: str, value: object) -> None:
    """A ValueError names the option and its value."""
    options: dict[str, Any] = {option: value}
    with pytest.raises(ValueError, match=rf"^{option}={value!r} is not allowed: give ."):
        EmulatorConfig(**options)
