"""How answers are printed: as a table, as JSON, NDJSON or CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, get_args

import pytest

from leadgenius_async import Secret
from leadgenius_async._http.record import Record
from leadgenius_async.cli.output import Format, Show, indented

FORMATS: tuple[Format, ...] = get_args(Format)
EACH = pytest.mark.parametrize("format_", FORMATS)

#: Clear a screen, retitle a terminal, ring it, overwrite the line, and the same in 8 bits.
HOSTILE = "a\x1b[2Jb\x1b]0;owned\x07c\rd\x08e\x7ff\x9b2Jg\x00h"
#: What a terminal obeys; a line end and a tab are all that data may have of it.
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Lead(Record):
    id: str
    name: str | None = None
    score: int | None = None
    tags: list[str] | None = None
    secret: Secret | None = None


LEADS = [
    Lead(id="lead_1", name="Ada", score=0, tags=["a", "b"]),
    Lead(id="lead_2", extra={"title": "CTO", "address": {"city": "Ulm"}}),
]


async def stream(*records: object) -> AsyncIterator[object]:
    for record in records:
        yield record


async def printed(
    capsys: pytest.CaptureFixture[str], format_: Format, *records: object, columns: str = "id name"
) -> str:
    """Return what a list prints."""
    count = await Show(format=format_).many(stream(*records), columns.split())
    assert count == len(records)
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def one(capsys: pytest.CaptureFixture[str], format_: Format, record: object) -> str:
    """Return what a single record prints."""
    Show(format=format_).one(record)
    return capsys.readouterr().out


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


async def test_a_table_shows_the_columns_that_it_was_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In their order, below their names, in line; what is absent is blank."""
    assert await printed(capsys, "table", *LEADS, columns="id score name") == (
        "id      score  name\n"
        "lead_1  0      Ada\n"
        "lead_2\n"
    )  # fmt: skip


async def test_json_is_one_array_with_every_member(capsys: pytest.CaptureFixture[str]) -> None:
    """Declared or not; a 0 is there, what is absent is not."""
    assert json.loads(await printed(capsys, "json", *LEADS)) == [
        {"id": "lead_1", "name": "Ada", "score": 0, "tags": ["a", "b"]},
        {"id": "lead_2", "title": "CTO", "address": {"city": "Ulm"}},
    ]


async def test_ndjson_is_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line is an object by itself, even with a line end in its text."""
    text = await printed(capsys, "ndjson", *LEADS, Lead(id="lead_3", name="two\nlines"))
    assert [json.loads(line)["id"] for line in text.splitlines()] == ["lead_1", "lead_2", "lead_3"]


async def test_ndjson_prints_each_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    """A reader of a long list has the first before the last is there."""
    seen: list[str] = []

    async def watched() -> AsyncIterator[object]:
        for lead in LEADS:
            yield lead
            seen.append(capsys.readouterr().out)

    await Show(format="ndjson").many(watched(), [])
    assert [json.loads(line)["id"] for line in seen] == ["lead_1", "lead_2"]


async def test_csv_has_a_column_for_every_member_of_any(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is no text stands in its cell as JSON."""
    assert cells(await printed(capsys, "csv", *LEADS)) == [
        ["id", "name", "score", "tags", "title", "address"],
        ["lead_1", "Ada", "0", '["a","b"]', "", ""],
        ["lead_2", "", "", "", "CTO", '{"city":"Ulm"}'],
    ]


async def test_csv_quotes_what_would_break_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Commas, quotes, line ends and a leading zero come back as they were."""
    name = 'a,"b"\nc'
    text = await printed(capsys, "csv", Lead(id="007", name=name))
    assert cells(text)[1] == ["007", name]
    assert '"007"' in text


@pytest.mark.parametrize(
    ("format_", "expected"),
    [("table", "id  name\n"), ("json", "[]\n"), ("ndjson", ""), ("csv", '"id","name"\n')],
)
async def test_an_empty_list(
    capsys: pytest.CaptureFixture[str], format_: Format, expected: str
) -> None:
    """It is empty in the format's own way: a script's parser does not fail on it."""
    assert await printed(capsys, format_) == expected


@pytest.mark.parametrize(
    ("format_", "expected"),
    [
        ("table", "id     lead_1\nscore  0\n"),
        ("json", '{\n  "id": "lead_1",\n  "score": 0\n}\n'),
        ("ndjson", '{"id":"lead_1","score":0}\n'),
        ("csv", '"id","score"\n"lead_1","0"\n'),
    ],
)
def test_one_record(capsys: pytest.CaptureFixture[str], format_: Format, expected: str) -> None:
    """An object, not a list of one; as a table a line for each member."""
    assert one(capsys, format_, Lead(id="lead_1", score=0)) == expected


@pytest.mark.parametrize(
    ("format_", "expected"), [("table", ""), ("json", "{}\n"), ("ndjson", "{}\n"), ("csv", "")]
)
def test_a_record_without_members(
    capsys: pytest.CaptureFixture[str], format_: Format, expected: str
) -> None:
    """No blank lines where there is nothing."""
    assert one(capsys, format_, {}) == expected


def test_json_outranks_the_format(capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` is what scripts add to a line that has a format already."""
    Show(format="csv", json=True).one({"a": 1})
    assert json.loads(capsys.readouterr().out) == {"a": 1}


