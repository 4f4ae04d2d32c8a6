"""Airbyte CDK: a declarative source with a partition per client, as its documentation says.

A source's output is messages on stdout, for a destination to read: what writing them as Parquet
costs is not in its figures.
"""

from __future__ import annotations

import json
from typing import Any

from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    ConcurrentDeclarativeSource,
)
from peers.job import Job, read_job

_TYPES = {"text": "string", "number": "number"}


def schema(job: Job) -> dict[str, Any]:
    """The rows' JSON schema."""
    properties = {name: {"type": ["null", _TYPES[kind]]} for name, kind in job.columns.items()}
    return {"type": "object", "properties": properties}


def manifest(job: Job) -> dict[str, Any]:
    """The source, as the connector builder would write it."""
    query = job.query("{{ stream_partition.client }}")
    stream = {
        "type": "DeclarativeStream",
        "name": "leads",
        "primary_key": ["id"],
        "schema_loader": {"type": "InlineSchemaLoader", "schema": schema(job)},
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {
                "type": "HttpRequester",
                "url_base": job.base_url,
                "path": "/api/enrich-leads/list",
                "http_method": "GET",
                "request_parameters": query,
            },
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["data"]},
            },
            "paginator": {
                "type": "DefaultPaginator",
                "page_token_option": {
                    "type": "RequestOption",
                    "inject_into": "request_parameter",
                    "field_name": "nextToken",
                },
                "pagination_strategy": {
                    "type": "CursorPagination",
                    "cursor_value": "{{ response.nextToken }}",
                    "stop_condition": "{{ not response.nextToken }}",
                },
            },
            "partition_router": {
                "type": "ListPartitionRouter",
                "values": job.clients,
                "cursor_field": "client",
            },
        },
    }
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["leads"]},
        "concurrency_level": {
            "type": "ConcurrencyLevel",
            "default_concurrency": len(job.clients),
        },
        "streams": [stream],
        "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
    }


def main(job: Job) -> None:
    """Read the source; its messages go to stdout."""
    stream = {"name": "leads", "json_schema": schema(job), "supported_sync_modes": ["full_refresh"]}
    catalog = {
        "streams": [
            {
                "stream": stream,
                "sync_mode": "full_refresh",
                "destination_sync_mode": "overwrite",
            }
        ]
    }
    config_file, catalog_file = job.folder / "config.json", job.folder / "catalog.json"
    config_file.write_text("{}")
    catalog_file.write_text(json.dumps(catalog))
    source = ConcurrentDeclarativeSource(
        catalog=ConfiguredAirbyteCatalogSerializer.load(catalog),
        config={},
        state=[],
        source_config=manifest(job),
    )
    launch(source, ["read", "--config", str(config_file), "--catalog", str(catalog_file)])


if __name__ == "__main__":
    main(read_job())
