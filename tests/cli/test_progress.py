"""What a long job says while it runs."""

from __future__ import annotations

import io
import sys
import time

import msgspec
import pytest

from leadgenius_async.cli.progress import (
    ImportDisplay,
    ProgressDisplay,
    describe,
    describe_import,
)
from leadgenius_async.models import BulkProgress, Progress


def make(**changes: float | None) -> Progress:
    values: dict[str, object] = {
        "job_id": "j1",
        "rows": 50_000,
        "pages": 40,
        "requests": 41,
        "wire_bytes": 10**8,
        "seconds": 10.0,
        "chains": 1,
        "chains_done": 0,
        "limit": 1000.0,
        "throttled_for": 0.0,
    }
    return Progress(**{**values, **changes})  # type: ignore[arg-type] # values by name


def test_it_says_how_fast_and_how_much_of_the_limit() -> None:
    """Rows, rows per second, pages, requests of the limit."""
    line = describe(make())
    assert line == "50,000 rows · 5,000 rows/s · 40 pages · 41 requests (246 of 1,000 a minute)"


def test_it_says_what_is_left_when_the_total_is_known() -> None:
    """Time left, and chains where there are several."""
    line = describe(make(chains=12, chains_done=3), total=100_000)
    assert "3/12 chains" in line
    assert "10 s left" in line


def test_waiting_is_not_hanging() -> None:
    """While a 429 is waited out, it says until when."""
    assert describe(make(throttled_for=41.2)).endswith("throttled, resumes in 41 s")
    assert "a minute" not in describe(make(limit=None))


def test_off_a_terminal_it_prints_a_line_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The job's id first, then a line every ten seconds, and nothing in between."""
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    with ProgressDisplay("leads") as display:
        for now in (100.0, 105.0, 111.0, 112.0):
            display(make(rows=int(now)))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "leads: job j1"
    assert [line.split(" ")[1] for line in lines[1:]] == ["111"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_draws_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar carries the same facts."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "200")
    with ProgressDisplay("leads", total=100_000) as display:
        display(make())
    assert "50,000 rows" in screen.getvalue()


IMPORT = BulkProgress(
    job_id="j2",
    read=5_000,
    created=4_000,
    existing=20,
    rejected=3,
    unresolved=0,
    open=977,
    requests=90,
    seconds=60.0,
    waiting=41.2,
    limit=100.0,
)


def test_an_import_says_what_became_of_its_rows() -> None:
    """And that it waits, not hangs."""
    assert describe_import(IMPORT) == (
        "5,000 rows read · 4,000 created · 20 existing · 3 rejected · 0 unresolved · "
        "977 sent and not seen yet · 90 requests (90 of 100 a minute) · "
        "waiting up to 42 s for 977 rows to show"
    )
    last = msgspec.structs.replace(IMPORT, open=0, waiting=0.2)
    assert describe_import(last).endswith(" · waiting up to 1 s before the next look")


def test_an_import_names_its_job_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal as elsewhere, once."""
    with ImportDisplay("people.csv") as display:
        display(IMPORT)
        display(IMPORT)
    assert capsys.readouterr().err == "people.csv: job j2\n"
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "200")
    with ImportDisplay("people.csv") as display:
        display(IMPORT)
        display(IMPORT)
    assert screen.getvalue().count("people.csv: job j2") == 1
    assert "waiting up to 42 s for 977 rows" in screen.getvalue()
