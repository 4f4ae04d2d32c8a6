"""Exports that stand in folders: found, read, checked, discarded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.files import DEEPEST, damage, folders
from leadgenius_async._extract.journal import Journal, Spec
from leadgenius_async._extract.lock import Holder, Lock, is_locked, read_holder
from leadgenius_async._extract.own_files import (
    INTENT,
    JOURNAL,
    MANIFEST,
    STATE,
    SUCCESS,
    clear,
    forget,
    require_own,
)
from leadgenius_async._extract.report import ExportReport, PartitionReport
from leadgenius_async._extract.rewrite import count_rows

State = Literal["running", "unfinished", "complete", "incomplete", "damaged"]


class ExportJob(msgspec.Struct, kw_only=True):
    """An export that stands in a folder.

    Attributes:
        kind: `export`.
        job_id: Names it, through all its runs.
        out: The folder.
        state: `running` in some process; `unfinished`, which the same command goes on with;
            `complete`; `incomplete`, where nothing is left to go on with; or `damaged`.
        rows: Rows that are durable.
        chains_done: Chains that have reached their end, of all `chains`.
        runs: How often it was started.
        holder: Which process runs it.
        problem: What is wrong with it, in one sentence.
        spec: What was asked for; of an unfinished one.
        partitions: One entry a chain.
    """

    kind: Literal["export"] = "export"
    job_id: str
    out: str
    state: State
    table: str = ""
    company_id: str = ""
    rows: int = 0
    chains: int = 0
    chains_done: int = 0
    runs: int = 1
    started_at: str = ""
    holder: Holder | None = None
    problem: str | None = None
    spec: Spec | None = None
    partitions: list[PartitionReport] = []


class Verdict(msgspec.Struct, kw_only=True):
    """Whether the files of an export are those that its manifest names.

    Attributes:
        ok: Whether they are, and the export is complete.
        rows: Rows that were counted in the files.
        files: Files that were read.
        problems: What is wrong, one sentence each.
    """

    out: str
    ok: bool
    rows: int
    files: int
    problems: list[str]


def find_jobs(folder: Path) -> Iterator[ExportJob]:
    """Give the exports in a folder and the folders below it."""
    for path in folders(folder, DEEPEST):
        if (job := read_job(path)) is not None:
            yield job


def read_job(out: Path) -> ExportJob | None:
    """Return the export that stands in a folder; None if none does."""
    if (found := _unfinished(out)) is not None:
        return found
    if (out / MANIFEST).exists():
        return _finished(out)
    return None


def discard(out: Path) -> None:
    """Delete an export: its files, its manifest and what it would go on from.

    Raises:
        ExportConflict: None stands there.
        ExportLocked: Some process is at it.
    """
    if read_job(out) is None:
        raise errors.ExportConflict(f"{out} holds no export")
    state = out / STATE
    state.mkdir(exist_ok=True)
    lock = Lock(state, "discard")
    try:
        clear(out)
        forget(state)
        shutil.rmtree(state, ignore_errors=True)
    finally:
        lock.release()
    if not any(out.iterdir()):
        out.rmdir()


def verify(out: Path) -> Verdict:
    """Compute digests and counts of an export's files anew, and compare them to its manifest.

    Raises:
        ExportDamaged: There is no manifest that can be read, or it names files that no export
            writes.
    """
    report = read_manifest(out)
    problems = [*damage(out, report.parts)]
    there = [part for part in report.parts if (out / part.file).exists()]
    counts = {part.file: count_rows(out / part.file) for part in there}
    problems += [
        f"{part.file} has {counts[part.file]} rows, and the manifest says {part.rows}"
        for part in there
        if counts[part.file] != part.rows
    ]
    rows = sum(count or 0 for count in counts.values())
    named = {part.file for part in report.parts}
    found = {path.relative_to(out).as_posix() for path in (out / report.table).rglob("part-*")}
    problems += [f"{name} is not in the manifest" for name in sorted(found - named)]
    problems += _contradictions(out, report)
    return Verdict(out=str(out), ok=not problems, rows=rows, files=len(counts), problems=problems)


def _contradictions(out: Path, report: ExportReport) -> Iterator[str]:
    if sum(part.rows for part in report.parts) != report.rows:
        yield "the rows of the parts do not add up to the manifest's"
    if not report.complete:
        yield f"the export is not complete: {report.incomplete_because}"
    if report.complete and not (out / SUCCESS).exists():
        yield f"{SUCCESS} is missing"
    if (out / INTENT).exists():
        yield "its compaction was cut off: `leadgenius compact` finishes it"
    at_ends = all(partition.done for partition in report.partitions)
    enough = report.limit is not None and report.rows >= report.limit
    if report.complete and not (at_ends or enough):
        yield "a chain has not reached its end"


def opened(path: Path) -> Journal | None:
    """Return a journal that another process, or another thread of this one, may have open.

    None if there is none, or none any more: an export that ends takes it away.
    """
    problems: list[OSError] = []
    # SQLite says the same of one that its process closes in this moment, and of another user's.
    for writable in (True, True, False):
        if not path.exists():
            return None
        try:
            return Journal(path, writable=writable)
        except OSError as error:
            problems.append(error)
    if path.exists():
        raise problems[0]
    return None


def _unfinished(out: Path) -> ExportJob | None:
    state = out / STATE
    running = is_locked(state)
    try:
        if (journal := opened(state / JOURNAL)) is None:
            return None
    except errors.ExportDamaged as error:
        return ExportJob(job_id="", out=str(out), state="damaged", problem=str(error))
    try:
        job, chains = journal.job, [chain.report for chain in journal.chains]
        return ExportJob(
            job_id=job.job_id,
            out=str(out),
            state="running" if running else "unfinished",
            table=job.spec.table,
            company_id=job.spec.company_id,
            rows=sum(part.rows for part in journal.parts.values()),
            chains=len(chains),
            chains_done=sum(chain.done for chain in chains),
            runs=job.runs,
            started_at=job.started_at,
            holder=read_holder(state) if running else None,
            problem=next((chain.error for chain in chains if chain.error), None),
            spec=job.spec,
            partitions=chains,
        )
    finally:
        journal.close()


def _finished(out: Path) -> ExportJob:
    try:
        report = read_manifest(out)
    except errors.ExportDamaged as error:
        return ExportJob(job_id="", out=str(out), state="damaged", problem=str(error))
    return ExportJob(
        job_id=report.job_id,
        out=str(out),
        state="complete" if report.complete else "incomplete",
        table=report.table,
        company_id=report.company_id,
        rows=report.rows,
        chains=len(report.partitions),
        chains_done=sum(partition.done for partition in report.partitions),
        runs=report.runs,
        started_at=report.started_at,
        problem=report.incomplete_because,
        partitions=report.partitions,
    )


def read_manifest(out: Path) -> ExportReport:
    """Return what the manifest of the export in a folder says.

    Raises:
        ExportDamaged: There is none that can be read, or it names files that no export writes.
    """
    try:
        report = msgspec.json.decode((out / MANIFEST).read_bytes(), type=ExportReport)
    except OSError as error:
        raise errors.ExportDamaged(f"{out} has no manifest to read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise errors.ExportDamaged(
            f"{out / MANIFEST} cannot be read ({error}): take the export out anew (--overwrite)"
        ) from None
    require_own(out / MANIFEST, report.table, [part.file for part in report.parts])
    return report
