"""The sweeps, and the page that all figures are on."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import summary
import versus
from harness import Pages
from peers.chart import IDEAL, lines
from runs import Run
from sweep import Point, Sweep, charts, table, write

_MACHINE = {"python": "3.11", "cores": 2, "date": "today", "versions": {"dlt": "1.31"}}
_TAKEN: dict[str, Any] = {"rounds": 1, "machine": _MACHINE}


def run_of(name: str, wall: float, cpu: float, why: str = "") -> Run:
    return Run(name, 0, wall, cpu, 100.0, 10, 4, 1.0, why)


def over_rows() -> tuple[Sweep, list[Point]]:
    """A start of one second, and two microseconds a row."""
    asked = [Pages("full", rows, 8) for rows in (8, 1_000_008, 3_000_008)]
    points: list[Point] = []
    for pages in asked:
        run = run_of("ours_parquet", 2.0, 1 + (pages.rows - 8) * 2e-6)
        points.append(Point(pages, [run], points[-1] if points else None))
    return Sweep("Rows", "rows", ("ours_parquet",), asked), points


def over_chains() -> tuple[Sweep, list[Point]]:
    asked = [Pages("lean", chains * 10_000, chains, latency=0.5) for chains in (1, 2)]
    runs = [run_of("ours_parquet", 1.0, 0.1), run_of("download", 1.0, 0.1, "exit 1")]
    points = [Point(pages, runs) for pages in asked]
    return Sweep("Chains", "chains", ("ours_parquet", "download"), asked), points


def test_a_further_row_costs_what_the_start_is_not() -> None:
    """Between two points, so that a start which is slow once is in neither."""
    sweep, points = over_rows()
    assert [point.further("ours_parquet") for point in points] == [
        None, pytest.approx(2.0), pytest.approx(2.0),
    ]  # fmt: skip
    assert "| 1,000,008 | 8 | 0 | 2.00 | 500,004 | 3.0 | 2.0 | 100 |" in table(sweep, points)
    assert [name for name, _ in charts(sweep, points)] == ["speed-0", "work", "further", "memory"]


def test_with_latency_the_most_that_chains_can_bring_is_drawn() -> None:
    """A page of a chain comes after the one before it, and no sooner; who failed has no line."""
    sweep, points = over_chains()
    [(name, drawn)] = charts(sweep, points)
    assert name == "speed-0.5"
    assert "stroke-dasharray" in drawn
    assert "ours → Parquet" in drawn
    assert "floor" not in drawn
    assert "failed: `exit 1`" in table(sweep, points)


def test_the_axis_ends_at_a_round_number_above_all_points() -> None:
    """And what was varied is said at each point."""
    drawn = lines("rows/s", "chains", {"ours": [(1, 10.0), (32, 350.0)], IDEAL: [(1, 11.0)]})
    assert ">400<" in drawn
    assert ">1<" in drawn
    assert ">32<" in drawn
    assert drawn.count("<circle") == 2


def test_the_page_has_the_ratios_of_all_shapes_and_the_sweeps(tmp_path: Path) -> None:
    """It is made of the files, in the order of the shapes."""
    served = {"bytes": 10**9, "wire_bytes": 10**9, "page_rows": 1_250, "columns": {"id": "text"}}
    for shape, why in (("lean", ""), ("full", ""), ("drifting", "Error: odd")):
        runs = [run_of("ours_parquet", 2.0, 3.0), run_of("ours_ndjson", 1.0, 1.0)]
        runs += [run_of("download", 0.5, 0.5), run_of("dlt_pipeline", 40.0, 9.0, why)]
        taken = {**_TAKEN, "pages": asdict(Pages(shape, 1_000, 8)), "served": served}
        versus.write(tmp_path, taken, runs, runs)
    sweep, points = over_rows()
    write(tmp_path, "rows-full", sweep, _TAKEN, points)
    said = summary.page(tmp_path)
    assert said.index("full-1000.md") < said.index("lean-1000.md") < said.index("drifting-1000.md")
    assert "| dlt → Parquet | 20.0 · 3.00 · 1.00 | 20.0 · 3.00 · 1.00 | failed |" in said
    assert "| 1,000 | 500 | 3.0 | 100 | 2.00 |" in said
    assert "(sweep-rows-full-further.svg)" in said
    points_read = json.loads((tmp_path / "sweep-rows-full.json").read_bytes())["points"]
    assert [Pages(**point["pages"]) for point in points_read] == sweep.asked


def test_a_page_without_figures_says_how_they_are_taken(tmp_path: Path) -> None:
    """It is there before the first of them."""
    assert "`nox -s bench`" in summary.page(tmp_path)
