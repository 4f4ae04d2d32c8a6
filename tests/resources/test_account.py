"""Login, clients and company, against the emulator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from accounts import connect

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator


def log_in(emulator: Emulator) -> LeadGenius:
    """Return a client that logs in by name when it needs to."""
    ready = emulator.ready
    return LeadGenius(
        base_url=ready.base_url, username=ready.username, password=ready.password, rate="off"
    )


async def test_clients_are_listed_with_either_credential(emulator: Emulator) -> None:
    """An API key works, and so does a login."""
    wanted = [(client.id, client.client_id) for client in emulator.ready.clients]
    async with connect(emulator) as lg:
        assert [(c.id, c.client_id) async for c in lg.clients.list()] == wanted
    async with log_in(emulator) as lg:
        assert [(c.id, c.client_id) async for c in lg.clients.list(limit=2)] == wanted[:2]


async def test_the_company_takes_a_login(emulator: Emulator) -> None:
    """With an API key alone it is refused before anything is sent, with what to do."""
    async with log_in(emulator) as lg:
        company = await lg.company.get()
    assert company.company_id == emulator.ready.company_id
    sent = len(emulator.log)
    async with connect(emulator) as lg:
        with pytest.raises(errors.CredentialsMissing, match="auth login"):
            await lg.company.get()
    assert len(emulator.log) == sent


async def test_one_login_serves_all_calls(emulator: Emulator) -> None:
    """The first call logs in, the others use it."""
    async with log_in(emulator) as lg:
        for _ in range(3):
            await lg.company.get()
    assert emulator.log.count(path="/api/auth") == 1


async def test_login_and_refresh(emulator: Emulator) -> None:
    """A login says whose it is; a refresh gives a new token."""
    ready = emulator.ready
    async with LeadGenius(base_url=ready.base_url, rate="off") as lg:
        login = await lg.auth.login(ready.username, ready.password)
        assert login.user_id == ready.user_id
        assert (await lg.company.get()).company_id == ready.company_id
        again = await lg.auth.refresh()
    assert again.user_id == ready.user_id


@pytest.mark.parametrize(
    ("username", "password", "error"),
    [
        ("demo@company-1.example", "wrong password", errors.AuthenticationError),
        ("nobody@company-1.example", "wrong password", errors.NotFound),
        ("me", "long enough", ValueError),
        ("somebody", "short", ValueError),
    ],
)
async def test_logins_that_fail(
    emulator: Emulator, username: str, password: str, error: type[Exception]
) -> None:
    """Each with its error; what the service would refuse by length is not sent."""
    async with LeadGenius(base_url=emulator.base_url, rate="off") as lg:
        with pytest.raises(error) as caught:
            await lg.auth.login(username, password)
    assert password not in str(caught.value)
    assert len(emulator.log) == (error is not ValueError)


async def test_too_many_logins_are_told_and_do_not_stop_other_calls(emulator: Emulator) -> None:
    """The login has a limit of its own; the error says how long to wait, the gate stays open."""
    async with connect(emulator) as lg:
        for _ in range(5):
            with pytest.raises(errors.AuthenticationError):
                await lg.auth.login(emulator.ready.username, "wrong password")
        with pytest.raises(errors.RateLimited) as caught:
            await lg.auth.login(emulator.ready.username, "wrong password")
        assert caught.value.retry_after == 900
        assert [client async for client in lg.clients.list()]


async def test_tokens_from_the_file_are_saved_when_they_change(
    no_settings_from_outside: Path,
) -> None:
    """Where refresh tokens rotate, the file must have the new one."""
    file = no_settings_from_outside / ".leadgenius_auth.json"
    async with Emulator(leads=0, source_leads=0, clients=1, rate="off",
                        rotate_refresh_tokens=True) as emulator:  # fmt: skip
        async with log_in(emulator) as lg:
            login = await lg.auth.login(emulator.ready.username, emulator.ready.password)
        assert login.tokens.refresh is not None
        first = login.tokens.refresh.reveal()
        file.write_text(json.dumps({
            "token": "dead", "refresh_token": first, "base_url": emulator.base_url, "theirs": 1,
        }))  # fmt: skip
        file.chmod(0o600)
        async with LeadGenius(rate="off", base_url=emulator.base_url) as lg:
            await lg.company.get()
        saved = json.loads(file.read_text())
    assert saved["token"] != "dead"
    assert saved["refresh_token"] != first
    assert saved["theirs"] == 1


async def test_make_call_by_method_and_path(emulator: Emulator) -> None:
    """What no section covers is asked for plainly, with or without `/api`."""
    async with connect(emulator) as lg:
        for path in ("/clients", "api/clients", "/api/clients"):
            reply = await lg.request("get", path)
            assert len(json.loads(reply.body)["clients"]) == 5
        first = emulator.ready.clients[0]
        reply = await lg.request("GET", "/clients", query={"clientId": first.id})
        assert [c["id"] for c in json.loads(reply.body)["clients"]] == [first.id]
        with pytest.raises(ValueError, match="path alone"):
            await lg.request("GET", "https://elsewhere.example/clients")


async def test_an_export_with_a_login_names_the_company_itself(tmp_path: Path) -> None:
    """`GET /api/company` is asked where a login is at hand; bulk lists try it where they must."""
    async with (
        Emulator(leads=30, source_leads=0, clients=1, rate="off", bulk_accepts_jwt=True) as service,
        log_in(service) as lg,
    ):
        report = await lg.enrich_leads.export(tmp_path / "out")
        paths = [request.path for request in service.log]
    assert report.rows == 30
    assert paths[:2] == ["/api/auth", "/api/company"]
