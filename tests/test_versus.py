"""The comparison with other tools: everyone gets the same rows, and is held against ours."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pyarrow.parquet as pq
import pytest
from aiohttp.test_utils import TestServer
from peers.chart import chart
from peers.count import message_rows, parquet_rows
from peers.job import Job
from peers.ours import export
from peers.pages import application
from peers.render import Rendered, Shape, render
from versus import Run, job_of, ratio, table

_FIELDS = ("id", "company_id", "client_id", "email")
_SHAPE = Shape(10, _FIELDS)


@asynccontextmanager
async def serving(
    folder: Path, *, compress: bool = False
) -> AsyncGenerator[tuple[Rendered, dict[str, Any]]]:
    rendered = render(folder, _SHAPE, rows=45, chains=2, compress=compress)
    async with TestServer(application(folder, rendered)) as server:
        base_url = str(server.make_url("/")).rstrip("/")
        yield rendered, {"base_url": base_url, **msgspec.to_builtins(rendered._asdict())}


def ids_of(lines: str) -> list[str]:
    return [json.loads(line)["id"] for line in Path(lines).read_bytes().splitlines()]


async def walk(session: aiohttp.ClientSession, job: Job, client: str) -> list[str]:
    ids: list[str] = []
    token = None
    while True:
        async with session.get(job.url, params=job.query(client, token)) as response:
            page = await response.json()
        assert {row["client_id"] for row in page["data"]} == {client}
        ids += [row["id"] for row in page["data"]]
        if (token := page["nextToken"]) is None:
            return ids


async def test_the_pages_of_all_walks_are_the_rows_of_the_local_file(tmp_path: Path) -> None:
    """Contestants with HTTP and without get the same rows, no row twice."""
    async with serving(tmp_path) as (rendered, ready), aiohttp.ClientSession() as session:
        job = job_of(ready, tmp_path)
        walks = [await walk(session, job, client) for client in job.clients]
    ids = ids_of(rendered.lines)
    assert [len(walked) for walked in walks] == [23, 22]
    assert [*chain(*walks)] == ids
    assert len(set(ids)) == rendered.rows == 45
    assert rendered.bytes == rendered.wire_bytes


async def test_pages_are_sent_compressed_to_whoever_takes_them(tmp_path: Path) -> None:
    """What is said to travel does, and it is the same page."""
    async with serving(tmp_path, compress=True) as (rendered, ready):
        job = job_of(ready, tmp_path)
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.get(job.url, params=job.query(job.clients[0])) as response,
        ):
            body = await response.read()
    assert response.headers["Content-Encoding"] == "gzip"
    assert not [name for name in response.headers if name.startswith("X-RateLimit")]
    assert gzip.decompress(body) == (tmp_path / "0" / "0.json").read_bytes()
    assert rendered.wire_bytes < rendered.bytes


async def test_our_export_of_the_pages_has_the_rows_of_the_local_file(tmp_path: Path) -> None:
    """What the harness counts is what was served."""
    out = tmp_path / "out"
    async with serving(tmp_path) as (rendered, ready):
        await export(job_of(ready, out), "parquet")
    [part] = out.rglob("*.parquet")
    assert sorted(map(str, pq.read_table(part)["id"].to_pylist())) == sorted(ids_of(rendered.lines))
    assert parquet_rows(out) == (45, len(_FIELDS) + 1)


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        ([b'{"type":"LOG"}', b'{"type":"RECORD","record":{}}', b'{"type": "RECORD"}'], 2),
        ([b'{"type":"STATE","value":{"RECORD":1}}'], 0),
        ([b'{"rows": 7}'], 7),
    ],
)
def test_records_among_messages_are_counted(
    lines: Sequence[bytes], rows: int, tmp_path: Path
) -> None:
    """Sources that write messages are held to their rows as well."""
    stdout = tmp_path / "stdout"
    stdout.write_bytes(b"\n".join(lines) + b"\n")
    assert message_rows(stdout) == rows


def test_ratios_are_taken_within_a_round() -> None:
    """A round in which the machine was slow is slow for everyone."""
    walls = [("ours_parquet", 1.0), ("duckdb_local", 2.0)]
    runs = [
        Run(name, place, wall * slow, wall, 100.0, 10, 4, 1.0)
        for place, slow in enumerate((1.0, 5.0, 3.0))
        for name, wall in walls
    ]
    assert ratio(runs, "duckdb_local", "wall") == 2.0
    assert ratio(runs[1::2], "duckdb_local", "wall") is None
    assert "| 6.00 | 2.00 | 2.00 | 2.00 | 100 | 1.00 |" in table(runs, 10)


def test_the_chart_has_a_bar_for_each_contestant() -> None:
    """The longest first, and ours in its own colour."""
    drawn = chart("rows/s", {"peer <a>": 10.0, "ours": 20.0})
    assert drawn.count("<rect") == 2
    assert drawn.index("ours") < drawn.index("peer &lt;a&gt;")
