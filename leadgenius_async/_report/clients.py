"""The leads by client."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from leadgenius_async._report.figures import ClientRows, Clients
from leadgenius_async._report.tally import Tally

LARGEST = 25
COLUMN = "client_id"


class ClientCounter:
    """Counts leads by their `client_id`."""

    columns = (COLUMN,)

    def __init__(self) -> None:
        self._tally = Tally(pa.string())

    def add(self, table: pa.Table) -> None:
        """Count the leads of a row group."""
        self._tally.add(table.column(COLUMN))

    def result(self) -> Clients:
        """Return the clients, the largest first, and of the same size by their names."""
        found = self._tally.result().sort_by([("count", "descending"), ("value", "ascending")])
        top = found.slice(0, LARGEST).to_pylist()
        largest = [ClientRows(row["value"], row["count"]) for row in top]
        rest: list[Any] = found.column("count").slice(LARGEST).to_pylist()
        return Clients(
            count=found.num_rows, largest=largest, others=len(rest), others_rows=sum(rest)
        )
