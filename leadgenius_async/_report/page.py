"""A report as one HTML page that needs nothing else: no script, no link, no other file."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from leadgenius_async._extract.own_files import STATE, is_own
from leadgenius_async._report import chart_sections, sections, words
from leadgenius_async._report.field_section import fields
from leadgenius_async._report.figures import DatasetReport
from leadgenius_async._report.style import STYLE
from leadgenius_async._report.timeline import pace
from leadgenius_async._version import __version__

#: By which a page of ours is known, so that it may be written over.
MARK = '<meta name="generator" content="leadgenius report">'
_LOOKED_AT = 4096  # bytes in which it stands
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STATES = {
    "complete": ("good", "complete"),
    "incomplete": ("warn", "not complete"),
    "unfinished": ("warn", "not finished"),
    "running": ("warn", "running"),
}


def write_page(report: DatasetReport, path: Path, *, overwrite: bool = False) -> None:
    """Write the page whole: nobody sees a half of it.

    Args:
        report: What it shows.
        path: The file; the folder that it is in must exist.
        overwrite: Whether a file that is no report of ours is replaced.

    Raises:
        ValueError: It is a place that `check_page` refuses.
        OSError: It cannot be written.
    """
    check_page(path, Path(report.out), overwrite=overwrite)
    target = Path(os.path.realpath(path))  # where a link leads to: it stays one
    handle, temporary = tempfile.mkstemp(prefix=".report.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(render(report))
        Path(temporary).chmod(_mode(target))
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """Return the mode of the file that is replaced; else that of any file that is made."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def check_page(path: Path, out: Path, *, overwrite: bool = False) -> None:
    """Refuse a place for the page before anything is counted.

    Args:
        path: The file.
        out: The folder of the export.
        overwrite: Whether a file that is no report of ours is replaced.

    Raises:
        ValueError: It is in no folder, is no file, one of the export's own, or one that is no
            report of ours.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise ValueError(f"{target.parent} is no folder: make it first")
    if target.is_dir():
        raise ValueError(f"{path} is a folder: name the file that is to be written")
    if target.exists() and not target.is_file():
        raise ValueError(f"{path} is no regular file: choose another name")
    if _is_of_export(target, Path(os.path.realpath(out))):
        raise ValueError(f"{path} is a file of the export itself: choose another name")
    if target.exists() and not overwrite and not _is_ours(target):
        raise ValueError(
            f"{path} is no report of this command: choose another name, or replace it (--overwrite)"
        )


def _is_of_export(path: Path, out: Path) -> bool:
    if not path.is_relative_to(out):
        return False
    name = path.relative_to(out).as_posix()
    return name.startswith(STATE) or is_own(name)


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        return MARK.encode() in file.read(_LOOKED_AT)


def render(report: DatasetReport) -> str:
    """Return the page."""
    title = f"{report.table} of {report.company_id}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n{MARK}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{words.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"{_header(report)}\n<main>\n{chr(10).join(_sections(report))}\n</main>\n"
        f"<footer>Counts alone: no name, address or number of a lead is on this page. "
        f"Export {words.escape(report.job_id)}, leadgenius {__version__}.</footer>\n"
        "</body>\n</html>\n"
    )


def _sections(report: DatasetReport) -> Iterator[str]:
    yield sections.clients(report)
    yield sections.duplicates(report)
    yield sections.findings(report)
    yield chart_sections.growth(report)
    yield fields(report)
    yield chart_sections.scores(report)
    yield pace(report)


def _header(report: DatasetReport) -> str:
    class_, state = _STATES[report.state]
    because = words.without_addresses(report.incomplete_because or "")
    why = f'<p class="why">{words.escape(because)}</p>' if because else ""
    began = report.run.started_at.replace("T", " ").replace("+00:00", " UTC")
    return (
        f'<header><p class="eyebrow">Export of {words.escape(report.table)}</p>'
        f"<h1><bdi>{words.escape(report.company_id)}</bdi></h1>"
        f'<p class="facts"><span class="badge {class_}">{state}</span>started '
        f'{words.escape(began)}</p>{why}<dl class="tiles" id="tiles">{_tiles(report)}</dl></header>'
    )


def _tiles(report: DatasetReport) -> str:
    return "".join(
        f"<div><dt>{label}</dt><dd>{figure}</dd><dd>{words.escape(said) or '&nbsp;'}</dd></div>"
        for label, figure, said in _headlines(report)
    )


def _headlines(report: DatasetReport) -> Iterator[tuple[str, str, str]]:
    run, rows = report.run, report.rows
    yield "Leads", words.count(rows), f"{words.size(report.bytes)}, {_files(report)}"
    if report.clients is not None:
        top = report.clients.largest[0].rows if report.clients.largest else 0
        largest = f"the largest has {words.share(top, rows)}" if rows else ""
        yield "Clients", words.count(report.clients.count), largest
    filled = {field.field: field for field in report.fields}
    if found := filled.get("email"):
        yield "With e-mail", words.share(found.rows, rows), words.several(found.rows, "lead")
    if report.duplicates is not None:
        again = report.duplicates.repeated
        yield "Repeated addresses", words.count(again.addresses), f"{again.surplus:,} leads surplus"
    yield "Requests", words.count(run.requests), words.several(run.retries, "retry", "retries")
    runs = f"{run.runs:,} runs" if run.runs > 1 else f"{words.count(_speed(report))} leads a second"
    yield "Duration", words.span(run.seconds), runs


def _speed(report: DatasetReport) -> float:
    return report.rows / report.run.seconds if report.run.seconds else 0.0


def _files(report: DatasetReport) -> str:
    return words.several(report.files, "file")
