"""A chain ends at an absent token, and nowhere else."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import cast

import msgspec
import pytest

from leadgenius_async import errors
from leadgenius_async._extract import chain as chain_module
from leadgenius_async._extract.budget import ByteBudget
from leadgenius_async._extract.chain import Chain, RawPage
from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import make_query
from leadgenius_async._http.call import Call, Meter, Reply
from leadgenius_async._http.transport import Transport

Answer = dict[str, object] | bytes | Exception


class Wire:
    """A transport that gives prepared answers in turn, the last one for ever."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self._answers = list(answers)
        self.calls: list[Call] = []

    async def request(self, call: Call, *, meter: Meter) -> Reply:
        self.calls.append(call)
        meter.sends += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Reply(200, {}, answer if isinstance(answer, bytes) else msgspec.json.encode(answer))


def page(rows: int, token: str | None) -> Answer:
    return {"success": True, "data": [{"id": str(n)} for n in range(rows)], "nextToken": token}


async def walk(wire: Wire, budget: ByteBudget | None = None) -> list[str | None]:
    """Walk a chain to its end, and return the tokens that its pages were asked for by."""
    query = make_query("enrich_leads", company_id="c1", fields=["id"])
    budget = budget or ByteBudget(2**20)
    chain = Chain(
        cast("Transport", wire),
        query,
        Partition("enrich_leads", None),
        page_size=PageSize(query.read),
        budget=budget,
        meter=Meter(),
    )
    seen: list[str | None] = []
    async for raw in chain.pages():
        seen.append(raw.place.token_in)
        budget.give_back(raw.size)
        del raw
    return seen


@pytest.mark.fault("S9")
async def test_only_an_absent_token_ends_it() -> None:
    """Empty and short pages are passed through; the budget is even at the end."""
    budget = ByteBudget(2**20)
    wire = Wire([page(0, "a"), page(2, "b"), page(0, "c"), page(1, None)])
    assert await walk(wire, budget) == [None, "a", "b", "c"]
    assert budget.taken == 0
    assert wire.calls[0].query["fields"] == "id,company_id,client_id"
    assert wire.calls[0].query["clientId"] is None


@pytest.mark.parametrize("tokens", [["a", "a"], ["a", "b", "c", "a"]], ids=["repeat", "cycle"])
@pytest.mark.fault("S7")
async def test_a_token_that_comes_twice_is_an_error(tokens: list[str]) -> None:
    """A server that repeats itself does not keep the export running for ever."""
    with pytest.raises(errors.PaginationLoop, match="same page token"):
        await walk(Wire([page(1, token) for token in tokens]))


async def test_too_many_empty_pages_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty pages are normal, a thousand in a row are not."""
    monkeypatch.setattr(chain_module, "MAX_EMPTY_PAGES", 5)
    with pytest.raises(errors.PaginationLoop, match="5 empty pages"):
        await walk(Wire([page(0, str(n)) for n in range(10)]))


@pytest.mark.fault("N11")
async def test_a_page_cut_off_is_asked_for_again() -> None:
    """A body that is no page after all costs another request, not the chain."""
    wire = Wire([b'{"success":true,"data":[', page(1, None)])
    assert await walk(wire) == [None]
    assert len(wire.calls) == 2


async def test_a_page_that_stays_broken_is_an_error() -> None:
    """It is not asked for without end, and the budget is given back."""
    budget = ByteBudget(2**20)
    wire = Wire([b'{"success":true}'])
    with pytest.raises(errors.ProtocolError, match="no list of rows"):
        await walk(wire, budget)
    assert len(wire.calls) == 3
    assert budget.taken == 0


@pytest.mark.fault("P11")
async def test_a_single_row_too_large_is_an_error() -> None:
    """When even one row is refused, there is no smaller page to ask for."""
    wire = Wire([errors.PayloadTooLarge("413")])
    with pytest.raises(errors.PayloadTooLarge):
        await walk(wire)
    limits = [call.query["limit"] for call in wire.calls]
    assert limits[0] == 5_000
    assert limits[-1] == 1


class Watched(Wire):
    """A wire that looks, at each request, whether a page is still held."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        super().__init__(answers)
        self.held: list[bool] = []

    async def request(self, call: Call, *, meter: Meter) -> Reply:
        self.held.append(any(isinstance(found, RawPage) for found in gc.get_objects()))
        return await super().request(call, meter=meter)


async def test_a_page_is_not_held_while_the_next_one_comes() -> None:
    """Its bytes are out of the budget by then, once for each chain."""
    gc.collect()  # those of other tests
    wire = Watched([page(3, "t1"), page(3, "t2"), page(3, None)])
    await walk(wire)
    assert wire.held == [False, False, False]
