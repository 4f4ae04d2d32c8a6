"""A report's page: whole, alone, and safe whatever the service sent."""

from __future__ import annotations

import os
import re
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from leadgenius_async._extract.report import Pace
from leadgenius_async._report.figures import (
    Bin,
    ClientRows,
    Clients,
    DatasetReport,
    Duplicates,
    FailedChain,
    FieldFill,
    Findings,
    Growth,
    Period,
    Repeated,
    RunFigures,
    Scores,
)
from leadgenius_async._report.page import MARK, check_page, render, write_page
from leadgenius_async._report.summary import summary
from leadgenius_async._report.words import without_addresses

NASTY = "<script>alert(1)</script>\"'&\u202eevil\x1b[31m\x00</title></style>"


def a_report(name: str = "acme-corp", **changes: object) -> DatasetReport:
    again = Repeated(addresses=2, leads=5, surplus=3)
    pace = [
        Pace(at=0, seconds=10, requests=16, rows=1_600, limit=100),
        Pace(at=10, seconds=10, requests=10, retries=2, throttled=7.5, rows=900, limit=100),
        Pace(at=7_200, seconds=4, requests=6, rows=500, limit=None),
    ]
    report = DatasetReport(
        out="leads",
        job_id="0123456789ab",
        table="enrich_leads",
        company_id=name,
        state="unfinished",
        incomplete_because=f"a chain failed: {name} ada@sample.example said no",
        rows=3_000,
        bytes=1_234_567,
        files=2,
        clients=Clients(
            count=40,
            largest=[ClientRows(name, 2_000), ClientRows(None, 500), ClientRows("", 100)],
            others=37,
            others_rows=400,
        ),
        fields=[
            FieldFill(field="email", group="person", rows=2_999, share=2_999 / 3_000),
            FieldFill(field=name, group="", rows=0, share=0.0),
        ],
        extra={name: 7},
        duplicates=Duplicates(
            with_email=2_999, without_email=1, addresses=2_996, repeated=again, within_client=again
        ),
        growth=Growth(
            unit="month", dated=3_000, undated=4, unreadable=2, first="2026-01-05",
            last="2026-02-01",
            periods=[Period("2026-01-01", 1_000, 1_000), Period("2026-02-01", 2_000, 3_000)],
        ),
        scores=[Scores(field="aiLeadScore", numbers=10, not_numbers=1, absent=2, least=0.0,
                       median=5.0, most=10.0, bins=[Bin(0.0, 5.0, 4), Bin(5.0, 10.0, 6)])],
        run=RunFigures(
            started_at="2026-03-01T10:00:00+00:00", seconds=24.0, runs=2, requests=32, pages=30,
            retries=2, throttled_seconds=7.5, wire_bytes=5_000_000, pace_seconds=10.0, pace=pace,
        ),
        findings=Findings(
            rejects=1, duplicates=2, missing=3, orphans=2, recovered=3, chains=4, chains_done=3,
            restarts=1, failed=[FailedChain(name, f"GET /x: 500: {name} bob@sample.example")],
        ),
    )  # fmt: skip
    return msgspec.structs.replace(report, **changes)


