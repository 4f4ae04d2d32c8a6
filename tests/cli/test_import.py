"""`leadgenius leads import`: a file's leads, each to one end, and what is said on the way."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from world import World

from leadgenius_async._extract.lock import Lock
from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run

Said = pytest.CaptureFixture[str]

HEAD = "First Name,Last Name,Email,Job Title,Shoe Size"
FOLDER = Path("people.csv.import")
TO_ACME = ["--client", "acme-corp"]


@pytest.fixture(autouse=True)
def folder_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Go by the API key, in a folder where files may be left."""
    del world
    monkeypatch.delenv("LEADGENIUS_USERNAME")
    monkeypatch.delenv("LEADGENIUS_PASSWORD")
    monkeypatch.chdir(tmp_path)


def line_of(n: int) -> str:
    return f"N{n},Sample,n{n}@import.example,CTO,38"


def write_people(count: int = 12, *more: str, head: str = HEAD) -> None:
    lines = [head, *map(line_of, range(count)), *more]
    Path("people.csv").write_text("\n".join(lines) + "\n")


def begin(*options: str, file: str = "people.csv") -> int:
    return run(["leads", "import", file, *options])


def created(world: World) -> int:
    """Return how many leads the import has made, each of them once."""
    counts = world.emulator.created("client_id", "email")
    mine = {key: count for key, count in counts.items() if "@import.example" in key[1]}
    assert set(mine.values()) <= {1}
    return len(mine)


def writes(world: World) -> int:
    return sum(request.method != "GET" for request in world.emulator.log)


def told(capsys: Said) -> str:
    return capsys.readouterr().err


def test_a_file(world: World, capsys: Said) -> None:
    """Where columns go is shown first; the report is on stdout; nothing is left behind."""
    write_people()
    assert begin(*TO_ACME) == 0
    said = capsys.readouterr()
    shown, job = said.err.index("Job Title"), said.err.index("people.csv: job ")
    assert shown < job
    assert "Job Title   → title (a usual other name): CTO" in said.err
    assert "Shoe Size   not sent (no field): 38" in said.err
    assert "12 rows of people.csv" in said.out
    assert "12 created, 0 existing, 0 rejected, 0 unresolved" in said.out
    assert created(world) == 12
    assert not FOLDER.exists()
    assert begin(*TO_ACME) == 0
    assert "0 created, 12 existing" in capsys.readouterr().out
    assert created(world) == 12


def test_columns_are_shown_as_they_are_sent(world: World, capsys: Said) -> None:
    """What the service sets is not, `phone` under its right name; a mark of UTF-8 is told."""
    row = {**people()[0], "phone": "+49 30 1", "Create Date": "2001", "Id": "7"}
    Path("a.ndjson").write_bytes(ndjson([row]))
    assert begin(*TO_ACME, "--json", file="a.ndjson") == 0
    where = {each.pop("column"): each for each in json.loads(capsys.readouterr().out)["columns"]}
    assert where["phone"] == {"field": "phoneNumber", "how": "name"}
    assert where["Id"] == where["Create Date"] == {"field": None, "how": "service"}
    assert ("+49 30 1",) in world.emulator.created("phoneNumber")
    text = "Id,phone,firstName,lastName,email\n7,+49 30 1,N,S,n0@import.example\n"
    for encoding, told_as in (("utf-8", "utf-8"), ("utf-8-sig", "utf-8 with a byte order mark")):
        Path("a.csv").write_text(text, encoding)
        assert begin(*TO_ACME, file="a.csv") == 0
        said = told(capsys)
        assert f"a.csv: csv, {told_as}, values separated by ','" in said
        assert "Id         not sent (the service sets it): 7" in said
        assert "phone      → phoneNumber (by its name): +49 30 1" in said


def test_names_in_another_language(world: World, capsys: Said) -> None:
    """Where no column is a name, one line says so up front; mapped, or made, they go."""
    Path("a.csv").write_text("Vorname;Nachname;E-Mail\n" + "N;S;n0.s@import.example\n" * 9)
    for more in ([], ["--dry-run"]):
        assert begin(*TO_ACME, *more, file="a.csv") == failures.BAD_INPUT
        said = told(capsys)
        assert "a.csv: no column goes to firstName or lastName" in said
        assert "there are Vorname, Nachname, E-Mail: --map COLUMN=firstName COLUMN=lastName" in said
        assert len(said.splitlines()) == 1
    assert not writes(world) - 1  # the client of the fixture
    assert begin(*TO_ACME, "--names-from-email", "--dry-run", file="a.csv") == 0
    mapped = ["--map", "Vorname=firstName", "Nachname=lastName"]
    assert begin(*TO_ACME, *mapped, file="a.csv") == 0
    assert created(world) == 1


