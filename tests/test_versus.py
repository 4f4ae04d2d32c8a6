"""The comparison with other tools: everyone gets the same rows, and is held against ours."""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pyarrow.parquet as pq
import pytest
from aiohttp.test_utils import TestServer
from harness import Interpreters, Pages, job_of, machine, reason_of, take
from peers.chart import bars
from peers.count import message_rows, parquet_rows
from peers.drift import drift
from peers.job import Job
from peers.ours import export
from peers.pages import application
from peers.render import Rendered, render
from peers.shapes import SHAPES, Shape
from runs import Run, failure, ratio
from versus import table, write

_FIELDS = ("id", "company_id", "client_id", "email")
_SHAPE = Shape(10, _FIELDS)
_PYTHONS: Interpreters = dict.fromkeys(("ours", "peers", "airbyte"), sys.executable)


@asynccontextmanager
async def serving(
    folder: Path, *, compress: bool = False, latency: float = 0.0
) -> AsyncGenerator[tuple[Rendered, dict[str, Any]]]:
    rendered = render(folder, _SHAPE, rows=45, chains=2, compress=compress)
    async with TestServer(application(folder, rendered, latency)) as server:
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


async def test_answers_are_late_by_the_latency(tmp_path: Path) -> None:
    """A chain of three pages takes three times that of one answer."""
    async with serving(tmp_path, latency=0.05) as (_, ready), aiohttp.ClientSession() as session:
        job = job_of(ready, tmp_path)
        began = time.monotonic()
        await walk(session, job, job.clients[0])
    assert time.monotonic() - began >= 3 * 0.05


def test_pages_drift_from_a_listing_s_second_page_on() -> None:
    """A row in fifty, in each of the four ways; all others stay as they are."""
    clean = {"companyName": "Acme", "engagementScore": 1.5, "aiScoreValue": "7"}
    rows = [msgspec.json.encode(clean)] * 200
    assert drift(rows, 0) == drift(rows, 2) == rows
    odd = [msgspec.json.decode(row) for row in drift(rows, 1) if row != rows[0]]
    assert [row.keys() - clean.keys() for row in odd] == [
        {"intentTopic"}, set(), set(), {"aiLeadScore"},
    ]  # fmt: skip
    assert odd[1]["aiScoreValue"] == 85
    assert odd[2]["engagementScore"] == "high"
    assert isinstance(odd[3]["aiLeadScore"], dict)


async def test_our_export_of_drifting_pages_has_all_rows(tmp_path: Path) -> None:
    """What does not fit a column is in `_extra`."""
    shape = SHAPES["drifting"]._replace(page_rows=100)
    rendered = render(tmp_path, shape, rows=300, chains=1, compress=False)
    async with TestServer(application(tmp_path, rendered)) as server:
        base_url = str(server.make_url("/")).rstrip("/")
        ready = {"base_url": base_url, **msgspec.to_builtins(rendered._asdict())}
        await export(job_of(ready, tmp_path / "out"), "parquet")
    [part] = (tmp_path / "out").rglob("*.parquet")
    assert [text for text in pq.read_table(part)["_extra"].to_pylist() if text] != []
    assert parquet_rows(tmp_path / "out")[0] == 300


def test_who_fails_is_named_and_the_others_go_on() -> None:
    """A contestant's error is a result: its reason stands below the table."""
    pages = Pages("projected", rows=6, chains=2)
    names = ["airbyte_source", "download"]  # the tests' environment has no CDK
    ready, runs = take(pages, names, 1, _PYTHONS)
    assert ready["rows"] == 6
    assert [run.rows for run in runs] == [0, 6]
    assert failure(runs, "airbyte_source") == "ModuleNotFoundError: No module named 'airbyte_cdk'"
    assert runs[1].failure == ""
    assert runs[1].wall > 0 < runs[1].cpu
    said = table(runs, runs, 6)
    assert "| Airbyte CDK → messages | failed |" in said
    assert said.endswith("`ModuleNotFoundError: No module named 'airbyte_cdk'`")
    assert "aiohttp" in machine(names, _PYTHONS)["versions"]


