"""How an extraction is cut into chains.

A chain of page tokens is serial, so the parallelism is across partitions. One chain over all
clients fills the standard limit by itself; chains per client fill the premium one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from leadgenius_async._extract.query import Query

Chains = Literal["all", "clients"]


@dataclass(frozen=True, slots=True)
class Partition:
    """What one chain walks.

    Attributes:
        table: `enrich_leads` or `source_leads`.
        client_id: The client, or None for all rows of the company.
    """

    table: str
    client_id: str | None

    @property
    def name(self) -> str:
        """The client's identifier, or `ALL`."""
        return self.client_id or "ALL"


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