def test_json(capsys: Said) -> None:
    """One object: the report, where the columns went, and the rows that need a look."""
    write_people(3, "N9,,n9@import.example,,", line_of(1))
    assert begin(*TO_ACME, "--json") == failures.PARTIAL
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert (report["created"], report["existing"], report["rejected"]) == (3, 1, 1)
    assert [(row["line"], row["state"]) for row in report["rows"]] == [
        (5, "rejected"),
        (6, "existing"),
    ]
    assert report["columns"][4] == {"column": "Shoe Size", "field": None, "how": "dropped"}
    assert report["journal"] is None
    error = json.loads(said.err)
    assert (error["exit_code"], error["message"]) == (6, "1 rows were refused")


def test_mapping(world: World, capsys: Said) -> None:
    """Columns go where the caller says, are left out, or are kept as they are named."""
    write_people(1)
    options = ["--map", "Shoe Size=notes", "Job Title=", "--yes"]
    assert begin(*TO_ACME, *options) == 0
    assert "Job Title   not sent (as you said): CTO" in told(capsys)
    assert ("38",) in world.emulator.created("notes")
    assert ("CTO",) not in world.emulator.created("title")
    write_people(2)
    assert begin(*TO_ACME, "--keep-columns") == 0
    assert ("38",) in world.emulator.created("Shoe Size")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--clientt", "acme-corp"], "--client"),
        (["--map", "Shoe Size"], "give COLUMN=FIELD"),
        (["--map", "Shoe Siz=notes"], "did you mean 'Shoe Size'"),
        (["--map", "Shoe Size=titel"], "did you mean 'title'"),
        (["--map", "Shoe Size=email"], "both go to email"),
        (["--map", "Email=x", "Email=y"], "twice"),
        (["--new-client", "Other"], "two ways to say one thing"),
        (["--batch-size", "101"], "--batch-size is 101"),
        (["--settle", "-1"], "settle"),
        (["--delimiter", ",,"], "delimiter"),
        (["--encoding", "utf-9"], "encoding"),
        (["--report", "no/where/report.ndjson"], "there is no folder"),
        (["--report", "people.csv"], "the file that the rows come from"),
        (["--journal", "people.csv"], "is no folder"),
        (["--journal", "."], "something else than an import"),
    ],
)
def test_wrong_usage(world: World, capsys: Said, options: list[str], words: str) -> None:
    """One line says what is wrong; nothing is sent, and no folder is left."""
    write_people()
    assert begin(*TO_ACME, *options) == failures.USAGE
    assert words in told(capsys)
    assert not FOLDER.exists()
    assert not created(world)


#: Of each: name, content, options, what is said.
UNREADABLE = [
    ("a.csv", b"", [], "a.csv is empty"),
    ("a.csv", HEAD.encode() + b"\n", [], "a.csv has no rows"),
    ("a.csv", b"PK\x03\x04xl/", [], "an Excel workbook: save the sheet as CSV"),
    ("a.csv", b"<!doctype html><p>", [], "an HTML page"),
    ("a.csv", b'[{"email": "a@b.example"}]', [], "a JSON array: name it .json"),
    ("a.parquet", b"PAR1....", [], "cut off or damaged"),
    ("a.json", b'[{"a": 1}, {"a": ', [], "malformed at item 2"),
    ("a.csv", b"A\n\x81\xff\x8d\n", [], "neither UTF-8 nor cp1252"),
    ("a.csv", b"email,email\na,b\n", [], "columns 1 and 2 are both named 'email'"),
    ("a.csv", b"First Name,Last Name\nN,\n", [], "line 2: lastName is missing"),
    ("a.csv", b"First Name,Email\nN,n@b.example\n", [], "no column goes to lastName"),
    ("a.ndjson", b'{"lastName":"L"}\n', ["--names-from-email"], "no column goes to firstName"),
    ("a.csv", b"firstName,lastName\nN,L\n", ["--require-email"], "no column goes to email"),
    ("a.csv.gz", gzip.compress(HEAD.encode() * 9_999)[:-9], [], "cut off or damaged"),
    ("a.xyz", b"firstName\nN\n", [], "its name does not say what it is"),
]  # fmt: skip


