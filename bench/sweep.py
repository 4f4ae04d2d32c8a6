"""How the figures grow with rows, with chains, and with the time that the service takes to answer.

    python bench/sweep.py --out docs/benchmarks

Rows and chains are varied at no latency. With latency every chain has the same number of pages, so
that what the answers alone take is the same however many chains there are: throughput then grows
with the chains until something else binds.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from harness import CONTESTANTS, Pages, common_options, interpreters, machine, take, told
from peers.chart import IDEAL, lines
from peers.shapes import SHAPES
from runs import Run, code, failure, median

NAMES = ("rows-full", "rows-lean", "chains", "latency")
_CHAINS = 8
_HEAD = ("contestant", "rows", "chains", "latency s", "seconds", "rows/s", "CPU µs/row",
         "CPU µs/further row", "peak MB")  # fmt: skip


@dataclass(frozen=True)
class Sweep:
    """One sweep.

    Attributes:
        title: What is varied, and of which rows.
        over: What is varied; it is the horizontal axis.
        names: The contestants.
        asked: What is served, point by point. Over rows, the first is an almost empty listing.
    """

    title: str
    over: Literal["rows", "chains"]
    names: tuple[str, ...]
    asked: list[Pages]


@dataclass(frozen=True)
class Point:
    """What was served, and what the runs cost.

    Attributes:
        pages: What was served.
        runs: The runs.
        before: The point with fewer rows, if rows are what is varied.
    """

    pages: Pages
    runs: list[Run]
    before: Point | None = None

    def speed(self, name: str) -> float:
        """A contestant's rows per second."""
        return self.pages.rows / median(self.runs, name, "wall")

    def work(self, name: str) -> float:
        """A contestant's CPU µs per row."""
        return 1e6 * median(self.runs, name, "cpu") / self.pages.rows

    def further(self, name: str) -> float | None:
        """CPU µs per row beyond those of the point before: what a row costs without the start."""
        if self.before is None or failure(self.before.runs, name):
            return None
        cpu = median(self.runs, name, "cpu") - median(self.before.runs, name, "cpu")
        return 1e6 * cpu / (self.pages.rows - self.before.pages.rows)

    def peak(self, name: str) -> float:
        """A contestant's peak memory in MB."""
        return median(self.runs, name, "peak_mb")


_OF_ROWS: tuple[tuple[str, str, Callable[[Point, str], float | None]], ...] = (
    ("work", "CPU µs per row, start included", Point.work),
    ("further", "CPU µs per row beyond the point before", Point.further),
    ("memory", "peak memory, MB", Point.peak),
)


def sweeps(options: argparse.Namespace) -> dict[str, Sweep]:
    """All sweeps, by the names that `--only` takes."""
    full = ("ours_parquet", "ours_ndjson", "download", "duckdb_local")
    lean = ("ours_parquet", "requests_pandas", "httpx_polars", "duckdb_local")
    some = ("ours_parquet", "ours_ndjson", "download", "httpx_polars")
    page = SHAPES["lean"].page_rows
    rows = (_CHAINS, *options.rows)
    return {
        "rows-full": Sweep("Rows, full", "rows", full, [Pages("full", n, _CHAINS) for n in rows]),
        "rows-lean": Sweep("Rows, lean", "rows", lean, [Pages("lean", n, _CHAINS) for n in rows]),
        "chains": Sweep(
            "Chains, full rows",
            "chains",
            some,
            [Pages("full", options.chain_rows, n) for n in options.chains],
        ),
        "latency": Sweep(
            "Chains and latency, lean rows",
            "chains",
            ("ours_parquet", "download"),
            [
                Pages("lean", n * options.pages * page, n, latency=latency)
                for latency in options.latency
                for n in options.chains
            ],
        ),
    }


def table(sweep: Sweep, points: Sequence[Point]) -> str:
    """A line for each contestant and point, as Markdown."""
    lines = [_HEAD, ("---",) * len(_HEAD)]
    lines += [_cells(name, point) for name in sweep.names for point in points]
    kept = [cells if sweep.over == "rows" else (*cells[:-2], cells[-1]) for cells in lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in kept)


