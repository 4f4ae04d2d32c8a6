"""Singer SDK: a REST tap with a partition per client, as its documentation says.

A tap's output is messages on stdout, for a target to read: what writing them as Parquet costs is
not in its figures. It walks its partitions one after the other.
"""

from __future__ import annotations

from typing import Any

from peers.job import Job, read_job
from singer_sdk import RESTStream, Tap, typing as th

JOB: Job = read_job()
_TYPES = {"text": th.StringType, "number": th.NumberType}


class Leads(RESTStream):
    """The bulk list, a client's rows at a time."""

    name = "leads"
    path = "/api/enrich-leads/list"
    url_base = JOB.base_url
    primary_keys = ("id",)
    records_jsonpath = "$.data[*]"
    next_page_token_jsonpath = "$.nextToken"  # noqa: S105 - a page's, not a secret
    schema = th.PropertiesList(
        *(th.Property(name, _TYPES[kind]) for name, kind in JOB.columns.items())
    ).to_dict()

    @property
    def partitions(self) -> list[dict[str, Any]]:
        """The clients."""
        return [{"client": client} for client in JOB.clients]

    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, str]:
        """The parameters of a page."""
        return JOB.query(context["client"], next_page_token)


class LeadsTap(Tap):
    """A tap of one stream."""

    name = "tap-leads"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self) -> list[Leads]:
        """The stream."""
        return [Leads(self)]


if __name__ == "__main__":
    LeadsTap(config={}).sync_all()
