"""What a manifest says of an export: what stands in its files, and whether that is all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from leadgenius_async import errors
from leadgenius_async._extract.journal import Journal
from leadgenius_async._extract.pace import rounded
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import Query
from leadgenius_async._extract.report import ExportReport
from leadgenius_async._extract.rewrite import extra_fields
from leadgenius_async._extract.schema import DatasetSchema, ExtraField, describe_schema

_NO_SWEEP = (
    "the chains walked the known clients only, and no sweep looked for rows that they miss (leave "
    "out --no-sweep)"
)


def make_report(
    out: Path, query: Query, journal: Journal
) -> tuple[ExportReport, DatasetSchema | None]:
    """Return what the manifest and `schema.json` say of what is durable; of NDJSON no schema."""
    report = of_journal(out, journal)
    report.company_id = query.company_id
    extra = extra_fields(out, report.parts)
    report.extra = {name: field.rows for name, field in extra.items()}
    return report, _schema(query, extra) if report.format == "parquet" else None


def of_journal(out: Path, journal: Journal) -> ExportReport:
    """Return what a journal says of what is durable; what `_extra` holds is in the parts alone."""
    job, totals = journal.job, journal.job.totals
    parts = [*journal.parts.values()]
    chains = [chain.report for chain in journal.chains]
    return ExportReport(
        job_id=job.job_id,
        asked=job.spec.digest,
        table=job.spec.table,
        company_id=job.spec.company_id,
        out=str(out),
        format=job.spec.format,
        compression=job.spec.compression,
        fields=job.spec.fields,
        since=job.spec.since,
        limit=job.spec.limit,
        rows=sum(part.rows for part in parts),
        bytes=sum(part.bytes for part in parts),
        wire_bytes=totals.wire_bytes,
        requests=sum(chain.requests for chain in chains),
        pages=sum(chain.pages for chain in chains),
        retries=totals.retries,
        throttled_seconds=round(totals.throttled, 3),
        rejects=totals.rejects,
        duplicates=totals.duplicates,
        missing=totals.missing,
        orphans=totals.orphans,
        recovered=totals.recovered,
        runs=job.runs,
        seconds=round(totals.seconds, 3),
        started_at=job.started_at,
        files=[str(out / part.file) for part in parts],
        partitions=chains,
        parts=parts,
        pace_seconds=totals.pace_seconds,
        pace=rounded(totals.pace),
    )


def _schema(query: Query, extra: Mapping[str, ExtraField]) -> DatasetSchema:
    columns = [(field.name, field.type) for field in query.wanted]
    return describe_schema(query.table, columns, extra)


def doubts(
    report: ExportReport,
    failed: Mapping[Partition, errors.LeadGeniusError],
    *,
    unswept: bool,
) -> str | None:
    """Return why the files may not hold all that was asked for; None if they do.

    Args:
        report: What stands.
        failed: What chains ended with.
        unswept: Whether rows that the chains of the known clients miss were not looked for.
    """
    if failed:
        names = ", ".join(partition.name for partition in failed)
        first = next(iter(failed.values()))
        return (
            f"{len(failed)} of {len(report.partitions)} chains failed ({names}: {first}); the same "
            "command, or --retry-failed, goes on with them"
        )
    read = sum(chain.rows for chain in report.partitions if chain.kind != "sweep")
    if report.rows + report.duplicates != read:
        return (
            f"{read:,} rows were read, {report.duplicates:,} of them dropped as duplicates, "
            f"and {report.rows:,} stand in the files"
        )
    at_ends = all(chain.done for chain in report.partitions)
    if report.limit is not None and report.rows < report.limit and not at_ends:
        return f"{report.rows:,} rows stand in the files, and there are more up to the limit"
    if report.rejects:
        return f"{report.rejects:,} rows could not be read; they stand raw in rejects.ndjson"
    return _NO_SWEEP if unswept else None
