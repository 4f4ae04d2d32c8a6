"""Enrichment jobs, over the emulator and over canned answers."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from accounts import connect
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import EnrichmentJob


def key_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, api_key="lgp_1", user_id="u", rate="off")


async def test_a_job_from_its_beginning_to_its_end(emulator: Emulator, lg: LeadGenius) -> None:
    """Its counts go up; a lead that the company has not counts as failed, and is no error."""
    client_id = emulator.ready.clients[0].client_id
    ids = [lead.id or "" async for lead in lg.leads.list(client_id=client_id, limit=7)]
    job = await lg.enrichment.create([*ids, "nobody"])
    assert job == EnrichmentJob(jobId=job.jobId)
    seen = await lg.enrichment.get(job.jobId)
    assert (seen.status, seen.total, seen.completed, seen.failed) == ("QUEUED", 8, 0, 0)
    assert not seen.finished
    emulator.clock.advance(3.0)
    done = await lg.enrichment.wait(job.jobId)
    assert (done.status, done.total, done.completed, done.failed) == ("COMPLETED", 8, 7, 1)
    assert done.finished
    assert done.incomplete


async def test_a_job_of_sound_leads_is_complete() -> None:
    """Whose leads all were enriched; one of no lead that can be has failed."""
    async with Emulator(leads=0, rate="off", run_seconds=0) as emulator, connect(emulator) as lg:
        lead = {"firstName": "Ada", "lastName": "Sample"}
        made = await lg.leads.create(lead, client_id=emulator.ready.clients[0].client_id)
        good = await lg.enrichment.create([made.id or ""])
        bad = await lg.enrichment.create(["nobody"])
        assert not (await lg.enrichment.wait(good.jobId)).incomplete
        failed = await lg.enrichment.wait(bad.jobId)
    assert (failed.status, failed.failed, failed.incomplete) == ("FAILED", 1, True)


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({}, {"enrichmentType": "technographic"}),
        ({"enrichment_type": "new", "priority": "high"},
         {"enrichmentType": "new", "priority": "high"}),
        ({"priority": 0}, {"enrichmentType": "technographic", "priority": 0}),
    ],
)  # fmt: skip
async def test_what_is_sent(options: dict[str, Any], sent: dict[str, Any]) -> None:
    """The type is open: the service documents one, and may know more."""
    async with Wire(reply(body=b'{"jobId":"j"}')) as wire, key_of(wire) as lg:
        await lg.enrichment.create(iter(["lead_1"]), **options)
    [request] = wire.requests
    assert (request.method, request.target) == ("POST", "/api/enrichment/trigger")
    assert json.loads(request.body) == {"leadIds": ["lead_1"], **sent}


@pytest.mark.parametrize("wrapped", [False, True])
async def test_a_job_is_found_in_any_envelope(wrapped: bool) -> None:  # noqa: FBT001 - a parameter
    """A status that is new is no error and not the end; an id goes into the path as it is."""
    body = {"jobId": "j/1", "status": "warming_up", "eta": 3}
    answer = reply(
        body=msgspec.json.encode({"success": True, **({"data": body} if wrapped else body)})
    )
    async with Wire(answer) as wire, key_of(wire) as lg:
        job = await lg.enrichment.get("j/1")
    assert job == EnrichmentJob(jobId="j/1", status="warming_up", extra={"eta": 3})
    assert not job.finished
    assert not job.incomplete
    assert wire.requests[0].target == "/api/enrichment/status/j%2F1"


async def test_a_job_that_does_not_end_is_named() -> None:
    """Within the deadline; upper or lower case is one to the end of a job."""
    running = reply(body=b'{"jobId":"j","status":"running"}')
    async with Wire(running) as wire, key_of(wire) as lg:
        with pytest.raises(errors.DeadlineExceeded, match=r"job j \(running\)"):
            await lg.enrichment.wait("j", deadline=0.2)
    async with Wire(reply(body=b'{"jobId":"j","status":"completed"}')) as wire, key_of(wire) as lg:
        assert (await lg.enrichment.wait("j")).status == "completed"


@pytest.mark.parametrize(
    ("lead_ids", "options", "says"),
    [
        ([], {}, "lead_ids has 0 entries: give 1 to 500"),
        (["x"] * 501, {}, "lead_ids has 501 entries: give 1 to 500"),
        (["x", ""], {}, "lead_ids is empty"),
        (["x"], {"enrichment_type": ""}, "enrichment_type is empty"),
    ],
)
async def test_what_cannot_be_right_is_not_sent(
    lead_ids: list[str], options: dict[str, Any], says: str
) -> None:
    """It names what is allowed."""
    async with Wire(reply()) as wire, key_of(wire) as lg:
        with pytest.raises(ValueError, match=says):
            await lg.enrichment.create(lead_ids, **options)
        with pytest.raises(TypeError, match="lead_ids is one string"):
            await lg.enrichment.create("lead_1")
        for job_id in ("", ".."):
            with pytest.raises(ValueError, match="is not an id"):
                await lg.enrichment.wait(job_id)
    assert not wire.requests
