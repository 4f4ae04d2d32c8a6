"""The recipes of `docs/integrations/recipes.md`, each with its tool: `nox -s recipes`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from anyio import to_thread
from pages import executing

from leadgenius_async.emulator import Emulator

#: What runs a recipe that only says what is to be run, as its tool's own tests do.
AIRFLOW = """
import recipe
recipe.leads().test()
"""
DAGSTER = """
import dagster as dg, recipe
done = dg.materialize([recipe.enrich_leads], partition_key="2026-01-02")
[event] = done.asset_materializations_for_node("enrich_leads")
assert event.metadata["dagster/row_count"].value == 600
"""
PREFECT = """
import asyncio, recipe
assert asyncio.run(recipe.leads("2026-01-02")) == 600
"""


def recipe(name: str) -> str:
    """Return the block below a heading."""
    with executing(f"recipes/test_recipes.py::test_{name.lower()}") as blocks:
        [block] = blocks
    return block.code


@pytest.fixture
def account(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Emulator:
    """The account in the environment, and a place for the leads."""
    for name in ("base_url", "api_key", "user_id"):
        monkeypatch.setenv(f"LEADGENIUS_{name.upper()}", getattr(emulator.ready, name))
    monkeypatch.setenv("LEADGENIUS_RATE", "off")
    monkeypatch.setenv("LEADS", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # where a recipe is written to
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return emulator


async def run(command: Sequence[str], folder: Path) -> str:
    """Run a command as its user would, and return what it prints."""

    def start() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=240, check=False
        )

    done = await to_thread.run_sync(start)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def run_python(name: str, code: str, folder: Path) -> None:
    """Run code that imports a recipe."""
    (folder / "recipe.py").write_text(recipe(name))
    await run([sys.executable, "-P", "-c", code], folder)


def check(emulator: Emulator, folder: Path) -> None:
    """A recipe has brought all leads, and they are whole."""
    [done] = folder.rglob("_SUCCESS")
    table = pq.read_table(done.parent / "enrich_leads", columns=["id", "email"])
    emulator.assert_rows_equal(table.to_pylist())


async def test_cron(account: Emulator, tmp_path: Path) -> None:
    await run(["sh", "-c", recipe("cron")], tmp_path)
    assert (tmp_path / "latest" / "_SUCCESS").exists()
    table = pq.read_table(tmp_path / "latest" / "enrich_leads", columns=["id", "email"])
    account.assert_rows_equal(table.to_pylist())


async def test_airflow(account: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "airflow"))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "false")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(tmp_path))
    await run(["airflow", "db", "migrate"], tmp_path)
    await run_python("Airflow", AIRFLOW, tmp_path)
    check(account, tmp_path)


async def test_dagster(account: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "yes")
    await run_python("Dagster", DAGSTER, tmp_path)
    check(account, tmp_path)


async def test_prefect(account: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    monkeypatch.setenv("DO_NOT_TRACK", "1")
    monkeypatch.setenv("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    await run_python("Prefect", PREFECT, tmp_path)
    check(account, tmp_path)


async def test_spark(account: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts what is there, of a folder with partitions too."""
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    export = ("leadgenius", "export", "enrich-leads", "--out")
    await run([*export, "leads"], tmp_path)
    await run([*export, "parted", "--partition-by", "client_id"], tmp_path)
    assert "country" in await run([sys.executable, "-P", "-c", recipe("Spark")], tmp_path)
    clients = {json.loads(row).get("client_id") for row in account.rows("enrich_leads")}
    of_clients = recipe("Spark").replace("leads/", "parted/") + (
        "\nclients = leads.groupBy('client_id').count().collect()"
        f"\nassert {{row['client_id'] for row in clients}} == {clients}"
        "\nassert sum(row['count'] for row in clients) == 600"
    )
    await run([sys.executable, "-P", "-c", of_clients], tmp_path)
