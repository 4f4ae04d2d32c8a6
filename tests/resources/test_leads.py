"""Leads one by one and in batches, from the SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from accounts import connect
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator, faults
from leadgenius_async.models import EnrichLead

ADA: dict[str, object] = {
    "firstName": "Ada",
    "lastName": "Sample",
    "email": "ada@sample.example",
}


def first_client(emulator: Emulator) -> str:
    return emulator.ready.clients[0].client_id


async def test_from_create_to_delete(emulator: Emulator, lg: LeadGenius) -> None:
    """A lead that was created is found in every way there is, changed, and gone."""
    client_id = first_client(emulator)
    lead = await lg.leads.create({**ADA, "score": {"a": 1}}, client_id=client_id)
    assert lead.id
    assert (lead.client_id, lead.fullName, lead.contactName) == (
        client_id,
        "Ada Sample",
        "Ada Sample",
    )
    assert lead.extra == {"score": {"a": 1}}
    assert await lg.leads.get(lead.id) == lead
    assert await lg.enrich_leads.get(lead.id) == lead
    assert await lg.leads.find(email="ADA@sample.example", client_id=client_id) == lead
    assert [found async for found in lg.leads.search(lastName="sample")] == [lead]
    assert lead in [each async for each in lg.leads.list(client_id=client_id)]

    changed = await lg.leads.update(lead.id, {"title": "CTO", "email": None})
    assert (changed.title, changed.email, changed.fullName) == ("CTO", None, "Ada Sample")
    again = await lg.enrich_leads.update(lead.id, EnrichLead(title="CEO"))
    assert (again.title, again.fullName) == ("CEO", "Ada Sample")

    await lg.leads.delete(lead.id)
    with pytest.raises(errors.NotFound) as caught:
        await lg.leads.get(lead.id)
    assert caught.value.error_type == "not_found"
    assert caught.value.request_id
    assert await lg.leads.find(email="ada@sample.example") is None


async def test_a_struct_is_a_lead_too(emulator: Emulator, lg: LeadGenius) -> None:
    """What was read can be written again, under another client; undeclared fields go along."""
    lead = EnrichLead(firstName="Ida", lastName="Sample", extra={"newField": [1]})
    client_id = first_client(emulator)
    made = await lg.leads.create(lead, client_id=client_id)
    assert (made.firstName, made.extra) == ("Ida", {"newField": [1]})


async def test_batches(emulator: Emulator, lg: LeadGenius) -> None:
    """The counts are the service's own; duplicates are named."""
    client_id = first_client(emulator)
    rows = [ADA, {**ADA, "email": "b@sample.example"}, ADA]
    said = await lg.leads.create_batch(rows, client_id=client_id)
    assert (said.created, said.skipped) == (2, ["ada@sample.example"])
    found = [lead.id or "" async for lead in lg.leads.search(lastName="Sample")]
    assert await lg.leads.update_batch([{"id": each, "status": "won"} for each in found]) == 2
    assert {lead.status async for lead in lg.leads.search(lastName="Sample")} == {"won"}
    assert await lg.leads.delete_batch([*found, "nobody"]) == 2


@pytest.mark.parametrize(
    ("lead", "says"),
    [
        ({**ADA, "title": ""}, "title is empty"),
        ({**ADA, "phone": "+1"}, "phoneNumber"),
        ({**ADA, "lastName": "."}, "give '-'"),
        ({**ADA, "email": "ada.sample.example"}, "email"),
        ({**ADA, "frstName": "x"}, "did you mean 'firstName'"),
        ({"firstName": "Ada"}, "lastName is empty"),
        ({**ADA, "firstName": "  "}, "firstName is empty"),
        ({**ADA, "client_id": "another"}, "give one"),
    ],
)
async def test_what_would_be_refused_is_not_sent(
    emulator: Emulator, lg: LeadGenius, lead: dict[str, object], says: str
) -> None:
    """The error names the field and what to do, alone and in a batch; no request goes out."""
    with pytest.raises(ValueError, match=says):
        await lg.leads.create(lead, client_id=first_client(emulator))
    with pytest.raises(ValueError, match=says):
        await lg.leads.create_batch([ADA, lead], client_id=first_client(emulator))
    assert len(emulator.log) == 0


