"""`leadgenius compact`: a finished Parquet export written anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
from cyclopts import App

from leadgenius_async._extract.report import CompactReport
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.export import split_fields
from leadgenius_async.cli.options import Flag, Json, require_local

app: App = App(
    name="compact",
    help_epilogue=examples("compact leads", "compact leads --promote --max-file-size 1024"),
)


@app.default
def compact(
    directory: Path,
    /,
    *,
    promote: Flag = False,
    fields: str | None = None,
    max_file_size: int = 512,
    json: Json = False,
) -> None:
    """Put small parts together, and make columns of what nobody declared.

    Args:
        directory: The folder of a finished Parquet export.
        promote: Make columns of the fields in _extra.
        fields: Those to make columns of, separated by commas; all if not given.
        max_file_size: Most megabytes (of 1,048,576 bytes) of a part put together of smaller ones.
        json: Print the report as one JSON object.
    """
    from leadgenius_async._extract.compact import compact as rewrite  # noqa: PLC0415 - loads pyarrow

    require_local(directory)
    names = split_fields(fields)
    report = rewrite(directory, promote=promote, fields=names, max_bytes=max_file_size * 2**20)
    if json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in _summary(report)))


def _summary(report: CompactReport) -> Iterator[str]:
    if report.resumed:
        yield "an earlier compaction that was cut off was finished"
    yield (
        f"{report.rows:,} rows in {report.parts:,} files, {report.bytes / 1e6:,.1f} MB in "
        f"{report.out} (before: {report.parts_before:,} files, {report.bytes_before / 1e6:,.1f} MB)"
    )
    if report.promoted:
        names = ", ".join(f"{name} ({type_})" for name, type_ in report.promoted.items())
        yield f"columns made of fields in _extra: {names}"
    if report.extra:
        names = ", ".join(f"{name} ({rows:,})" for name, rows in report.extra.items())
        yield f"fields in _extra: {names}"
