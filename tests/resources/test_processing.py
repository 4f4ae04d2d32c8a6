"""Processing of leads: what is sent, what is followed, and what becomes of many."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import EnrichLead, Processing, TaskRun

DONE = reply(body=b'{"success":true,"runIds":[],"triggered":[],"skipped":[]}')


def key_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, api_key="lgp_1", user_id="u", rate="off")


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator, None]:
    """A service whose runs take no time, with two leads."""
    async with Emulator(leads=0, rate="off", run_seconds=0) as service:
        client_id = service.ready.clients[0].client_id
        names = {"client_id": client_id, "firstName": "Ada", "lastName": "Sample"}
        service.insert("enrich_leads", [{"id": f"lead_{n}", **names} for n in (1, 2)])
        yield service


@pytest.fixture
async def lg(emulator: Emulator) -> AsyncGenerator[LeadGenius, None]:
    """A client with a key for everything, and a login for the settings."""
    ready = emulator.ready
    async with LeadGenius(
        base_url=ready.base_url,
        api_key=ready.api_key,
        user_id=ready.user_id,
        username=ready.username,
        password=ready.password,
        rate="off",
    ) as client:
        yield client


async def test_enrich_fills_the_lead_in(lg: LeadGenius) -> None:
    """What is configured runs and the rest is skipped; with `wait` it is there afterwards."""
    await lg.settings.url.upsert(companyUrl="https://urls.example", enrichment2="two")
    lead = await lg.leads.get("lead_1")
    done = await lg.processing.enrich(lead, wait=True)
    assert done.triggered == ["companyUrl", "enrichment2"]
    assert set(done.skipped) == {"emailFinder", *(f"enrichment{n}" for n in (1, *range(3, 11)))}
    assert (done.leadId, len(done.runIds)) == ("lead_1", 2)
    assert [(run.id, run.status) for run in done.runs] == [(i, "COMPLETED") for i in done.runIds]
    lead = await lg.leads.get("lead_1")
    assert lead.enrichment2
    assert lead.enrichment1 is None
    again = await lg.processing.enrich(lead, services=["enrichment2"])
    assert (again.triggered, again.skipped, again.runs) == ([], ["enrichment2"], [])
    over = await lg.processing.enrich(lead, services=["enrichment2"], overwrite=True)
    assert over.triggered == ["enrichment2"]


async def test_copyright_and_sdr_go_by_their_own_settings(lg: LeadGenius) -> None:
    """Processes by their number, fields by their name."""
    await lg.settings.agent.upsert(enrichment3AgentId="a", enrichment10AgentId="b")
    await lg.settings.sdr_ai.upsert(message1AgentId="a", aiLeadScoreAgentId="b")
    copied = await lg.processing.copyright("lead_1", wait=True)
    wrote = await lg.processing.sdr("lead_1", fields=["aiLeadScore", "message2"], wait=True)
    assert (copied.triggered, len(copied.skipped)) == ([3, 10], 8)
    assert (wrote.triggered, wrote.skipped) == (["aiLeadScore"], ["message2"])
    lead = await lg.leads.get("lead_1")
    assert lead.enrichment3
    assert lead.aiLeadScore
    assert lead.message1 is None


async def test_an_unknown_lead(lg: LeadGenius) -> None:
    """Is not found."""
    for call in (lg.processing.enrich, lg.processing.copyright, lg.processing.sdr):
        with pytest.raises(errors.NotFound):
            await call("nobody")


@pytest.mark.parametrize(
    ("method", "options", "sent"),
    [
        ("enrich", {}, {"overwrite": False}),
        ("enrich", {"services": ("enrichment10",), "overwrite": True},
         {"services": ["enrichment10"], "overwrite": True}),
        ("copyright", {"processes": range(1, 3)}, {"processes": [1, 2], "overwrite": False}),
        ("sdr", {"fields": ["message10"]}, {"fields": ["message10"], "overwrite": False}),
    ],
)  # fmt: skip
async def test_what_is_sent(method: str, options: dict[str, Any], sent: dict[str, Any]) -> None:
    """A selector that was not given is left out: the service takes all that is configured."""
    async with Wire(DONE) as wire, key_of(wire) as lg:
        await getattr(lg.processing, method)(EnrichLead(id="lead_1"), **options)
    [request] = wire.requests
    assert (request.method, request.target) == ("POST", f"/api/leads/process/{method}")
    assert json.loads(request.body) == {"leadId": "lead_1", **sent}


@pytest.mark.parametrize(
    ("method", "lead", "options", "says"),
    [
        ("enrich", "lead_1", {"services": ["enrichment11"]}, "services is 'enrichment11': give"),
        ("enrich", "lead_1", {"services": []}, "services has 0 entries"),
        ("copyright", "lead_1", {"processes": [1, 11]}, "processes is 11: .* from 1 to 10"),
        ("copyright", "lead_1", {"processes": [0]}, "processes is 0"),
        ("copyright", "lead_1", {"processes": [True]}, "processes is True"),
        ("copyright", "lead_1", {"processes": []}, "the number of processes is 0"),
        ("sdr", "lead_1", {"fields": ["aiScoreJustification"]}, "fields is 'aiScoreJust"),
        ("sdr", "", {}, "the lead's id is empty"),
        ("enrich", EnrichLead(), {}, "the lead's id is empty"),
        ("enrich", "lead_1", {"wait": True, "deadline": 0}, "deadline is 0"),
        ("enrich_many", ["lead_1", ""], {}, "the lead's id is empty"),
        ("enrich_many", ["lead_1"], {"services": ["phone"]}, "services is 'phone'"),
        ("enrich_many", ["lead_1"], {"concurrency": 0}, "concurrency is 0"),
        ("enrich_many", ["lead_1"], {"deadline": -1}, "deadline is -1"),
    ],
)
async def test_what_cannot_be_right_is_not_sent(
    method: str, lead: object, options: dict[str, Any], says: str
) -> None:
    """It names the argument and what is allowed."""
    async with Wire(DONE) as wire, key_of(wire) as lg:
        with pytest.raises(ValueError, match=says):
            await getattr(lg.processing, method)(lead, **options)
    assert not wire.requests


async def test_several_services_are_a_list(lg: LeadGenius) -> None:
    """One string would be taken for its letters."""
    with pytest.raises(TypeError, match="services is one string"):
        await lg.processing.enrich("lead_1", services="companyUrl")


async def test_several_leads_or_processes_are_a_list() -> None:
    """A string would be taken for its letters, and each for a lead or a process."""
    digits: Any = "12"
    async with Wire(reply()) as wire, key_of(wire) as lg:
        with pytest.raises(TypeError, match="leads is one string: give a list"):
            await lg.processing.enrich_many("lead_1")
        with pytest.raises(TypeError, match="processes is one string: give a list"):
            await lg.processing.copyright("lead_1", processes=digits)
        with pytest.raises(ValueError, match=r"processes is 1\.5: give a whole number"):
            await lg.processing.copyright("lead_1", processes=[1.5])  # type: ignore[list-item] # the mistake
    assert not wire.requests


@pytest.mark.parametrize("wrapped", [False, True])
async def test_the_answer_is_found_in_any_envelope(wrapped: bool) -> None:  # noqa: FBT001 - a parameter
    """Steps may say more than their name, and fields that are new are kept."""
    body = {"runIds": ["r"], "triggered": [3, "x"], "skipped": [{"step": "y"}], "queue": "slow"}
    answer = reply(
        202, msgspec.json.encode({"success": True, **({"data": body} if wrapped else body)})
    )
    async with Wire(answer) as wire, key_of(wire) as lg:
        done = await lg.processing.enrich("lead_1")
    assert done == Processing(
        runIds=["r"], triggered=[3, "x"], skipped=[{"step": "y"}], extra={"queue": "slow"}
    )


async def test_many_are_reported_in_order(lg: LeadGenius) -> None:
    """One lead's failure does not end the others."""
    await lg.settings.url.upsert(enrichment1="one")
    leads: list[EnrichLead | str] = [EnrichLead(id="lead_2"), "nobody", "lead_1"]
    reports = await lg.processing.enrich_many(leads, wait=True, concurrency=2)
    assert [(report.leadId, report.failed) for report in reports] == [
        ("lead_2", False),
        ("nobody", True),
        ("lead_1", False),
    ]
    assert isinstance(reports[1].error, errors.NotFound)
    for report in (reports[0], reports[2]):
        assert report.processing
        assert report.processing.leadId == report.leadId
        assert [run.status for run in report.processing.runs] == ["COMPLETED"]
    assert await lg.processing.enrich_many([]) == []


