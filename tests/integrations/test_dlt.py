"""dlt: the source as a pipeline runs it, into DuckDB."""

from __future__ import annotations

import datetime as dt
import functools
import importlib
import json
import re
import sys
import time
import tomllib
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from anyio import to_thread
from dlt.common.pipeline import LoadInfo
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed
from pages import executing

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator
from leadgenius_async.errors import ConfigurationError
from leadgenius_async.integrations.dlt import leadgenius

Make = Callable[..., DltSource]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No telemetry, which would need a network."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")


@pytest.fixture
def source(emulator: Emulator) -> Make:
    """The source of the emulator's first company."""
    ready = emulator.ready

    def make(**options: Any) -> DltSource:
        key = {"api_key": ready.api_key, "user_id": ready.user_id}
        return leadgenius(base_url=ready.base_url, **key, **{"rate": "off", **options})

    return make


class Destination:
    """A DuckDB file, and the pipeline into it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "leads.duckdb"
        self._folder = folder

    async def load(self, source: object) -> LoadInfo:
        """Run the pipeline anew, as a cron job does."""
        return await to_thread.run_sync(self._load, source)

    def _load(self, source: object) -> LoadInfo:
        pipeline = dlt.pipeline(
            "leads",
            destination=dlt.destinations.duckdb(str(self.file)),
            dataset_name="lg",
            pipelines_dir=str(self._folder / "pipelines"),
        )
        return pipeline.run(source)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the file, as an analyst does."""
        with duckdb.connect(str(self.file), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def rows(self, table: str = "enrich_leads") -> Iterator[dict[str, object]]:
        """Give the rows, as far as the tests look at them."""
        names = ("id", "email", "updatedAt")
        for row in self.ask(f"select id, email, updated_at from lg.{table}"):  # noqa: S608 - ours
            yield dict(zip(names, row, strict=True))


@pytest.fixture
def destination(tmp_path: Path) -> Destination:
    return Destination(tmp_path)


def some(emulator: Emulator, number: int) -> list[str]:
    """The ids of the first so many leads."""
    return [json.loads(row)["id"] for row in emulator.rows("enrich_leads")][:number]


async def test_both_tables_are_loaded_whole(
    emulator: Emulator, source: Make, destination: Destination, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING")
    await destination.load(source())
    assert not caplog.records  # dlt has nothing to warn of
    emulator.assert_rows_equal(destination.rows())
    emulator.assert_rows_equal(destination.rows("source_leads"), table="source_leads")


async def test_a_second_load_brings_what_was_changed(
    emulator: Emulator, source: Make, destination: Destination
) -> None:
    """And no more: those that were not are left out before they are written."""
    await destination.load(source().with_resources("enrich_leads"))
    changed, gone = some(emulator, 2)
    emulator.update("enrich_leads", changed, {"email": "new@changed.example"})
    emulator.insert("enrich_leads", [{"client_id": emulator.ready.clients[0].client_id}])
    emulator.delete("enrich_leads", [gone])

    again = await destination.load(source().with_resources("enrich_leads"))

    rows = list(destination.rows())
    assert len(rows) == 601
    # A lead that was deleted stays, until the tables are loaded anew.
    emulator.assert_rows_equal(row for row in rows if row["id"] != gone)
    assert loaded(again) == 2


def loaded(info: LoadInfo) -> int:
    """Rows of leads that a load has brought."""
    trace = info.pipeline.last_trace.last_normalize_info
    return int(trace.row_counts["enrich_leads"])


async def test_a_change_while_a_load_runs_is_not_lost(
    emulator: Emulator, source: Make, destination: Destination
) -> None:
    """The newest `updatedAt` is no place to go on from: a page that was read before may change."""
    resource = source(fields=["email"], page_size=100).with_resources("enrich_leads")
    early, later = some(emulator, 2)
    moment = dt.datetime.now(dt.UTC)

    def meanwhile(batch: Any) -> Any:
        if early in batch.column("id").to_pylist():
            # The lead is stamped now, and was read; another one is stamped later and is to come.
            stamp = (moment + dt.timedelta(minutes=1)).isoformat()
            emulator.update("enrich_leads", later, {"updatedAt": stamp})
            emulator.delete("enrich_leads", [early])
            emulator.insert(
                "enrich_leads",
                [
                    {
                        "id": early,
                        "client_id": emulator.ready.clients[0].client_id,
                        "email": "meanwhile@changed.example",
                        "updatedAt": moment.isoformat(),
                    }
                ],
            )
        return batch

    resource.enrich_leads.add_map(meanwhile)
    await destination.load(resource)
    await destination.load(source(fields=["email"]).with_resources("enrich_leads"))
    emulator.assert_rows_equal(destination.rows())


async def test_another_question_begins_anew(
    emulator: Emulator, source: Make, destination: Destination
) -> None:
    """What was changed since the last load says nothing of clients that it had not."""
    first, second = (client.client_id for client in emulator.ready.clients[:2])
    await destination.load(source(clients=[first]).with_resources("enrich_leads"))
    emulator.assert_rows_equal(destination.rows(), client_id=first)

    both = source(clients=[first, second]).with_resources("enrich_leads")
    await destination.load(both)
    rows = list(destination.rows())
    expected = sum(
        1 for name in (first, second) for _ in emulator.rows("enrich_leads", client_id=name)
    )
    assert len(rows) == expected > 0


async def test_without_increments_the_tables_are_replaced(
    emulator: Emulator, source: Make, destination: Destination
) -> None:
    """A lead that was deleted is gone then."""
    await destination.load(source(incremental=False))
    emulator.delete("enrich_leads", some(emulator, 5))
    await destination.load(source(incremental=False))
    emulator.assert_rows_equal(destination.rows())


async def test_fields_are_those_asked_for(source: Make, destination: Destination) -> None:
    await destination.load(source(fields=["companyName"]).with_resources("enrich_leads"))
    columns = destination.ask(
        "select column_name from information_schema.columns where table_name = 'enrich_leads'"
    )
    assert {name for (name,) in columns} >= {"id", "updated_at", "company_name", "_extra"}
    assert ("email",) not in columns


async def test_a_load_that_fails_leaves_the_last_one(
    emulator: Emulator, source: Make, destination: Destination
) -> None:
    """Nothing of it is there, and the next one brings what it would have."""
    await destination.load(source(fields=["email"]).with_resources("enrich_leads"))
    before = list(destination.rows())
    broken = source(page_size=100).with_resources("enrich_leads")

    @functools.cache
    def revoke() -> None:
        emulator.revoke_key()

    def meanwhile(batch: Any) -> Any:
        revoke()
        return batch

    broken.enrich_leads.add_map(meanwhile)
    with pytest.raises(PipelineStepFailed, match="AuthenticationError"):
        await destination.load(broken)
    assert sorted(destination.rows(), key=str) == sorted(before, key=str)
    state = destination.ask("select state from lg._dlt_pipeline_state")
    assert emulator.ready.api_key not in str(state)


async def test_a_misspelt_field_is_refused(source: Make, destination: Destination) -> None:
    with pytest.raises(PipelineStepFailed, match="companyName"):
        await destination.load(source(fields=["company_name"]))


async def test_a_table_without_rows_is_told(
    caplog: pytest.LogCaptureFixture, destination: Destination
) -> None:
    """It may be a wrong company's: the service answers both with nothing."""
    async with Emulator(leads=0, source_leads=0, rate="off") as emulator:
        ready = emulator.ready
        await destination.load(
            leadgenius(
                base_url=ready.base_url, api_key=ready.api_key, user_id=ready.user_id, rate="off"
            )
        )
    assert "no lead came" in caplog.text


async def test_credentials_come_from_where_they_always_do(
    emulator: Emulator, destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("base_url", "api_key", "user_id"):
        monkeypatch.setenv(f"LEADGENIUS_{name.upper()}", getattr(emulator.ready, name))
    await destination.load(leadgenius(rate="off", fields=["email"]).with_resources("enrich_leads"))
    emulator.assert_rows_equal(destination.rows())


async def test_the_environment_of_others_is_not_ours(
    emulator: Emulator, destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By their plain names dlt would find them: a key would go to another host."""
    monkeypatch.setenv("BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PROFILE", "prod")
    monkeypatch.setenv("API_KEY", "another program's")
    for name in ("base_url", "api_key", "user_id"):
        monkeypatch.setenv(f"LEADGENIUS_{name.upper()}", getattr(emulator.ready, name))
    await destination.load(leadgenius(rate="off", fields=["email"]).with_resources("enrich_leads"))
    emulator.assert_rows_equal(destination.rows())


async def test_both_tables_have_one_login(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh token that is good once is used once."""
    async with Emulator(
        leads=20, source_leads=20, rate="off", bulk_accepts_jwt=True, rotate_refresh_tokens=True
    ) as emulator:
        ready = emulator.ready
        async with LeadGenius(base_url=ready.base_url, rate="off") as lg:
            body = {"username": ready.username, "password": ready.password}
            reply = await lg.request("POST", "/auth", json=body)
        tokens = json.loads(reply.body)["tokens"]
        monkeypatch.setenv("LEADGENIUS_REFRESH_TOKEN", tokens["refreshToken"])
        await destination.load(leadgenius(base_url=ready.base_url, rate="off"))
        emulator.assert_rows_equal(destination.rows("source_leads"), table="source_leads")
        assert [entry.path for entry in emulator.log].count("/api/auth/refresh") == 1


async def test_both_tables_keep_to_one_rate(
    emulator: Emulator, source: Make, destination: Destination
) -> None:
    """A number is what both use together: 240 a minute are two requests in half a second."""
    began = time.monotonic()
    await destination.load(source(rate=240, fields=["email"], page_size=200))
    requests = len(emulator.log)
    assert requests > 8
    assert time.monotonic() - began > (requests - 2) * 60 / 240


async def test_a_traceback_with_locals_has_no_key(
    emulator: Emulator, destination: Destination, source: Make
) -> None:
    """Neither the source's own frames nor the client's show it."""
    with pytest.raises(PipelineStepFailed) as caught:
        await destination.load(source(fields=["company_name"]))
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert emulator.ready.api_key not in "".join(told.format())


async def test_the_page_runs(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its blocks, one after the other, as a reader has them in a script."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "dlt"))
    monkeypatch.setenv("LEADGENIUS_RATE", "off")
    for name in ("base_url", "api_key", "user_id"):
        monkeypatch.setenv(f"LEADGENIUS_{name.upper()}", getattr(emulator.ready, name))
    names: dict[str, Any] = {"__name__": "__main__"}
    code = ""
    with executing("integrations/test_dlt.py::test_the_page_runs") as blocks:
        for block in blocks:
            if block.language == "toml":
                use_keys(tomllib.loads(block.code), emulator, monkeypatch)
            else:
                code = block.code
            await to_thread.run_sync(exec, compile(code, block.place, "exec"), names)
    with duckdb.connect(str(tmp_path / "leads.duckdb"), read_only=True) as connection:
        found = connection.execute("select count(*) from leadgenius.enrich_leads").fetchall()
    assert found == [(600,)]


def use_keys(file: dict[str, Any], emulator: Emulator, patches: pytest.MonkeyPatch) -> None:
    """Let the account be where a file for dlt has it, and nowhere else."""
    for name in file["sources"]["leadgenius"]:
        patches.delenv(f"LEADGENIUS_{name.upper()}")
        patches.setenv(f"SOURCES__LEADGENIUS__{name.upper()}", getattr(emulator.ready, name))


async def test_credentials_may_be_those_of_dlt(
    emulator: Emulator, destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `[sources.leadgenius]` in `secrets.toml` has them."""
    for name in ("base_url", "api_key", "user_id"):
        monkeypatch.setenv(f"SOURCES__LEADGENIUS__{name.upper()}", getattr(emulator.ready, name))
    await destination.load(leadgenius(rate="off", fields=["email"]).with_resources("enrich_leads"))
    emulator.assert_rows_equal(destination.rows())


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlt", None)
    monkeypatch.delitem(sys.modules, "leadgenius_async.integrations.dlt")
    with pytest.raises(ConfigurationError, match=re.escape('pip install "leadgenius-async[dlt]"')):
        importlib.import_module("leadgenius_async.integrations.dlt")
