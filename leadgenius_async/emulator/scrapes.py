"""Scrapes: runs that a clock ends, and the made-up leads that they leave in SourceLeads."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.sample.heads import HeadMaker
from leadgenius_async.emulator.service import Service

_TABLE = "source_leads"
_ITEMS = 3


class Scrape(msgspec.Struct):
    """A scrape; `started` is in epoch seconds, and `items` are the leads that it has left."""

    id: str
    owner: str
    client_id: str
    input: dict[str, Any]
    started: float
    items: int = 0


def status_of(service: Service, scrape: Scrape, now: float) -> str:
    """The status at a time: queued in the first half of `run_seconds`, running in the second."""
    elapsed, whole = now - scrape.started, service.config.run_seconds
    if elapsed >= whole:
        return "completed"
    return "running" if elapsed >= whole / 2 else "queued"


def finish(service: Service, company_id: str, scrape: Scrape, now: float) -> None:
    """Store the leads of a scrape that has come to its end, once."""
    if scrape.items:
        return
    rows = [
        service.leads.stored(_lead(service, company_id, scrape, place), now)
        for place in range(_ITEMS)
    ]
    service.store.insert_rows(_TABLE, rows)
    scrape.items = _ITEMS
    service.documents.put(company_id, scrape)


def _lead(service: Service, company_id: str, scrape: Scrape, place: int) -> dict[str, object]:
    """A lead like those of the sample, with the marks of its own run."""
    dice = Random(f"{scrape.id}/{place}")
    ended = timestamp(scrape.started + service.config.run_seconds)
    maker = HeadMaker(_TABLE, service.config.seed, scrape.owner, company_id)
    row_id = service.ids.uuid()
    head = maker.head(row_id, scrape.client_id, dice.getrandbits(64), dice.getrandbits(32))
    return {
        **msgspec.json.decode(b"{%b}" % head, type=dict[str, object]),
        "createdAt": ended,
        "updatedAt": ended,
        "status": "new",
        "source": "scrape",
        "runId": scrape.id,
        "scrapedAt": ended,
        "rawData": msgspec.json.encode({"input": scrape.input}).decode(),
    }
