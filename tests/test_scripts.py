"""Scripts that know the service's HTTP API alone run against the emulator, unchanged."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from leadgenius_async.emulator import Emulator

SCRIPTS = Path(__file__).parent / "scripts"


@pytest.fixture(scope="module")
def service() -> Generator[Emulator, None, None]:
    """The emulator as it is by default: with its habits, at the standard rate."""
    emulator = Emulator()
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(emulator):
        yield emulator


def run_script(service: Emulator, name: str, *arguments: str) -> list[str]:
    """Run a script to its end in a minute of its own, and return what it printed."""
    service.clock.advance(60.0)
    ready = service.ready
    environment = {
        "LGP_BASE_URL": ready.base_url,
        "LGP_USERNAME": ready.username,
        "LGP_PASSWORD": ready.password,
        "LGP_API_KEY": ready.api_key,
        "LGP_USER_ID": ready.user_id,
        "LGP_COMPANY_ID": ready.company_id,
    }
    done = subprocess.run(
        # -I and -S: neither this package nor any other one that is installed can be imported.
        [sys.executable, "-I", "-S", str(SCRIPTS / name), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_an_import_with_a_login(service: Emulator) -> None:
    """Bearer and both cookies in one request; single and batch CRUD; nothing is left behind."""
    before = service.ready
    printed = run_script(service, "import_leads.py")
    assert printed[-1] == "done"
    sent = {tuple(line.split(":")[0].split(" ")) for line in printed[:-1]}
    crud = {(method, "/leads") for method in ("GET", "POST", "PUT", "DELETE")}
    assert crud | {(method, "/clients") for method, _ in crud} <= sent
    assert service.ready == before


@pytest.mark.parametrize("table", ["enrich-leads", "source-leads"])
def test_an_export_with_a_key(service: Emulator, tmp_path: Path, table: str) -> None:
    """The bulk list, read by its tokens, has each row of the table once."""
    file = tmp_path / "leads.csv"
    printed = run_script(service, "export_leads.py", table, str(file))
    with file.open(encoding="utf-8", newline="") as lines:
        written = Counter(row["id"] for row in csv.DictReader(lines))
    truth = Counter(json.loads(row)["id"] for row in service.rows(table.replace("-", "_")))
    assert written == truth
    assert printed == [f"{truth.total()} rows"]


def test_a_count_with_a_key(service: Emulator) -> None:
    """A key reads clients and leads too; a record id names one client."""
    printed = dict(line.split("\t") for line in run_script(service, "count_leads.py"))
    counts: Counter[str] = Counter()
    for row in service.rows("enrich_leads"):
        counts[json.loads(row)["client_id"]] += 1
    clients = {client.client_id for client in service.ready.clients}
    assert printed == {client_id: str(counts[client_id]) for client_id in clients}
