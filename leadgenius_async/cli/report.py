"""`leadgenius report`: what the files of an export hold, in figures and as a page."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
from cyclopts import App

from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.notes import note
from leadgenius_async.cli.options import Flag, Json, require_local
from leadgenius_async.cli.output import indented

app: App = App(
    name="report",
    help_epilogue=examples("report leads", "report leads --html report.html --overwrite"),
)


@app.default
def report(
    directory: Path,
    /,
    *,
    html: Path | None = None,
    overwrite: Flag = False,
    json: Json = False,
) -> None:
    """Tell what the Parquet files of an export hold, and how its run went, in counts alone.

    Leads by client, how full each field is, duplicates by e-mail, growth, scores, and the run's
    requests against the limit over time. It sends no request, and shows nobody's data.

    Args:
        directory: The folder of a Parquet export, finished or not.
        html: Write a page to this file: it needs no other one, and no network.
        overwrite: Replace the file, though it is no report.
        json: Print the figures as one JSON object.
    """
    from leadgenius_async._report.counting import make_report  # noqa: PLC0415 - loads pyarrow
    from leadgenius_async._report.page import check_page, write_page  # noqa: PLC0415 - the same
    from leadgenius_async._report.summary import summary  # noqa: PLC0415 - the same

    require_local(directory)
    if html is not None:
        require_local(html)
        check_page(html, directory, overwrite=overwrite)
    figures = make_report(directory)
    if html is not None:
        write_page(figures, html, overwrite=overwrite)
        note(f"the page is in {html}")
    if json:
        sys.stdout.write(indented(msgspec.json.encode(figures)))
    elif html is None:
        sys.stdout.write("".join(f"{line}\n" for line in summary(figures)))
