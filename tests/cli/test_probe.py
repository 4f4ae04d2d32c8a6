"""`leadgenius selftest --probe`: each fact is seen as the service has it, in 60 requests."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from world import service_of

from leadgenius_async import LeadGenius
from leadgenius_async.cli import failures, probe
from leadgenius_async.cli.app import run
from leadgenius_async.cli.probe_reads import READS
from leadgenius_async.emulator import Emulator, faults

Said = pytest.CaptureFixture[str]


async def add_webhook(emulator: Emulator) -> None:
    """Make one, which a list then shows."""
    ready = emulator.ready
    async with LeadGenius(
        base_url=ready.base_url, username=ready.username, password=ready.password, rate="off"
    ) as lg:
        await lg.webhooks.create(name="Hook", platform="generic")


@contextmanager
def running(monkeypatch: pytest.MonkeyPatch, **options: Any) -> Generator[Emulator]:
    """Run an emulator with a webhook, its account in the environment, and an empty log."""
    settings: dict[str, Any] = {"leads": 2_000, "source_leads": 5, "clients": 2, "rate": "premium"}
    with start_blocking_portal() as portal:
        emulator = Emulator(**{**settings, **options})
        # A window that begins as a minute does looks like one that goes by the clock.
        if emulator.clock.now() % 60 > 45:
            emulator.clock.advance(30)
        with portal.wrap_async_context_manager(emulator):
            portal.call(add_webhook, emulator)
            emulator.log.clear()
            ready = emulator.ready
            for name, value in {
                "BASE_URL": emulator.base_url,
                "API_KEY": ready.api_key,
                "USER_ID": ready.user_id,
                "USERNAME": ready.username,
                "PASSWORD": ready.password,
                "RATE": "off",
            }.items():
                monkeypatch.setenv(f"LEADGENIUS_{name}", value)
            yield emulator


def seen(capsys: Said, *options: str) -> dict[str, str]:
    """Probe, and return what was seen of each fact."""
    assert run(["selftest", "--probe", "--settle", "0", "--json", *options]) == 0
    facts = json.loads(capsys.readouterr().out)["facts"]
    return {each["fact"]: f"{each['outcome']}: {each['detail']}" for each in facts}


def left(emulator: Emulator) -> list[str]:
    """Return what probes have left: clients, and leads."""
    clients = service_of(emulator).store.clients("company-1")
    rows = [row.decode() for row in emulator.rows("enrich_leads")]
    names = (*(client.clientName for client in clients), *rows)
    return [each for each in names if "probe-" in each]


#: Switches of the emulator, and what is seen of a fact as it is by default and with them.
SWITCHES: dict[str, tuple[dict[str, Any], dict[str, tuple[str, str]]]] = {
    "credentials": (
        {"bulk_accepts_jwt": True, "keys_everywhere": False, "foreign_company": "empty"},
        {
            "clients by an API key": ("confirmed: 200", "otherwise: 401 no_valid_credentials"),
            "bulk list by a login": ("confirmed: 401", "otherwise: 200"),
            "a company that is not the account's": (
                "confirmed: 403 owner_mismatch",
                "confirmed: 200 without rows",
            ),
        },
    ),
    "rate": (
        {"rate": 500, "rate_headers": "epoch_ms"},
        {
            "the rate limit": ("confirmed: 1000", "otherwise: 500"),
            "the end of the window": ("confirmed: ", "otherwise: epoch milliseconds"),
            "the window": (
                "confirmed: its end stays: it began with a request",
                "not tried: it is not told in epoch seconds",
            ),
        },
    ),
    "window": (
        {"rate_model": "fixed"},
        {
            "the window": (
                "confirmed: its end stays: it began with a request",
                "confirmed: it ends on the minute: fixed, by the clock, or by chance, as one in 60",
            )
        },
    ),
    "habits": (
        {"habits": False, "list_webhook_urls": True, "rate_headers": "delta"},
        {
            "a page of 5,000 whole rows": (
                "confirmed: 413",
                "not tried: there are 2,000 rows alone",
            ),
            "a list of webhooks": ("confirmed: ", "otherwise: with webhookUrl"),
            "the end of the window": ("confirmed: ", "otherwise: seconds to go"),
        },
    ),
    "drafts": (
        {"rate_headers": "draft"},
        {
            "the rate limit": ("confirmed: 1000", "otherwise: RateLimit-Limit and its like"),
            "the window": (
                "confirmed: its end stays: it began with a request",
                "not tried: no header tells of it",
            ),
        },
    ),
}
#: The same of facts that need something written.
WRITE_SWITCHES: dict[str, Any] = {
    "batch_create": "none",
    "duplicate_create": "create",
    "duplicate_batch": "create",
    "unknown_ids": "ignored",
    "move_leads": False,
    "find_by_case": True,
    "batch_limit": 200,
    "habits": False,
}
WRITTEN = {
    "a client that is made": ("confirmed: 201", "confirmed: 201"),
    "a single create of a lead": ("confirmed: 201", "confirmed: 201"),
    "a read after a write": ("confirmed: after 0 s", "confirmed: after 0 s"),
    "an e-mail that the client has": ("confirmed: 409 already_exists", "otherwise: 201"),
    "find, in other capitals": ("confirmed: 200", "otherwise: 404 not_found"),
    "an empty text": ("confirmed: 500 internal_error", "otherwise: 201"),
    "a batch of leads": (
        "confirmed: 3 of 3",
        "otherwise: 0 of 3 are stored, and 3 were said to be",
    ),
    "an e-mail that the client has, in a batch": ("confirmed: ", "otherwise: it is created again"),
    "a batch of 101 leads": ("confirmed: 400 invalid_value", "otherwise: 201"),
    "an update of an unknown id": ("confirmed: 404 not_found", "otherwise: 200"),
    "a deletion of an unknown id": ("confirmed: 404 not_found", "otherwise: 200"),
    "an update of client_id": ("confirmed: ", "otherwise: it keeps its own"),
}


@pytest.fixture(scope="module")
def default_seen() -> dict[str, str]:
    return {}


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_changes_what_is_seen(
    name: str, default_seen: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    """A probe that says the same of another service has not looked."""
    options, facts = SWITCHES[name]
    if not default_seen:
        with running(monkeypatch):
            default_seen |= seen(capsys)
    with running(monkeypatch, **options):
        with_it = seen(capsys)
    for fact, (usual, other) in facts.items():
        assert (default_seen[fact], with_it[fact]) == (usual, other), fact


def test_what_is_written_for(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """The same of writes; nothing of them is left, and 60 requests are enough."""
    for place, options in enumerate(({}, WRITE_SWITCHES)):
        with running(monkeypatch, **options) as emulator:
            found = seen(capsys, "--yes")
            assert len(emulator.log) <= probe.MOST_REQUESTS
            assert left(emulator) == []
        assert {fact: found[fact] for fact in WRITTEN} == {
            fact: both[place] for fact, both in WRITTEN.items()
        }


def test_a_list_that_lags(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """It is said that the lead was not shown; it is deleted all the same."""
    with running(monkeypatch, read_lag=60.0) as emulator:
        assert seen(capsys, "--yes")["a read after a write"] == "otherwise: not after 0 s"
        assert left(emulator) == []


def test_it_reads_alone(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """Without --yes nothing is written, and each fact that needs it says so."""
    with running(monkeypatch) as emulator:
        found = seen(capsys)
        assert {request.method for request in emulator.log} == {"GET", "POST"}
        posts = {request.path for request in emulator.log if request.method == "POST"}
        assert posts == {"/api/auth"}
        assert len(emulator.log) <= probe.MOST_REQUESTS
    assert {found[fact] for fact in WRITTEN} == {"not tried: it writes: give --yes"}


def test_it_stops_at_the_most(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """However many tries a request takes, no more are sent; what was made is cleaned up."""
    monkeypatch.setattr(probe, "MOST_REQUESTS", 45)
    with running(monkeypatch) as emulator:
        found = seen(capsys, "--yes")
        assert found["an update of client_id"] == "not tried: no request is left"
        assert found["a client that is made"] == "confirmed: 201"
        assert len(emulator.log) <= 45
        assert left(emulator) == []


def test_nobodys_data_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """Neither of leads nor of the account; people get a line for each fact, and the counts."""
    with running(monkeypatch, leads=20) as emulator:
        assert run(["selftest", "--probe"]) == 0
        said = capsys.readouterr()
        ready = emulator.ready
        secrets = {ready.api_key, ready.user_id, ready.username, ready.password}
        rows = [json.loads(row) for row in emulator.rows("enrich_leads")]
        values = {str(row[name]) for row in rows for name in ("email", "lastName") if row.get(name)}
    for secret in secrets | values:
        assert secret not in said.out + said.err
    assert "bulk list by a login (assumed: 401): confirmed: 401\n" in said.out
    assert "requests of 60 at the most" in said.err


def test_a_key_alone(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """What needs a login is not tried; the rest is."""
    with running(monkeypatch):
        monkeypatch.delenv("LEADGENIUS_USERNAME")
        found = seen(capsys)
    assert found["clients by a login"] == "not tried: there is no login"
    assert found["bulk list by an API key"] == "confirmed: 200"


def test_answers_of_another_shape(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """A fact that cannot be read says so, and the others are looked at."""
    with running(monkeypatch) as emulator:
        emulator.faults.add(faults.content(b"[1, 2]"), path="/api/enrich-leads/list")
        found = seen(capsys)
    assert found["`clientSummary` of a page"].startswith("otherwise: ")
    assert found["find without a match"] == "confirmed: 404 not_found"


def test_what_it_cannot_begin_without(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    """No credentials, wrong ones, or no service: an error as of every command."""
    assert run(["selftest", "--probe"]) == failures.AUTH
    monkeypatch.setenv("LEADGENIUS_API_KEY", "wrong")
    monkeypatch.setenv("LEADGENIUS_USER_ID", "nobody")
    away = ["--base-url", "http://127.0.0.1:1", "--deadline", "1", "--rate", "off"]
    assert run(["selftest", "--probe", *away]) == failures.NETWORK
    with running(monkeypatch):
        monkeypatch.setenv("LEADGENIUS_API_KEY", "wrong")
        monkeypatch.delenv("LEADGENIUS_USERNAME")
        assert run(["selftest", "--probe"]) == failures.AUTH
    assert capsys.readouterr().out == ""


def test_all_facts_have_names_of_their_own() -> None:
    """By which they are told apart in JSON, and in docs/service.md."""
    names = [fact.name for fact in READS]
    assert len(names) == len(set(names)) >= 30
