"""The file of a call's results: not in its input's place, whole at the end, checked first."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from leadgenius_async import LeadGenius
from leadgenius_async._writes.report import RowResult
from leadgenius_async._writes.report_file import check_report, report_file
from leadgenius_async.emulator import Emulator

ROWS = [RowResult(line=n, state="created") for n in range(1, 4)]


def written(path: Path) -> list[int]:
    return [json.loads(line)["line"] for line in path.read_text().splitlines()]


def names_of(file: Path) -> dict[str, Path]:
    """Return other names of a file."""
    folder = file.parent / "folder"
    folder.mkdir()
    names = {
        "relative": folder / ".." / file.name,
        "link": folder / "link",
        "hard": folder / "hard",
    }
    names["link"].symlink_to(file)
    os.link(file, names["hard"])
    return names | {"same": file}


@pytest.mark.parametrize("name", ["same", "relative", "link", "hard"])
def test_it_is_not_the_input(tmp_path: Path, name: str) -> None:
    """By whatever name the input goes: nothing is written, and the input stays."""
    source = tmp_path / "people.csv"
    source.write_text("id\n1\n")
    path = names_of(source)[name]
    with (
        pytest.raises(ValueError, match="the file that the rows come from"),
        report_file(path, source),
    ):
        raise AssertionError
    assert source.read_text() == "id\n1\n"


def test_what_stands_beside_it_is_not_the_input_either(tmp_path: Path) -> None:
    source = tmp_path / ".rows.ndjson.tmp"
    source.write_text("{}\n")
    with pytest.raises(ValueError, match="the file that the rows come from"):
        check_report(tmp_path / "rows.ndjson", source=source)


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal", "command.json"])
def test_it_is_no_file_of_the_journal(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="a file of the journal"):
        check_report(tmp_path / name, journal=tmp_path)
    check_report(tmp_path / "rows.ndjson", journal=tmp_path)


def test_it_takes_its_place_at_the_end(tmp_path: Path) -> None:
    """Until then an earlier one stays; links and permissions are kept."""
    path, link = tmp_path / "rows.ndjson", tmp_path / "link"
    path.write_text("earlier")
    path.chmod(0o600)
    link.symlink_to(path)
    with report_file(link) as write:
        assert write is not None
        write(ROWS)
        assert path.read_text() == "earlier"
    assert written(path) == [1, 2, 3]
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob(".rows*"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_end_before_the_end(tmp_path: Path, error: type[BaseException]) -> None:
    """What was written by then is there; where nothing was, an earlier report stays."""
    path = tmp_path / "rows.ndjson"
    for rows in (ROWS[:2], []):
        with contextlib.suppress(error), report_file(path) as write:
            assert write is not None
            write(rows)
            raise error
        assert written(path) == [1, 2]
    assert not list(tmp_path.glob(".rows*"))


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(path.read_text()))
    reader.start()
    with report_file(path) as write:
        assert write is not None
        write(ROWS)
    reader.join()
    assert len(read[0].splitlines()) == 3
    assert path.is_fifo()
    with report_file("/dev/null") as write:
        assert write is not None
        write(ROWS)
    assert Path("/dev/null").is_char_device()


def test_a_link_that_stands_in_the_way_is_not_followed(tmp_path: Path) -> None:
    """What is written until the end has a name that can be guessed."""
    (tmp_path / "precious.txt").write_text("precious")
    (tmp_path / ".rows.ndjson.tmp").symlink_to(tmp_path / "precious.txt")
    with report_file(tmp_path / "rows.ndjson") as write:
        assert write is not None
        write(ROWS)
    assert (tmp_path / "precious.txt").read_text() == "precious"
    assert len((tmp_path / "rows.ndjson").read_text().splitlines()) == 3


@pytest.mark.parametrize("name", ["", "nowhere/rows.ndjson", "x" * 255])
async def test_it_is_known_first_that_it_can_be_written(
    emulator: Emulator, lg: LeadGenius, tmp_path: Path, name: str
) -> None:
    """Before anything is sent: an import's and an update's."""
    calls = len(emulator.log)
    options: dict[str, Any] = {"report": tmp_path / name}
    with pytest.raises(ValueError, match="report"):
        await lg.leads.create_many([{"firstName": "A"}], client_id="any", **options)
    with pytest.raises(ValueError, match="report"):
        await lg.leads.update_many([{"id": "lead-1", "title": "x"}], **options)
    assert len(emulator.log) == calls


async def test_calls_refuse_a_report_in_the_place_of_their_rows(
    emulator: Emulator, lg: LeadGenius, tmp_path: Path
) -> None:
    """Whatever kind of file these come from."""
    file = tmp_path / "leads.ndjson"
    file.write_text('{"id": "lead-1", "title": "x"}\n')
    before = file.read_text()
    client = emulator.ready.clients[0].client_id
    with pytest.raises(ValueError, match="the file that the rows come from"):
        await lg.leads.create_many(file, client_id=client, report=file)
    with pytest.raises(ValueError, match="the file that the rows come from"):
        await lg.leads.update_many(file, report=file)
    with pytest.raises(ValueError, match="the file that the rows come from"):
        await lg.leads.delete_many(file, report=file)
    with pytest.raises(ValueError, match="the file that the rows come from"):
        await lg.leads.move_many(file, to=client, report=file)
    assert file.read_text() == before


@pytest.mark.parametrize("settle", [float("nan"), float("inf"), -1, None, "90"])
async def test_settle_is_a_number_of_seconds(lg: LeadGenius, settle: Any) -> None:
    with pytest.raises(ValueError, match="settle is"):
        await lg.leads.create_many([{"firstName": "A"}], settle=settle)
