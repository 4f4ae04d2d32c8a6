"""`leadgenius leads import`: leads from a file, each to one end."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from leadgenius_async import errors
from leadgenius_async._extract.lock import is_locked
from leadgenius_async._writes.jobs import COMMAND, JOURNAL, discard, locked
from leadgenius_async._writes.report import BulkPreview, BulkReport, End, RowResult
from leadgenius_async._writes.report_file import check_report
from leadgenius_async._writes.values import Unfit, as_text
from leadgenius_async.cli.failures import BadInput, Incomplete
from leadgenius_async.cli.import_folder import (
    STDIN,
    Command,
    ImportOptions,
    check_same,
    folder_of,
    read_command,
    write_command,
)
from leadgenius_async.cli.import_source import (
    Input,
    ask_about_columns,
    local_file,
    open_input,
    show_columns,
    target_of,
)
from leadgenius_async.cli.notes import NOTES, note
from leadgenius_async.cli.options import DEFAULT, Connection
from leadgenius_async.cli.progress import ImportDisplay

if TYPE_CHECKING:
    from leadgenius_async._client import LeadGenius

#: Rows that are told on stderr, of a preview on stdout, and in JSON.
_TOLD = 10
_PREVIEWED = 20
_IN_JSON = 100
#: Nothing given: then the rows must name their clients.
_NOTHING = ImportOptions()
#: After these the same command would fare no better.
_FINAL = (errors.ImportConflict, errors.ImportDamaged, errors.ImportLocked, errors.UnknownClient)


def _no_option(_: object, file: str) -> None:
    if file.startswith("-") and file != STDIN:
        raise ValueError("there is no such option")


async def import_leads(
    file: Annotated[str, Parameter(allow_leading_hyphen=True, validator=_no_option)],
    *,
    options: ImportOptions = _NOTHING,
    connection: Connection = DEFAULT,
) -> None:
    """Create leads from a file, and prove for each row that it is there, once.

    Whatever ends it, the same command goes on. Exits 0 if every row was created or was there, 6
    if some were refused or nobody can tell, 8 if the file cannot be read or all rows were refused.

    Args:
        file: CSV, NDJSON, a JSON array or Parquet, also packed (.gz, .zst); - reads stdin.
    """
    await import_with(Command(file=file, options=options, connection=connection))


async def import_with(command: Command) -> None:
    """Run an import and print its report; one that is not whole ends with an error."""
    options = command.options
    if options.client and options.new_client:
        raise ValueError("--client and --new-client are two ways to say one thing: give one")
    _check_new_client(options.new_client)
    folder = None if options.dry_run else folder_of(command.file, options)
    with local_file(command.file, options) as path:
        if options.report is not None:
            check_report(options.report, source=path, journal=folder)
        found = await asyncio.to_thread(open_input, path, options)
        if not NOTES.as_json:
            show_columns(found)
        if folder is None:
            await _preview(found, command)
        else:
            await _import(found, command, folder)


def _check_new_client(name: str | None) -> None:
    try:
        empty = name is not None and as_text(name) is None
    except Unfit as error:
        raise ValueError(f"--new-client {error}") from None
    if empty:
        raise ValueError("--new-client is empty: give the name of the client to make")


async def _import(found: Input, command: Command, folder: Path) -> None:
    """Begin an import or go on with it, in the folder of its journal."""
    saved = await asyncio.to_thread(read_command, folder)
    if is_locked(folder):
        raise locked(folder)
    if saved is not None:
        check_same(saved, command, folder)
        command.client_id = saved.client_id
    elif not NOTES.as_json:
        ask_about_columns(found, yes=command.options.yes)
    try:
        async with command.connection.open() as lg:
            await _settle_client(lg, command, folder, begun=saved is not None)
            report = await _run(lg, found, command, folder)
    except (Exception, asyncio.CancelledError) as error:
        _tell_how_to_go_on(error, command, folder)
        raise
    _finish(report, found, command, folder)


async def _settle_client(lg: LeadGenius, command: Command, folder: Path, *, begun: bool) -> None:
    """Make the new client, once, and remember the command and it.

    Raises:
        ValueError: Another client has this name.
    """
    name = command.options.new_client
    if name is None or command.client_id is not None:
        if not (begun and (folder / JOURNAL).exists()):  # else what it began with stays
            write_command(folder, command)
        return
    there = await client_named(lg, name)
    if there is not None and not begun:
        raise _is_there(name, there)
    if there is None:
        write_command(folder, command)  # if the answer is lost, the client is known for ours
        there = (await lg.clients.create(clientName=name)).client_id
    command.client_id = there
    write_command(folder, command)
    note(f"the client {name!r} has the client_id {there}")


def _is_there(name: str, client_id: str) -> ValueError:
    return ValueError(
        f"there is a client {name!r} already: give --client {client_id} (an import knows the "
        "client that it made only until its journal is gone)"
    )


async def client_named(lg: LeadGenius, name: str) -> str | None:
    """Return the client_id of the client of a name, case and blanks apart; None if none has it."""
    async for client in lg.clients.list():
        if (client.clientName or "").strip().casefold() == name.strip().casefold():
            return client.client_id
    return None


async def _run(lg: LeadGenius, found: Input, command: Command, folder: Path) -> BulkReport:
    options = command.options
    with ImportDisplay(found.name) as display:
        return await lg.leads.create_many(
            found.rows,
            client_id=command.client_id or options.client,
            columns=found.given,
            batch_size=options.batch_size,
            mode=options.mode,
            settle=options.settle,
            on_existing=options.on_existing,
            unknown=options.unknown,
            require_email=options.require_email,
            names_from_email=options.names_from_email,
            stop_on_error=options.on_error == "stop",
            journal=folder,
            report=options.report,
            company_id=options.company_id,
            on_progress=display,
        )


def _tell_how_to_go_on(error: BaseException, command: Command, folder: Path) -> None:
    """Say the line that goes on; where nothing was begun, leave nothing behind."""
    begun = (folder / JOURNAL).exists()
    if isinstance(error, _FINAL) and begun:
        return
    if begun or command.client_id is not None or _may_have_a_client(error, command, folder):
        note(f"to go on: {command.line}")
    elif (folder / COMMAND).exists():
        discard(folder)


def _may_have_a_client(error: BaseException, command: Command, folder: Path) -> bool:
    """Return whether a new client may have been made, whose answer was lost."""
    rejected = isinstance(error, errors.LeadGeniusError) and error.outcome != "unknown"
    wanted = command.options.new_client is not None and (folder / COMMAND).exists()
    return wanted and not rejected


def _finish(report: BulkReport, found: Input, command: Command, folder: Path) -> None:
    """Print the report, and let the journal go once nothing is to be learned from it."""
    stays = bool(report.unresolved or report.doubled)
    if stays:
        note(_what_stays(report, command, folder))
    else:
        report.journal = None
    try:
        _print(report, found, command)
    except OSError:
        note(f"to have the report again: {command.line}")
        raise
    if not stays:
        discard(folder)
    _judge(report)


def _what_stays(report: BulkReport, command: Command, folder: Path) -> str:
    """Return how unresolved rows are looked for again, where there are any."""
    stays = f"the journal stays in {folder}"
    discards = f"leadgenius jobs discard {shlex.quote(str(folder))}"
    if not report.unresolved:
        return f"{stays}: the same command tells the same, until `{discards}`"
    return (
        f"{stays}, and going on with it looks no more; to have the rows looked for again: "
        f"{discards} --yes && {command.anew} (it sends what is not there; a row with neither an "
        "e-mail address nor a LinkedIn profile is never known again: take such rows out first)"
    )


def _print(report: BulkReport, found: Input, command: Command) -> None:
    if command.options.json:
        _print_json(report, found)
    else:
        sys.stdout.write(summary(report, found.name))
        _tell_rows(report, command)
    sys.stdout.flush()  # while the journal still has it


def _judge(report: BulkReport) -> None:
    """End with an error where not every row is there."""
    if report.complete and not report.doubled:
        return
    if not report.created + report.existing + report.unresolved:
        first = next((row for row in report.rows if row.reason), None)
        where = f"; line {first.line:,}: {first.reason}" if first else ""
        raise BadInput(f"all {report.total:,} rows were refused{where}")
    parts = []
    if report.rejected:
        parts.append(f"{report.rejected:,} rows were refused")
    if report.unresolved:
        parts.append(f"of {report.unresolved:,} rows nobody can tell whether they are there")
    if report.doubled:
        parts.append(f"{report.doubled:,} leads are there beyond the rows that were given for them")
    raise Incomplete(", and ".join(parts))


def _print_json(report: BulkReport | BulkPreview, found: Input) -> None:
    notable = [row for row in report.rows if _is_notable(row)]
    report.rows = notable[:_IN_JSON]
    if isinstance(report, BulkReport):
        report.rows_left_out = report.total - len(report.rows)
    columns = [
        dict(zip(("column", "field", "how"), (each.column, *target_of(each)), strict=True))
        for each in found.columns.columns
    ]
    facts = msgspec.to_builtins(report) | {"columns": columns, "notes": found.rows.notes}
    sys.stdout.write(msgspec.json.encode(facts).decode() + "\n")


def _is_notable(row: RowResult) -> bool:
    return bool(row.reason or row.doubles) or row.state in {"rejected", "unresolved"}


def _tell_rows(report: BulkReport, command: Command) -> None:
    """Tell what became of the first rows that were not plainly created or there."""
    notable = [row for row in report.rows if _is_notable(row)]
    for row in notable[:_TOLD]:
        note(told(row))
    if notable and command.options.report is None:
        more = f"the first {_TOLD} such rows; " if len(notable) > _TOLD else ""
        note(f"{more}--report FILE has what became of every row")


def told(row: RowResult) -> str:
    """Return what became of a row in one line."""
    doubles = f"; there are more of it: {', '.join(row.doubles)}" if row.doubles else ""
    reason = f": {row.reason}" if row.reason else ""
    return f"line {row.line:,}: {row.state}{reason}{doubles}"


def summary(report: BulkReport, name: str) -> str:
    """Return a report in a few lines."""
    lines = [
        f"{report.total:,} rows of {name} in {report.seconds:.1f} s: {_ends(report)}",
        f"{report.requests:,} requests ({report.batches:,} batches, {report.singles:,} singles)",
        *_findings(report),
    ]
    return "".join(f"{line}\n" for line in lines)


def _ends(report: BulkReport) -> str:
    names = ("created", "existing", "rejected", "unresolved")
    return ", ".join(f"{getattr(report, name):,} {name}" for name in names)


def _findings(report: BulkReport) -> Iterator[str]:
    if report.runs > 1:
        yield f"gone on with: run {report.runs} of job {report.job_id}"
    if report.updated:
        yield f"{report.updated:,} of the existing were updated"
    if report.batches_persist is False:
        yield "the service did not store what it took in batches: rows went one by one"
    if report.doubled:
        yield f"{report.doubled:,} leads are there beyond the rows that were given for them"
    if not report.verified:
        yield "nothing was looked for: the counts are what the service said"
    yield from _changes(report.changed)


def _changes(changed: dict[str, int]) -> Iterator[str]:
    if changed:
        counts = ", ".join(f"{name} ({count:,})" for name, count in sorted(changed.items()))
        yield f"changed by the rules: {counts}"


async def _preview(found: Input, command: Command) -> None:
    """Print what the import would do."""
    options = command.options
    async with command.connection.open() as lg:
        name = options.new_client
        if name is not None and (there := await client_named(lg, name)) is not None:
            raise _is_there(name, there)
        preview = await lg.leads.preview_many(
            found.rows,
            client_id=options.client if name is None else f"(new) {name.strip()}",
            client_exists=name is None,
            columns=found.given,
            batch_size=options.batch_size,
            mode=options.mode,
            settle=options.settle,
            on_existing=options.on_existing,
            unknown=options.unknown,
            require_email=options.require_email,
            names_from_email=options.names_from_email,
        )
    if options.json:
        _print_json(preview, found)
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _previewed(preview, found.name)))
    if preview.rejected == preview.total:
        raise BadInput(f"all {preview.total:,} rows would be refused")
    if preview.rejected:
        raise Incomplete(f"{preview.rejected:,} rows would be refused")


def _previewed(preview: BulkPreview, name: str) -> Iterator[str]:
    yield (
        f"{preview.total:,} rows of {name}: {preview.ready:,} would be sent, "
        f"{preview.repeated:,} repeat an earlier one, {preview.rejected:,} are refused"
    )
    yield from _changes(preview.changed)
    yield from _told_by_state(preview.rows, "rejected", preview.rejected)
    yield from _told_by_state(preview.rows, "existing", preview.repeated)
    pace = f" at {preview.limit:,.0f} a minute" if preview.limit else ""
    late = f" ({preview.minutes_late:,.1f} if a row is not seen at once and goes out again)"
    yield (
        f"about {preview.requests:,} requests, {preview.minutes:,.1f} minutes{pace}"
        f"{late if preview.minutes_late > preview.minutes else ''}; "
        f"{preview.requests_singly:,} and {preview.minutes_singly:,.1f} minutes, should the "
        "service not store batches"
    )


def _told_by_state(rows: Iterable[RowResult], state: End, count: int) -> Iterator[str]:
    """Give what becomes of the first rows of a state."""
    yield from map(told, islice((row for row in rows if row.state == state), _PREVIEWED))
    if count > _PREVIEWED:
        words = "are refused" if state == "rejected" else "repeat an earlier one"
        yield f"… and {count - _PREVIEWED:,} more {words}"