async def test_a_run_that_failed_is_a_lead_that_failed() -> None:
    """Though no request did."""
    triggered = reply(body=b'{"runIds":["r"],"triggered":["companyUrl"]}')
    failed = reply(body=b'{"run":{"id":"r","status":"CRASHED"}}')
    async with Wire(triggered, failed) as wire, key_of(wire) as lg:
        [report] = await lg.processing.enrich_many(["lead_1"], wait=True)
    assert report.error is None
    assert report.failed
    assert report.processing
    assert report.processing.runs == [TaskRun(id="r", status="CRASHED")]


async def test_what_was_triggered_is_known_though_it_did_not_end() -> None:
    """The report has the runs' ids beside the error, to wait for them again."""
    triggered = reply(body=b'{"runIds":["r"],"triggered":["companyUrl"]}')
    running = reply(body=b'{"run":{"id":"r","status":"EXECUTING"}}')
    async with Wire(triggered, running) as wire, key_of(wire) as lg:
        [report] = await lg.processing.enrich_many(["lead_1"], wait=True, deadline=0.2)
    assert isinstance(report.error, errors.DeadlineExceeded)
    assert "r (EXECUTING)" in str(report.error)
    assert report.processing
    assert report.processing.runIds == ["r"]


async def test_a_wrong_credential_ends_them_all() -> None:
    """Every lead would fail by it; it is raised as it is, in no group."""
    refused = reply(401, b'{"success":false,"error":"no","errorType":"authentication_error"}')
    async with Wire(refused) as wire, key_of(wire) as lg:
        with pytest.raises(errors.AuthenticationError):
            await lg.processing.enrich_many([f"lead_{n}" for n in range(50)], concurrency=1)
    assert len(wire.requests) < 5


async def test_so_many_are_under_way_and_no_more() -> None:
    """The rest wait for their turn."""
    under_way, most = 0, 0

    async def answer(writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(20):
            await asyncio.sleep(0)
        under_way -= 1
        writer.write(DONE)

    async with Wire(answer) as wire, key_of(wire) as lg:
        reports = await lg.processing.enrich_many(map(str, range(20)), concurrency=3)
    assert len(reports) == len(wire.requests) == 20
    assert 1 < most <= 3