@pytest.mark.parametrize("case", UNREADABLE)
def test_input_that_cannot_be_read(
    world: World, capsys: Said, case: tuple[str, bytes, list[str], str]
) -> None:
    """It is exit code 8 and one line that says what it is; nothing is sent, nothing left."""
    name, content, options, words = case
    Path(name).write_bytes(content)
    assert begin(*TO_ACME, *options, file=name) == failures.BAD_INPUT
    said = told(capsys)
    assert words in said
    assert "Traceback" not in said
    assert not created(world)
    assert not Path(f"{name}.import").exists()


def test_a_file_that_is_not_there(capsys: Said) -> None:
    """As a file that cannot be read."""
    assert begin(*TO_ACME) == failures.BAD_INPUT
    assert "people.csv: No such file" in told(capsys)


def test_rows_that_are_refused_name_their_lines(capsys: Said) -> None:
    """Ragged rows, a giant cell, a repeated address: each is told by its line."""
    giant = f"N,S,g@import.example,{'x' * 10_000_000},38"
    write_people(3, "only,two", giant, line_of(2))
    assert begin(*TO_ACME) == failures.PARTIAL
    said = told(capsys)
    assert "line 5: rejected: has 2 values for 5 columns" in said
    assert "line 6: rejected: title has 10,000,000 bytes" in said
    assert "line 7: existing: the same key as line 4" in said
    assert "--report FILE has what became of every row" in said


def test_a_thousand_columns(capsys: Said) -> None:
    """Those that are no field are counted, not listed."""
    names = [f"column {n}" for n in range(1_000)]
    Path("people.csv").write_text(
        f"firstName,lastName,email,{','.join(names)}\nN,S,n@import.example{',x' * 1_000}\n"
    )
    assert begin(*TO_ACME) == 0
    said = told(capsys)
    assert "… and 980 more columns that are no field" in said
    assert len(said.splitlines()) < 40


def test_a_guessed_encoding_is_told(world: World, capsys: Said) -> None:
    """So that somebody looks at the names."""
    Path("people.csv").write_bytes(f"{HEAD}\nJörg,Sample,j@import.example,,".encode("cp1252"))
    assert begin(*TO_ACME) == 0
    assert "cp1252 (Windows) is assumed" in told(capsys)
    assert ("Jörg",) in world.emulator.created("firstName")


def test_rows_without_any_key_are_told(capsys: Said) -> None:
    """Nobody can look for them."""
    Path("people.csv").write_text("firstName,lastName\nN,S\n")
    assert begin(*TO_ACME) == 0
    assert "no column goes to email" in told(capsys)


def people() -> list[dict[str, object]]:
    names = ("firstName", "lastName", "email")
    return [dict(zip(names, line_of(n).split(","), strict=False)) for n in range(8)]