@pytest.mark.parametrize(
    "formula",
    [
        "=1+1", "+49 30 1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\x00=1",
        "\uff1d1", "\uff0b1", "\uff0d1", "\uff201",
    ],
    ids=ascii,
)  # fmt: skip
async def test_a_formula_becomes_a_text_in_csv(
    capsys: pytest.CaptureFixture[str], formula: str
) -> None:
    """A spreadsheet would run it: an apostrophe goes before it (CWE-1236), in names as well."""
    rows = cells(await printed(capsys, "csv", {formula: formula, "id": "-"}))
    assert rows[0][0].startswith("'")
    assert rows[1][0].startswith("'")
    assert rows[1][0].endswith(formula.lstrip("\t\r\n\x00"))
    assert rows[1][1] == "'-"


@pytest.mark.parametrize("text", ["1-1", "a=b", "Ada", " =1", "'=1", "ada@sample.example"])
async def test_other_texts_stay_as_they_are_in_csv(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    """Only the first character makes a formula."""
    assert cells(await printed(capsys, "csv", {"name": text}))[1] == [text]


async def test_a_negative_number_stays_a_number_in_csv(capsys: pytest.CaptureFixture[str]) -> None:
    """It begins like a formula and is none."""
    assert cells(await printed(capsys, "csv", {"score": -5, "rate": -0.5}))[1] == ["-5", "-0.5"]


@pytest.mark.parametrize("format_", ["table", "csv"])
async def test_json_and_csv_formulas_are_apart(
    capsys: pytest.CaptureFixture[str], format_: Format
) -> None:
    """Apostrophes are for spreadsheets: a table has none."""
    text = await printed(capsys, format_, {"id": "=1"})
    assert ("'=1" in text) is (format_ == "csv")


@EACH
@pytest.mark.parametrize("place", ["value", "name", "nested"])
async def test_no_control_character_reaches_the_terminal(
    capsys: pytest.CaptureFixture[str], format_: Format, place: str
) -> None:
    """Not from a value, not from a field's name, in no format; the text around it does."""
    records: Mapping[str, Mapping[str, object]] = {
        "value": {"id": HOSTILE},
        "name": {"id": "x", HOSTILE: "y"},
        "nested": {"id": [HOSTILE, {HOSTILE: HOSTILE}]},
    }
    record = records[place]
    listed = await printed(capsys, format_, record)
    single = one(capsys, format_, record)
    for text in (listed, single):
        assert not OBEYED.search(text), ascii(text)
    assert "owned" in single


@pytest.mark.parametrize("format_", ["json", "ndjson"])
async def test_json_says_which_control_characters_there_were(
    capsys: pytest.CaptureFixture[str], format_: Format
) -> None:
    """Escaped, not replaced: a program reads what the service sent."""
    text = await printed(capsys, format_, {"id": HOSTILE})
    found: Any = json.loads(text)
    assert (found[0] if format_ == "json" else found) == {"id": HOSTILE}


async def test_a_table_stays_one_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Line ends in a cell, and direction marks, cannot fake another row."""
    text = await printed(capsys, "table", {"id": "lead_1", "name": "one\ntwo\u2028three\u202efour"})
    assert len(text.splitlines()) == 2
    assert "one two" in text
    assert "\u202e" not in text


async def test_a_long_cell_is_cut_in_a_table_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """At 60 characters, with an ellipsis; the other formats have all of it."""
    fits, long = "x" * 60, "y" * 61
    text = await printed(capsys, "table", {"id": fits, "name": long})
    assert text.splitlines()[1] == f"{fits}  {'y' * 59}…"
    for format_ in ("json", "ndjson", "csv"):
        assert long in await printed(capsys, format_, {"id": fits, "name": long})
    assert one(capsys, "table", {long: long}) == f"{'y' * 59}…  {'y' * 59}…\n"


@EACH
async def test_a_secret_is_never_shown(capsys: pytest.CaptureFixture[str], format_: Format) -> None:
    """Not as a member, not among the undeclared, not inside of something."""
    secret = Secret("canary-value-of-a-secret")
    lead = Lead(id="x", secret=secret, extra={"url": secret, "deep": {"list": [secret]}})
    text = await printed(capsys, format_, lead, columns="id secret url deep")
    text += one(capsys, format_, lead)
    assert "canary" not in text
    assert "**********" in text


def test_an_answer_of_any_call_is_safe_as_well() -> None:
    """`leadgenius api` prints what the service sent, as it is, yet not for the terminal to obey."""
    sent = json.dumps({"id": HOSTILE}, ensure_ascii=False).encode()
    text = indented(sent)
    assert not OBEYED.search(text)
    assert json.loads(text) == {"id": HOSTILE}
