"""The export that a folder holds, finished or not, as its manifest or its journal tells."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import msgspec

from leadgenius_async import errors
from leadgenius_async._accounts.report import TenantsReport
from leadgenius_async._accounts.tenant import REPORT as TENANTS
from leadgenius_async._extract.jobs import opened, read_manifest
from leadgenius_async._extract.lock import is_locked
from leadgenius_async._extract.manifest import of_journal
from leadgenius_async._extract.own_files import (
    INTENT,
    JOURNAL,
    LAYOUT,
    MANIFEST,
    STATE,
    TABLES,
    require_own,
)
from leadgenius_async._extract.pace import MOST as PACE_MOST
from leadgenius_async._extract.report import ExportReport
from leadgenius_async._report.figures import State

_MOST_NAMED = 10  # folders in an error
_MOST = 2**63  # of any figure
#: Why an export is not complete, by whether it is locked.
_UNFINISHED = {
    True: "it is still running",
    False: "it was cut off, and `leadgenius jobs resume` goes on with it",
    None: "it has not come to its end; whether it is running, its owner alone can tell",
}


class Standing(NamedTuple):
    """What stands in a folder."""

    report: ExportReport
    state: State


def read_standing(out: Path) -> Standing:
    """Return the Parquet export that a folder holds.

    Raises:
        ValueError: It is no folder, holds exports of many tenants, or NDJSON.
        ExportConflict: It holds no export, or one whose files are just being replaced.
        ExportDamaged: Its manifest or its journal cannot be read.
        OSError: The folder cannot be read.
    """
    if not out.is_dir():
        raise ValueError(f"{out} is no folder")
    _require_settled(out)
    found = _unfinished(out) or _finished(out)
    if found.report.format != "parquet":
        raise ValueError(
            f"{out} holds NDJSON, and a report is made of Parquet: export with --format parquet"
        )
    return found


def _require_settled(out: Path) -> None:
    if (out / INTENT).exists():
        raise errors.ExportConflict(
            f"{out} holds an export whose compaction was cut off: `leadgenius compact {out}` "
            "finishes it"
        )
    if (out / STATE / LAYOUT).exists():
        raise in_motion(out)


def _finished(out: Path) -> Standing:
    if not (out / MANIFEST).exists():
        raise _no_export(out)
    report = read_manifest(out)
    _require_figures(out / MANIFEST, report)
    return Standing(report, "complete" if report.complete else "incomplete")


def _unfinished(out: Path) -> Standing | None:
    """Return the export that a journal tells of; None if there is none, or none any more."""
    running = is_locked(out / STATE)
    if (journal := opened(out / STATE / JOURNAL)) is None:
        return None
    try:
        report = of_journal(out, journal)
        is_swapped = bool(journal.swap)
    finally:
        journal.close()
    require_own(out / STATE / JOURNAL, report.table, [part.file for part in report.parts])
    _require_figures(out / STATE / JOURNAL, report)
    if is_swapped:
        raise in_motion(out)
    report.incomplete_because = next(
        (f"a chain failed: {chain.error}" for chain in report.partitions if chain.error),
        _UNFINISHED[running],
    )
    return Standing(report, "running" if running else "unfinished")


def _require_figures(path: Path, report: ExportReport) -> None:
    """Refuse figures that no export has: charts and sums of them would fail."""
    if len(report.pace) > PACE_MOST:
        raise _untrue(path, "pace")
    for struct in (report, *report.pace, *report.partitions, *report.parts):
        for name in struct.__struct_fields__:
            value = getattr(struct, name)
            if isinstance(value, int | float) and not 0 <= value <= _MOST:
                raise _untrue(path, name)


def _untrue(path: Path, name: str) -> errors.ExportDamaged:
    return errors.ExportDamaged(
        f"{path} says of {name!r} what is true of no export: `leadgenius verify` checks all files; "
        "put it back, or export anew (--overwrite)"
    )


def in_motion(out: Path) -> errors.ExportConflict:
    """Return the error of an export whose files are being replaced."""
    return errors.ExportConflict(
        f"{out} holds an export whose files are being written anew: wait for it, or, if it was cut "
        f"off, let `leadgenius jobs resume {out}` finish it"
    )


def _no_export(out: Path) -> Exception:
    if (out / TENANTS).exists():
        return ValueError(f"{out} holds the exports of many accounts: {_folders(out)}")
    if out.name in TABLES and (out.absolute().parent / MANIFEST).exists():
        return ValueError(f"{out} is the dataset alone: give the folder that it is in")
    return errors.ExportConflict(f"{out} holds no export: there is nothing to report on")


def _folders(out: Path) -> str:
    try:
        found = msgspec.json.decode((out / TENANTS).read_bytes(), type=TenantsReport)
    except msgspec.MsgspecError:
        return f"{TENANTS} cannot be read; give the folder of one"
    names = [tenant.name for tenant in found.tenants]
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"give the folder of one ({', '.join(names[:_MOST_NAMED])}{more})"
