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