async def test_other_misuse_is_not_sent_either(emulator: Emulator, lg: LeadGenius) -> None:
    """Nothing to change, no id, too many, too few, one string for a list."""
    with pytest.raises(ValueError, match="no field to change"):
        await lg.leads.update("lead_1", {})
    with pytest.raises(ValueError, match="no field to change"):
        await lg.leads.update_batch([{"id": "lead_1"}])
    with pytest.raises(ValueError, match="id is empty"):
        await lg.leads.update_batch([{"title": "CTO"}])
    with pytest.raises(ValueError, match="1 to 100"):
        await lg.leads.delete_batch([])
    with pytest.raises(ValueError, match="1 to 100"):
        await lg.leads.create_batch([ADA] * 101, client_id="c")
    with pytest.raises(TypeError, match="one string"):
        await lg.leads.delete_batch("lead_1")
    with pytest.raises(ValueError, match="both missing"):
        await lg.leads.find()
    with pytest.raises(ValueError, match="page_size"):
        lg.leads.list(client_id="c", page_size=1001)
    with pytest.raises(ValueError, match="limit"):
        lg.leads.list(client_id="c", limit=0)
    with pytest.raises(ValueError, match="is not an id"):
        await lg.leads.get("..")
    with pytest.raises(TypeError, match="mapping or an EnrichLead"):
        await lg.leads.create([("firstName", "Ada")], client_id="c")  # type: ignore[arg-type] # the mistake
    assert len(emulator.log) == 0


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"phone": "+1"}, ValueError, "give phoneNumber"),
        ({"client_id": ""}, ValueError, "client_id is empty"),
        ({"client_id": None}, TypeError, "client_id is None: give a text"),
        ({"client_id": 7}, TypeError, "client_id is 7: give a text"),
        ({"email": "nobody"}, ValueError, "email is 'nobody'"),
    ],
)
async def test_changes_that_would_be_refused_are_not_sent(
    emulator: Emulator,
    lg: LeadGenius,
    changes: dict[str, object],
    error: type[Exception],
    says: str,
) -> None:
    """By none of the three ways to change a lead."""
    with pytest.raises(error, match=says):
        await lg.leads.update("lead_1", changes)
    with pytest.raises(error, match=says):
        await lg.enrich_leads.update("lead_1", changes)
    with pytest.raises(error, match=says):
        await lg.leads.update_batch([{"id": "lead_1", **changes}])
    assert len(emulator.log) == 0


async def test_changes_of_another_lead_are_not_sent(emulator: Emulator, lg: LeadGenius) -> None:
    """Which of the two would change is anybody's guess; the same id twice is fine."""
    for section in (lg.leads, lg.enrich_leads):
        with pytest.raises(ValueError, match="'lead_1', and the id in its changes 'lead_2'"):
            await section.update("lead_1", {"id": "lead_2", "title": "CTO"})
    with pytest.raises(TypeError, match="id is 2"):
        await lg.leads.update_batch([{"id": 2, "title": "CTO"}])
    assert len(emulator.log) == 0
    lead = await lg.leads.create(ADA, client_id=first_client(emulator))
    lead.title = "CTO"
    assert (await lg.leads.update(lead.id or "", lead)).title == "CTO"


async def test_a_search_for_nothing_is_not_sent(emulator: Emulator, lg: LeadGenius) -> None:
    """An empty criterion would find any lead, and None the lead of that name."""
    with pytest.raises(ValueError, match="linkedin_url is empty"):
        await lg.leads.find(linkedin_url="")
    with pytest.raises(ValueError, match="client_id is empty"):
        await lg.leads.find(email="ada@sample.example", client_id="")
    with pytest.raises(TypeError, match="firstName is None"):
        lg.leads.search(firstName=None)  # type: ignore[arg-type] # the mistake
    assert len(emulator.log) == 0


