"""Files, tables and iterables: each row once, with its number, and not much held of any."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time
from itertools import chain
from pathlib import Path
from typing import Any, Literal, cast

import duckdb
import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading import all_of, read, write

from leadgenius_async._lead_structs import EnrichLead, SourceLead
from leadgenius_async._writes.rows import SourceError
from leadgenius_async._writes.source import read_rows

ADA: dict[str, object] = {"firstName": "Ada", "score": 1.5}
LINES = [(1, {"a": 1}), (2, {"a": None})]


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


def test_ndjson(tmp_path: Path) -> None:
    """A line that is no object is rejected with its number; blank lines are none."""
    text = '\ufeff{"a": 1}\n\n[1]\n{"a": {"b": [1, null]}}\r\n{"a": NaN}\n{"a"\nx{"a":1}'
    found = read(tmp_path, text, "leads.jsonl")
    assert [row[0] for row in found] == [1, 3, 4, 5, 6, 7]
    assert found[0] == (1, {"a": 1})
    assert found[2] == (4, {"a": {"b": [1, None]}})
    assert all(row[1].startswith("is no JSON object (") for row in [found[1], *found[3:]])


def test_ndjson_of_bad_bytes_and_depth(tmp_path: Path) -> None:
    """Neither ends the file."""
    text = b'{"a":"\xff"}\n{"a":"\\ud800"}\n' + b'{"a":' * 100_000 + b'\n{"a":1}\n'
    found = read(tmp_path, text, "leads.ndjson")
    assert [row[0] for row in found] == [1, 2, 3, 4]
    assert found[3] == (4, {"a": 1})


def test_a_line_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not held, and the next one is read."""
    monkeypatch.setattr("leadgenius_async._writes.json_rows.MAX_RECORD", 100)
    text = '{"a":1}\n{"a":"' + "x" * 100_000 + '"}\n{"a":2}\n{"a":"' + "x" * 100 + '"}'
    assert read(tmp_path, text, "leads.ndjson") == [
        (1, {"a": 1}),
        (2, "is longer than 100 bytes"),
        (3, {"a": 2}),
        (4, "is longer than 100 bytes"),
    ]


def test_a_json_array(tmp_path: Path) -> None:
    """The numbers are places in the array; what is no object is rejected."""
    text = '\ufeff [ {"a": 1}\n,{"a": null},\n3 , "x", [{"a":1}], {}] \n'
    assert read(tmp_path, text, "leads.json") == [
        *LINES,
        (3, "is no JSON object, but a int"),
        (4, "is no JSON object, but a str"),
        (5, "is no JSON object, but a list"),
        (6, {}),
    ]
    assert read(tmp_path, " [ ] ", "leads.json") == []


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_an_array_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """Wherever a block ends, the rows are the same."""
    monkeypatch.setattr("leadgenius_async._writes.json_rows._BLOCK", block)
    rows = [{"a": n, "b": "x" * n, "c": [n, {"d": None}]} for n in range(40)]
    text = msgspec.json.format(msgspec.json.encode([*rows, 123456]), indent=2)
    found = read(tmp_path, text, "leads.json")
    assert found[:-1] == list(enumerate(rows, 1))
    assert found[-1][0] == 41


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[{"a": 1}, {"a": }]', "at item 2 of the array"),
        ('[{"a": 1}, {"a": 1}', "at item 2 of the array"),
        ('[{"a": 1} {"a": 1}]', "at item 1 of the array"),
        ('[{"a": 1},]', "at item 2 of the array"),
        ('[{"a": 1}] x', "something follows the array"),
        ("1", "at the start of the array"),
        ("[" + '{"a":' * 100_000, "at item 1 of the array"),
        ("[{" + '"a":' * 100_000, "at item 1 of the array"),
    ],
)
def test_a_malformed_array(tmp_path: Path, text: str, says: str) -> None:
    """What follows cannot be told apart, so the reading ends, at a place that is named."""
    with pytest.raises(SourceError, match=says):
        read(tmp_path, text, "leads.json")


