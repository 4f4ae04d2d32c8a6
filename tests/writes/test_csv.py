"""CSV: every value is text, every row has its line, and a bad row does not end the file."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from reading import all_of, read, write

from leadgenius_async._writes.rows import BATCH_ROWS, SourceError
from leadgenius_async._writes.source import read_rows


def test_every_value_is_text(tmp_path: Path) -> None:
    """A postal code keeps its zero, a number its digits, nothing becomes a date or a null."""
    text = "a,b,c,d\n01234,1.50,NULL,2026-01-31\n,NaN,TRUE, x \n"
    assert read(tmp_path, text) == [
        (2, {"a": "01234", "b": "1.50", "c": "NULL", "d": "2026-01-31"}),
        (3, {"a": "", "b": "NaN", "c": "TRUE", "d": " x "}),
    ]


def test_numbers_are_those_of_the_lines_at_which_rows_start(tmp_path: Path) -> None:
    """With line ends in values and in the header, blank lines and rows of separators alone."""
    text = '"a\nx",b\r\n1,"two\r\nlines\n"\r\n\r\n,\r\n3,4\r\n5\r\n6,7'
    assert read(tmp_path, text) == [
        (3, {"a\nx": "1", "b": "two\r\nlines\n"}),
        (8, {"a\nx": "3", "b": "4"}),
        (9, "has 1 values for 2 columns"),
        (10, {"a\nx": "6", "b": "7"}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "rows",
    [
        [["a", "b"], ["1", "2"]],
        [["a", "b", "c"], ["1,5; x", "2|3", "4\t5"], ["1,5", "2,5", "3,5"]],
        [["Name, full", "b"], ["x\ny", '"z"']],
        [["a", "b"]],
    ],
)
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str, rows: list[list[str]]) -> None:
    """By the header and the first rows, whatever else stands in the values."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    found = read_rows(write(tmp_path, text.getvalue()))
    assert (found.columns, found.delimiter) == (tuple(rows[0]), delimiter)
    assert [list(row.fields.values()) for row in all_of(found)[0]] == rows[1:]


def test_the_delimiter_may_be_said(tmp_path: Path) -> None:
    """By the caller, or by the line that Excel puts before the header."""
    assert read(tmp_path, "a,b;c\n1,2;3\n", delimiter=";") == [(2, {"a,b": "1,2", "c": "3"})]
    assert read(tmp_path, "sep=|\na,b|c\n1,2|3\n") == [(3, {"a,b": "1,2", "c": "3"})]
    assert read(tmp_path, "sep=;\na;b\n1;2\n", delimiter=";") == [(3, {"a": "1", "b": "2"})]
    assert read(tmp_path, "sep=;\na\n1\n", delimiter=",") == [(3, {"a": "1"})]
    for wrong in ("", ";;", '"', "\n"):
        if wrong:
            with pytest.raises(ValueError, match="give one character"):
                read(tmp_path, "a\n", delimiter=wrong)


def test_one_column(tmp_path: Path) -> None:
    """There is no delimiter to be found."""
    assert read(tmp_path, "email\na@b.example\n") == [(2, {"email": "a@b.example"})]


