"""How an extraction is cut into chains.

A chain of page tokens is serial, so the parallelism is across partitions. One chain over all
clients fills the standard limit by itself; chains per client fill the premium one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadgenius_async._extract.query import Query
from leadgenius_async._extract.report import Kind, PartitionReport

#: Rows of a sweep's page, which holds two fields (the service's own bound, documented).
_SWEEP_ROWS = 5000
_FEWEST_CLIENTS = 2
#: The plan goes by one page; chains per client must promise a fifth less time.
_WORTH_IT = 0.8


@dataclass(frozen=True, slots=True)
class Partition:
    """What one chain walks.

    Attributes:
        table: `enrich_leads` or `source_leads`.
        client_id: The client, or None for all rows of the company.
        kind: What it is walked for; see `PartitionReport`.
    """

    table: str
    client_id: str | None
    kind: Kind = "rows"

    @property
    def name(self) -> str:
        """The client's identifier, or `ALL`."""
        return self.client_id or "ALL"


def partition_of(table: str, chain: PartitionReport) -> Partition:
    """Return what a chain walks."""
    return Partition(table, chain.client_id, chain.kind)


def plan(query: Query, clients: Sequence[str] | None) -> list[Partition]:
    """Return the partitions of a query.

    Args:
        query: What is asked for; clients that it names get a chain each.
        clients: All clients of the company, to give each a chain; None for one chain over all.
    """
    names = query.clients or clients
    if names is None:
        return [Partition(query.table, None)]
    return [Partition(query.table, name) for name in names]


def clients_are_faster(
    *, seconds: float, gap: float, shares: Mapping[str | None, int], clients: int
) -> bool:
    """Return whether a chain for each client and a sweep beat one chain over all rows.

    The time per row of each: one chain takes a page after the other, as fast as the service
    answers or the limit allows. Chains per client take as long as the limit allows for all pages,
    or as the longest chain takes; and then the sweep, one chain of its own. What the first page
    shows is taken for the rest.

    Args:
        seconds: What a page takes to come.
        gap: Seconds between requests that the limit allows; 0 without a limit.
        shares: Rows of the page per `client_id`.
        clients: How many clients there are.
    """
    rows = sum(shares.values())
    if clients < _FEWEST_CLIENTS or not rows:
        return False
    longest = max(shares.values()) / rows
    alone = max(seconds, gap) / rows
    sweep = max(seconds, gap) / _SWEEP_ROWS
    together = max(gap / rows, longest * seconds / rows) + sweep
    return together < _WORTH_IT * alone


def plan_recovery(
    missing: Mapping[str | None, int], found: Mapping[str | None, int], *, rows_per_page: float
) -> list[str | None]:
    """Return the chains that bring missing rows for the fewest requests; None is one over all.

    Args:
        missing: Missing rows per `client_id`.
        found: All rows per `client_id`.
        rows_per_page: Rows that a page has.
    """
    if not missing:
        return []
    by_client = sum(math.ceil(found[name] / rows_per_page) for name in missing)
    over_all = math.ceil(sum(found.values()) / rows_per_page)
    if by_client > over_all or not all(missing):  # a row without a client_id is in no other chain
        return [None]
    return [*sorted(filter(None, missing))]
