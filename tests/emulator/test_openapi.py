"""The service's own description, and every check that a fuzzer makes of the service by it."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from collections.abc import Generator
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest
from anyio.from_thread import start_blocking_portal

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator
from leadgenius_async.emulator.routes import API

_SECONDS = 600  # that the fuzzer may take
_EXAMPLES = 8  # per operation and phase
#: A token is worth something only where it was given out; pages are walked by tests of their own.
_SETTINGS = '[parameters]\n"query.nextToken" = ""\n"query.cursor" = ""\n'


#: Calls whose answer the platform documents, and those whose answer was seen in production.
_DOCUMENTED = {
    "POST /api/auth", "POST /api/auth/refresh", "POST /api/agent-api-keys",
    "GET /api/clients", "POST /api/clients", "PUT /api/clients", "DELETE /api/clients",
    "GET /api/leads", "POST /api/leads", "PUT /api/leads", "DELETE /api/leads",
    "GET /api/enrich-leads/list", "GET /api/source-leads/list",
    "POST /api/leads/process/enrich", "POST /api/leads/process/copyright",
    "POST /api/leads/process/sdr", "POST /api/enrichment/trigger",
}  # fmt: skip
_OBSERVED = {"GET /api/campaigns", "POST /api/campaigns"}


async def _document(session: aiohttp.ClientSession) -> dict[str, Any]:
    async with session.get("/api/openapi.json") as response:
        assert response.status == 200
        document: dict[str, Any] = await response.json()
        return document


def _operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


async def test_every_call_says_what_it_is_known_from(session: aiohttp.ClientSession) -> None:
    """The three tags are described, each call has one of them, and it is the right one."""
    document = await _document(session)
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert set(described) == {"documented", "observed", "assumed"}
    assert all(described.values())
    calls: dict[str, set[str]] = {name: set() for name in described}
    for call, operation in _operations(document).items():
        [known] = set(described) & set(operation["tags"])
        calls[known].add(call)
    assert calls["documented"] == _DOCUMENTED
    assert calls["observed"] == _OBSERVED
    assert "GET /api/find-lead" in calls["assumed"]


async def test_every_call_is_described(session: aiohttp.ClientSession) -> None:
    """The document has each call once, in words."""
    document = await _document(session)
    assert document["openapi"].startswith("3.1")
    operations = _operations(document)
    assert set(operations) == {f"{endpoint.method} {endpoint.path}" for endpoint in API}
    assert all(operation["summary"] for operation in operations.values())
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(ids) == len(set(ids))


def test_every_struct_has_a_name_of_its_own() -> None:
    """Two of one name would be one in the description."""
    structs = {
        struct
        for endpoint in API
        for struct in (endpoint.query, *endpoint.bodies, *endpoint.answers)
    }
    names = [struct.__name__ for struct in structs]
    assert len(names) == len(set(names))


async def test_the_forms_of_a_body_are_told_apart(session: aiohttp.ClientSession) -> None:
    """A single lead has no member `leads`; a batch has nothing else to be told by."""
    document = await _document(session)
    body = document["paths"]["/api/leads"]["post"]["requestBody"]["content"]["application/json"]
    single, batch = body["schema"]["anyOf"]
    assert single["not"] == {"required": ["leads"]}
    assert batch == {"$ref": "#/components/schemas/LeadBatch"}


async def test_the_credentials_are_described(session: aiohttp.ClientSession) -> None:
    """The bulk lists take a key with its user id, the company a login, the login nothing."""
    paths = (await _document(session))["paths"]
    assert paths["/api/enrich-leads/list"]["get"]["security"] == [{"apiKey": [], "userId": []}]
    assert paths["/api/company"]["get"]["security"] == [{"login": []}, {"cookie": []}]
    assert paths["/api/auth"]["post"]["security"] == []


@pytest.fixture
def service(request: pytest.FixtureRequest) -> Generator[Emulator, None, None]:
    """An emulator in a thread, with habits on or off."""
    with start_blocking_portal() as portal:
        emulator = Emulator(
            leads=40, source_leads=20, clients=3, rate="off", login_attempts=1_000_000,
            habits=request.param,
        )  # fmt: skip
        with portal.wrap_async_context_manager(emulator):
            yield emulator


def fuzz(emulator: Emulator, folder: Path, *options: str) -> str:
    """Run schemathesis over the whole service, with an admin's login and an API key."""
    settings = folder / "schemathesis.toml"
    settings.write_text(_SETTINGS)
    ready = emulator.ready
    token = _token(emulator)
    done = subprocess.run(
        [
            f"{sysconfig.get_path('scripts')}/schemathesis", "--config-file", settings, "run",
            f"{emulator.base_url}/api/openapi.json",
            "-H", f"x-api-key: {ready.api_key}", "-H", f"x-user-id: {ready.user_id}",
            "-H", f"Authorization: Bearer {token}",
            "--checks", "all", "--max-examples", str(_EXAMPLES), "--seed", "1", *options,
        ],
        cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def _token(emulator: Emulator) -> str:
    async def login() -> str:
        async with LeadGenius(base_url=emulator.base_url, rate="off") as lg:
            admin = emulator.ready.admin
            return (await lg.auth.login(admin.username, admin.password)).tokens.access.reveal()

    return anyio.run(login)


def count_tested(said: str) -> int:
    """Return how many operations were tested, by the fuzzer's own words."""
    found = re.search(r"Tested: (\d+)", said)
    assert found, said[-3000:]
    return int(found[1])


@pytest.mark.parametrize("service", [False], indirect=True, ids=["habits off"])
def test_every_check_is_green(service: Emulator, tmp_path: Path) -> None:
    """What the description allows is accepted, what it forbids is refused, as it says."""
    assert count_tested(fuzz(service, tmp_path)) == len(API)


@pytest.mark.parametrize("service", [True], indirect=True, ids=["habits on"])
def test_every_check_but_one_is_green_with_habits(service: Emulator, tmp_path: Path) -> None:
    """With the service's habits, creating a lead answers 500 to some leads: documented there."""
    others = fuzz(service, tmp_path, "--exclude-name", "POST /api/leads")
    assert count_tested(others) == len(API) - 1
    fuzz(service, tmp_path, "--include-name", "POST /api/leads",
         "--exclude-checks", "not_a_server_error")  # fmt: skip
