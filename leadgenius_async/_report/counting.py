"""One pass over the files, in which each section counts its own."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol

import pyarrow as pa

from leadgenius_async import errors
from leadgenius_async._extract.report import ExportReport
from leadgenius_async._extract.rewrite import extra_fields
from leadgenius_async._report.clients import COLUMN as CLIENT, ClientCounter
from leadgenius_async._report.emails import COLUMN as EMAIL, EmailCounter
from leadgenius_async._report.fields import FillCounter
from leadgenius_async._report.figures import (
    DatasetReport,
    FailedChain,
    Findings,
    RunFigures,
    State,
)
from leadgenius_async._report.groups import columns_of, each_group
from leadgenius_async._report.growth import COLUMN as CREATED, GrowthCounter
from leadgenius_async._report.scores import ScoreCounter, score_fields
from leadgenius_async._report.standing import Standing, in_motion, read_standing

_TRIES = 2  # of files that are replaced while they are read


class _Counter(Protocol):
    @property
    def columns(self) -> Sequence[str]: ...

    def add(self, table: pa.Table) -> None: ...


def make_report(out: str | Path) -> DatasetReport:
    """Count what the files of a Parquet export hold, and tell how its run went.

    Args:
        out: The output folder of an export, finished or not.

    Raises:
        ValueError: It is no folder, holds exports of many tenants, or NDJSON.
        ExportConflict: It holds no export, or one whose files are just being replaced.
        ExportDamaged: A file in it is missing, or is not the one that was written.
        OSError: It cannot be read.

    Example:
        ```python
        import leadgenius_async

        await lg.enrich_leads.export("leads/")
        report = leadgenius_async.make_report("leads/")
        print({field.field: field.share for field in report.fields})
        ```
    """
    out = Path(out)
    standing = read_standing(out)
    for _ in range(_TRIES):
        try:
            with tempfile.TemporaryFile() as scratch:
                return _made(out, *standing, scratch)
        except errors.ExportDamaged:
            before, standing = standing, read_standing(out)
            if _is_same(before, standing):
                raise
    raise in_motion(out)


def _is_same(one: Standing, other: Standing) -> bool:
    """Return whether an export was left alone between two looks at it."""
    return (one.state, one.report.parts) == (other.state, other.report.parts)


def _made(out: Path, report: ExportReport, state: State, scratch: IO[bytes]) -> DatasetReport:
    columns = columns_of(out, report)
    clients = ClientCounter() if CLIENT in columns else None
    emails = EmailCounter(scratch, with_clients=clients is not None) if EMAIL in columns else None
    growth = GrowthCounter() if CREATED in columns else None
    scores = [ScoreCounter(name) for name in score_fields(report.table) if name in columns]
    fill = FillCounter()
    _count(out, report, fill, [each for each in (clients, emails, growth, *scores) if each])
    return DatasetReport(
        out=str(out),
        job_id=report.job_id,
        table=report.table,
        company_id=report.company_id,
        state=state,
        incomplete_because=report.incomplete_because,
        rows=report.rows,
        bytes=report.bytes,
        files=len(report.parts),
        clients=clients.result() if clients else None,
        fields=fill.result(report.table, columns, report.rows),
        extra={name: field.rows for name, field in extra_fields(out, report.parts).items()},
        duplicates=emails.result() if emails else None,
        growth=growth.result() if growth else None,
        scores=[each.result() for each in scores],
        run=_run(report),
        findings=_findings(report),
    )


def _count(
    out: Path, report: ExportReport, fill: FillCounter, counters: Sequence[_Counter]
) -> None:
    wanted = {name for counter in counters for name in counter.columns}
    for group in each_group(out, report):
        told = fill.told(group)
        there = (group.about.column(n).path_in_schema for n in range(group.about.num_columns))
        untold = {*there} - told
        table = group.read([*(wanted | untold)])
        fill.add(table, untold)
        for counter in counters:
            counter.add(table)
        del group, table


def _run(report: ExportReport) -> RunFigures:
    return RunFigures(
        started_at=report.started_at,
        seconds=report.seconds,
        runs=report.runs,
        requests=report.requests,
        pages=report.pages,
        retries=report.retries,
        throttled_seconds=report.throttled_seconds,
        wire_bytes=report.wire_bytes,
        pace_seconds=report.pace_seconds,
        pace=report.pace or None,
    )


def _findings(report: ExportReport) -> Findings:
    chains = report.partitions
    swept = any(chain.kind == "sweep" and chain.done for chain in chains)
    return Findings(
        rejects=report.rejects,
        duplicates=report.duplicates,
        missing=report.missing if swept else None,
        orphans=report.orphans if swept else None,
        recovered=report.recovered if swept else None,
        chains=len(chains),
        chains_done=sum(chain.done for chain in chains),
        restarts=sum(chain.restarts for chain in chains),
        failed=[FailedChain(chain.client_id, chain.error) for chain in chains if chain.error],
    )
