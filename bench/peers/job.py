"""What a contestant is asked to do: one JSON object on its command line."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Job:
    """One listing to take out, chain by chain.

    Attributes:
        base_url: Where the page server listens.
        company_id: Whose rows.
        clients: One chain each.
        columns: The rows' fields, each `text` or `number`.
        projected: Whether the service is asked for these fields, and not for all.
        page_rows: Rows per page.
        lines: An NDJSON file of the same rows.
        out: An empty folder for what the contestant writes.
    """

    base_url: str
    company_id: str
    clients: list[str]
    columns: dict[str, str]
    projected: bool
    page_rows: int
    lines: str
    out: str

    @property
    def url(self) -> str:
        """The bulk list."""
        return f"{self.base_url}/api/enrich-leads/list"

    @property
    def folder(self) -> Path:
        """`out`, as a path."""
        return Path(self.out)

    def query(self, client: str, token: str | None = None) -> dict[str, str]:
        """The parameters of one page of a client's chain."""
        query = {"companyId": self.company_id, "clientId": client, "limit": str(self.page_rows)}
        if self.projected:
            query["fields"] = ",".join(self.columns)
        if token is not None:
            query["nextToken"] = token
        return query


def read_job() -> Job:
    """The job on the command line."""
    return Job(**json.loads(sys.argv[1]))