def run_of(name: str, place: int = 0, wall: float = 1.0, cpu: float = 1.0, why: str = "") -> Run:
    return Run(name, place, wall, cpu, 100.0, 10, 4, 1.0, why)


def test_ratios_are_taken_within_a_round() -> None:
    """A round in which the machine was slow is slow for everyone."""
    walls = [("ours_parquet", 1.0), ("duckdb_local", 2.0)]
    runs = [
        run_of(name, place, wall * slow, wall)
        for place, slow in enumerate((1.0, 5.0, 3.0))
        for name, wall in walls
    ]
    starts = [run_of("ours_parquet", wall=1.0), run_of("duckdb_local", wall=1.0)]
    assert ratio(runs, "duckdb_local", "wall") == 2.0
    assert ratio(runs, "ours_parquet", "wall", to="duckdb_local") == 0.5
    assert ratio(runs[1::2], "duckdb_local", "wall") is None
    assert "| 2 | 2 | 6.00 | 2.00 | 2.00 | 2.00 | 100 | 1.00 | 1.00 |" in table(runs, starts, 10)


def test_there_is_no_ratio_to_whoever_failed() -> None:
    """Not even where it failed in one round of several."""
    runs = [run_of("ours_parquet", 0), run_of("ours_parquet", 1, why="exit 1")]
    runs += [run_of("duckdb_local", 0), run_of("duckdb_local", 1)]
    assert ratio(runs, "duckdb_local", "wall") is None
    assert "failed" in table(runs, runs, 10)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Traceback\n  File x\nlib.BadError: no\nhint: try\n", "lib.BadError: no"),
        ('IOError: in "/tmp/some/where/rows.ndjson"', 'IOError: in "rows.ndjson"'),
        ("one\ntwo\n\n", "two"),
        ("", "exit 3"),
    ],
)
def test_the_reason_is_the_last_error_without_this_machine_s_folders(
    said: str, reason: str, tmp_path: Path
) -> None:
    """Figures are published, folders are not."""
    (tmp_path / "stderr").write_text(said)
    assert reason_of(3, 0, 10, tmp_path) == reason


def test_whoever_has_not_all_rows_has_failed(tmp_path: Path) -> None:
    """Even if it ended well."""
    assert reason_of(0, 9, 10, tmp_path) == "9 rows, not 10"
    assert reason_of(0, 10, 10, tmp_path) == ""


def test_json_markdown_and_a_chart_are_written(tmp_path: Path) -> None:
    """Who failed has no bar."""
    taken = {
        "pages": asdict(Pages("lean", rows=10, chains=2, gzip=True)),
        "rounds": 1,
        "served": {"bytes": 9, "wire_bytes": 5, "page_rows": 5_000, "columns": {"id": "text"}},
        "machine": {"python": "3.11", "cores": 2, "date": "today", "versions": {"dlt": "1"}},
    }
    runs = [run_of("ours_parquet"), run_of("dlt_pipeline", why="Error")]
    write(tmp_path, taken, runs, runs)
    assert (
        json.loads((tmp_path / "lean-gzip-10.json").read_bytes())["runs"][1]["failure"] == "Error"
    )
    assert "; dlt 1." in (tmp_path / "lean-gzip-10.md").read_text()
    assert (tmp_path / "lean-gzip-10.svg").read_text().count("<rect") == 1


def test_the_chart_has_a_bar_for_each_contestant() -> None:
    """The longest first, and ours in its own colour."""
    drawn = bars("rows/s", {"peer <a>": 10.0, "ours": 20.0})
    assert drawn.count("<rect") == 2
    assert drawn.index("ours") < drawn.index("peer &lt;a&gt;")
