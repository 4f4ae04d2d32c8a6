"""What runs the contestants: a page server in a process of its own, and each of them in another.

The same pre-rendered pages go to every contestant, over HTTP on this machine. Contestants run in
turn, A B C, A B C; wall time includes the start of the interpreter and all imports. CPU and peak
memory are the kernel's, of the process and the children that it waited for. Each has to have
written every row: who has not, or ends with an error, has failed, which is a result like others.

What stands in `peers/` is a script per contestant.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

from peers.job import Job
from runs import Run

_BENCH = Path(__file__).parent
_START_LIMIT = 1800.0  # seconds; the pages of a million rows are rendered first
_RUN_LIMIT = 1800.0  # seconds
_REASON = 160  # characters that are kept of why somebody failed
_ERROR = re.compile(r"^[\w.]*(?:Error|Exception)\b.*", re.MULTILINE)
_FOLDER = re.compile(r"(?<![\w/:])/(?:[^\s/'\"]+/)+")  # of a file, which is this machine's alone
_VERSIONS = (
    "import importlib.metadata as m, json, sys\n"
    "print(json.dumps({d.name: d.version for d in m.distributions() if d.name in sys.argv[1:]}))"
)

Environment = Literal["ours", "peers", "airbyte"]
Interpreters = Mapping[Environment, str]


@dataclass(frozen=True)
class Contestant:
    """One script of `peers/`.

    Attributes:
        name: What tables say.
        tools: The packages that do the work, whose versions are told.
        environment: The interpreter that it runs in. Airbyte's CDK holds pandas below 3, so it
            would hold those back who use pandas.
    """

    name: str
    tools: tuple[str, ...]
    environment: Environment = "peers"

    @property
    def plain(self) -> str:
        """The name without Markdown."""
        return self.name.replace("*", "").replace("`", "")


_OURS = ("aiohttp", "msgspec", "pyarrow")
CONTESTANTS = {
    "ours_parquet": Contestant("**ours → Parquet**", _OURS, "ours"),
    "ours_ndjson": Contestant("**ours → NDJSON**", _OURS, "ours"),
    "ours_batches": Contestant("**ours, `batches()`**", _OURS, "ours"),
    "download": Contestant("aiohttp, pages dropped (floor)", ("aiohttp",), "ours"),
    "requests_pandas": Contestant("requests + pandas → Parquet", ("requests", "pandas")),
    "httpx_polars": Contestant("httpx + polars → Parquet", ("httpx", "polars")),
    "dlt_pipeline": Contestant("dlt → Parquet", ("dlt",)),
    "airbyte_source": Contestant("Airbyte CDK → messages", ("airbyte-cdk",), "airbyte"),
    "singer_tap": Contestant("Singer SDK → messages", ("singer-sdk",)),
    "duckdb_local": Contestant("DuckDB, local NDJSON → Parquet", ("duckdb",)),
    "polars_local": Contestant("polars, local NDJSON → Parquet", ("polars",)),
}


@dataclass(frozen=True)
class Pages:
    """What the page server is asked to serve.

    Attributes:
        shape: A key of `SHAPES` in `peers/shapes.py`.
        rows: Rows of all listings.
        chains: Listings, of which each is walked from page to page.
        gzip: Whether pages are sent compressed.
        latency: Seconds between a request and its answer.
    """

    shape: str
    rows: int
    chains: int
    gzip: bool = False
    latency: float = 0.0

    def options(self) -> list[str]:
        """The same as options of the page server."""
        asked = [f"--shape={self.shape}", f"--rows={self.rows}", f"--chains={self.chains}"]
        return [*asked, f"--latency={self.latency}", *["--gzip"] * self.gzip]


def take(
    pages: Pages, names: Sequence[str], rounds: int, pythons: Interpreters
) -> tuple[dict[str, Any], list[Run]]:
    """Run the contestants in turn; return what was served and what each run cost."""
    runs: list[Run] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as out,
        page_server(Path(folder), *pages.options()) as ready,
    ):
        for place, name in product(range(rounds), names):
            python = pythons[CONTESTANTS[name].environment]
            runs.append(run(name, place, ready, python, Path(out) / name))
            told = runs[-1].failure or f"{runs[-1].wall:.2f} s"
            print(f"{pages.rows:,} rows, {place} {name}: {told}", file=sys.stderr)
    return ready, runs


@contextmanager
def page_server(folder: Path, *options: str) -> Generator[dict[str, Any], None, None]:
    """Run the page server, and end it by its process id."""
    started = time.monotonic()
    command = [sys.executable, "-P", "-m", "peers.pages", f"--folder={folder}", *options]
    with subprocess.Popen(command, env=_environment()) as process:
        try:
            while not (folder / "ready.json").exists():
                if process.poll() is not None or time.monotonic() - started > _START_LIMIT:
                    raise RuntimeError("the page server did not start")
                time.sleep(0.05)
            yield json.loads((folder / "ready.json").read_bytes())
        finally:
            process.terminate()


def _environment() -> dict[str, str]:
    """The environment of all processes: scripts are modules of this folder.

    Python's own settings are nobody's: PYTHONDONTWRITEBYTECODE made our start 1.6 s where it is
    0.8 s, and PYTHONUNBUFFERED slows those who write to stdout.
    """
    path = os.pathsep.join(filter(None, [str(_BENCH), os.environ.get("PYTHONPATH")]))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONPATH": path}


def run(name: str, place: int, ready: dict[str, Any], python: str, out: Path) -> Run:
    """Run one contestant and take its figures from the kernel."""
    out.mkdir()
    os.sync()  # what the one before has written is not this one's to wait for
    command = [python, "-P", "-m", f"peers.{name}", json.dumps(asdict(job_of(ready, out)))]
    with (out / "stdout").open("wb") as stdout, (out / "stderr").open("wb") as stderr:
        started = time.monotonic()
        with subprocess.Popen(
            command, env=_environment(), cwd=out, stdout=stdout, stderr=stderr
        ) as process:
            limit = threading.Timer(_RUN_LIMIT, process.kill)
            limit.start()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            limit.cancel()
        wall = time.monotonic() - started
    counted = {"rows": 0, "columns": 0} if process.returncode else _count(out)
    failure = reason_of(process.returncode, counted["rows"], ready["rows"], out)
    written = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    shutil.rmtree(out)
    return Run(
        contestant=name,
        round=place,
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,
        written_mb=written / 1e6,
        failure=failure,
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
    done = subprocess.run(command, env=_environment(), check=True, capture_output=True)
    counted: dict[str, int] = json.loads(done.stdout)
    return counted


def reason_of(code: int, rows: int, expected: int, out: Path) -> str:
    """Why a contestant failed: the last error on its stderr, or the rows that are missing."""
    if not code:
        return "" if rows == expected else f"{rows:,} rows, not {expected:,}"
    said = _FOLDER.sub("", (out / "stderr").read_text(errors="replace"))
    lines = _ERROR.findall(said) or [line for line in said.splitlines() if line.strip()]
    return lines[-1].strip()[:_REASON] if lines else f"exit {code}"


def machine(names: Sequence[str], pythons: Interpreters) -> dict[str, Any]:
    """What figures depend on besides the contestants' scripts."""
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "date": time.strftime("%Y-%m-%d"),
        "versions": {
            k: v for where in pythons for k, v in _versions(names, where, pythons).items()
        },
    }


