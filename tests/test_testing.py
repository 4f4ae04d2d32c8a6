"""The fixtures for users' own tests, used as they would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from leadgenius_async import LeadGenius, LeadGeniusError, testing
from leadgenius_async.cli.app import run
from leadgenius_async.emulator import Emulator, faults


async def test_a_client_of_a_running_service(
    leadgenius_emulator: Emulator, leadgenius: LeadGenius
) -> None:
    """Without the mark it is small and not paced."""
    found = [lead async for lead in leadgenius.enrich_leads.rows()]
    assert len(found) == testing.DEFAULTS["leads"]
    leadgenius_emulator.log.assert_no_429()


@pytest.mark.leadgenius(leads=20, clients=1, rate=1000)
async def test_options(leadgenius_emulator: Emulator, leadgenius: LeadGenius) -> None:
    """The mark's arguments are the emulator's options, and rows of the test's own come to them."""
    [client] = leadgenius_emulator.ready.clients
    mine = {"id": "mine", "client_id": client.client_id, "email": "ada@sample.example"}
    leadgenius_emulator.insert("enrich_leads", [mine])
    found = [lead async for lead in leadgenius.enrich_leads.rows(fields=["id"])]
    assert len(found) == 21
    assert found[-1].id == "mine"


async def test_faults(leadgenius_emulator: Emulator, leadgenius: LeadGenius) -> None:
    """What is to go wrong is said in the test."""
    leadgenius_emulator.faults.add(faults.status(500), path="/api/company")
    with pytest.raises(LeadGeniusError):
        await leadgenius.request("GET", "/company", deadline=0.4)


@pytest.mark.usefixtures("leadgenius_environment")
def test_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A plain test does without an event loop of its own."""
    assert run(["clients", "list", "--json"]) == 0
    assert "client_id" in capsys.readouterr().out


def test_each_test_has_its_own(
    leadgenius_emulator: Emulator, leadgenius_environment: dict[str, str]
) -> None:
    """Nothing is left of the others' faults and requests."""
    assert len(leadgenius_emulator.log) == 0
    assert [*leadgenius_emulator.faults] == []
    assert leadgenius_environment["LEADGENIUS_BASE_URL"] == leadgenius_emulator.base_url


def test_its_home_is_the_tests_own(leadgenius_environment: dict[str, str], tmp_path: Path) -> None:
    """On Windows too, where a home has another name."""
    assert leadgenius_environment["HOME"] == leadgenius_environment["USERPROFILE"] == str(tmp_path)
    assert Path.home() == tmp_path


WRONG = """
import pytest

@pytest.mark.leadgenius({mark})
def test_it(leadgenius_emulator): ...
"""


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("500", "has a value without a name"),
        ("leeds=500", "TypeError: there is no option leeds: give one of leads, source_leads, "),
        ("leads=-1", "leads=-1 is not allowed"),
    ],
)
def test_a_wrong_mark_says_so(tmp_path: Path, mark: str, said: str) -> None:
    """Also: pytest knows fixtures and mark by itself, with every warning an error."""
    (tmp_path / "test_it.py").write_text(WRONG.replace("{mark}", mark))
    pytest_ = [sys.executable, "-P", "-W", "error", "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*pytest_, "--strict-markers", "-q", str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert said in done.stdout


def test_pytest_loads_little() -> None:
    """Projects that do not use the fixtures pay nothing for them."""
    script = "import leadgenius_async.testing, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], check=True, capture_output=True, text=True
    )
    assert not {"aiohttp", "pyarrow", "anyio.from_thread", "msgspec"} & {*done.stdout.split()}
