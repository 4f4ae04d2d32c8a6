"""Log records as JSON."""

from __future__ import annotations

import json
import logging
import logging.config
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator, faults
from leadgenius_async.logs import JsonFormatter


def line_of(message: str, *args: object, **record: Any) -> dict[str, Any]:
    """Format a record, and read the line."""
    told = logging.makeLogRecord(
        {"name": "mine", "levelname": "INFO", "msg": message, "args": args, **record}
    )
    line = JsonFormatter().format(told)
    assert line.isascii()
    assert line.splitlines() == [line]
    read: dict[str, Any] = json.loads(line, parse_constant=pytest.fail)
    return read


def test_a_record_is_an_object_on_one_line() -> None:
    """With its time in UTC, and its message put together."""
    at = datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC).timestamp()
    assert line_of("two lines\nof %s", "text", created=at) == {
        "time": "2026-01-31T12:00:00.250Z",
        "level": "info",
        "logger": "mine",
        "message": "two lines\nof text",
    }


def test_what_is_given_with_a_record_is_a_member() -> None:
    """Values that JSON has stay what they are, others are told as text; None is left out."""
    line = line_of("", status=503, wait=0.5, request_id=None, path=sys)
    assert (line["status"], line["wait"], line["path"]) == (503, 0.5, str(sys))
    assert "request_id" not in line


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ([1.5, float("nan")], "[1.5, nan]"),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        ({"at": (1, 2)}, {"at": [1, 2]}),
    ],
)
def test_a_value_that_json_has_not_is_told_as_text(value: object, told: object) -> None:
    """The line stays JSON, and no record is lost for one of its values."""
    line = line_of("", value=value, other=1)
    assert (line["value"], line["other"]) == (told, 1)


def test_a_value_that_holds_itself_is_told_as_text() -> None:
    """It has no end as JSON."""
    value: list[object] = []
    value.append(value)
    assert line_of("", value=value)["value"] == "[[...]]"


def test_a_name_that_is_no_text_is_told_as_text() -> None:
    """`extra` takes any."""
    given: dict[Any, object] = {"msg": "", (1, 2): 3}
    told = logging.makeLogRecord(given)
    assert json.loads(JsonFormatter().format(told))["(1, 2)"] == 3


def test_what_is_given_takes_no_place_of_the_line_itself() -> None:
    """`level` and the like are what whoever collects the lines goes by."""
    line = line_of("", level=7, time="x", logger=None, mine=1)
    assert (line["level"], line["logger"], line["mine"]) == ("info", "mine", 1)
    assert datetime.fromisoformat(line["time"]).tzinfo is UTC


def test_no_character_moves_a_terminal_or_ends_the_line() -> None:
    """Those beyond ASCII are escaped, and come back as they were."""
    text = "Zoë \U0001f600 \x9b31m \x85 \u2028 \x1b[0m"
    assert line_of(text, text=text)["text"] == line_of(text)["message"] == text


def test_half_a_pair_is_told_as_a_replacement() -> None:
    """A name of a file may have one; not every reader of JSON takes it."""
    assert line_of("lone %s", "\ud800")["message"] == "lone \ufffd"


def test_an_exception_is_told_with_its_traceback() -> None:
    """As text, in one member."""
    with pytest.raises(ValueError, match="no") as caught:
        int("no")
    line = line_of("", exc_info=(caught.type, caught.value, caught.tb))
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("'no'")


@pytest.mark.parametrize(("valid", "names"), [(True, {"trace_id", "span_id"}), (False, set())])
def test_the_current_span_is_named(
    monkeypatch: pytest.MonkeyPatch, *, valid: bool, names: set[str]
) -> None:
    """Where there is one; `integrations/test_otel.py` has the real ones."""
    context = SimpleNamespace(is_valid=valid, trace_id=1, span_id=2)
    span = SimpleNamespace(get_span_context=lambda: context)
    trace = SimpleNamespace(get_current_span=lambda: span)
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", trace)
    assert names == line_of("").keys() & {"trace_id", "span_id"}


async def test_a_retry_is_told_by_members(
    emulator: Emulator, lg: LeadGenius, capsys: pytest.CaptureFixture[str]
) -> None:
    """Set up as programs do; the path is told without the id in it."""
    there = logging.getLogger("leadgenius_async")
    before = there.handlers[:]
    logging.config.dictConfig(
        {
            "version": 1,
            "incremental": False,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": "leadgenius_async.logs.JsonFormatter"}},
            "handlers": {"err": {"class": "logging.StreamHandler", "formatter": "json"}},
            "loggers": {"leadgenius_async": {"handlers": ["err"], "level": "INFO"}},
        }
    )
    emulator.faults.add(faults.status(503), path="/api/enrich-leads/*", times=1)
    try:
        lead = next(json.loads(row)["id"] for row in emulator.rows("enrich_leads"))
        await lg.leads.get(lead)
    finally:
        there.handlers[:] = before
        there.setLevel(logging.DEBUG)
    [line] = map(json.loads, capsys.readouterr().err.splitlines())
    assert (line["logger"], line["level"]) == ("leadgenius_async.http", "info")
    assert line["call"] == "GET /api/enrich-leads/{id}"
    assert (line["status"], line["error"], line["attempt"]) == (503, "ServerError", 1)
    assert 0 < line["wait"] <= 0.5
    assert line["request_id"] == "req-fault"
    assert lead not in json.dumps(line)
