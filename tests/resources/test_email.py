"""E-mail addresses, from the SDK."""

from __future__ import annotations

import msgspec
import pytest
from wire import Wire, reply

from leadgenius_async import LeadGenius
from leadgenius_async.models import EmailCheck, EmailVerification


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, api_key="lgp_1", user_id="u", rate="off")


async def test_the_emulator_answers_by_domain(lg: LeadGenius) -> None:
    """A check says whether mail arrives, a verification also what the server said."""
    check = await lg.email.validate("ada@bounce.example")
    assert check == EmailCheck("ada@bounce.example", True, False, "The mailbox does not exist")
    found = await lg.email.verify("ada@catchall.example")
    assert (found.deliverable, found.mx, found.smtp, found.catchAll) == (True, True, True, True)
    assert not found.extra


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "email": "a@b.example", "valid": True, "risk": "high"},
        {"data": {"email": "a@b.example", "valid": True, "risk": "high"}},
    ],
)
async def test_the_answer_is_found_in_any_envelope(body: object) -> None:
    """What the service does not say is None; what is new is in `extra`."""
    async with Wire(reply(body=msgspec.json.encode(body))) as wire, client_of(wire) as lg:
        check = await lg.email.validate("a@b.example")
        assert check == EmailCheck("a@b.example", valid=True, extra={"risk": "high"})
        found = await lg.email.verify("a@b.example")
        assert found == EmailVerification("a@b.example", valid=True, extra={"risk": "high"})
    assert [request.target for request in wire.requests] == [
        "/api/email-validate",
        "/api/email-verify",
    ]
    assert {request.body for request in wire.requests} == {b'{"email":"a@b.example"}'}


async def test_blanks_around_an_address_are_not_sent(lg: LeadGenius) -> None:
    """Wherever one is taken: a lead that has them would not be found by its address."""
    assert (await lg.email.validate(" ada@valid.example ")).email == "ada@valid.example"
    bug = await lg.maintenance.bugs.create(description="a", userEmail=" you@company.example")
    assert bug.userEmail == "you@company.example"
    clients = [client async for client in lg.clients.list(limit=1)]
    fields = {"firstName": "Ada", "lastName": "Sample", "email": "ada@sample.example "}
    lead = await lg.leads.create(fields, client_id=clients[0].client_id)
    assert lead.email == "ada@sample.example"
    changed = await lg.leads.update(lead.id or "", {"email": " eda@sample.example"})
    assert changed.email == "eda@sample.example"
    assert await lg.leads.find(email=" eda@sample.example") == changed
    assert [each async for each in lg.leads.search(email="eda@sample.example ")] == [changed]


@pytest.mark.parametrize("email", ["", "ada", "@valid.example", "ada@", "a@b@valid.example"])
async def test_what_is_no_address_is_not_sent(email: str) -> None:
    """The message names the field and shows what an address looks like."""
    async with Wire(reply()) as wire, client_of(wire) as lg:
        for call in (lg.email.validate, lg.email.verify):
            with pytest.raises(ValueError, match=r"email is '.*name@company.example"):
                await call(email)
    assert not wire.requests
