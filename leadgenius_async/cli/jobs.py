"""`leadgenius jobs`: exports that stand in folders; `leadgenius verify`: their files."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from leadgenius_async._http.record import plain
from leadgenius_async.cli.failures import Incomplete
from leadgenius_async.cli.options import DEFAULT, Connection, Flag, Json, confirm, require_local
from leadgenius_async.cli.output import SHOW, Show

if TYPE_CHECKING:
    from leadgenius_async._extract.jobs import ExportJob

app: App = App(name="jobs", help="Exports that stand in folders: list, show, resume, discard.")

_COLUMNS = ("job_id", "state", "out", "table", "rows", "chains_done", "chains", "started_at")


@app.command(name="list")
async def list_(folder: Path = Path(), *, show: Show = SHOW) -> None:
    """List the exports in a folder and up to three levels below it.

    Args:
        folder: Where to look.
    """
    from leadgenius_async._extract.jobs import find_jobs  # noqa: PLC0415 - loads pyarrow

    require_local(folder)
    _require_folder(folder)
    found = await asyncio.to_thread(lambda: list(find_jobs(folder)))
    show.rows([plain(job) for job in found], _COLUMNS)


@app.command(name="show")
async def show_(job: str, *, show: Show = SHOW) -> None:
    """Show an export: how far it is, who is at it, what it was asked for.

    Args:
        job: Its folder, or the id of one in this folder or below it.
    """
    show.one(await asyncio.to_thread(_find, job))


@app.command
async def resume(job: str, *, json: Json = False, connection: Connection = DEFAULT) -> None:
    """Go on with an unfinished export, as the command that began it would.

    Args:
        job: Its folder, or the id of one in this folder or below it.
        json: Print the report as one JSON object.
    """
    from leadgenius_async.cli.export import ExportOptions, Table, export_with  # noqa: PLC0415

    found = await asyncio.to_thread(_find, job)
    if found.spec is None:
        raise ValueError(
            f"{found.out} holds an export that is {found.state}: nothing is left of it"
        )
    spec = found.spec
    options = ExportOptions(
        out=spec.target or found.out,
        staging=Path(found.out) if spec.target else None,
        company_id=spec.company_id,
        client=spec.clients,
        fields=None if spec.fields is None else ",".join(spec.fields),
        since=spec.since,
        limit=spec.limit,
        format=spec.format,
        compression=spec.compression,
        max_file_size=None if spec.max_file_bytes is None else spec.max_file_bytes / 2**20,
        chains=spec.chains,
        no_sweep=not spec.sweep,
        strict_schema=spec.strict_schema,
        partition_by=spec.partition_by,
        single_file=spec.single_file,
        json=json,
    )
    table: Table = "enrich_leads" if spec.table == "enrich_leads" else "source_leads"
    await export_with(table, options, connection)


@app.command
async def discard(job: str, *, yes: Flag = False, show: Show = SHOW) -> None:
    """Delete an export: its files, its manifest and what it would go on from.

    Args:
        job: Its folder, or the id of one in this folder or below it.
        yes: Do not ask.
    """
    from leadgenius_async._extract.jobs import discard as discard_export  # noqa: PLC0415

    found = await asyncio.to_thread(_find, job)
    confirm(f"delete the export in {found.out} with {found.rows:,} rows", yes=yes)
    await asyncio.to_thread(discard_export, Path(found.out))
    show.one({"deleted": 1, "out": found.out})


async def verify(folder: Path, *, show: Show = SHOW) -> None:
    """Compute digests and counts of an export's files anew, and compare them to its manifest.

    Args:
        folder: The export's folder.
    """
    from leadgenius_async._extract.jobs import verify as verify_files  # noqa: PLC0415

    require_local(folder)
    verdict = await asyncio.to_thread(verify_files, folder)
    show.one(verdict)
    if not verdict.ok:
        raise Incomplete(f"{folder}: {'; '.join(verdict.problems)}")


def _find(job: str) -> ExportJob:
    from leadgenius_async._extract.jobs import find_jobs, read_job  # noqa: PLC0415

    if (found := read_job(Path(job))) is not None:
        return found
    for each in find_jobs(Path()):
        if each.job_id == job:
            return each
    raise ValueError(f"{job!r} is no folder with an export, nor the id of one below this folder")


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