def test_an_item_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a quote that is never closed: the file is not read into memory for it."""
    monkeypatch.setattr("leadgenius_async._writes.json_rows.MAX_RECORD", 1_000)
    with pytest.raises(SourceError, match="at item 1 of the array"):
        read(tmp_path, '[{"a": "' + "x" * 1_000_000 + '"}]', "leads.json")


def test_parquet(tmp_path: Path) -> None:
    """Values as Python has them; the numbers are places."""
    moment = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
    table = pa.table(
        {
            "a": pa.array([1, None]),
            "when": pa.array([moment, None], pa.timestamp("ns", "UTC")),
            "at": pa.array([time(8, 30), None], pa.time64("ns")),
            "kind": pa.array(["x", "y"]).dictionary_encode(),
            "tags": pa.array([["x"], []]),
            "__index_level_0__": pa.array([7, 8]),
        }
    )
    rows = read_rows(write(tmp_path, parquet(table, row_group_size=1), "leads.parquet"))
    assert (rows.kind, rows.columns) == ("parquet", ("a", "when", "at", "kind", "tags"))
    assert all_of(rows)[0] == [
        (1, {"a": 1, "when": moment, "at": time(8, 30), "kind": "x", "tags": ["x"]}),
        (2, {"a": None, "when": None, "at": None, "kind": "y", "tags": []}),
    ]


def test_a_value_without_a_type_in_python(tmp_path: Path) -> None:
    """The year 300,000 is no date there: its row is rejected, not the batch."""
    table = pa.table({"when": pa.array([0, 9_400_000_000_000, 1], pa.timestamp("s"))})
    found = read(tmp_path, parquet(table), "leads.parquet")
    assert [row[0] for row in found] == [1, 2, 3]
    assert found[1][1].startswith("holds a value that Python has no type for")


def test_wide_rows_are_few_at_once(tmp_path: Path) -> None:
    """A batch is bounded by bytes too."""
    table = pa.table({"a": ["x" * 300_000 + str(n) for n in range(60)]})
    rows = read_rows(write(tmp_path, parquet(table), "leads.parquet"))
    assert {len(batch.rows) for batch in rows} <= set(range(1, 15))


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
def test_memory_of_a_large_parquet_file(tmp_path: Path) -> None:
    """1,000,000 rows of 20 columns in one row group: at most 150 MB, all in all."""
    path = tmp_path / "leads.parquet"
    columns = [pa.array([f"{n * 7919 % 99_991}-{c}" for n in range(100_000)]) for c in range(20)]
    table = pa.concat_tables([pa.table(dict(zip(map(str, range(20)), columns, strict=True)))] * 10)
    pq.write_table(table, path, row_group_size=1_000_000, use_dictionary=False)
    code = (
        "from pathlib import Path\n"
        "from leadgenius_async._writes.source import read_rows\n"
        f"print(sum(len(batch.rows) for batch in read_rows({str(path)!r})))\n"
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], check=True, capture_output=True, text=True
    )
    rows, peak = map(int, done.stdout.split())
    assert rows == 1_000_000
    assert peak <= 150_000  # KB


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("leads.csv", b"PK\x03\x04 [Content_Types].xml xl/workbook.xml", "an Excel workbook: save"),
        ("leads.csv", b"\xd0\xcf\x11\xe0\xa1", "an Excel workbook: save the sheet as CSV"),
        ("leads.csv", b"PK\x03\x04 leads.txt", "a zip archive: unpack it"),
        ("leads.csv", b"PAR1abc", "is taken for csv, and seems to be Parquet: name it .parquet"),
        ("leads.csv", b"\n<!DOCTYPE HTML><p>", "an HTML page: a login page"),
        ("leads.csv", b"<?xml version='1.0'?>", "XML"),
        ("leads.csv", b'[\n {"a": 1}]', "a JSON array: name it .json"),
        ("leads.csv", b'{"a": 1}\n', "JSON objects"),
        ("leads.tsv", b"%PDF-1.7", "a PDF"),
        ("leads.txt", b"BZh91AY", "packed with bzip2"),
        ("leads.ndjson", b'\xef\xbb\xbf[{"a": 1}]', "a JSON array: name it .json"),
        ("leads.ndjson", '{"a": 1}\n'.encode("utf-16"), "UTF-16 or no text at all"),
        ("leads.ndjson", b"PAR1abc", "Parquet"),
        ("leads.json", b'{"leads": []}', "JSON objects: write one a line and name it .ndjson"),
        ("leads.parquet", b"a,b\n", "seems to be something else"),
        ("leads.parquet", b"<html>", "seems to be something else"),
        ("leads.parquet", b"ARROW1\0\0", "an Arrow file"),
        ("leads.parquet", b"PAR1abcdPAR1", "cut off or damaged"),
        ("leads.xlsx", b"PK\x03\x04xl/", "its name does not say what it is"),
        ("leads", b"a,b\n", "its name does not say what it is: name it .csv"),
    ],
)
def test_files_that_are_not_what_they_are_named(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    """One line: what it seems to be, and what to do."""
    with pytest.raises(SourceError, match=says) as caught:
        read_rows(write(tmp_path, content, name))
    assert "\n" not in str(caught.value)


def test_what_a_file_is_may_be_said(tmp_path: Path) -> None:
    """Its name does not matter then."""
    assert read(tmp_path, "a\n1\n", "leads.dat", kind="csv") == [(2, {"a": "1"})]
    assert read(tmp_path, '{"a":1}', "leads.csv", kind="ndjson") == [(1, {"a": 1})]


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    """As anywhere in Python; a folder is told to be one."""
    with pytest.raises(FileNotFoundError):
        read_rows(tmp_path / "none.csv")
    with pytest.raises(SourceError, match="is no file"):
        read_rows(tmp_path)


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
@pytest.mark.parametrize(
    ("name", "content"),
    [("leads.csv", "a\n" + "xyz\n" * 200_000), ("leads.ndjson", '{"a":1}\n' * 200_000)],
)
def test_packed_files_that_are_cut_off(
    tmp_path: Path, codec: Literal["gzip", "zstd"], name: str, content: str
) -> None:
    """No half of a file passes for a whole one."""
    packed = pa.Codec(codec).compress(content.encode(), asbytes=True)
    good = write(tmp_path, packed, name)
    assert len(all_of(read_rows(good))[0]) == 200_000
    with pytest.raises(SourceError, match="cut off or damaged"):
        all_of(read_rows(write(tmp_path, packed[: len(packed) // 2], name)))


def test_parquet_is_packed_inside(tmp_path: Path) -> None:
    """Not once more around it."""
    packed = pa.Codec("gzip").compress(parquet(pa.table({"a": [1]})), asbytes=True)
    with pytest.raises(SourceError, match="packed once more: unpack it"):
        read_rows(write(tmp_path, packed, "leads.parquet.gz"))


def test_damage_within_a_parquet_file(tmp_path: Path) -> None:
    """It is told after the rows before it."""
    content = bytearray(parquet(pa.table({"a": [f"{n}" for n in range(100_000)]})))
    content[5_000:200_000] = b"\xff" * 195_000
    with pytest.raises(SourceError, match=r"leads\.parquet"):
        read(tmp_path, bytes(content), "leads.parquet")


TABLE = pa.table({"a": pa.array([1, None])})


@pytest.mark.parametrize(
    "source",
    [
        TABLE,
        TABLE.to_batches()[0],
        TABLE.to_reader(),
        pl.DataFrame(TABLE),
        duckdb.from_arrow(TABLE),
        [{"a": 1}, {"a": None}],
        iter([{"a": 1}, {"a": None}]),
    ],
    ids=lambda source: type(source).__name__,
)
def test_tables_and_iterables(source: Any) -> None:
    """Whatever gives an Arrow stream, or mappings one by one."""
    assert all_of(read_rows(source)) == (LINES, [])


def test_a_table_of_many_rows_comes_in_batches() -> None:
    """However large the batches of the table are."""
    rows = read_rows(pl.DataFrame({"a": range(2_500)}))
    assert (rows.kind, rows.columns) == ("table", ("a",))
    numbers = [[row.number for row in batch.rows] for batch in rows]
    assert [len(each) for each in numbers] == [1_000, 1_000, 500]
    assert list(chain(*numbers)) == list(range(1, 2_501))


def test_two_columns_of_one_name() -> None:
    """Which of them counts, nobody can tell."""
    table = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(SourceError, match="columns 1 and 2 are both named 'a'"):
        read_rows(table)


class Person(msgspec.Struct, rename="camel"):
    first_name: str
    value: object = None


def test_structs() -> None:
    """By their names in JSON; of leads what nobody declared goes along."""
    leads = [
        EnrichLead(firstName="Ada", extra={"newField": [1]}),
        SourceLead(firstName="Bo"),
        Person("Cy"),
        Person("Di", object()),
        ("Ed",),
        None,
    ]
    good, bad = all_of(read_rows(cast("list[msgspec.Struct]", leads)))
    assert good == [
        (1, {"firstName": "Ada", "newField": [1]}),
        (2, {"firstName": "Bo"}),
        (3, {"firstName": "Cy", "value": None}),
    ]
    assert [each.number for each in bad] == [4, 5, 6]
    assert bad[1].reason == "is a tuple: a lead is a mapping or a struct"


async def test_async_iterables() -> None:
    """Only `async for` takes them."""

    async def leads() -> AsyncIterator[dict[str, object]]:
        for number in range(1_500):
            yield {"a": number}

    rows = read_rows(leads())
    found = [batch async for batch in rows]
    assert [len(batch.rows) for batch in found] == [1_000, 500]
    assert found[1].rows[0] == (1_001, {"a": 1_000})
    with pytest.raises(TypeError, match="async for"):
        iter(read_rows(leads()))
    with pytest.raises(RuntimeError, match="open them again"):
        _ = [batch async for batch in rows]


async def test_files_and_tables_asynchronously(tmp_path: Path) -> None:
    """The same batches, a file's from a worker thread."""
    path = write(tmp_path, "a\n" + "x\n" * 1_500)
    assert [len(batch.rows) async for batch in read_rows(path)] == [1_000, 500]
    assert [len(batch.rows) async for batch in read_rows([ADA] * 1_500)] == [1_000, 500]


