"""How an export is cut into chains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from leadgenius_async._extract.plan import Partition, clients_are_faster, plan, plan_recovery
from leadgenius_async._extract.query import make_query

STANDARD = 60 / 98.5  # seconds between requests
PREMIUM = 60 / 985
EVEN: dict[str | None, int] = dict.fromkeys(map(str, range(10)), 125)


def faster(
    seconds: float, gap: float, shares: Mapping[Any, int], clients: int | None = None
) -> bool:
    count = len(shares) if clients is None else clients
    return clients_are_faster(seconds=seconds, gap=gap, shares=shares, clients=count)


def test_the_chains_that_were_asked_for() -> None:
    """Named clients get a chain each, whatever else is known; none named, one over all."""
    named = make_query("enrich_leads", company_id="c1", clients=["b", "a", "b"])
    assert [p.client_id for p in plan(named, None)] == ["b", "a"]
    assert [p.client_id for p in plan(named, ["x"])] == ["b", "a"]
    all_rows = make_query("source_leads", company_id="c1")
    assert plan(all_rows, None) == [Partition("source_leads", None)]
    assert [p.name for p in plan(all_rows, ["x", "y"])] == ["x", "y"]
    assert plan(all_rows, None)[0].name == "ALL"


@pytest.mark.parametrize(
    ("seconds", "gap", "expected"),
    [
        (0.5, STANDARD, False),  # one chain fills the limit
        (0.5, PREMIUM, True),
        (0.06, PREMIUM, False),
        (0.5, 0.0, True),  # no limit
        (20.0, STANDARD, True),
    ],
)
def test_chains_per_client_where_the_limit_has_room(
    seconds: float, gap: float, *, expected: bool
) -> None:
    """Ten clients of one size: parallel chains pay where an answer takes longer than the gap."""
    assert faster(seconds, gap, EVEN) is expected


def test_the_longest_chain_decides() -> None:
    """A client that holds nearly all leaves nothing to walk beside it."""
    assert faster(0.5, PREMIUM, {"a": 60, "b": 40})
    assert not faster(0.5, PREMIUM, {"a": 90, "b": 10})


def test_the_sweep_costs_its_time() -> None:
    """Pages that are as large as the sweep's own leave no gain, since it reads all rows again."""
    assert faster(0.5, PREMIUM, {"a": 500, "b": 500})
    assert not faster(0.5, PREMIUM, {"a": 2_500, "b": 2_500})


def test_nothing_is_parallel_without_clients_or_rows() -> None:
    """Less than two clients, or a page that shows nothing: one chain over all."""
    assert not faster(0.5, PREMIUM, EVEN, clients=1)
    assert not faster(0.5, PREMIUM, EVEN, clients=0)
    assert not faster(0.5, PREMIUM, {}, clients=10)


@pytest.mark.parametrize(
    ("missing", "found", "expected"),
    [
        ({}, {"a": 100}, []),
        ({"b": 3, "a": 1}, {"a": 100, "b": 100, "c": 10_000}, ["a", "b"]),
        ({"c": 1}, {"a": 100, "c": 10_000}, ["c"]),
        # A page each for thirty clients; one chain over all has three.
        ({str(n): 1 for n in range(30)}, {str(n): 100 for n in range(30)}, [None]),
        ({None: 1, "a": 1}, {None: 1, "a": 100, "b": 100_000}, [None]),
        ({"": 1}, {"": 1, "b": 100_000}, [None]),
    ],
)
def test_missing_rows_are_fetched_for_the_fewest_requests(
    missing: dict[str | None, int], found: dict[str | None, int], expected: list[str | None]
) -> None:
    """A chain for each client that lacks some, or one over all where that costs less or must be."""
    assert plan_recovery(missing, found, rows_per_page=1_000.0) == expected
