"""Commands that change many leads: what they print, and what they exit with."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from world import World, running_world

from leadgenius_async._writes import read_back
from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Generator[World, None, None]:
    """Run an emulator in which each command may log in."""
    with running_world(login_attempts=99) as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        yield world


@pytest.fixture
def ran(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command; what it exits with, its stdout and its stderr."""
    monkeypatch.setattr(read_back, "LOOKS", (0.0, 0.1))

    def ran(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return ran


def rows_of(world: World) -> dict[str, dict[str, Any]]:
    rows: list[dict[str, Any]] = list(map(msgspec.json.decode, world.emulator.rows("enrich_leads")))
    return {str(row["id"]): row for row in rows}


def calls(world: World, method: str) -> int:
    return sum(request.method == method for request in world.emulator.log)


def test_update_by_a_file(world: World, ran: Run, tmp_path: Path) -> None:
    """An empty cell leaves a field as it is; what is missing or refused is told by line."""
    file = tmp_path / "changes.csv"
    file.write_text(
        "Lead,Job Title,status\nlead_1,CEO,\nlead_9,CFO,won\nlead_2,CTO,won\n,CIO,won\n"
    )
    report = tmp_path / "rows.ndjson"
    command = ["leads", "update", "--file", str(file), "--map", "Lead=id"]
    code, out, err = ran(*command, "--dry-run")
    assert (code, calls(world, "PUT")) == (failures.PARTIAL, 0)
    assert out.splitlines()[:3] == ["total     4", "ready     3", "refused   1"]
    code, out, err = ran(*command, "--report", str(report), "--verify")
    assert code == failures.PARTIAL
    assert out.splitlines()[:4] == ["total     4", "updated   2", "missing   1", "refused   1"]
    assert "line 3: missing lead_9: no lead has this id" in err
    assert "line 5: refused: id is missing" in err
    rows = rows_of(world)
    assert (rows["lead_1"]["title"], rows["lead_1"]["status"]) == ("CEO", "new")
    assert (rows["lead_2"]["title"], rows["lead_2"]["status"]) == ("CTO", "won")
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(line["line"], line["state"]) for line in lines] == [
        (2, "updated"), (3, "missing"), (4, "updated"), (5, "refused"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["changes.csv", "changes.ndjson"])
def test_columns_that_are_no_field(world: World, ran: Run, tmp_path: Path, name: str) -> None:
    """As of an import they are not sent, and named, if they are not asked for."""
    file = tmp_path / name
    text = "id,Job Title,Shoe Size\nlead_1,CEO,38\n"
    if name.endswith("ndjson"):
        text = '{"id": "lead_2"}\n' * 1_200 + '{"id":"lead_1","Job Title":"CEO","Shoe Size":"38"}\n'
    file.write_text(text)
    code, _, err = ran("leads", "update", "--file", str(file))
    assert code == 0
    assert "not sent, since no field is named so: Shoe Size (--map" in err
    assert rows_of(world)["lead_1"]["title"] == "CEO"
    assert "Shoe Size" not in rows_of(world)["lead_1"]
    code, _, err = ran("leads", "update", "--file", str(file), "--keep-columns")
    assert (code, err) == (0, "")
    assert rows_of(world)["lead_1"]["Shoe Size"] == "38"


def test_update_of_one_lead_is_as_before(world: World, ran: Run) -> None:
    assert ran("leads", "update", "lead_1", "--data", '{"title": "CEO"}')[0] == 0
    assert rows_of(world)["lead_1"]["title"] == "CEO"


@pytest.mark.parametrize(
    "case",
    [
        (["update"], failures.USAGE, "or --file for many"),
        (["update", "lead_1", "--data", "{}", "--verify"], failures.USAGE, "or --file for many"),
        (["update", "lead_1", "--file", "good.csv"], failures.USAGE, "give nothing of one lead"),
        (["update", "--file", "none.csv"], failures.BAD_INPUT, "No such file"),
        (["update", "--file", "good.csv", "--map", "id"], failures.USAGE, "NAME=VALUE"),
        (["update", "--file", "good.csv", "--map", "x=id"], failures.BAD_INPUT, "no column 'x'"),
        (["update", "--file", "odd.csv"], failures.BAD_INPUT, "looks like the field 'title'"),
        (["update", "--file", "noid.csv"], failures.BAD_INPUT, "no column is the leads' id"),
        (["update", "--file", "cut.csv.gz"], failures.BAD_INPUT, "cut.csv.gz"),
        (["update", "--file", "late.ndjson"], failures.BAD_INPUT, "looks like the field 'title'"),
        (["update", "--file", "good.csv", "--batch-size", "101"], failures.USAGE, "--batch-size"),
        (
            ["update", "--file", "good.csv", "--report", "good.csv"],
            failures.USAGE,
            "rows come from",
        ),
        (
            ["update", "--file", "good.csv", "--report", "no/r"],
            failures.USAGE,
            "there is no folder",
        ),
        (["update", "--file", "good.csv", "--report", "."], failures.USAGE, "is a folder"),
        (["update", "lead_1", "--data", "{}", "--keep-columns"], failures.USAGE, "--file for many"),
        (["delete", "--file", "good.csv", "--report", "hard"], failures.USAGE, "rows come from"),
        (
            ["move", "--to", "acme-corp", "--file", "good.csv", "--report", "./good.csv"],
            failures.USAGE,
            "rows come from",
        ),
        (["delete", "--yes"], failures.USAGE, "either the leads' ids"),
        (["delete", "a", "--file", "good.csv"], failures.USAGE, "either the leads' ids"),
        (["delete", "--file", "good.csv"], failures.USAGE, "give --yes"),
        (["delete", "--file", "noid.csv", "--yes"], failures.BAD_INPUT, "no column is the"),
        (["move", "lead_1", "--to", "acme"], failures.NOT_FOUND, "did you mean 'acme-corp'"),
    ],
)
@pytest.mark.usefixtures("world")
def test_what_is_wrong_is_told(
    ran: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, case: tuple[list[str], int, str]
) -> None:
    """Bad files exit with 8, bad options with 2."""
    monkeypatch.chdir(tmp_path)
    Path("good.csv").write_text("id,title\nlead_1,CEO\n")
    Path("hard").hardlink_to("good.csv")
    Path("late.ndjson").write_text('{"id": "1"}\n' * 1_200 + '{"id": "1", "titel": 1}\n')
    Path("odd.csv").write_text("id,titel\nlead_1,CEO\n")
    Path("noid.csv").write_text("email\na@b.example\n")
    Path("cut.csv.gz").write_bytes(b"\x1f\x8b\x08\x00cut")
    arguments, code, says = case
    found, _, err = ran("leads", *arguments)
    assert (found, says in err) == (code, True), err
    assert Path("good.csv").read_text() == "id,title\nlead_1,CEO\n"


def test_delete_by_a_file(world: World, ran: Run, tmp_path: Path) -> None:
    """Other columns do not matter; one that is not there is told."""
    file = tmp_path / "leads.ndjson"
    file.write_text('{"id": "lead_1", "titel": 1}\n{"id": "lead_2"}\n')
    assert ran("leads", "delete", "--file", str(file), "--dry-run")[0] == 0
    assert "lead_1" in rows_of(world)
    code, out, _ = ran("leads", "delete", "--file", str(file), "--yes", "--json")
    assert code == 0
    assert json.loads(out)["deleted"] == 2
    assert not {"lead_1", "lead_2"} & rows_of(world).keys()
    code, out, _ = ran("leads", "delete", "--file", str(file), "--yes", "--json")
    assert code == failures.PARTIAL
    assert json.loads(out)["missing"] == 2


def test_what_a_request_does_not_tell(world: World, ran: Run, tmp_path: Path) -> None:
    """One line a request says what it deleted, in the words of the command line."""
    ids = [f"more_{n}" for n in range(60)]
    world.emulator.insert("enrich_leads", [{"id": each, "client_id": "x"} for each in ids])
    file = tmp_path / "leads.csv"
    file.write_text("\n".join(["id", *ids[:20], "nobody", *ids[20:59], "nobody 2", ids[0]]))
    code, out, err = ran("leads", "delete", "--file", str(file), "--yes", "--batch-size", "21")
    assert code == failures.PARTIAL
    assert out.split() == [
        "total", "62", "unchanged", "1", "deleted", "59", "missing", "2", "rows_gone", "40",
        "requests", "3",
    ]  # fmt: skip
    untold = "the others were not there, and it does not say which (--batch-size 1 tells)"
    assert [line.removeprefix("leadgenius: ") for line in err.splitlines()] == [
        f"lines {lines}: gone: the service deleted {some} leads of one request, from line {first} "
        f"on; {untold}"
        for lines, some, first in (("2 to 22", "20 of the 21", 2), ("44 to 62", "18 of the 19", 44))
    ]
    file.write_text(f"id\n{ids[59]}\nlead_1\n{ids[59]}\n")
    code, out, err = ran("leads", "delete", "--file", str(file), "--yes")
    assert (code, err) == (0, "")
    assert out.split()[:6] == ["total", "3", "unchanged", "1", "deleted", "2"]
    file.write_text("Lead,title\n1,CEO\n")
    code, _, err = ran("leads", "update", "--file", str(file))
    assert code == failures.BAD_INPUT
    assert 'say which it is: --map "…=id"' in err
    assert "columns=" not in err


def test_move(world: World, ran: Run, tmp_path: Path) -> None:
    """By ids or by a file."""
    target = world.emulator.ready.clients[0].client_id
    code, out, _ = ran("leads", "move", "lead_1", "lead_9", "--to", target, "--json")
    assert code == failures.PARTIAL
    assert json.loads(out)["updated"] == 1
    file = tmp_path / "leads.csv"
    file.write_text("id,client_id\nlead_2,acme-corp\n")
    assert ran("leads", "move", "--to", target, "--file", str(file), "--verify")[0] == 0
    rows = rows_of(world)
    assert {rows["lead_1"]["client_id"], rows["lead_2"]["client_id"]} == {target}


def hide(world: World) -> str:
    """Make leads invisible; return the record id that some of them have for a client_id."""
    world.emulator.insert(
        "enrich_leads", [{"id": f"old-{n}", "client_id": "old"} for n in range(3)]
    )
    record_id = world.emulator.ready.clients[0].id
    world.emulator.insert("enrich_leads", [{"id": "by-record", "client_id": record_id}])
    return record_id


def groups(out: str) -> dict[str, tuple[int, str | None, int, int]]:
    return {
        row["client_id"]: (row["leads"], row["to"], row["moved"], row["left"])
        for row in json.loads(out)
    }


def test_rehome(world: World, ran: Run) -> None:
    """Leads under a record id go to its client, others where they are told to."""
    right = world.emulator.ready.clients[0].client_id
    command = ["leads", "rehome", "--json"]
    assert ran("leads", "rehome", "--yes")[0] == 0  # what the sample has of them
    record_id = hide(world)
    code, out, _ = ran(*command, "--dry-run")
    assert code == 0
    assert groups(out) == {"old": (3, None, 0, 3), record_id: (1, right, 0, 1)}
    assert ran(*command)[0] == failures.USAGE
    assert rows_of(world)["by-record"]["client_id"] == record_id
    code, out, _ = ran(*command, "--yes")
    assert code == failures.PARTIAL
    assert groups(out) == {"old": (3, None, 0, 3), record_id: (1, right, 1, 0)}
    assert rows_of(world)["by-record"]["client_id"] == right
    code, _, err = ran("leads", "rehome", "--map", "odl=acme-corp", "--yes")
    assert (code, "no invisible leads of 'odl'" in err) == (failures.USAGE, True)
    assert ran("leads", "rehome", "--to", "acme", "--yes")[0] == failures.NOT_FOUND
    code, out, err = ran("leads", "rehome", "--map", "old=acme-corp", "--yes")
    assert code == 0
    assert "3 leads of 'old' go to 'acme-corp'" in err
    assert rows_of(world)["old-1"]["client_id"] == "acme-corp"
    code, _, err = ran("leads", "rehome", "--to", "acme-corp")
    assert (code, "no lead is invisible" in err) == (0, True)


def test_rehome_where_leads_do_not_move(world: World, ran: Run) -> None:
    """It looks again: what is still invisible is told, and exits 6."""
    ran("leads", "rehome", "--yes")
    hide(world)
    world.portal.call(lambda: world.emulator.change(move_leads=False))
    code, out, err = ran("leads", "rehome", "--to", "acme-corp", "--yes")
    assert code == failures.PARTIAL
    assert "old                                   3      acme-corp" in out
    assert "3 leads are not shown at 'acme-corp' yet, or do not move" in err


def test_purge(world: World, ran: Run) -> None:
    code, out, _ = ran("clients", "purge", "acme-corp", "--dry-run", "--json")
    assert (code, json.loads(out)["leads"]) == (0, 2)
    assert ran("clients", "purge", "acme-corp")[0] == failures.USAGE
    assert "lead_1" in rows_of(world)
    code, out, _ = ran("clients", "purge", "acme-corp", "--yes", "--json")
    assert (code, json.loads(out)["leads"]) == (0, 2)
    assert "lead_1" not in rows_of(world)
    assert ran("clients", "purge", "acme-corp", "--yes")[0] == failures.NOT_FOUND
