"""Processing over plain HTTP: settings say what runs, and runs fill in the lead."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator

ENRICH = "/api/leads/process/enrich"
COPYRIGHT = "/api/leads/process/copyright"
SDR = "/api/leads/process/sdr"


async def _send(
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    method: str,
    path: str,
    body: Any = None,
) -> tuple[int, Any]:
    async with session.request(method, path, json=body, headers=headers) as response:
        return response.status, await response.json()


async def _log_in(emulator: Emulator, session: aiohttp.ClientSession) -> dict[str, str]:
    login = {"username": emulator.ready.username, "password": emulator.ready.password}
    async with session.post("/api/auth", json=login) as response:
        tokens = (await response.json())["tokens"]
    return {"Authorization": f"Bearer {tokens['accessToken']}"}


def _add_lead(emulator: Emulator, **fields: str) -> None:
    client_id = emulator.ready.clients[0].client_id
    lead = {"id": "lead_1", "client_id": client_id, "firstName": "A", "lastName": "B", **fields}
    emulator.insert("enrich_leads", [lead])


async def _lead(session: aiohttp.ClientSession, headers: dict[str, str]) -> Any:
    return (await _send(session, headers, "GET", "/api/enrich-leads/lead_1"))[1]["lead"]


@pytest.mark.parametrize(
    ("path", "setting", "step", "writes", "steps"),
    [
        (ENRICH, ("url", "emailFinder"), "emailFinder", "emailFinder", 12),
        (COPYRIGHT, ("agent", "enrichment7AgentId"), 7, "enrichment7", 10),
        (SDR, ("sdr-ai", "aiRiskScoreAgentId"), "aiRiskScore", "aiRiskScore", 26),
    ],
)
async def test_what_is_configured_runs(  # noqa: PLR0917 - parameters by name
    started: Any, path: str, setting: tuple[str, str], step: object, writes: str, steps: int
) -> None:
    """The rest is skipped; the field is filled in when the run completes, and not before."""
    async with started(run_seconds=60) as (emulator, session):
        jwt = await _log_in(emulator, session)
        _add_lead(emulator)
        body = {"leadId": "lead_1"}
        _, nothing = await _send(session, jwt, "POST", path, body)
        assert (nothing["triggered"], len(nothing["skipped"])) == ([], steps)
        name, field = setting
        await _send(session, jwt, "POST", f"/api/settings/{name}", {field: "x", "projectId": "p"})
        status, done = await _send(session, jwt, "POST", path, body)
        assert (status, done["triggered"], len(done["runIds"])) == (200, [step], 1)
        assert step not in done["skipped"]
        assert len(done["skipped"]) == steps - 1
        kind = path.rpartition("/")[2]
        assert re.fullmatch(rf"{kind}-process-\d{{10}}-[a-z0-9]{{6}}", done["batchTag"])
        before = await _lead(session, jwt)
        assert writes not in before
        emulator.clock.advance(61)
        after = await _lead(session, jwt)
        assert after[writes]
        assert after["updatedAt"] > before["updatedAt"]
        assert any(after[writes].encode() in row for row in emulator.rows("enrich_leads"))


async def test_the_truth_has_what_a_run_wrote(started: Any) -> None:
    """Though nobody asked the service since it ended."""
    async with started(run_seconds=60) as (emulator, session):
        jwt = await _log_in(emulator, session)
        _add_lead(emulator)
        await _send(session, jwt, "POST", "/api/settings/url", {"enrichment1": "one"})
        await _send(session, jwt, "POST", ENRICH, {"leadId": "lead_1"})
        assert not any(b'"enrichment1"' in row for row in emulator.rows("enrich_leads"))
        emulator.clock.advance(61)
        assert any(b'"enrichment1"' in row for row in emulator.rows("enrich_leads"))


async def test_what_is_filled_in_is_skipped(started: Any) -> None:
    """Unless it is to be overwritten; a setting that was cleared configures nothing."""
    async with started(run_seconds=0) as (emulator, session):
        jwt = await _log_in(emulator, session)
        _add_lead(emulator, enrichment1="mine")
        settings = {"enrichment1": "one", "enrichment2": "", "enrichment3": None}
        await _send(session, jwt, "POST", "/api/settings/url", settings)
        body = {"leadId": "lead_1", "services": ["enrichment1", "enrichment2", "enrichment3"]}
        _, done = await _send(session, jwt, "POST", ENRICH, body)
        assert (done["triggered"], done["skipped"]) == ([], body["services"])
        assert (await _lead(session, jwt))["enrichment1"] == "mine"
        _, done = await _send(session, jwt, "POST", ENRICH, {**body, "overwrite": True})
        assert done["triggered"] == ["enrichment1"]
        assert (await _lead(session, jwt))["enrichment1"] != "mine"


async def test_a_run_that_fails_writes_nothing(started: Any) -> None:
    """Nor does one whose lead is gone."""
    async with started(run_seconds=0, run_failures=1) as (emulator, session):
        jwt = await _log_in(emulator, session)
        _add_lead(emulator)
        await _send(session, jwt, "POST", "/api/settings/url", {"enrichment1": "one"})
        _, done = await _send(session, jwt, "POST", ENRICH, {"leadId": "lead_1"})
        assert len(done["runIds"]) == 1
        assert "enrichment1" not in await _lead(session, jwt)
    async with started(run_seconds=60) as (emulator, session):
        jwt = await _log_in(emulator, session)
        _add_lead(emulator)
        await _send(session, jwt, "POST", "/api/settings/url", {"enrichment1": "one"})
        await _send(session, jwt, "POST", ENRICH, {"leadId": "lead_1"})
        assert (await _send(session, jwt, "DELETE", "/api/leads?id=lead_1"))[0] == 200
        emulator.clock.advance(61)
        assert (await _send(session, jwt, "GET", "/api/enrich-leads/lead_1"))[0] == 404


async def test_a_restart_does_not_lose_what_is_due(started: Any, tmp_path: Path) -> None:
    """The file has the runs, and what they will write."""
    options: dict[str, Any] = {"db": tmp_path / "emulator.db", "run_seconds": 60}
    async with started(**options) as (emulator, session):
        jwt = await _log_in(emulator, session)
        _add_lead(emulator)
        await _send(session, jwt, "POST", "/api/settings/url", {"enrichment1": "one"})
        await _send(session, jwt, "POST", ENRICH, {"leadId": "lead_1"})
    async with started(**options) as (emulator, session):
        jwt = await _log_in(emulator, session)
        assert "enrichment1" not in await _lead(session, jwt)
        emulator.clock.advance(61)
        assert (await _lead(session, jwt))["enrichment1"]


async def test_another_companys_lead_and_settings(
    emulator: Emulator, session: aiohttp.ClientSession, by_jwt: dict[str, str], by_other: Any
) -> None:
    """The lead is not found, and one company's settings do nothing for the other."""
    _add_lead(emulator)
    await _send(session, by_other, "POST", "/api/settings/url", {"enrichment1": "theirs"})
    for path in (ENRICH, COPYRIGHT, SDR):
        assert (await _send(session, by_other, "POST", path, {"leadId": "lead_1"}))[0] == 404
        _, done = await _send(session, by_jwt, "POST", path, {"leadId": "lead_1"})
        assert done["triggered"] == []


@pytest.mark.parametrize(
    ("path", "selector"),
    [
        (ENRICH, {"services": ["enrichment11"]}),
        (ENRICH, {"services": "companyUrl"}),
        (COPYRIGHT, {"processes": [0]}),
        (COPYRIGHT, {"processes": [11]}),
        (COPYRIGHT, {"processes": ["1"]}),
        (SDR, {"fields": ["aiScoreJustification"]}),
        (SDR, {"leadId": ""}),
        (ENRICH, {"overwrite": "yes"}),
    ],
)
async def test_what_there_is_none_of(
    session: aiohttp.ClientSession, by_key: dict[str, str], path: str, selector: dict[str, Any]
) -> None:
    """Is a 400."""
    body = {"leadId": "lead_1", **selector}
    assert (await _send(session, by_key, "POST", path, body))[0] == 400


async def test_credentials(started: Any) -> None:
    """An API key is assumed to work, and a switch takes it away."""
    for everywhere, status in ((True, 404), (False, 401)):
        async with started(keys_everywhere=everywhere) as (emulator, session):
            key = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
            assert (await _send(session, key, "POST", ENRICH, {"leadId": "x"}))[0] == status
