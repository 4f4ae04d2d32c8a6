"""Starting, stopping and keeping the emulator's data."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import tempfile
from pathlib import Path

import aiohttp
import msgspec
import pytest

from leadgenius_async.emulator import Emulator
from leadgenius_async.emulator.rows import StoredRow
from leadgenius_async.emulator.store import Store


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary files are made in."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


async def test_listens_on_loopback_until_the_end(temporary: Path) -> None:
    """It listens on 127.0.0.1 inside the block; afterwards nothing listens, no file stays."""
    async with Emulator(leads=10, source_leads=0) as emulator:
        assert emulator.base_url.startswith("http://127.0.0.1:")
        assert _names(temporary)
        url = emulator.base_url

    assert not _names(temporary)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)


async def test_port_in_use(temporary: Path) -> None:
    """A port in use is an OSError, and nothing stays behind."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="address already in use"):
            await Emulator(leads=0, source_leads=0, port=taken.getsockname()[1]).__aenter__()

    assert not _names(temporary)


async def test_cancelled_load(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that is cancelled while it loads stops soon and leaves no file."""
    loop, loading, insert = asyncio.get_running_loop(), asyncio.Event(), Store.insert_rows

    def insert_and_tell(store: Store, table: str, rows: list[StoredRow]) -> None:
        loop.call_soon_threadsafe(loading.set)
        insert(store, table, rows)

    monkeypatch.setattr(Store, "insert_rows", insert_and_tell)
    starting = asyncio.ensure_future(Emulator(leads=2_000_000).__aenter__())
    await loading.wait()
    starting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not _names(temporary)


async def test_ready_is_the_ready_file(emulator: Emulator) -> None:
    """As JSON, `ready` has what somebody needs to sign in and what to expect."""
    ready = msgspec.json.decode(msgspec.json.encode(emulator.ready))

    assert set(ready) == {
        "base_url", "api_key", "user_id", "company_id", "username", "password", "clients", "rows",
        "admin", "member", "other", "control_token", "console_url",
    }  # fmt: skip
    assert ready["company_id"] == "company-1"
    assert ready["rows"] == {"enrich_leads": 600, "source_leads": 200}
    assert len(ready["clients"]) == 5
    assert set(ready["clients"][0]) == {"id", "client_id"}


async def test_second_company(emulator: Emulator) -> None:
    """The second company is a small one with a user and a key of its own."""
    assert emulator.other.company_id == "company-2"
    assert emulator.other.rows == {"enrich_leads": 20, "source_leads": 20}
    assert len(emulator.other.clients) == 3
    assert emulator.other.user_id != emulator.ready.user_id
    assert emulator.other.api_key != emulator.ready.api_key


async def test_outside_of_the_block() -> None:
    """What needs a running emulator says so before the start and after the end."""
    emulator = Emulator(leads=0, source_leads=0)
    with pytest.raises(RuntimeError, match="async with"):
        _ = emulator.ready
    async with emulator:
        pass
    with pytest.raises(RuntimeError, match="async with"):
        emulator.rows("enrich_leads")


async def test_a_second_start() -> None:
    """It goes by the options that were given, whatever was changed in the first run."""
    emulator = Emulator(leads=0, source_leads=0, clients=1)
    async with emulator:
        emulator.change(read_lag=2.0)
        assert emulator.config.read_lag == 2
    assert emulator.config.read_lag == 0
    async with emulator:
        assert emulator.config.read_lag == 0


async def test_started_twice(emulator: Emulator) -> None:
    """A running emulator refuses a second start."""
    with pytest.raises(RuntimeError, match="running already"):
        await emulator.__aenter__()


async def test_keeps_a_file(tmp_path: Path) -> None:
    """A named file stays, and is used again by the same options without a new load."""
    path = tmp_path / "kept.db"
    async with Emulator(db=path, leads=150, source_leads=0) as emulator:
        before = list(emulator.rows("enrich_leads"))
    with sqlite3.connect(path) as db:
        db.execute("DELETE FROM enrich_leads WHERE seq = 1")
    db.close()
    async with Emulator(db=path, leads=150, source_leads=0) as emulator:
        after = list(emulator.rows("enrich_leads"))

    assert after == before[1:]
    assert _names(tmp_path) == ["home", "kept.db"]


async def test_file_of_other_options(tmp_path: Path) -> None:
    """A file with the sample of other options is refused, not overwritten."""
    path = tmp_path / "kept.db"
    async with Emulator(db=path, leads=5, source_leads=0):
        pass
    with pytest.raises(ValueError, match=r"holds the sample of other options.*\"leads\":5"):
        await Emulator(db=path, leads=6, source_leads=0).__aenter__()
    async with Emulator(db=path, leads=5, source_leads=0, rate="off"):
        pass


@pytest.mark.parametrize("content", [b"", b"id,name\n1,a\n" * 100])
async def test_file_of_something_else(tmp_path: Path, content: bytes) -> None:
    """A file that is no emulator database is refused and left as it is."""
    path = tmp_path / "else.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"else\.csv"):
        await Emulator(db=path, leads=0).__aenter__()

    assert path.read_bytes() == content


async def test_file_in_no_folder(tmp_path: Path) -> None:
    """A file in a folder that does not exist is refused by name."""
    with pytest.raises(ValueError, match="missing"):
        await Emulator(db=tmp_path / "missing" / "kept.db", leads=0).__aenter__()


async def test_truth_needs_fields_and_a_table(emulator: Emulator) -> None:
    """A projection on nothing and a table that does not exist are mistakes of the caller."""
    with pytest.raises(ValueError, match="fields is empty"):
        emulator.rows_projected("enrich_leads", [])
    with pytest.raises(ValueError, match="table='leads' is not one of enrich_leads"):
        emulator.rows("leads")
