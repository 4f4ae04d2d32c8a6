"""The main job beside its peers, on the same bytes: `nox -s versus -- --rows 100000 --rounds 5`.

A page server in a process of its own sends the same pre-rendered pages to every contestant, over
HTTP on this machine. Contestants run in turn, A B C, A B C, each in a process of its own; wall time
includes the start of the interpreter and all imports. CPU and peak memory are the kernel's, of the
process and the children that it waited for. Each has to have written every row. Ratios are taken
within a round, since the machine's speed is in every figure.

What stands in `peers/` is a script per contestant.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from peers.chart import chart
from peers.job import Job

_BENCH = Path(__file__).parent
_START_LIMIT = 1800.0  # seconds; the pages of a million rows are rendered first
_OURS = "ours_parquet"


@dataclass(frozen=True)
class Contestant:
    """One script of `peers/`.

    Attributes:
        name: What the table says.
        ours: Whether it runs in the project's environment, and not in that of the peers.
    """

    name: str
    ours: bool = False


CONTESTANTS = {
    "ours_parquet": Contestant("**ours → Parquet**", ours=True),
    "ours_ndjson": Contestant("**ours → NDJSON**", ours=True),
    "ours_batches": Contestant("**ours, `batches()`**", ours=True),
    "download": Contestant("aiohttp, pages dropped (floor)", ours=True),
    "requests_pandas": Contestant("requests + pandas → Parquet"),
    "httpx_polars": Contestant("httpx + polars → Parquet"),
    "dlt_pipeline": Contestant("dlt → Parquet"),
    "airbyte_source": Contestant("Airbyte CDK → messages"),
    "singer_tap": Contestant("Singer SDK → messages"),
    "duckdb_local": Contestant("DuckDB, local NDJSON → Parquet"),
    "polars_local": Contestant("polars, local NDJSON → Parquet"),
}


@dataclass(frozen=True)
class Run:
    """What one contestant cost in one round.

    Attributes:
        contestant: Its script.
        round: The round, from 0.
        wall: Seconds.
        cpu: Seconds of user and system time.
        peak_mb: Peak resident memory of the largest process.
        rows: Rows that it wrote, or that it says it has read.
        columns: Columns of its Parquet files; 0 without any.
        written_mb: What stands in its folder at the end.
    """

    contestant: str
    round: int
    wall: float
    cpu: float
    peak_mb: float
    rows: int
    columns: int
    written_mb: float


@contextmanager
def page_server(folder: Path, *options: str) -> Generator[dict[str, Any], None, None]:
    """Run the page server, and end it by its process id."""
    started = time.monotonic()
    command = [sys.executable, "-P", "-m", "peers.pages", f"--folder={folder}", *options]
    with subprocess.Popen(command, env=environment()) as process:
        try:
            while not (folder / "ready.json").exists():
                if process.poll() is not None or time.monotonic() - started > _START_LIMIT:
                    raise RuntimeError("the page server did not start")
                time.sleep(0.05)
            yield json.loads((folder / "ready.json").read_bytes())
        finally:
            process.terminate()


def environment() -> dict[str, str]:
    """The environment of all processes: scripts are modules of this folder."""
    path = os.pathsep.join(filter(None, [str(_BENCH), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path}


def run(name: str, place: int, ready: dict[str, Any], python: str, out: Path) -> Run:
    """Run one contestant and take its figures from the kernel."""
    out.mkdir()
    os.sync()  # what the one before has written is not this one's to wait for
    command = [python, "-P", "-m", f"peers.{name}", json.dumps(asdict(job_of(ready, out)))]
    with (out / "stdout").open("wb") as stdout, (out / "stderr").open("wb") as stderr:
        started = time.monotonic()
        with subprocess.Popen(
            command, env=environment(), cwd=out, stdout=stdout, stderr=stderr
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
    if process.returncode:
        raise RuntimeError(f"{name} failed:\n{(out / 'stderr').read_text()[-2000:]}")
    counted = _count(out)
    if counted["rows"] != ready["rows"]:
        raise RuntimeError(f"{name} has {counted['rows']:,} rows, not {ready['rows']:,}")
    written = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    shutil.rmtree(out)
    return Run(
        contestant=name,
        round=place,
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
        written_mb=written / 1e6,
        **counted,
    )


def job_of(ready: dict[str, Any], out: Path) -> Job:
    """What a contestant is asked, of a page server that says what it serves."""
    return Job(
        base_url=ready["base_url"],
        company_id=ready["company_id"],
        clients=[client["client_id"] for client in ready["clients"]],
        columns=ready["columns"],
        projected=ready["projected"],
        page_rows=ready["page_rows"],
        lines=ready["lines"],
        out=str(out),
    )


def _count(out: Path) -> dict[str, int]:
    command = [sys.executable, "-P", "-m", "peers.count", str(out)]
    done = subprocess.run(command, env=environment(), check=True, capture_output=True)
    counted: dict[str, int] = json.loads(done.stdout)
    return counted


def median(runs: Sequence[Run], name: str, what: str) -> float:
    """The median of a figure of one contestant."""
    return float(statistics.median(getattr(run, what) for run in runs if run.contestant == name))


def ratio(runs: Sequence[Run], name: str, what: str) -> float | None:
    """The median of a figure's ratios to ours in the same round; None without ours."""
    ours = {run.round: getattr(run, what) for run in runs if run.contestant == _OURS}
    theirs = [run for run in runs if run.contestant == name and run.round in ours]
    if not theirs:
        return None
    return float(statistics.median(getattr(run, what) / ours[run.round] for run in theirs))


