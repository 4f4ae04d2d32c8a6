"""The main job beside its peers, on the same bytes: `nox -s bench -- --shape lean --rows 1000000`.

How contestants are run is in `harness.py`. Ratios are taken within a round, since the machine's
speed is in every figure. What a contestant takes for an almost empty listing, a row per chain, is
measured as well: it is its start, imports and all, and what is left is the time for the rows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from harness import CONTESTANTS, Pages, common_options, interpreters, machine, take, told
from peers.chart import bars
from peers.shapes import SHAPES
from runs import Run, code, contestants, failure, median, ratio

_HEAD = ("contestant", "rows/s", "beyond start", "seconds", "of ours", "CPU s", "of ours",
         "peak MB", "of ours", "start s", "MB")  # fmt: skip


def table(runs: Sequence[Run], starts: Sequence[Run], rows: int) -> str:
    """The medians, as Markdown, and why those failed who did."""
    names = contestants(runs)
    lines = [_HEAD, ("---",) * len(_HEAD), *(_cells(runs, starts, name, rows) for name in names)]
    failed = [
        f"- {CONTESTANTS[name].name}: {code(reason)}"
        for name in names
        if (reason := failure(runs, name))
    ]
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return "\n".join([text, "", "Failed:", "", *failed]) if failed else text


def _cells(runs: Sequence[Run], starts: Sequence[Run], name: str, rows: int) -> tuple[str, ...]:
    label = CONTESTANTS[name].name
    if failure(runs, name):
        return (label, "failed", *[""] * (len(_HEAD) - 2))
    wall, start = median(runs, name, "wall"), median(starts, name, "wall")
    cells = [label, f"{rows / wall:,.0f}", f"{rows / (wall - start):,.0f}" if wall > start else ""]
    for what, digits in (("wall", 2), ("cpu", 2), ("peak_mb", 0)):
        times = ratio(runs, name, what)
        cells += [f"{median(runs, name, what):,.{digits}f}", f"{times:.2f}" if times else ""]
    return (*cells, f"{start:.2f}", f"{median(runs, name, 'written_mb'):,.0f}")


def report(taken: Mapping[str, Any], runs: Sequence[Run], starts: Sequence[Run]) -> str:
    """The Markdown page: what was asked, and the table."""
    pages, served = Pages(**taken["pages"]), taken["served"]
    return (
        f"# {pages.rows:,} rows, {title(pages)}\n\n"
        f"{len(served['columns'])} fields, pages of {served['page_rows']:,} rows, {pages.chains} "
        f"chains, {served['bytes'] / 1e6:,.0f} MB of JSON, {served['wire_bytes'] / 1e6:,.0f} MB "
        f"sent. Medians of {taken['rounds']} rounds, ratios within a round. The start is the whole "
        f"time for an almost empty listing; the last column is what was written. "
        f"{told(taken['machine'])}\n\n"
        f"`nox -s bench -- {' '.join(pages.options())} --rounds={taken['rounds']}`\n\n"
        f"{table(runs, starts, pages.rows)}\n"
    )


def title(pages: Pages) -> str:
    """What the rows are like."""
    return f"{pages.shape}{', gzip' * pages.gzip}"


def stem(pages: Pages) -> str:
    """What the files are called."""
    return f"{pages.shape}{'-gzip' * pages.gzip}-{pages.rows}"


def write(
    folder: Path, taken: Mapping[str, Any], runs: Sequence[Run], starts: Sequence[Run]
) -> None:
    """Write JSON, Markdown and a chart."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = Pages(**taken["pages"])
    name = stem(pages)
    of_runs = {"starts": [asdict(run) for run in starts], "runs": [asdict(run) for run in runs]}
    (folder / f"{name}.json").write_text(json.dumps({**taken, **of_runs}, indent=1) + "\n")
    speeds = {
        CONTESTANTS[one].plain: pages.rows / median(runs, one, "wall")
        for one in contestants(runs)
        if not failure(runs, one)
    }
    picture = f"\n![Rows per second]({name}.svg)\n"
    (folder / f"{name}.md").write_text(report(taken, runs, starts) + picture)
    (folder / f"{name}.svg").write_text(bars(f"rows/s, {title(pages)} rows", speeds))


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, parents=[common_options(rounds=5)])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--shape", choices=SHAPES, default="full")
    parser.add_argument("--gzip", action="store_true", help="pages are sent compressed")
    parser.add_argument("--chains", type=int, default=8)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--only", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    return parser.parse_args()


def main() -> None:
    """Take the figures."""
    options = parse()
    pages = Pages(options.shape, options.rows, options.chains, options.gzip, options.latency)
    pythons = interpreters(options)
    _, starts = take(replace(pages, rows=pages.chains), options.only, options.rounds, pythons)
    ready, runs = take(pages, options.only, options.rounds, pythons)
    taken = {
        "pages": asdict(pages),
        "rounds": options.rounds,
        "served": {name: ready[name] for name in ("bytes", "wire_bytes", "page_rows", "columns")},
        "machine": machine(options.only, pythons),
    }
    if options.out:
        write(options.out, taken, runs, starts)
    print(report(taken, runs, starts))


if __name__ == "__main__":
    main()
