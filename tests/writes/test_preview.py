"""What a dry run says that an import takes, against what it takes, under a virtual clock."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import anyio
import pytest
from anyio import to_thread
from simulated import CLIENT, Simulated, people, source
from virtual_clock import VIRTUAL

from leadgenius_async._writes.defaults import SETTLE
from leadgenius_async._writes.engine import Import
from leadgenius_async._writes.journal import Journal
from leadgenius_async._writes.preview import preview_of, take_in
from leadgenius_async._writes.records import ImportSpec, new_import
from leadgenius_async._writes.report import BulkPreview, Mode
from leadgenius_async._writes.rules import Rules
from leadgenius_async._writes.work import Options

RULES = Rules(client_id=CLIENT)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return VIRTUAL


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run_sync(work: Callable[..., object], *args: object, **_: object) -> object:
        return work(*args)

    monkeypatch.setattr(to_thread, "run_sync", run_sync)


_OPENED: list[Journal] = []


@pytest.fixture(autouse=True)
def closed_at_the_end() -> Generator[None]:
    yield
    while _OPENED:
        _OPENED.pop().close()


def make_journal(mode: Mode) -> Journal:
    spec = ImportSpec(
        service="https://s.example",
        company_id="company-1",
        client_id=CLIENT,
        mode=mode,
        on_existing="skip",
    )
    _OPENED.append(Journal(None, new_import(spec)))
    return _OPENED[-1]


async def previewed(rows: int, mode: Mode = "verified", settle: float = SETTLE) -> BulkPreview:
    journal = make_journal(mode)
    load = await take_in(source(people(rows), rules=RULES), journal)
    return preview_of(journal, load, before={}, batch_size=50, mode=mode, settle=settle, limit=None)


async def minutes_of(service: Simulated, rows: int, mode: Mode) -> float:
    began = anyio.current_time()
    importing = Import(service, make_journal(mode), Options(mode=mode))
    await importing.run(source(people(rows), rules=RULES))
    return (anyio.current_time() - began) / 60


@pytest.mark.parametrize("mode", ["verified", "at_most_once", "fast"])
@pytest.mark.parametrize("rows", [4, 60, 130])
async def test_without_batches(rows: int, mode: Mode) -> None:
    """The waits of the proofs are in the estimate: they are most of the time of a small file."""
    preview = await previewed(rows, mode)
    took = await minutes_of(Simulated(drops=1.0, latency=0.0), rows, mode)
    assert took <= preview.minutes_singly + 0.01 <= took + 0.7


async def test_a_row_that_is_not_seen_at_once() -> None:
    """It is proven absent, sent again, and waited for: that is told apart."""
    preview = await previewed(60)
    assert preview.minutes == 0
    assert preview.minutes_late == pytest.approx(2.11 * SETTLE / 60, abs=0.01)
    assert (await previewed(60, settle=9.0)).minutes_late == pytest.approx(0.32, abs=0.01)
    assert (await previewed(60, "fast")).minutes_late == 0
    took = await minutes_of(Simulated(latency=0.0), 60, "verified")
    assert took <= 0.1