def table(runs: Sequence[Run], rows: int) -> str:
    """The medians, as Markdown."""
    lines = [
        "| contestant | rows/s | seconds | of ours | CPU s | of ours | peak MB | of ours | MB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in dict.fromkeys(run.contestant for run in runs):
        wall = median(runs, name, "wall")
        cells = [CONTESTANTS[name].name, f"{rows / wall:,.0f}"]
        for what, digits in (("wall", 2), ("cpu", 2), ("peak_mb", 0)):
            times = ratio(runs, name, what)
            cells += [f"{median(runs, name, what):,.{digits}f}", f"{times:.2f}" if times else ""]
        cells.append(f"{median(runs, name, 'written_mb'):,.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def report(ready: dict[str, Any], runs: Sequence[Run], options: argparse.Namespace) -> str:
    """The Markdown page: what was asked, and the table."""
    shape = f"{options.shape}, gzip" if options.gzip else options.shape
    rounds = len({run.round for run in runs})
    return (
        f"# {options.rows:,} rows, {shape}\n\n"
        f"{len(ready['columns'])} fields, pages of {ready['page_rows']:,} rows, {options.chains} "
        f"chains, {ready['bytes'] / 1e6:,.0f} MB of JSON, {ready['wire_bytes'] / 1e6:,.0f} MB "
        f"sent. Medians of {rounds} rounds, ratios within a round; the last column is what was "
        f"written. Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"{time.strftime('%Y-%m-%d')}.\n\n"
        f"`python bench/versus.py --rows {options.rows} --shape {options.shape}"
        f"{' --gzip' * options.gzip} --chains {options.chains} --rounds {options.rounds}`\n\n"
        f"{table(runs, options.rows)}\n"
    )


def write(ready: dict[str, Any], runs: Sequence[Run], options: argparse.Namespace) -> None:
    """Write JSON, Markdown and a chart."""
    options.out.mkdir(parents=True, exist_ok=True)
    stem = f"{options.shape}{'-gzip' * options.gzip}-{options.rows}"
    facts = {name: ready[name] for name in ("rows", "bytes", "wire_bytes", "page_rows", "columns")}
    asked = {name: str(value) for name, value in vars(options).items()}
    content = {"options": asked, "served": facts, "runs": [asdict(run) for run in runs]}
    (options.out / f"{stem}.json").write_text(json.dumps(content, indent=1) + "\n")
    (options.out / f"{stem}.md").write_text(report(ready, runs, options))
    names = dict.fromkeys(run.contestant for run in runs)
    speeds = {CONTESTANTS[n].name.strip("*"): options.rows / median(runs, n, "wall") for n in names}
    (options.out / f"{stem}.svg").write_text(chart(f"rows/s, {options.shape} rows", speeds))


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--shape", choices=["full", "lean", "projected"], default="full")
    parser.add_argument("--gzip", action="store_true", help="pages are sent compressed")
    parser.add_argument("--chains", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS))
    parser.add_argument("--out", type=Path, help="a folder for JSON, Markdown and chart")
    parser.add_argument(
        "--peers-python",
        type=Path,
        default=Path(sys.executable),
        help="the interpreter that has the peers",
    )
    return parser.parse_args()


def main() -> None:
    """Take the figures."""
    options = parse()
    served = [f"--shape={options.shape}", f"--rows={options.rows}", f"--chains={options.chains}"]
    served += ["--gzip"] * options.gzip
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as out:
        with page_server(Path(name), *served) as ready:
            for place in range(options.rounds):
                for contestant in options.only:
                    ours = CONTESTANTS[contestant].ours
                    python = sys.executable if ours else str(options.peers_python.absolute())
                    runs.append(run(contestant, place, ready, python, Path(out) / contestant))
                    print(f"{place} {contestant}: {runs[-1].wall:.2f} s", file=sys.stderr)
        if options.out:
            write(ready, runs, options)
        print(report(ready, runs, options))


if __name__ == "__main__":
    main()
