"""The pages that all contestants read: the emulator's sample rows, rendered once into files."""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from peers.drift import drift
from peers.shapes import Shape

from leadgenius_async._fields import TABLES
from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.routes.bulk import BulkPage, PageMeta
from leadgenius_async.emulator.rows import row_builder
from leadgenius_async.emulator.sample.leads import sample_rows
from leadgenius_async.emulator.sample.tenants import SampleTenant, sample_tenants
from leadgenius_async.emulator.structs import Client

_TABLE = "enrich_leads"
_SEED = 0
_GZIP_LEVEL = 6  # what gateways use


class Rendered(NamedTuple):
    """What stands in the folder now.

    Attributes:
        company_id: Whose rows.
        clients: One listing each; the pages of the first are `0/0.json`, `0/1.json` and so on.
        columns: The rows' fields, each `text` or `number`.
        projected: Whether these are some of the fields only.
        page_rows: Rows of a page.
        rows: Rows of all pages.
        bytes: Bytes of all pages, as they are before compression.
        wire_bytes: Bytes of all pages as they are sent.
        lines: An NDJSON file of the same rows.
    """

    company_id: str
    clients: tuple[Client, ...]
    columns: dict[str, str]
    projected: bool
    page_rows: int
    rows: int
    bytes: int
    wire_bytes: int
    lines: str


def render(folder: Path, shape: Shape, *, rows: int, chains: int, compress: bool) -> Rendered:
    """Render the pages of `rows` rows, spread evenly over as many listings as there are chains."""
    config = EmulatorConfig(leads=rows, source_leads=0, clients=chains, seed=_SEED)
    tenant, _ = sample_tenants(config)
    sizes: list[int] = []
    wire: list[int] = []
    lines = folder / "rows.ndjson"
    with lines.open("wb") as file:
        for place in range(chains):
            listing = folder / str(place)
            listing.mkdir()
            share = rows // chains + (place < rows % chains)
            for number, (page, encoded) in enumerate(_pages(tenant, place, shape, share)):
                file.write(b"".join(row + b"\n" for row in encoded))
                body = msgspec.json.encode(page)
                sizes.append(len(body))
                wire.append(_write(listing / f"{number}.json", body, compress=compress))
    return Rendered(
        company_id=tenant.company_id,
        clients=tenant.clients,
        columns=_columns(shape),
        projected=shape.fields is not None,
        page_rows=shape.page_rows,
        rows=rows,
        bytes=sum(sizes),
        wire_bytes=sum(wire),
        lines=str(lines),
    )


def _write(path: Path, body: bytes, *, compress: bool) -> int:
    """Write a page; the server takes the `.gz` beside it for whoever accepts gzip."""
    path.write_bytes(body)
    if not compress:
        return len(body)
    packed = gzip.compress(body, _GZIP_LEVEL)
    path.with_name(f"{path.name}.gz").write_bytes(packed)
    return len(packed)


def _pages(
    tenant: SampleTenant, place: int, shape: Shape, rows: int
) -> Iterator[tuple[BulkPage, list[bytes]]]:
    """The pages of one client's listing, and the JSON of their rows."""
    client = tenant.clients[place]
    alone = dataclasses.replace(tenant, clients=(client,), rows={_TABLE: rows})
    builder = row_builder(_TABLE, _SEED)
    left, number = rows, 0
    for chunk in sample_rows(alone, _TABLE, _SEED + place, habits=False):
        for start in range(0, len(chunk), shape.page_rows):
            stored = chunk[start : start + shape.page_rows]
            served = [(0, row.client_id, row.head, row.tail) for row in stored]
            encoded = [msgspec.json.encode(row) for row in builder.build(served, shape.fields)]
            if shape.drifts:
                encoded = drift(encoded, number)
            left, number = left - len(stored), number + 1
            yield _page(client, encoded, str(number) if left else None), encoded


def _page(client: Client, rows: list[bytes], token: str | None) -> BulkPage:
    data: list[Any] = [msgspec.Raw(row) for row in rows]
    meta = PageMeta(len(rows), "client_id-GSI", {client.client_id: len(rows)})
    return BulkPage(success=True, data=data, nextToken=token, meta=meta)


def _columns(shape: Shape) -> dict[str, str]:
    types: dict[str, str] = {field.name: field.type for field in TABLES[_TABLE]}
    return {name: types[name] for name in shape.fields or types}
