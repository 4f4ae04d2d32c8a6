"""Scans in the tools that read them, by the plain calls that their users make."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shell
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError
from pages import executing
from pyiceberg.catalog.sql import SqlCatalog

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator, faults
from leadgenius_async.models import Scan

PATH = "/api/enrich-leads/list"
FIELDS = ["id", "email", "engagementScore"]

pytestmark = pytest.mark.usefixtures("leadgenius_environment")

#: Debian and Ubuntu keep the server's programs off the path.
os.environ["PATH"] += "".join(f":{path}" for path in Path("/usr/lib/postgresql").glob("*/bin"))


@pytest.fixture
def service(leadgenius_emulator: Emulator) -> Emulator:
    return leadgenius_emulator


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own, which it works in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scan(**options: Any) -> Scan:
    return LeadGenius().enrich_leads.scan(fields=FIELDS, page_size=100, **options)


def truth(service: Emulator) -> set[str]:
    return {json.loads(row)["id"] for row in service.rows("enrich_leads")}


# pandas


def test_pandas(service: Emulator) -> None:
    """By its own call and by ours: the same frame; a missing number stays a number."""
    one, other = pd.DataFrame.from_arrow(scan()), scan().to_pandas()
    pd.testing.assert_frame_equal(one, other)
    assert {*one["id"]} == truth(service)
    assert one["engagementScore"].dtype == "float64"


def test_pandas_is_not_given_a_scan_for_rows(service: Emulator) -> None:
    """Its constructor takes what can be iterated for rows of its own kind: a scan cannot be."""
    with pytest.raises((TypeError, ValueError)):
        pd.DataFrame(scan())
    assert len(service.log) == 0


def test_our_errors_reach_pandas(service: Emulator) -> None:
    """As they are."""
    service.faults.add(faults.status(403), path=PATH, nth=2)
    with pytest.raises(errors.PermissionDenied):
        scan().to_pandas()


# Delta Lake


def test_delta(service: Emulator) -> None:
    """Written, and merged into: as many rows as there are leads."""
    write_deltalake("leads", scan())
    service.insert("enrich_leads", [{"client_id": service.ready.clients[0].client_id}] * 5)
    table = DeltaTable("leads")
    done = (
        table.merge(scan(), "old.id = new.id", source_alias="new", target_alias="old")
        .when_matched_update_all()
        .when_not_matched_insert_all()
        .execute()
    )
    assert (done["num_target_rows_updated"], done["num_target_rows_inserted"]) == (500, 5)
    rows = table.to_pyarrow_table()
    assert sorted(rows["id"].to_pylist()) == sorted(truth(service))


def test_a_failure_leaves_the_delta_table_as_it_was(service: Emulator) -> None:
    """The commit comes last."""
    write_deltalake("leads", scan())
    service.faults.add(faults.status(403), path=PATH, nth=3)
    with pytest.raises(DeltaError, match="answered 403"):
        write_deltalake("leads", scan(), mode="overwrite")
    assert DeltaTable("leads").version() == 0
    assert len(DeltaTable("leads").to_pyarrow_table()) == 500


# Iceberg


def test_iceberg(service: Emulator, folder: Path) -> None:
    """A catalog in SQLite: a table of the scan's schema, appended to and upserted by id."""
    catalog = SqlCatalog("test", uri=f"sqlite:///{folder}/catalog.db", warehouse=folder.as_uri())
    catalog.create_namespace("crm")
    table = catalog.create_table("crm.leads", schema=scan().schema)
    table.append(scan(limit=120).to_arrow())
    done = table.upsert(scan().to_arrow(), join_cols=["id"])
    assert (done.rows_updated, done.rows_inserted) == (0, 380)
    assert {*table.scan().to_arrow()["id"].to_pylist()} == truth(service)


# The documentation


@contextmanager
def postgres() -> Generator[str]:
    """Run a server on loopback, and give its URL. It must not be root's: it is postgres' then."""
    with tempfile.TemporaryDirectory() as folder:
        user: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = {"user": "postgres", "group": "postgres"}
            shutil.chown(folder, **user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        made = ["initdb", "-D", folder, "--username=me", "--auth=trust", "--no-sync"]
        subprocess.run([*made, "--encoding=UTF8"], check=True, stdout=subprocess.DEVNULL, **user)
        command = ["postgres", "-D", folder, "-h", "127.0.0.1", "-p", f"{port}", "-k", "", "-F"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **user) as server:
            try:
                assert server.stderr is not None
                said = iter(server.stderr.readline, "")
                assert any("ready to accept connections" in line for line in said)
                yield f"postgresql://me@127.0.0.1:{port}/postgres"
            finally:
                server.send_signal(signal.SIGINT)  # which waits for nobody


#: What the first block of the page leaves behind.
PREPARED = "from leadgenius_async import LeadGenius\nleads = LeadGenius().enrich_leads"


def run(code: str, names: dict[str, Any]) -> None:
    exec(compile(code, "documentation", "exec"), names)  # noqa: S102 - the block is the subject


def test_the_page_runs(service: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Its blocks one after the other, as a notebook's cells; each has every lead."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with executing("integrations/test_arrow.py::test_the_page_runs") as blocks:
        for block in blocks:
            run(block.code, names)
    assert len(names["frame"]) == len(truth(service))
    assert len(DeltaTable("lake/leads").to_pyarrow_table()) == len(truth(service))
    assert names["table"].scan().to_arrow().num_rows == len(truth(service))
    assert "len" in capsys.readouterr().out


@pytest.mark.skipif(
    not all(map(shutil.which, ("initdb", "postgres", "psql"))), reason="there is no PostgreSQL"
)
def test_the_page_with_postgresql(service: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """By ADBC, where a failure changes nothing, and by COPY, with the page's own commands."""
    names: dict[str, Any] = {"__name__": "__main__"}
    run(PREPARED, names)
    test = "integrations/test_arrow.py::test_the_page_with_postgresql"
    with postgres() as url, executing(test) as blocks:
        monkeypatch.setenv("DATABASE_URL", url)
        ingest = next(blocks).code
        run(ingest, names)
        assert ask(url, "select count(*), count(distinct id) from leads") == "500|500"
        assert ask(url, 'select round(sum("engagementScore")) from leads') == score(service)
        service.faults.add(faults.status(403), path=PATH, times=1)
        with pytest.raises(Exception, match="answered 403"):
            run(ingest, names)
        assert ask(url, "select count(*) from leads") == "500"
        run(next(blocks).code, names)
        for block in blocks:
            for command in shell.commands(block.code):
                subprocess.run(command.text, check=True, shell=True)  # noqa: S602 - the same
        assert ask(url, "select count(*), count(email) from people") == "500|500"


def score(service: Emulator) -> str:
    rows = map(json.loads, service.rows("enrich_leads"))
    return f"{sum(row.get('engagementScore') or 0 for row in rows):.0f}"


def ask(url: str, sql: str) -> str:
    command = ["psql", "-Atc", sql, url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()