def test_what_is_read_once_is_not_read_twice() -> None:
    """A second pass over an iterator would find nothing, and say nothing."""

    def leads() -> Iterator[dict[str, object]]:
        yield ADA

    for source in (leads(), TABLE.to_reader()):
        rows = read_rows(source)
        assert len(list(rows)) == 1
        with pytest.raises(RuntimeError, match="open them again"):
            iter(rows)
    rows = read_rows([ADA])
    assert len(list(rows)) == len(list(rows)) == 1


@pytest.mark.parametrize("source", [ADA, b"leads.csv", EnrichLead(), 7, None])
def test_what_is_no_source(source: Any) -> None:
    """One lead is not many; bytes are no path."""
    with pytest.raises(TypeError, match="rows come from a path, a table or an iterable of leads"):
        read_rows(source)


def test_options_without_a_use(tmp_path: Path) -> None:
    """They are for CSV: elsewhere they would be ignored without a word."""
    path = write(tmp_path, '{"a": 1}\n', "leads.ndjson")
    with pytest.raises(ValueError, match="encoding says nothing of ndjson"):
        read_rows(path, encoding="utf-8")
    with pytest.raises(ValueError, match="unescape says nothing of what is in memory"):
        read_rows([ADA], unescape=True)
    with pytest.raises(ValueError, match="kind says nothing"):
        read_rows([ADA], kind="csv")