def ndjson(rows: Iterable[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize("name", ["a.tsv", "a.ndjson", "a.json", "a.parquet", "a.ndjson.gz"])
def test_every_kind_of_file(world: World, name: str) -> None:
    """By its name, packed too."""
    rows = people()
    if name == "a.parquet":
        pq.write_table(pa.Table.from_pylist(rows), name)
    elif name == "a.tsv":
        lines = [[*rows[0]], *([str(value) for value in row.values()] for row in rows)]
        Path(name).write_text("\n".join("\t".join(line) for line in lines))
    elif name == "a.json":
        Path(name).write_text(json.dumps(rows))
    else:
        data = ndjson(rows)
        Path(name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    assert begin(*TO_ACME, file=name) == 0
    assert created(world) == 8


def test_names_that_come_late(world: World, capsys: Said) -> None:
    """Of NDJSON each name that any row has is matched and shown before anything is sent."""
    rows = [*people(), *people()[:1] * 1_200]
    rows[-1] = {"firstName": "Z", "lastName": "S", "Work Email": "z@import.example", "odd": 1}
    rows = [{"firstName": row["firstName"], "lastName": "S"} for row in rows[:-1]] + rows[-1:]
    Path("a.ndjson").write_bytes(ndjson(rows))
    assert begin(*TO_ACME, "--dry-run", file="a.ndjson") == 0
    said = told(capsys)
    assert "Work Email  → email (a usual other name): z@import.example" not in said
    assert "Work Email  → email (a usual other name)" in said
    assert "odd         not sent (no field)" in said
    assert not created(world)


def test_stdin(world: World, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """It is copied; what it is and where the journal stands must be said."""

    def give() -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ndjson(people()))))

    give()
    assert begin(*TO_ACME, "--kind", "ndjson", file="-") == failures.USAGE
    assert "--journal is missing" in told(capsys)
    assert begin(*TO_ACME, "--journal", "job", file="-") == failures.USAGE
    assert "--kind is missing" in told(capsys)
    assert begin(*TO_ACME, "--kind", "ndjson", "--journal", "job", file="-") == 0
    assert created(world) == 8
    assert not Path("job").exists()
    give()
    assert begin(*TO_ACME, "--kind", "ndjson", "--dry-run", file="-") == 0
    assert "8 rows of stdin.ndjson" in capsys.readouterr().out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_asks(world: World, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """Where a column was matched by another name or is not sent; `--yes` and `y` go on."""
    write_people(1)
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert begin(*TO_ACME) == failures.USAGE
    assert "was not confirmed" in told(capsys)
    assert not created(world)
    assert not FOLDER.exists()
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert begin(*TO_ACME) == 0
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert begin(*TO_ACME, "--yes") == 0
    Path("people.csv").write_text("firstName,lastName,email\nN,S,n@import.example\n")
    assert begin(*TO_ACME) == 0  # nothing to ask


def test_dry_run(world: World, capsys: Said) -> None:
    """It says what the rules do, which rows are refused, and what it takes; it sends nothing."""
    write_people(200, "N,,x@import.example,,", *["N,,y@import.example,,"] * 24, line_of(3))
    assert begin(*TO_ACME, "--dry-run") == failures.PARTIAL
    said = capsys.readouterr()
    out = said.out
    assert "25 rows would be refused" in said.err
    assert "226 rows of people.csv: 200 would be sent, 1 repeat an earlier one, 25 are" in out
    assert "lastName:empty (25)" in out
    assert "line 202: rejected: lastName is missing or empty" in out
    assert "… and 5 more are refused" in out
    assert "line 227: existing: the same key as line 5" in out
    assert "about 8 requests" in out  # the probe, a look at it, 4 batches, 2 listings
    assert "(3.2 if a row is not seen at once and goes out again)" in out
    assert "213 and 4.8 minutes" in out
    assert writes(world) == 1  # the client of the fixture
    assert not FOLDER.exists()
    assert begin(*TO_ACME, "--dry-run", "--json", "--rate", "100") == failures.PARTIAL
    preview = json.loads(capsys.readouterr().out)
    assert (preview["requests"], preview["limit"]) == (8, 100)
    assert preview["minutes"] == pytest.approx(0.08, abs=0.01)
    assert preview["clients"] == {"acme-corp": 201}
    states = [(row["line"], row["state"]) for row in preview["rows"]]
    assert states == [*((line, "rejected") for line in range(202, 227)), (227, "existing")]
    assert begin(*TO_ACME, "--dry-run", "--settle", "9") == failures.PARTIAL
    assert "(0.3 if" in capsys.readouterr().out
    Path("people.csv").write_text("firstName,email\nN,n@import.example\n")
    assert begin(*TO_ACME, "--dry-run") == failures.BAD_INPUT


def test_a_dry_run_is_right(world: World, capsys: Said) -> None:
    """The import takes as many requests as it says, the look at the account apart."""
    write_people(200)
    assert begin(*TO_ACME, "--dry-run", "--json") == 0
    preview = json.loads(capsys.readouterr().out)
    assert begin(*TO_ACME, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert abs(report["requests"] - preview["requests"]) <= 1
    assert created(world) == 200


@pytest.mark.fault("S13")
def test_a_client_that_is_none(world: World, capsys: Said) -> None:
    """Its record id is answered with the right client_id; nothing is left behind."""
    write_people()
    assert begin("--client", "acme-cop") == failures.NOT_FOUND
    assert "did you mean 'acme-corp'" in told(capsys)
    record = world.with_client(lambda lg: lg.clients.get("acme-corp")).id
    assert begin("--client", record) == failures.NOT_FOUND
    assert "leads go by its client_id, 'acme-corp'" in told(capsys)
    assert begin("--client", record, "--dry-run") == failures.NOT_FOUND
    assert not FOLDER.exists()
    assert begin() == failures.USAGE
    assert "give --client CLIENT_ID" in told(capsys)


def test_rows_that_name_their_clients(world: World) -> None:
    """Each goes to its own."""
    write_people(0, f"{line_of(1)},acme-corp", head=f"{HEAD},client_id")
    assert begin() == 0
    assert ("acme-corp", "n1@import.example") in world.emulator.created("client_id", "email")


def test_a_new_client(world: World, capsys: Said) -> None:
    """It is made first, once; one that is there already is refused with its client_id."""
    write_people()
    assert begin("--new-client", "acme corp") == failures.USAGE
    assert "there is a client 'acme corp' already: give --client acme-corp" in told(capsys)
    assert not FOLDER.exists()
    assert begin("--new-client", "Northwind", "--dry-run") == 0
    assert writes(world) == 1
    assert begin("--new-client", "Northwind") == 0
    assert "the client 'Northwind' has the client_id northwind" in told(capsys)
    assert begin("--new-client", "Northwind") == failures.USAGE
    assert "give --client northwind (an import knows the client that it made only" in told(capsys)
    assert begin("--client", "northwind") == 0
    assert ("northwind", "n1@import.example") in world.emulator.created("client_id", "email")


def test_a_new_client_is_gone_on_with(world: World, capsys: Said) -> None:
    """What ends the import does not let the client be made again."""
    write_people()
    world.emulator.change(refused_writes=1.0, refusal=401)
    assert begin("--new-client", "Northwind") == failures.AUTH
    assert "to go on: leadgenius leads import people.csv --new-client Northwind" in told(capsys)
    world.emulator.change(refused_writes=0.0)
    assert begin("--new-client", "Northwind") == 0
    assert len(world.answered("POST /api/clients")) == 2  # the fixture's, and this
    assert created(world) == 12


def test_a_new_client_whose_answer_was_lost(
    world: World, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was to be made, and is there: it is ours."""
    from leadgenius_async import errors  # noqa: PLC0415 - for this test alone
    from leadgenius_async._resources.clients import Clients  # noqa: PLC0415 - the same

    write_people()
    make = Clients.create

    async def lose(self: Clients, **fields: Any) -> None:
        await make(self, **fields)
        raise errors.OutcomeUnknown("the answer was lost")

    monkeypatch.setattr(Clients, "create", lose)
    assert begin("--new-client", "Northwind") == failures.NETWORK
    assert "to go on: " in told(capsys)
    monkeypatch.setattr(Clients, "create", make)
    assert begin("--new-client", "Northwind") == 0
    assert created(world) == 12


def test_errors_end_with_the_line_that_goes_on(world: World, capsys: Said) -> None:
    """It is quoted for the shell, and does what the first command would have done."""
    write_people()
    Path("people.csv").rename("our people.csv")
    world.emulator.change(refused_writes=1.0, refusal=401)
    options = [*TO_ACME, "--map", "Shoe Size=notes", "--timeout", "30", "--report", "r 1.ndjson"]
    assert begin(*options, file="our people.csv") == failures.AUTH
    [line] = [line for line in told(capsys).splitlines() if "to go on: " in line]
    world.emulator.change(refused_writes=0.0)
    assert run(shlex.split(line.partition("to go on: ")[2])[1:]) == 0
    said = capsys.readouterr()
    assert "gone on with: run 2 of job" in said.out
    rows = [json.loads(row) for row in Path("r 1.ndjson").read_text().splitlines()]
    assert [(row["line"], row["state"]) for row in rows] == [(n, "created") for n in range(2, 14)]
    assert ("38",) in world.emulator.created("notes")
    assert not Path("our people.csv.import").exists()


def test_other_rows_are_not_gone_on_with(world: World, capsys: Said) -> None:
    """Neither with other options about the rows, nor with another file; the journal stays."""
    write_people()
    world.emulator.change(refused_writes=1.0, refusal=401)
    assert begin(*TO_ACME) == failures.AUTH
    world.emulator.change(refused_writes=0.0)
    capsys.readouterr()
    assert begin(*TO_ACME, "--map", "Shoe Size=notes") == failures.USAGE
    assert "whose --map was not given, and is ['Shoe Size=notes'] now" in told(capsys)
    assert begin(*TO_ACME, "--on-existing", "create") == failures.USAGE
    assert "on_existing was skip and is create" in told(capsys)
    write_people(5)
    assert begin(*TO_ACME) == failures.USAGE
    said = told(capsys)
    assert "the input is not the one" in said or "the input has 5 rows" in said
    write_people()
    assert run(["jobs", "resume", str(FOLDER)]) == 0  # as it was begun, whatever was tried since
    assert created(world) == 12


def test_two_at_once(capsys: Said) -> None:
    """The second is told who is at it."""
    write_people()
    FOLDER.mkdir()
    lock = Lock(FOLDER, "job-1")
    (FOLDER / "command.json").write_text("{}")
    assert begin(*TO_ACME) == failures.OTHER
    assert "people.csv.import is under way in process " in told(capsys)
    lock.release()


def test_stop_at_the_first(world: World, capsys: Said) -> None:
    """Exit code 8 with its line, the rows before it are there; the same again once it is mended."""
    bad = ["N,,x@import.example,,", line_of(8), "N,,y@import.example,,", line_of(9)]
    write_people(3, *bad)
    for _ in range(2):
        assert begin(*TO_ACME, "--on-error", "stop") == failures.BAD_INPUT
        said = told(capsys)
        assert "line 5: lastName is missing" in said
        assert "mend the row and do the same again" in said
        assert "to go on: leadgenius leads import people.csv" in said
        assert created(world) == 3
    assert run(["jobs", "list", "--json"]) == 0
    [job] = json.loads(capsys.readouterr().out)
    assert (job["state"], job["created"]) == ("unfinished", 3)
    write_people(4, *bad[1:])
    assert begin(*TO_ACME, "--on-error", "stop", "--report", "r") == failures.BAD_INPUT
    assert "line 7: lastName is missing" in told(capsys)
    assert len(Path("r").read_text().splitlines()) == created(world) == 5
    assert begin(*TO_ACME) == failures.PARTIAL
    assert created(world) == 6
    assert not FOLDER.exists()


def test_the_report_is_not_the_input(world: World, capsys: Said) -> None:
    """By whatever name: it stays, and nothing is sent."""
    write_people()
    before = Path("people.csv").read_text()
    Path("folder").mkdir()
    Path("link").symlink_to("people.csv")
    Path("hard").hardlink_to("people.csv")
    for name in ("folder/../people.csv", "link", "hard"):
        for more in ([], ["--dry-run"]):
            assert begin(*TO_ACME, "--report", name, *more) == failures.USAGE
            assert "the file that the rows come from" in told(capsys)
    assert begin(*TO_ACME, "--report", "folder") == failures.USAGE
    assert "is a folder" in told(capsys)
    assert Path("people.csv").read_text() == before
    assert not created(world)


class Full(io.StringIO):
    """A stdout whose disk is full, as is known once it is flushed."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_report_that_cannot_be_printed(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    """The journal stays, and the same command prints it."""
    write_people()
    for more in ([], ["--json"]):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", Full())
            assert begin(*TO_ACME, *more) == failures.OTHER
        assert "to have the report again: leadgenius leads import people.csv" in told(capsys)
        assert FOLDER.exists()
    assert begin(*TO_ACME) == 0
    assert "12 created" in capsys.readouterr().out
    assert not FOLDER.exists()
    assert created(world) == 12


@pytest.mark.parametrize("name", ["", "  ", "a\x07b"])
def test_a_new_client_without_a_name(world: World, capsys: Said, name: str) -> None:
    write_people()
    for more in ([], ["--dry-run"]):
        assert begin("--new-client", name, *more) == failures.USAGE
        assert "--new-client " in told(capsys)
    assert writes(world) == 1  # the client of the fixture
    assert not FOLDER.exists()


def test_an_array_in_another_encoding(world: World, capsys: Said) -> None:
    """The rows with bytes that are no text are refused by their places; the others are there."""
    rows = [*people()[:2], {**people()[2], "firstName": "Zoë"}, {**people()[3], "Größe": 1}]
    Path("a.json").write_bytes(json.dumps(rows, ensure_ascii=False).encode("latin-1"))
    assert begin(*TO_ACME, file="a.json") == failures.PARTIAL
    said = told(capsys)
    assert "line 3: rejected: firstName has bytes that are no text" in said
    assert "line 4: rejected: Gr" in said
    assert created(world) == 2


def test_leads_that_are_there_twice_are_no_success(world: World, capsys: Said) -> None:
    """Exit code 6 and the journal stays, though each row was created."""
    write_people(3)
    world.emulator.change(applied_twice=1.0)
    assert begin(*TO_ACME, "--settle", "0.1") == failures.PARTIAL
    assert "leads are there beyond the rows that were given for them" in told(capsys)
    assert FOLDER.exists()


def test_batches_that_are_not_stored(world: World, capsys: Said) -> None:
    """All rows are there all the same, one by one, and it is said."""
    write_people(10)
    world.emulator.change(batch_create="none")
    assert begin(*TO_ACME, "--settle", "0.1") == 0
    assert "did not store what it took in batches" in capsys.readouterr().out
    assert created(world) == 10


def test_unresolved_rows(world: World, capsys: Said) -> None:
    """Of them nobody can tell: exit code 6, and the journal stays, to be looked at."""
    write_people(3)
    world.emulator.change(lost_before=1.0)
    assert begin(*TO_ACME, "--settle", "0.05", "--mode", "at_most_once") == failures.PARTIAL
    said = told(capsys)
    assert "line 2: unresolved" in said
    assert "of 3 rows nobody can tell" in said
    assert FOLDER.exists()
    assert run(["jobs", "resume", str(FOLDER)]) == failures.PARTIAL  # it looks no more
    capsys.readouterr()
    assert run(["jobs", "list", "--json"]) == 0
    [job] = json.loads(capsys.readouterr().out)
    assert (job["kind"], job["state"], job["unresolved"]) == ("import", "complete", 3)
    discards, _, again = (
        said.partition("looked for again: ")[2].partition(" (")[0].partition(" && ")
    )
    world.emulator.change(lost_before=0.0)
    assert run(shlex.split(discards)[1:]) == 0
    assert run(shlex.split(again)[1:]) == 0
    assert created(world) == 3


@pytest.mark.parametrize("options", [["--mode", "fast"], ["--on-existing", "create"]])
def test_unresolved_rows_are_not_sent_blindly(
    world: World, capsys: Said, options: list[str]
) -> None:
    """The line that is said looks for what is there, whatever the import did, and in its client."""
    write_people(3)
    world.emulator.change(lost_after=1.0, find_lag=99.0, read_lag=99.0)
    options = [*options, "--settle", "0.05", "--new-client", "Northwind"]
    assert begin(*options) == failures.PARTIAL
    said = told(capsys)
    world.emulator.change(lost_after=0.0, find_lag=0.0, read_lag=0.0)
    discards, _, again = (
        said.partition("looked for again: ")[2].partition(" (")[0].partition(" && ")
    )
    assert "--client northwind" in again
    assert "--new-client" not in again
    assert run(shlex.split(discards)[1:]) == 0
    assert run(shlex.split(again)[1:]) == 0
    assert "0 created, 3 existing" in capsys.readouterr().out


def wait_for_a_write(world: World, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not any(r.method == "POST" and "leads" in r.path for r in world.emulator.log):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.fault("C3")
def test_ctrl_c(world: World, capsys: Said) -> None:
    """It ends with the line that goes on, and exit code 130; no row is there twice."""
    write_people(12)
    world.emulator.change(batch_create="none")
    command = [sys.executable, "-P", "-m", "leadgenius_async", "leads", "import", "people.csv"]
    with subprocess.Popen(
        [*command, *TO_ACME, "--settle", "3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for_a_write(world, process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == failures.INTERRUPTED, said
    assert "people.csv: job " in said
    go_on, last = said.splitlines()[-2:]
    assert last == "leadgenius: interrupted"
    world.emulator.change(batch_create="all")
    line = shlex.split(go_on.partition("to go on: ")[2])
    assert line[:4] == ["leadgenius", "leads", "import", "people.csv"]
    assert run(["jobs", "list", "--json"]) == 0
    [job] = json.loads(capsys.readouterr().out)
    assert (job["state"], job["kind"], job["open"]) == ("unfinished", "import", 5)
    assert run(["jobs", "list"]) == 0
    assert " 0 of 12 rows, 5 not seen yet " in capsys.readouterr().out
    assert run(line[1:]) == 0
    assert created(world) == 12
