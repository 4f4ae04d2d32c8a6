"""`leadgenius demo`: the main job from end to end, on this machine alone."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import msgspec
from cyclopts import App

from leadgenius_async.cli import failures
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.export import ExportOptions, Table, run_export, summary

if TYPE_CHECKING:
    from leadgenius_async._client import LeadGenius
    from leadgenius_async._extract.report import ExportReport

app: App = App(
    name="demo", help_epilogue=examples("demo", "demo --leads 20000 --source-leads 5000 --out demo")
)

_START_LIMIT = 60.0  # seconds until the emulator must have its data
_SAMPLE_FIELDS = ["firstName", "lastName", "title", "companyName", "country"]


class _Ready(msgspec.Struct):
    base_url: str
    api_key: str
    user_id: str
    company_id: str


@app.default
async def demo(
    *,
    out: Path = Path("leadgenius-demo"),
    leads: int = 200_000,
    source_leads: int = 50_000,
    clients: int = 40,
    seed: int = 0,
) -> int:
    """Start an emulator, and take all its leads out into Parquet at the premium rate.

    Args:
        out: Folder for the files; a demo that stands there is overwritten.
        leads: EnrichLeads to make up.
        source_leads: SourceLeads to make up.
        clients: Clients to spread them over.
        seed: The same seed gives the same leads.
    """
    sys.stderr.write(f"starting an emulator with {leads:,} EnrichLeads …\n")
    options = [f"--leads={leads}", f"--source-leads={source_leads}", f"--clients={clients}",
               f"--seed={seed}", "--rate=premium"]  # fmt: skip
    async with _emulator(options) as ready, _connect(ready) as lg:
        enrich = await _export(lg, "enrich_leads", ready, out / "enrich-leads", leads)
        source = await _export(lg, "source_leads", ready, out / "source-leads", source_leads)
    sys.stdout.write(await anyio.to_thread.run_sync(_sample, enrich))
    sys.stdout.write(_next_steps(enrich))
    return failures.OK if enrich.complete and source.complete else failures.PARTIAL


def _connect(ready: _Ready) -> LeadGenius:
    from leadgenius_async._client import LeadGenius  # noqa: PLC0415 - loads aiohttp

    return LeadGenius(
        base_url=ready.base_url, api_key=ready.api_key, user_id=ready.user_id, rate="premium"
    )


async def _export(
    lg: LeadGenius, table: Table, ready: _Ready, out: Path, total: int
) -> ExportReport:
    options = ExportOptions(out=str(out), company_id=ready.company_id, overwrite=True)
    report = await run_export(lg, table, options, total=total)
    sys.stdout.write(f"\n{summary(report)}")
    return report


@contextlib.asynccontextmanager
async def _emulator(options: list[str]) -> AsyncGenerator[_Ready, None]:
    """Run an emulator in a process of its own, and end that process afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        ready_file = Path(folder) / "ready.json"
        command = [sys.executable, "-P", "-m", "leadgenius_async", "emulator", *options]
        process = await anyio.open_process(
            [*command, f"--ready-file={ready_file}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C goes to this process alone, which then ends the emulator itself.
            start_new_session=True,
        )
        async with process:
            try:
                yield await _wait_ready(ready_file, process)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()


async def _wait_ready(ready_file: Path, process: anyio.abc.Process) -> _Ready:
    deadline = time.monotonic() + _START_LIMIT
    while not ready_file.exists():  # noqa: ASYNC240 - another process writes it
        if process.returncode is not None:
            raise RuntimeError(f"the emulator ended with code {process.returncode}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"the emulator was not ready after {_START_LIMIT:.0f} s")
        await anyio.sleep(0.05)
    return msgspec.json.decode(ready_file.read_bytes(), type=_Ready)  # noqa: ASYNC240 - 2 KB


def _sample(report: ExportReport) -> str:
    import pyarrow.parquet as pq  # noqa: PLC0415 - needed by this line alone

    rows = pq.ParquetFile(report.files[0]).read_row_group(0, _SAMPLE_FIELDS).slice(0, 5).to_pylist()
    lines = [" | ".join(str(row[name] or "") for name in _SAMPLE_FIELDS) for row in rows]
    return "\n" + "".join(f"  {line}\n" for line in [" | ".join(_SAMPLE_FIELDS), *lines])


def _next_steps(report: ExportReport) -> str:
    pattern = f"{report.out}/{report.table}/*.parquet"
    query = f"select client_id, count(*) from '{pattern}' group by 1"  # noqa: S608 - printed
    return (
        "\nQuery the files, for instance with DuckDB:\n"
        f'  duckdb -c "{query}"\n'
        "\nLook at them, and at how it went:\n"
        f"  leadgenius report {report.out} --html report.html\n"
        "\nWith your own account:\n"
        "  export LEADGENIUS_API_KEY=… LEADGENIUS_USER_ID=…\n"
        "  leadgenius export enrich-leads --out leads/\n"
    )