async def test_a_record_id_is_answered_with_the_client_id(
    emulator: Emulator, lg: LeadGenius
) -> None:
    """Under it the service would store the lead where nobody sees it: nothing is sent there."""
    client = emulator.ready.clients[1]
    calls = [
        lg.leads.create(ADA, client_id=client.id),
        lg.leads.create_batch([ADA], client_id=client.id),
        lg.leads.update("lead_1", {"client_id": client.id}),
        lg.leads.update_batch([{"id": "lead_1", "client_id": client.id}]),
        lg.leads.find(email="a@b.example", client_id=client.id),
        lg.enrich_leads.update("lead_1", {"client_id": client.id}),
    ]
    for call in calls:
        with pytest.raises(errors.UnknownClient, match=f"record id.*{client.client_id}"):
            await call
    with pytest.raises(errors.UnknownClient, match=client.client_id):
        _ = [lead async for lead in lg.leads.list(client_id=client.id)]
    assert {(request.method, request.path) for request in emulator.log} == {("GET", "/api/clients")}


async def test_clients_are_looked_up_once(emulator: Emulator, lg: LeadGenius) -> None:
    """A known client costs one request in all; a new one is looked up before it is refused."""
    known = first_client(emulator)
    for _ in range(3):
        await lg.leads.find(email="a@b.example", client_id=known)
    assert emulator.log.count(path="/api/clients") == 1
    async with connect(emulator) as another:
        await another.clients.create(clientName="Brand New")
    assert await lg.leads.find(email="a@b.example", client_id="brand-new") is None
    assert emulator.log.count(path="/api/clients") == 3  # the create is one of them


async def test_a_client_id_that_looks_like_a_record_id_is_fine(
    emulator: Emulator, lg: LeadGenius
) -> None:
    """The shape of the text says nothing."""
    client_id = emulator.ready.clients[1].client_id
    assert client_id.count("-") == 4
    assert (await lg.leads.create(ADA, client_id=client_id)).client_id == client_id


async def test_credentials_that_cannot_tell_are_asked_once() -> None:
    """Where the clients cannot be listed, a client_id is taken as it is, page after page."""
    pages = [reply(body=b'{"leads":[],"nextToken":"t"}'), reply(body=b'{"leads":[]}')]
    wire = Wire(reply(403, b'{"success":false,"error":"no"}'), *pages)
    async with wire, LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg:
        assert [lead async for lead in lg.leads.list(client_id="c")] == []
    assert len(wire.requests) == 3


async def test_a_login_that_ended_says_nothing_of_what_it_may_ask() -> None:
    """The error is the login's; once it lives again, clients are checked again."""
    ended = reply(401, b'{"success":false,"error":"expired"}')
    wire = Wire(ended, reply(body=b'{"clients":[{"id":"r","client_id":"c"}]}'))
    async with wire, LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg:
        with pytest.raises(errors.AuthenticationError):
            await lg.leads.create(ADA, client_id="r")
        with pytest.raises(errors.UnknownClient, match="'c'"):
            await lg.leads.create(ADA, client_id="r")


async def test_an_api_key_that_may_not_list_clients_is_asked_once() -> None:
    """Nor can it name its company: that has to be given."""
    refused = reply(401, b'{"success":false,"error":"no"}')
    wire = Wire(refused, refused, reply(body=b'{"leads":[]}'))
    async with wire, LeadGenius(base_url=wire.url, api_key="k", user_id="u", rate="off") as lg:
        with pytest.raises(errors.AuthenticationError, match="give company_id"):
            [lead async for lead in lg.enrich_leads.rows()]
        assert [lead async for lead in lg.leads.list(client_id="c")] == []
        assert [lead async for lead in lg.leads.list(client_id="c")] == []
    assert len(wire.requests) == 4


async def test_another_login_has_other_clients(emulator: Emulator, lg: LeadGenius) -> None:
    """What was remembered of the first account is forgotten."""
    mine, other = emulator.ready.clients[0].client_id, emulator.ready.other
    lead = await lg.leads.create(ADA, client_id=mine)
    await lg.auth.login(other.username, other.password)
    with pytest.raises(errors.UnknownClient):
        await lg.leads.create(ADA, client_id=mine)
    assert lead.client_id == mine


LEAD = {"id": "1", "aiLeadScore": {"ai_score": 85}, "estimatedNumEmployees": 12, "x": None}