def _cells(name: str, point: Point) -> tuple[str, ...]:
    pages, runs = point.pages, point.runs
    asked = (CONTESTANTS[name].name, f"{pages.rows:,}", str(pages.chains), f"{pages.latency:g}")
    if reason := failure(runs, name):
        return (*asked, f"failed: {code(reason)}", *[""] * 4)
    further = point.further(name)
    return (
        *asked,
        f"{median(runs, name, 'wall'):.2f}",
        f"{point.speed(name):,.0f}",
        f"{point.work(name):,.1f}",
        "" if further is None else f"{further:,.1f}",
        f"{point.peak(name):,.0f}",
    )


def charts(sweep: Sweep, points: Sequence[Point]) -> Iterator[tuple[str, str]]:
    """Each chart's name and SVG."""
    drawn = points[1:] if sweep.over == "rows" else points
    for latency in dict.fromkeys(point.pages.latency for point in drawn):
        some = [point for point in drawn if point.pages.latency == latency]
        series = _series(sweep, some, Point.speed)
        if latency:
            series[IDEAL] = [(point.pages.chains, _most(point.pages)) for point in some]
        said = f", each answer after {latency:g} s" * bool(latency)
        yield f"speed-{latency:g}", _lines(f"rows/s{said}", sweep, series)
    if sweep.over == "rows":
        for name, said, figure in _OF_ROWS:
            yield name, _lines(said, sweep, _series(sweep, drawn, figure))


def _most(pages: Pages) -> float:
    """Rows per second if nothing but the service took time: a page's token is in the one before."""
    return pages.chains * SHAPES[pages.shape].page_rows / pages.latency


def _series(
    sweep: Sweep, points: Sequence[Point], figure: Callable[[Point, str], float | None]
) -> dict[str, list[tuple[float, float]]]:
    found = {
        CONTESTANTS[name].plain: [
            (float(getattr(point.pages, sweep.over)), height)
            for point in points
            if not failure(point.runs, name) and (height := figure(point, name)) is not None
        ]
        for name in sweep.names
    }
    return {name: line for name, line in found.items() if line}


def _lines(title: str, sweep: Sweep, series: dict[str, list[tuple[float, float]]]) -> str:
    return lines(title, sweep.over, series, logarithmic=sweep.over == "rows")


def report(
    name: str, sweep: Sweep, taken: dict[str, Any], points: Sequence[Point], drawn: Iterable[str]
) -> str:
    """The Markdown page: what was varied, the table, and the charts."""
    beyond = " A further row's CPU is that beyond the line before, over the rows that came to it."
    pictures = "\n".join(f"![{sweep.title}: {chart}](sweep-{name}-{chart}.svg)" for chart in drawn)
    return (
        f"# {sweep.title}\n\n"
        f"Medians of {taken['rounds']} rounds, each process's start included."
        f"{beyond * (sweep.over == 'rows')} {told(taken['machine'])}\n\n"
        f"`python bench/sweep.py --only {name}`\n\n{table(sweep, points)}\n\n{pictures}\n"
    )


def write(
    folder: Path, name: str, sweep: Sweep, taken: dict[str, Any], points: Sequence[Point]
) -> None:
    """Write JSON, Markdown and charts."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = dict(charts(sweep, points))
    figures = [
        {"pages": asdict(point.pages), "runs": [asdict(run) for run in point.runs]}
        for point in points
    ]
    content = {"title": sweep.title, **taken, "points": figures}
    (folder / f"sweep-{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    (folder / f"sweep-{name}.md").write_text(report(name, sweep, taken, points, drawn))
    for chart, svg in drawn.items():
        (folder / f"sweep-{name}-{chart}.svg").write_text(svg)


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, parents=[common_options(rounds=3)])
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--chains", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--chain-rows", type=int, default=160_000, help="rows of all chains")
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 0.1, 0.5, 1.0, 2.0])
    parser.add_argument("--pages", type=int, default=8, help="of each chain, with latency")
    return parser.parse_args()


def main() -> None:
    """Take the figures, a sweep at a time."""
    options = parse()
    pythons = interpreters(options)
    for name in options.only:
        sweep = sweeps(options)[name]
        taken = {"rounds": options.rounds, "machine": machine(sweep.names, pythons)}
        points: list[Point] = []
        for pages in sweep.asked:
            _, runs = take(pages, sweep.names, options.rounds, pythons)
            before = points[-1] if points and sweep.over == "rows" else None
            points.append(Point(pages, runs, before))
        if options.out:
            write(options.out, name, sweep, taken, points)
        print(table(sweep, points))


if __name__ == "__main__":
    main()
