"""Enrichment jobs over plain HTTP: how far they are goes by the clock."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator

TRIGGER = "/api/enrichment/trigger"


async def _send(
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    method: str,
    path: str,
    body: Any = None,
) -> tuple[int, Any]:
    async with session.request(method, path, json=body, headers=headers) as response:
        return response.status, await response.json()


async def _status(session: aiohttp.ClientSession, headers: dict[str, str], job_id: str) -> Any:
    status, body = await _send(session, headers, "GET", f"/api/enrichment/status/{job_id}")
    return body if status == 200 else status


def _ids(emulator: Emulator, count: int) -> list[str]:
    client_id = emulator.ready.clients[0].client_id
    ids = [f"lead_{n}" for n in range(count)]
    lead = {"client_id": client_id, "firstName": "A", "lastName": "B"}
    emulator.insert("enrich_leads", [{"id": lead_id, **lead} for lead_id in ids])
    return ids


async def test_counts_and_states(started: Any) -> None:
    """Queued for a quarter of its time, then one lead after the other, then for good."""
    async with started(run_seconds=100) as (emulator, session):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        leads = ["nobody", *_ids(emulator, 9)]
        status, body = await _send(session, key, "POST", TRIGGER, {"leadIds": leads})
        assert status == 200
        assert set(body) == {"jobId", "success"}
        seen = []
        for step in (10, 20, 39, 40, 1000):
            emulator.clock.advance(step)
            job = await _status(session, key, body["jobId"])
            seen.append((job["status"], job["completed"], job["failed"]))
            assert job["total"] == 10
        assert seen == [
            ("QUEUED", 0, 0),
            ("EXECUTING", 0, 0),
            ("EXECUTING", 4, 1),
            ("COMPLETED", 9, 1),
            ("COMPLETED", 9, 1),
        ]


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.5, 10, 40), (1.0, 50, 50)])
async def test_some_leads_fail(started: Any, share: float, least: int, most: int) -> None:
    """As many as the switch says; a job fails with all of its leads."""
    async with started(run_seconds=0, run_failures=share) as (emulator, session):
        key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        body = {"leadIds": _ids(emulator, 50), "enrichmentType": "new", "priority": 1}
        _, answer = await _send(session, key, "POST", TRIGGER, body)
        job = await _status(session, key, answer["jobId"])
        assert least <= job["failed"] <= most
        assert job["completed"] + job["failed"] == job["total"] == 50
        assert job["status"] == ("FAILED" if share == 1 else "COMPLETED")


async def test_another_company(
    emulator: Emulator,
    session: aiohttp.ClientSession,
    by_key: dict[str, str],
    other_key: dict[str, str],
) -> None:
    """Its leads cannot be enriched, nor is its job found."""
    leads = _ids(emulator, 2)
    _, body = await _send(session, other_key, "POST", TRIGGER, {"leadIds": leads})
    assert await _status(session, by_key, body["jobId"]) == 404
    emulator.clock.advance(60)
    job = await _status(session, other_key, body["jobId"])
    assert (job["status"], job["completed"], job["failed"]) == ("FAILED", 0, 2)
    assert await _status(session, by_key, "nobody") == 404


@pytest.mark.parametrize(
    "body",
    [{}, {"leadIds": []}, {"leadIds": ["x"] * 501}, {"leadIds": [""]}, {"leadIds": "x"},
     {"leadIds": ["x"], "enrichmentType": ""}, {"leadIds": ["x"], "priority": []}],
)  # fmt: skip
async def test_what_a_job_needs(
    session: aiohttp.ClientSession, by_key: dict[str, str], body: dict[str, Any]
) -> None:
    """1 to 500 leads, and a type that is not empty."""
    assert (await _send(session, by_key, "POST", TRIGGER, body))[0] == 400
