"""Processing of a lead: what the settings configure is triggered, the rest is skipped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec

from leadgenius_async._fields import PROCESSES, SDR_FIELDS, SERVICES
from leadgenius_async.emulator.errors import no_such
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.runs import Writes
from leadgenius_async.emulator.settings import configured

if TYPE_CHECKING:  # a Literal of what the table of fields has is made at run time alone
    Service = str
    Process = int
    Field = str
else:
    Service = Literal[SERVICES]
    Process = Literal[PROCESSES]
    Field = Literal[SDR_FIELDS]

Text = Annotated[str, msgspec.Meta(min_length=1)]

S = TypeVar("S", str, int)


class Enrich(msgspec.Struct):
    """A lead, and the services to run; all that are configured if there are none."""

    leadId: Text
    services: list[Service] | None = None
    overwrite: bool = False


class Copyright(msgspec.Struct):
    """A lead, and the numbers of the processes to run."""

    leadId: Text
    processes: list[Process] | None = None
    overwrite: bool = False


class Sdr(msgspec.Struct):
    """A lead, and the fields to write."""

    leadId: Text
    fields: list[Field] | None = None
    overwrite: bool = False


class Processing(msgspec.Struct):
    """What was triggered and what was skipped; services and fields by name, processes by number."""

    runIds: list[str]
    batchTag: str
    triggered: list[str | int]
    skipped: list[str | int]
    leadId: str
    success: bool = True


@call("POST", "/api/leads/process/enrich", Credentials.KEY_TOO, refuses=(404,), known="documented")
async def enrich(ask: Ask[NoQuery, Enrich]) -> Processing:
    """Run enrichment services: each that settings/url has under its name."""
    writes = {name: name for name in SERVICES}
    return _process(ask, "enrich", ask.body.services, writes, _configured(ask, "url", writes))


@call(
    "POST", "/api/leads/process/copyright", Credentials.KEY_TOO, refuses=(404,), known="documented"
)
async def copyright_(ask: Ask[NoQuery, Copyright]) -> Processing:
    """Run copyright processes: each n that settings/agent has an enrichment<n>AgentId for."""
    # What a process writes to is not documented; assumed by the name of its agent's field.
    writes = {number: f"enrichment{number}" for number in PROCESSES}
    agents = {number: f"{field}AgentId" for number, field in writes.items()}
    ready = _configured(ask, "agent", agents)
    return _process(ask, "copyright", ask.body.processes, writes, ready)


@call("POST", "/api/leads/process/sdr", Credentials.KEY_TOO, refuses=(404,), known="documented")
async def sdr(ask: Ask[NoQuery, Sdr]) -> Processing:
    """Write messages and AI fields: each f that settings/sdr-ai has an fAgentId for."""
    agents = {field: f"{field}AgentId" for field in SDR_FIELDS}
    writes = {field: field for field in SDR_FIELDS}
    return _process(ask, "sdr", ask.body.fields, writes, _configured(ask, "sdr-ai", agents))


ENDPOINTS = (enrich, copyright_, sdr)


def _configured(ask: Ask[Any, Any], name: str, settings: Mapping[S, str]) -> list[S]:
    """The steps whose setting is filled in."""
    filled = configured(ask.service.documents, ask.company_id, name)
    return [step for step, setting in settings.items() if setting in filled]


def _process(
    ask: Ask[Any, Any],
    kind: str,
    selected: list[S] | None,
    writes: Mapping[S, str],
    ready: list[S],
) -> Processing:
    """Start a run for each selected step that is configured and not done already."""
    service, body = ask.service, ask.body
    lead = service.leads.get(ask.company_id, body.leadId)
    if lead is None:
        raise no_such("Lead", body.leadId)
    steps = list(writes) if selected is None else list(dict.fromkeys(selected))
    triggered: list[S] = [
        step for step in steps if step in ready and (body.overwrite or not lead.get(writes[step]))
    ]
    runs = [
        service.runs.start(
            ask.company_id, f"{kind}-{step}", ask.now, Writes(body.leadId, writes[step])
        )
        for step in triggered
    ]
    return Processing(
        runIds=[run.id for run in runs],
        batchTag=f"{kind}-process-{int(ask.now)}-{service.ids.short(6)}",
        triggered=[*triggered],
        skipped=[step for step in steps if step not in triggered],
        leadId=body.leadId,
    )