@pytest.mark.parametrize(
    ("encoding", "found", "noted"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8-sig", False),
        ("utf-16", "utf-16", False),
        ("utf-32", "utf-32", False),
        ("cp1252", "cp1252", True),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, found: str, noted: bool) -> None:  # noqa: FBT001
    """By its mark, else by all of the bytes; what was assumed is told."""
    text = "näme,b\nZoë €,1\n"
    rows = read_rows(write(tmp_path, text.encode(encoding)))
    assert (rows.encoding, bool(rows.notes)) == (found, noted)
    assert rows.columns == ("näme", "b")
    assert all_of(rows)[0] == [(2, {"näme": "Zoë €", "b": "1"})]
    given = read_rows(write(tmp_path, text.encode(encoding)), encoding=encoding)
    assert given.encoding == found
    assert given.columns == ("näme", "b")


def test_the_last_byte_counts(tmp_path: Path) -> None:
    """A file of ASCII but for one letter at its end is cp1252 all the same."""
    content = b"a,b\n" + b"x,y\n" * 500_000 + b"Zo\xeb,z\n"
    rows = read_rows(write(tmp_path, content))
    assert rows.encoding == "cp1252"
    assert all_of(rows)[0][-1].fields["a"] == "Zoë"


def test_a_damaged_row_is_no_other_encoding(tmp_path: Path) -> None:
    """Where most letters are UTF-8, one wrong byte costs its row, not the other rows' letters."""
    content = "a\nZoë\nRené\nZo".encode() + b"\xeb\n" + "Jürg\n".encode()
    rows = read_rows(write(tmp_path, content))
    assert "are rejected" in rows.notes[0]
    good, bad = all_of(rows)
    assert [row.fields["a"] for row in good] == ["Zoë", "René", "Jürg"]
    assert bad == [(4, "has bytes that are no text in this encoding")]


def test_what_decodes_as_nothing(tmp_path: Path) -> None:
    """One line that says what to do."""
    with pytest.raises(SourceError, match="neither UTF-8 nor cp1252"):
        read(tmp_path, b"a\n\x81\xeb\n")
    with pytest.raises(SourceError, match="UTF-16 without a byte order mark"):
        read(tmp_path, "a,b\n1,2\n".encode("utf-16-le"))
    with pytest.raises(ValueError, match="unknown encoding: nonsense"):
        read(tmp_path, "a\n", encoding="nonsense")
    with pytest.raises(ValueError, match="not a text encoding"):
        read(tmp_path, "a\n", encoding="hex")
    with pytest.raises(SourceError, match=r"leads.csv does not decode .*: give its encoding"):
        read(tmp_path, "a,b\n1,2\n".encode("utf-16") + b"\0\xd8\0\0", encoding="utf-16")


def test_what_the_caller_says_of_the_encoding_counts(tmp_path: Path) -> None:
    """Even where another one is possible; a mark is no part of the first name."""
    assert read(tmp_path, "é\n1\n", encoding="latin-1") == [(2, {"Ã©": "1"})]
    assert read(tmp_path, "\ufeffa\n1\n", encoding="utf8") == [(2, {"a": "1"})]
    text = "\ufeffa,b\n1,2\n".encode("utf-16-le")
    assert read(tmp_path, text, encoding="utf-16-le") == [(2, {"a": "1", "b": "2"})]


def test_ragged_rows(tmp_path: Path) -> None:
    """A value too many may have moved all others: the row is rejected, the rest is read."""
    text = "a,b\n1,2,3\n1\n1,2\n1,2,\n"
    assert read(tmp_path, text) == [
        (2, "has 3 values for 2 columns"),
        (3, "has 1 values for 2 columns"),
        (4, {"a": "1", "b": "2"}),
        (5, "has 3 values for 2 columns"),
    ]


def test_columns_without_a_name_at_the_end(tmp_path: Path) -> None:
    """Spreadsheets write them; they are none as long as nothing is in them."""
    text = "a,b,,\n1,2,, \n1,2\n1,2,x,\n1,2,\n"
    assert read(tmp_path, text) == [
        (2, {"a": "1", "b": "2"}),
        (3, {"a": "1", "b": "2"}),
        (4, "has a value after column 2, where no column has a name"),
        (5, "has 3 values for 2 columns"),
    ]


def test_quotes_out_of_place(tmp_path: Path) -> None:
    """What they swallow is said; nothing is read into a value without a word."""
    wrong = "a quote stands where none may be (',' expected after '\"')"
    text = 'a,b\n1,"x"y\n1,"open\n2,"z",\n3,4\n1,ok "quoted" here\n5,"never\n6,7\n'
    assert read(tmp_path, text) == [
        (2, wrong),
        (3, f"{wrong}: lines 3 to 4 were read as one row"),
        (5, {"a": "3", "b": "4"}),
        (6, {"a": "1", "b": 'ok "quoted" here'}),
        (7, "a quote is opened and never closed: lines 7 to 8 were read as one row"),
    ]  # fmt: skip


def test_a_quote_that_swallows_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so much, nothing behind it can be told apart: better none than wrong rows."""
    monkeypatch.setattr("leadgenius_async._writes.csv_rows.MAX_RECORD", 1_000)
    with pytest.raises(SourceError, match="row of line 3 does not end within 1,000 characters"):
        read(tmp_path, 'a,b\n1,2\n3,"4\n' + "5,6\n" * 300)


def test_a_huge_value_is_a_row(tmp_path: Path) -> None:
    """It is for the rules to refuse; the rows around it are read."""
    text = "a,b\n1,2\n3," + "x" * 10_000_000 + "\n5,6\n"
    assert [row.number for row in read(tmp_path, text)] == [2, 3, 4]


def test_a_thousand_columns(tmp_path: Path) -> None:
    """As some exports have."""
    names = [f"c{n}" for n in range(1_000)]
    text = f"{','.join(names)}\n{','.join(names)}\n"
    assert read(tmp_path, text) == [(2, {name: name for name in names})]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "leads.csv is empty"),
        (" \n\n", "leads.csv is empty"),
        (",,\n,,\n", "no line with the names of its columns"),
        ("a,,b\n1,2,3\n", "column 2 has no name"),
        ("a,b,a\n", "columns 1 and 3 are both named 'a'"),
        ("Ada,ada@sample.example\nBo,bo@sample.example\n", "its first line looks like a row"),
        ('"a"b,c\n', "the first line cannot be read"),
    ],
)
def test_no_header(tmp_path: Path, text: str, says: str) -> None:
    """One clear line, before any row."""
    with pytest.raises(SourceError, match=says):
        read_rows(write(tmp_path, text))


def test_a_header_alone(tmp_path: Path) -> None:
    """There are no rows, which is no error."""
    assert read(tmp_path, "a,b") == []


@pytest.mark.parametrize("value", ["'+49 30 1", "'=1+1", "'-x", "'@x", "'\uff1dx"])
def test_the_guard_of_formulas_is_taken_off_on_request(tmp_path: Path, value: str) -> None:
    """A name may begin with an apostrophe, so nobody loses one unasked."""
    text = f"a,b,c\n{value},'t Hooft,'\n"
    assert read(tmp_path, text) == [(2, {"a": value, "b": "'t Hooft", "c": "'"})]
    found = read(tmp_path, text, unescape=True)
    assert found == [(2, {"a": value[1:], "b": "'t Hooft", "c": "'"})]


def test_packed_files(tmp_path: Path) -> None:
    """By content, whatever the name says; several members are one file."""
    text = b"a;b\n1;2\n"
    packed = gzip.compress(text) + gzip.compress(b"3;4\n")
    rows = [(2, {"a": "1", "b": "2"}), (3, {"a": "3", "b": "4"})]
    assert read(tmp_path, packed, "leads.csv.gz") == rows
    assert read(tmp_path, packed, "leads.csv") == rows
    zst = pa.Codec("zstd").compress(text, asbytes=True) + pa.Codec("zstd").compress(
        b"3;4\n", asbytes=True
    )
    assert read(tmp_path, zst, "leads.tsv.zst") == rows


def test_batches_are_bounded(tmp_path: Path) -> None:
    """By rows, and by size where rows are large; a file can be read twice."""
    rows = read_rows(write(tmp_path, "a\n" + "x\n" * 2_500))
    assert [len(batch.rows) for batch in rows] == [BATCH_ROWS, BATCH_ROWS, 500]
    assert [len(batch.rows) for batch in rows] == [BATCH_ROWS, BATCH_ROWS, 500]
    large = read_rows(
        write(tmp_path, f"a\n{'x' * 1_500_000}\n" + "y\n" + "z" * 5_000_000 + "\nx\n")
    )
    assert [len(batch.rows) for batch in large] == [3, 1]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=6),
    delimiter=st.sampled_from(",;\t|"),
)
def test_what_was_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str
) -> None:
    """Any text, by any delimiter, with the line that it starts at."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["a", "b", "c"])
    starts: list[int] = []
    for row in rows:
        starts.append(len(io.StringIO(text.getvalue(), newline="").readlines()) + 1)
        writer.writerow(row)
    assert read(tmp_path_factory.getbasetemp(), text.getvalue(), delimiter=delimiter) == [
        (start, dict(zip("abc", row, strict=True)))
        for start, row in zip(starts, rows, strict=True)
        if any(map(str.strip, row))
    ]
