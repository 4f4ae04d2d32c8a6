"""All figures beside the peers on one page: `python bench/summary.py docs/benchmarks`.

Made of the JSON files that `versus.py` and `sweep.py` have written into the folder.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import CONTESTANTS, Pages, told
from runs import OURS, Run, failure, median, ratio
from versus import stem, title

_SHAPES = ("full", "lean", "projected", "drifting")  # the order of the columns
_NO_PEERS = ("ours_ndjson", "ours_batches", "download")
_HEAD = """\
# Beside its peers

The main job by this package and by others, on the same bytes. A page server in a process of its own
sends the same pages, rendered beforehand, over HTTP on one machine. Everyone walks the same chains,
keeps connections open and compresses with zstd; each has a script in `bench/peers/`, written as its
own documentation says. DuckDB and polars read the same rows from a local file, without any HTTP.
Airbyte's CDK and Singer's SDK write messages: what it costs to make Parquet of them is not counted.

A run is a process of its own. Its time includes the start of the interpreter and all imports; CPU
and peak memory are the kernel's. Contestants run in turn. Figures are medians, and ratios are taken
within a round. Whoever ends with an error, or has not written every row, has failed.

Full rows have all 114 fields, lean ones 15, projected ones five. In drifting pages every fifty rows
of every second page have one with an undeclared field, a number for a text, a text for a number, or
an object for a text.

"""
_NONE = "No figures have been taken yet: `nox -s bench` takes them.\n"


@dataclass(frozen=True)
class Taken:
    """The figures of one file.

    Attributes:
        pages: What was served.
        facts: The rest of what stands in the file: bytes, machine, rounds.
        runs: What each run cost.
    """

    pages: Pages
    facts: dict[str, Any]
    runs: list[Run]

    @property
    def heading(self) -> str:
        """What the table calls it, with a link."""
        return f"[{self.pages.rows:,} {title(self.pages)}]({stem(self.pages)}.md)"


def read(folder: Path) -> list[Taken]:
    """What `versus.py` has taken, in the order of the shapes."""
    files = [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    found = [
        Taken(Pages(**file["pages"]), file, [Run(**run) for run in file["runs"]])
        for file in files
        if "pages" in file
    ]
    return sorted(found, key=lambda one: (_SHAPES.index(one.pages.shape), one.pages.gzip))


def ours(found: Sequence[Taken]) -> str:
    """What our export costs, as a Markdown table."""
    lines = [
        "| rows | MB of JSON | rows/s | CPU s/GB | peak MB | NDJSON, seconds of the floor's |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        size = one.facts["served"]["bytes"]
        cells = [one.heading, f"{size / 1e6:,.0f}", *_own(one, size)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _own(one: Taken, size: int) -> list[str]:
    if failure(one.runs, OURS):
        return ["failed", "", "", ""]
    floor = ratio(one.runs, "ours_ndjson", "wall", to="download")
    return [
        f"{one.pages.rows / median(one.runs, OURS, 'wall'):,.0f}",
        f"{median(one.runs, OURS, 'cpu') / size * 1e9:.1f}",
        f"{median(one.runs, OURS, 'peak_mb'):,.0f}",
        _digits(floor),
    ]


def peers(found: Sequence[Taken]) -> str:
    """What the others need of what ours → Parquet does: wall time, CPU, peak memory."""
    lines = [
        f"| wall · CPU · memory | {' | '.join(one.heading for one in found)} |",
        f"| --- |{' --- |' * len(found)}",
    ]
    ran = {run.contestant for one in found for run in one.runs}
    for name in [name for name in CONTESTANTS if name in ran and name not in (OURS, *_NO_PEERS)]:
        cells = [CONTESTANTS[name].name, *(_beside(one.runs, name) for one in found)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _beside(runs: Sequence[Run], name: str) -> str:
    if failure(runs, name):
        return "failed"
    ratios = [ratio(runs, name, what) for what in ("wall", "cpu", "peak_mb")]
    return " · ".join(map(_digits, ratios)) if all(ratios) else ""


def _digits(times: float | None) -> str:
    if times is None:
        return ""
    return f"{times:.2f}" if times < 10 else f"{times:.1f}"


def sweeps(folder: Path) -> str:
    """The sweeps' charts, each a link to its table."""
    parts: list[str] = []
    for path in sorted(folder.glob("sweep-*.json")):
        name = json.loads(path.read_bytes())["title"]
        charts = sorted(folder.glob(f"{path.stem}-*.svg"))
        pictures = "\n".join(f"![{name}: {chart.stem}]({chart.name})" for chart in charts)
        parts.append(f"## {name}\n\n{pictures}\n\n[The figures]({path.stem}.md)\n")
    return "\n".join(parts)


def page(folder: Path) -> str:
    """The whole page."""
    found = read(folder)
    if not found:
        return _HEAD + _NONE
    pictures = "\n".join(f"![Rows per second]({stem(one.pages)}.svg)" for one in found)
    return (
        f"{_HEAD}{told(found[0].facts['machine'])}\n\n"
        f"What others take, as a multiple of what ours → Parquet takes:\n\n{peers(found)}\n\n"
        f"What ours takes:\n\n{ours(found)}\n\n{pictures}\n\n{sweeps(folder)}"
    )


def main() -> None:
    """Write the page into the folder that the figures are in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peers.md").write_text(page(folder))


if __name__ == "__main__":
    main()
