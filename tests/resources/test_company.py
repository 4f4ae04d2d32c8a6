"""The account's company: a login or a browser's cookies, in one envelope or another."""

from __future__ import annotations

import msgspec
import pytest
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Company


@pytest.mark.parametrize(
    ("body", "company"),
    [
        (
            {"success": True, "company": {"id": "c1", "company_id": "company-1", "name": "One"}},
            Company("c1", "company-1", "One"),
        ),
        ({"data": {"id": "c1", "plan": "premium"}}, Company("c1", extra={"plan": "premium"})),
        ({"company": {}}, Company()),
    ],
)
async def test_the_company_is_found_in_any_envelope(body: object, company: Company) -> None:
    """The service documents only the path, so no field is taken for granted."""
    async with (
        Wire(reply(body=msgspec.json.encode(body))) as wire,
        LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg,
    ):
        assert await lg.company.get() == company
    [request] = wire.requests
    assert (request.target, request.headers["authorization"]) == ("/api/company", "Bearer t")


@pytest.mark.parametrize("body", [b'{"company":[]}', b'{"success":true}', b'{"company":{"id":7}}'])
async def test_what_is_no_company_is_an_error(body: bytes) -> None:
    """It is not taken for a company without a name."""
    async with (
        Wire(reply(body=body)) as wire,
        LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg,
    ):
        with pytest.raises(errors.ProtocolError, match="GET /company"):
            await lg.company.get()


async def test_a_browsers_cookies_will_do(emulator: Emulator) -> None:
    """They are the same tokens, carried in another header."""
    ready = emulator.ready
    async with LeadGenius(base_url=emulator.base_url, rate="off") as lg:
        login = await lg.auth.login(ready.username, ready.password)
    cookies = {"accessToken": login.tokens.access.reveal(), "other": "not sent"}
    async with LeadGenius(base_url=emulator.base_url, cookies=cookies, rate="off") as lg:
        assert (await lg.company.get()).company_id == ready.company_id


def owner_of(emulator: Emulator) -> LeadGenius:
    ready = emulator.ready
    return LeadGenius(
        base_url=ready.base_url, username=ready.username, password=ready.password, rate="off"
    )


async def test_an_owner_changes_it(emulator: Emulator) -> None:
    """What nobody declared goes out and comes back; None clears a field, the absent stay."""
    async with owner_of(emulator) as lg:
        changed = await lg.company.update(name="Northwind", plan={"seats": 3})
        assert (changed.name, changed.extra) == ("Northwind", {"plan": {"seats": 3}})
        cleared = await lg.company.update(plan=None)
        assert (cleared.name, cleared.extra) == ("Northwind", {"plan": None})
        assert await lg.company.get() == cleared


async def test_a_member_is_refused(emulator: Emulator) -> None:
    """The service's words are in the error."""
    member = emulator.ready.member
    async with LeadGenius(
        base_url=emulator.base_url, username=member.username, password=member.password, rate="off"
    ) as lg:
        with pytest.raises(errors.PermissionDenied, match="owner or admin") as caught:
            await lg.company.update(name="Northwind")
    assert caught.value.error_type == "insufficient_permissions"


async def test_there_is_one_company(emulator: Emulator) -> None:
    """Who has one makes no second (assumed)."""
    async with owner_of(emulator) as lg:
        with pytest.raises(errors.Conflict):
            await lg.company.create(name="Northwind")


async def test_what_cannot_be_right_is_not_sent() -> None:
    """Nor is anything sent with an API key alone, which the service refuses here."""
    async with Wire(reply()) as wire:
        async with LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg:
            for call in (lg.company.create(name=" "), lg.company.update(name="")):
                with pytest.raises(ValueError, match="name is empty"):
                    await call
            with pytest.raises(ValueError, match="no field to change"):
                await lg.company.update()
        async with LeadGenius(base_url=wire.url, api_key="k", user_id="u", rate="off") as lg:
            with pytest.raises(errors.ConfigurationError):
                await lg.company.update(name="Northwind")
    assert not wire.requests


async def test_a_key_knows_its_company_too(emulator: Emulator, lg: LeadGenius) -> None:
    """It may not ask for the company: its clients say it."""
    assert await lg.company.id() == emulator.ready.company_id