class Frame:
    """As much of a pandas DataFrame as is used."""

    __module__ = "pandas.core.frame"

    def __init__(self, columns: list[object], rows: list[tuple[object, ...]]) -> None:
        self.columns = columns
        self._rows = rows

    @property
    def iloc(self) -> Frame:
        return self

    def __getitem__(self, rows: slice) -> Frame:
        return Frame(self.columns, self._rows[rows])

    def __len__(self) -> int:
        return len(self._rows)

    def itertuples(self, *, index: bool, name: None) -> Iterator[tuple[object, ...]]:
        assert (index, name) == (False, None)
        return iter(self._rows)


def test_a_pandas_frame() -> None:
    """Row by row: a column of mixed types has no Arrow stream."""
    frame: Any = Frame(["a", 7], [(n, "x" if n % 2 else 1.5) for n in range(1_200)])
    rows = read_rows(frame)
    assert rows.columns == ("a", "7")
    assert all_of(rows)[0][1_100:1_102] == [
        (1_101, {"a": 1_100, "7": 1.5}),
        (1_102, {"a": 1_101, "7": "x"}),
    ]
    twice: Any = Frame(["a", "a"], [])
    with pytest.raises(SourceError, match="the DataFrame: columns 1 and 2"):
        read_rows(twice)


def test_a_csv_file_loads_no_pyarrow(tmp_path: Path) -> None:
    """Nor anything of the network: a dry run answers at once."""
    path = write(tmp_path, "a\n1\n")
    code = (
        "import sys\n"
        "from leadgenius_async._writes import columns, rules, source\n"
        f"list(source.read_rows({str(path)!r}))\n"
        "assert not sys.modules.keys() & {'pyarrow', 'aiohttp'}"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