def told(machine: Mapping[str, Any]) -> str:
    """The same as a sentence."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return f"Python {machine['python']}, {machine['cores']} cores, {machine['date']}; {versions}."


def _versions(
    names: Sequence[str], environment: Environment, pythons: Interpreters
) -> dict[str, str]:
    """The versions of the tools that are asked for in an environment."""
    there = [one for one in map(CONTESTANTS.get, names) if one and one.environment == environment]
    tools = sorted({tool for one in there for tool in one.tools})
    if not tools:
        return {}
    command = [pythons[environment], "-P", "-c", _VERSIONS, *tools]
    found: dict[str, str] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    return found


def common_options(rounds: int) -> argparse.ArgumentParser:
    """The options that whoever runs contestants has."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--out", type=Path, help="a folder for JSON, Markdown and charts")
    for name in ("peers", "airbyte"):
        parser.add_argument(
            f"--{name}-python",
            type=Path,
            default=Path(sys.executable),
            help="the interpreter that has them",
        )
    return parser


def interpreters(options: argparse.Namespace) -> Interpreters:
    """Where each environment's contestants run; a path is not resolved, or it left its venv."""
    return {
        "ours": sys.executable,
        "peers": str(options.peers_python.absolute()),
        "airbyte": str(options.airbyte_python.absolute()),
    }
