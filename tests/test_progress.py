"""What a callback of progress may do: end the job, and nothing worse."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator

PEOPLE = [
    {"firstName": "Mia", "lastName": "Sample", "email": f"mia{n}@sample.example"} for n in range(4)
]

Job = Callable[[Callable[[Any], None]], Awaitable[Any]]


class Full(Exception):
    """What a callback fails with."""


def fail(progress: object) -> None:
    raise Full(type(progress).__name__)


@pytest.fixture(params=["export", "create_many", "update_many", "purge"])
def job(request: pytest.FixtureRequest, emulator: Emulator, lg: LeadGenius, tmp_path: Path) -> Job:
    """A job that takes a callback and may be done again."""
    client = emulator.ready.clients[0].client_id

    async def update(tell: Callable[[Any], None]) -> object:
        ids = [lead.id async for lead in lg.enrich_leads.rows(limit=4)]
        rows = [{"id": each, "title": "A"} for each in ids]
        return await lg.leads.update_many(rows, on_progress=tell)

    jobs: dict[str, Job] = {
        "export": lambda tell: lg.enrich_leads.export(
            tmp_path / "out", page_size=100, on_progress=tell
        ),
        "create_many": lambda tell: lg.leads.create_many(
            PEOPLE, client_id=client, journal=tmp_path / "journal", on_progress=tell
        ),
        "update_many": update,
        "purge": lambda tell: lg.clients.purge(client, on_progress=tell),
    }
    return jobs[request.param]


async def test_a_callback_that_fails_ends_its_job(job: Job) -> None:
    """With its own exception; the same call, without it, goes on to the end."""
    with pytest.raises(Full):
        await job(fail)
    done = await job(lambda _: None)
    assert getattr(done, "complete", True)


async def test_a_callback_is_called_by_the_event_loop(job: Job) -> None:
    """So what it touches needs no lock, and the job waits for it."""
    threads: set[int] = set()
    await job(lambda _: threads.add(threading.get_ident()))
    assert threads == {threading.get_ident()}