@pytest.mark.parametrize("body", [{"lead": LEAD}, {"success": True, "data": LEAD}])
async def test_a_lead_is_read_leniently(body: Any) -> None:
    """A value of another type becomes text; what nobody declared is in `extra`."""
    wire = Wire(reply(body=msgspec.json.encode(body)))
    async with wire, LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg:
        lead = await lg.leads.get("a/b c")
    assert (lead.aiLeadScore, lead.estimatedNumEmployees) == ('{"ai_score":85}', "12")
    assert lead.extra == {"x": None}
    assert wire.requests[0].target == "/api/enrich-leads/a%2Fb%20c"


CLIENTS = reply(body=b'{"clients":[{"id":"r","client_id":"c"}]}')


@pytest.mark.parametrize("name", ["nextToken", "lastKey"])
@pytest.mark.parametrize("inside", [False, True])
async def test_a_list_goes_on_by_whichever_token(name: str, inside: bool) -> None:  # noqa: FBT001 - a parameter
    """An empty page with a token is not the end; the token is sent under the documented name."""
    key = "items" if inside else "leads"
    pages = [{key: [{"id": "1"}], name: "t+/="}, {key: [], name: "u"}, {key: [{"id": "2"}]}]
    bodies = [{"success": True, "data": page} if inside else page for page in pages]
    wire = Wire(CLIENTS, *(reply(body=msgspec.json.encode(body)) for body in bodies))
    async with wire, LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg:
        found = [lead.id async for lead in lg.leads.list(client_id="c")]
    assert found == ["1", "2"]
    targets = [request.target for request in wire.requests]
    assert "nextToken=t%2B/%3D" in targets[2]
    assert "nextToken=u" in targets[3]


async def test_a_token_that_comes_twice_ends_the_list() -> None:
    """It would never end otherwise."""
    page = reply(body=b'{"leads":[],"nextToken":"t"}')
    wire = Wire(CLIENTS, page, page, page)
    async with wire, LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg:
        with pytest.raises(errors.PaginationLoop):
            _ = [lead async for lead in lg.leads.list(client_id="c")]


async def test_a_create_is_not_sent_twice() -> None:
    """A 500 to a create leaves it open whether it happened."""
    wire = Wire(CLIENTS, reply(500, b'{"success":false,"error":"boom"}'))
    async with wire, LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg:
        with pytest.raises(errors.ServerError) as caught:
            await lg.leads.create(ADA, client_id="c")
    assert caught.value.outcome == "unknown"
    assert len(wire.requests) == 2


def ask(how: str, lg: LeadGenius, client: str) -> AsyncIterator[object]:
    """List a client's leads in one of the ways there are."""
    match how:
        case "rows":
            return aiter(lg.enrich_leads.rows(client_id=client))
        case "fields":
            return aiter(lg.enrich_leads.rows(client_id=client, fields=["email"]))
        case "pages":
            return lg.enrich_leads.pages(client_id=client)
        case "batches":
            return lg.enrich_leads.batches(clients=[client])
        case _:
            return aiter(lg.leads.list(client_id=client))


@pytest.mark.parametrize("whose", ["company", "client"])
@pytest.mark.parametrize("how", ["rows", "fields", "pages", "batches", "list"])
@pytest.mark.fault("S12")
async def test_a_lead_of_somebody_else_is_not_given(
    emulator: Emulator, lg: LeadGenius, how: str, whose: str
) -> None:
    """Nor are the leads beside it: nobody knows whose they are."""
    client = first_client(emulator)
    mine = {"company_id": emulator.ready.company_id, "client_id": client}
    theirs = {**mine, f"{whose}_id": "somebody-else"}
    leads = [{"id": "1", **mine}, {"id": "2", **theirs}]
    body = msgspec.json.encode({"success": True, "data": leads, "leads": leads})
    emulator.faults.add(faults.content(body), path="/api/*leads*")
    with pytest.raises(errors.TenantMismatch, match="rows of somebody-else"):
        await anext(ask(how, lg, client))


async def test_leads_that_do_not_say_whose_they_are(emulator: Emulator, lg: LeadGenius) -> None:
    """They pass: the service leaves empty fields out."""
    body = b'{"success":true,"data":[{"id":"1"}],"leads":[{"id":"1"}]}'
    emulator.faults.add(faults.content(body), path="/api/*leads*")
    client = first_client(emulator)
    assert [lead.id async for lead in lg.leads.list(client_id=client)] == ["1"]
    assert [lead.id async for lead in lg.enrich_leads.rows(client_id=client)] == ["1"]
