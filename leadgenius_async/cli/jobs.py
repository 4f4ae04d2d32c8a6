"""`leadgenius jobs`: exports and imports in folders; `leadgenius verify`: files of an export."""

from __future__ import annotations

import asyncio
import dataclasses
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from leadgenius_async._http.record import plain
from leadgenius_async._writes.jobs import (
    FoundImport,
    discard as discard_import,
    find_imports,
    read_import,
)
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.failures import Incomplete, NoSuchJob
from leadgenius_async.cli.import_folder import STDIN, read_command
from leadgenius_async.cli.options import DEFAULT, Connection, Flag, Json, confirm, require_local
from leadgenius_async.cli.output import SHOW, Show

if TYPE_CHECKING:
    from leadgenius_async._extract.jobs import ExportJob

app: App = App(
    name="jobs",
    help="Exports and imports in folders: list, show, resume, discard.",
    help_epilogue=examples("jobs list", "jobs show leads", "jobs resume leads"),
)
check: App = App(name="verify", help_epilogue=examples("verify leads", "verify leads --json"))

_COLUMNS = ("job_id", "kind", "state", "out", "of", "rows", "progress", "started_at")


@app.command(name="list", help_epilogue=examples("jobs list", "jobs list exports --json"))
async def list_(folder: Path = Path(), *, show: Show = SHOW) -> None:
    """List the exports and imports in a folder and up to three levels below it.

    Args:
        folder: Where to look.
    """
    require_local(folder)
    _require_folder(folder)
    found = await asyncio.to_thread(lambda: list(_all(folder)))
    in_table = show.chosen == "table"
    show.rows([plain(job) | (_summary(job) if in_table else {}) for job in found], _COLUMNS)


@app.command(name="show", help_epilogue=examples("jobs show leads", "jobs show leads --json"))
async def show_(job: str, *, show: Show = SHOW) -> None:
    """Show an export or import: how far it is, who is at it, what it was asked for.

    Of an import, `open` counts the rows that were sent and not seen yet.

    Args:
        job: Its folder, or the id of one in this folder or below it.
    """
    found = await asyncio.to_thread(_find, job)
    if isinstance(found, FoundImport) and (command := read_command(Path(found.out))):
        show.one(plain(found) | {"file": command.file, "command": command.line})
        return
    show.one(found)


@app.command(help_epilogue=examples("jobs resume leads", "jobs resume people.csv.import"))
async def resume(job: str, *, json: Json = False, connection: Connection = DEFAULT) -> None:
    """Go on with an unfinished export or import, as the command that began it would.

    Args:
        job: Its folder, or the id of one in this folder or below it.
        json: Print the report as one JSON object.
    """
    found = await asyncio.to_thread(_find, job)
    if isinstance(found, FoundImport):
        await _resume_import(found, json=json, connection=connection)
    else:
        await _resume_export(found, json=json, connection=connection)


async def _resume_import(found: FoundImport, *, json: bool, connection: Connection) -> None:
    from leadgenius_async.cli.imports import import_with  # noqa: PLC0415 - on no other path

    command = read_command(Path(found.out))
    if command is None:
        raise ValueError(
            f"{found.out} does not say what its rows come from: give the command that began it, "
            f"leadgenius leads import FILE … --journal {shlex.quote(found.out)}"
        )
    if command.file == STDIN or not await asyncio.to_thread(Path(command.file).is_file):
        raise ValueError(f"its rows are not here: give them again to {command.line}")
    command.options = dataclasses.replace(command.options, json=json, journal=found.out)
    if connection != DEFAULT:
        command.connection = connection
    await import_with(command)


async def _resume_export(found: ExportJob, *, json: bool, connection: Connection) -> None:
    from leadgenius_async.cli.export import ExportOptions, Table, export_with  # noqa: PLC0415

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


@app.command(help_epilogue=examples("jobs discard leads", "jobs discard people.csv.import --yes"))
async def discard(job: str, *, yes: Flag = False, show: Show = SHOW) -> None:
    """Delete an export, or what an import would go on from.

    Of an export its files, its manifest and its journal go; of an import the journal alone: leads
    that were created stay.

    Args:
        job: Its folder, or the id of one in this folder or below it.
        yes: Do not ask first; needed where there is no terminal.
    """
    from leadgenius_async._extract.jobs import discard as discard_export  # noqa: PLC0415

    found = await asyncio.to_thread(_find, job)
    if isinstance(found, FoundImport):
        left = found.read - found.rows
        confirm(f"delete the journal {found.out}, {left:,} of its rows not at an end", yes=yes)
        await asyncio.to_thread(discard_import, Path(found.out))
    else:
        confirm(f"delete the export in {found.out} with {found.rows:,} rows", yes=yes)
        await asyncio.to_thread(discard_export, Path(found.out))
    show.one({"deleted": 1, "out": found.out})


@check.default
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


def _find(job: str) -> ExportJob | FoundImport:
    from leadgenius_async._extract.jobs import read_job  # noqa: PLC0415 - loads pyarrow

    folder = Path(job)
    if (found := read_job(folder) or read_import(folder)) is not None:
        return found
    for each in _all(Path()):
        if each.job_id == job:
            return each
    raise NoSuchJob(
        f"{job!r} is no folder with an export or import, nor the id of one below this folder"
    )


def _summary(job: ExportJob | FoundImport) -> dict[str, object]:
    """Return what a table says of both kinds: what it is of, and how much of that is done."""
    if not isinstance(job, FoundImport):
        return {"of": job.table, "progress": f"{job.chains_done} of {job.chains} chains"}
    seen = f", {job.open:,} not seen yet" if job.open else ""
    return {"of": job.client_id, "progress": f"{job.rows:,} of {job.read:,} rows{seen}"}


def _all(folder: Path) -> Iterator[ExportJob | FoundImport]:
    from leadgenius_async._extract.jobs import find_jobs  # noqa: PLC0415 - loads pyarrow

    yield from find_jobs(folder)
    yield from find_imports(folder)


def _require_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