class Parsed(HTMLParser):
    """A page's tags, ids, attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str | None]:
        return [value for attribute, value in self.attributes if attribute == name]


def test_what_the_service_sent_is_text() -> None:
    """No tag, attribute, control character or turned line comes of a name or an error."""
    page, plain = render(a_report(NASTY)), Parsed(render(a_report()))
    parsed = Parsed(page)
    assert parsed.tags == plain.tags
    assert [name for name, _ in parsed.attributes] == [name for name, _ in plain.attributes]
    assert parsed.text.count("<script>alert(1)</script>") >= 4
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", page)


def test_long_names_are_whole() -> None:
    """They are cut by the style alone."""
    name = "n" * 400
    assert Parsed(render(a_report(name))).text.count(name) >= 4


def test_no_address_is_on_the_page() -> None:
    """Errors may name somebody: what looks like an address is left out."""
    report = a_report()
    for shown in (render(report), "\n".join(summary(report))):
        assert "said no" in shown
        assert "@sample.example" not in shown


def test_it_stands_alone() -> None:
    """It loads nothing, runs nothing and leads nowhere, and says so to the browser."""
    page = Parsed(render(a_report()))
    assert not {"script", "link", "img", "a", "iframe", "form"} & {*page.tags}
    assert "default-src 'none'; style-src 'unsafe-inline'" in page.values("content")
    assert not {"src", "href", "action", "srcdoc"} & {name for name, _ in page.attributes}
    assert "url(" not in render(a_report())


def test_it_can_be_read_aloud() -> None:
    """Headings in order, charts with titles and tables of the same, heads with scopes."""
    page = Parsed(render(a_report()))
    ids = [id_ for id_ in page.values("id") if id_]
    assert len(ids) == len({*ids})
    assert {"clients", "fields", "duplicates", "growth", "scores", "pace", "findings"} < {*ids}
    levels = [int(tag[1]) for tag in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert page.tags.count("main") == page.tags.count("h1") == 1
    assert page.tags.count("svg") == page.values("role").count("img")
    assert page.tags.count("th") == len(page.values("scope"))


def test_figures_are_shown() -> None:
    """As people read them; a share that is not all is not shown as all."""
    text = Parsed(render(a_report())).text.replace("\xa0", " ")
    for figure in ("3,000", "1.2 MB", "> 99.9 %", "37 others", "in 5 leads, 3 of them surplus",
                   "2026-01-05 to 2026-02-01", "1 h 59 min off",
                   "4 without createdAt"):  # fmt: skip
        assert figure in text, figure


def test_what_was_not_asked_for_is_said() -> None:
    """Of a column that is not in the files there are no zeros."""
    run = msgspec.structs.replace(a_report().run, pace=None)
    report = a_report(clients=None, duplicates=None, growth=None, scores=[], run=run)
    text = Parsed(render(report)).text
    for column in ("client_id", "email", "createdAt"):
        assert f"The files have no column {column}" in text
    assert "no column that holds a score" in text
    assert "was not recorded" in text


def test_nothing_is_durable_yet() -> None:
    """Nothing is said of columns, nor of older versions, where there is no file."""
    run = msgspec.structs.replace(a_report().run, pace=None)
    report = a_report(
        rows=0, files=0, clients=None, fields=[], extra={}, duplicates=None, growth=None,
        scores=[], run=run,
    )  # fmt: skip
    text = Parsed(render(report)).text
    assert text.count("Nothing is durable yet.") == 6
    for said in (text, "".join(summary(report))):
        assert "no column" not in said
        assert "not recorded" not in said


def test_nothing_at_all() -> None:
    """An export without a row has a page too."""
    none = Clients(count=0, largest=[], others=0, others_rows=0)
    growth = Growth(unit="day", dated=0, undated=0, unreadable=0, first=None, last=None, periods=[])
    report = a_report(rows=0, files=0, clients=none, fields=[], extra={}, growth=growth, scores=[])
    assert "There are no leads." in render(report)
    assert list(summary(report))


def test_writing(tmp_path: Path) -> None:
    """A report replaces a report; anything else is refused, unless it may be overwritten."""
    folder = tmp_path / "reports"
    folder.mkdir()
    path = folder / "report.html"
    write_page(a_report(), path)
    write_page(a_report("other"), path)
    assert MARK in path.read_text()
    assert "other" in path.read_text()
    path.write_text("mine")
    with pytest.raises(ValueError, match="--overwrite"):
        write_page(a_report(), path)
    assert path.read_text() == "mine"
    write_page(a_report(), path, overwrite=True)
    assert MARK in path.read_text()
    path.chmod(0o600)
    write_page(a_report(), path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in folder.iterdir()] == ["report.html"]
    with pytest.raises(ValueError, match="is a folder"):
        write_page(a_report(), tmp_path)
    with pytest.raises(ValueError, match="is no folder"):
        write_page(a_report(), tmp_path / "nowhere" / "report.html")


@pytest.mark.skipif(sys.platform == "win32", reason="it has neither")
def test_what_is_no_file(tmp_path: Path) -> None:
    """A link stays one, and a pipe or a device is refused before anybody waits for it."""
    page, link, pipe = (tmp_path / name for name in ("page.html", "link.html", "pipe"))
    link.symlink_to(page)
    write_page(a_report(), link)
    assert link.is_symlink()
    assert MARK in page.read_text()
    os.mkfifo(pipe)
    for place in (pipe, Path(os.devnull)):
        with pytest.raises(ValueError, match="no regular file"):
            check_page(place, tmp_path, overwrite=True)


@pytest.mark.parametrize(
    "name",
    [
        "manifest.json",
        "_SUCCESS",
        "enrich_leads/part-00000.parquet",
        "enrich_leads/client_id=acme/part-00000.parquet",
        ".leadgenius/journal.db",
        ".leadgenius-compact.json",
    ],
)
def test_no_file_of_the_export_is_replaced(tmp_path: Path, name: str) -> None:
    """Not even with `overwrite`, whether it is there by now or not."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    with pytest.raises(ValueError, match="of the export itself"):
        check_page(tmp_path / "enrich_leads" / ".." / name, tmp_path, overwrite=True)


def test_a_long_error_takes_no_time() -> None:
    """A text without blanks is looked through once: its square would be a minute."""
    text = "x" * 100_000
    assert without_addresses(f"{text} mia@sample.example") == f"{text} …@…"
