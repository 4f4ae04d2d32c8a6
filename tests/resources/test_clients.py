"""The list of clients, over a service that wraps it in one way or another."""

from __future__ import annotations

import msgspec
import pytest
from accounts import connect
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Client

ONE = {"id": "uuid-1", "client_id": "acme-corp", "clientName": "Acme"}
TWO = {"id": "uuid-2", "client_id": "uuid-2", "newField": {"of": ["theirs"]}, "owner": None}


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, api_key="lgp_1", user_id="u", rate="off")


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "clients": [ONE, TWO]},
        {"success": True, "data": {"items": [ONE, TWO], "nextToken": None}},
        {"data": [ONE, TWO]},
        {"clients": [ONE, TWO], "data": []},
    ],
)
async def test_clients_are_found_in_any_envelope(body: object) -> None:
    """Fields that are missing are None, fields that are new are in `extra`."""
    async with Wire(reply(body=msgspec.json.encode(body))) as wire, client_of(wire) as lg:
        found = [client async for client in lg.clients.list()]
    assert found == [
        Client("uuid-1", "acme-corp", clientName="Acme"),
        Client("uuid-2", "uuid-2", extra={"newField": {"of": ["theirs"]}}),
    ]
    assert [request.target for request in wire.requests] == ["/api/clients"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b'{"success":true}', "none of clients"),
        (b'{"clients":[{"id":"1"}]}', "client_id"),
        (b'{"clients":{"id":"1","client_id":"1"}}', "array"),
        (b'{"data":{"rows":[]}}', "array"),
    ],
)
async def test_what_is_no_list_of_clients_is_an_error(body: bytes, says: str) -> None:
    """A client without its business identifier cannot be asked for."""
    async with Wire(reply(body=body)) as wire, client_of(wire) as lg:
        with pytest.raises(errors.ProtocolError, match=says):
            _ = [client async for client in lg.clients.list()]


async def test_nothing_is_asked_before_the_first_client_is_wanted() -> None:
    """A list is asked for when it is iterated, each time anew; the limit cuts the one answer."""
    body = msgspec.json.encode({"clients": [ONE, TWO]})
    async with Wire(reply(body=body)) as wire, client_of(wire) as lg:
        listing = lg.clients.list(limit=1)
        assert not wire.requests
        for _ in range(2):
            assert [client.id async for client in listing] == ["uuid-1"]
        assert len(wire.requests) == 2


async def test_an_account_sees_its_own_clients_alone(emulator: Emulator) -> None:
    """Two companies of one service have no client in common."""
    other = emulator.other
    async with (
        connect(emulator) as ours,
        LeadGenius(
            base_url=emulator.base_url, api_key=other.api_key, user_id=other.user_id, rate="off"
        ) as theirs,
    ):
        own = [client async for client in ours.clients.list()]
        foreign = [client async for client in theirs.clients.list()]
    assert {client.company_id for client in own} == {emulator.ready.company_id}
    assert {client.company_id for client in foreign} == {other.company_id}
    assert [client.client_id for client in foreign] == [c.client_id for c in other.clients]


async def test_from_create_to_delete(lg: LeadGenius) -> None:
    """A client is made, found by either identifier, changed, cleared and gone."""
    client = await lg.clients.create(clientName="Acme", companyURL="https://acme.example")
    assert client.client_id == "acme"
    assert await lg.clients.get(client.id) == await lg.clients.get("acme") == client
    changed = await lg.clients.update(client.id, companyURL=None, description="ours")
    assert (changed.clientName, changed.companyURL, changed.description) == ("Acme", None, "ours")
    await lg.clients.delete(client.id, purge=True)
    with pytest.raises(errors.NotFound):
        await lg.clients.get(client.id)
    with pytest.raises(errors.NotFound):
        await lg.clients.delete(client.id)


async def test_absent_and_null_are_told_apart() -> None:
    """What is not named is not sent; None is sent as null."""
    body = msgspec.json.encode({"client": ONE})
    async with Wire(reply(body=body)) as wire, client_of(wire) as lg:
        await lg.clients.update("uuid-1", description=None)
        await lg.clients.create(clientName="Acme")
    assert [msgspec.json.decode(request.body) for request in wire.requests] == [
        {"id": "uuid-1", "description": None},
        {"clientName": "Acme"},
    ]


async def test_a_client_is_found_where_only_record_ids_narrow() -> None:
    """Only the record id is documented for `clientId`: a client_id is looked up in the list."""
    both = reply(body=msgspec.json.encode({"clients": [ONE, TWO]}))
    wire = Wire(reply(body=b'{"clients":[]}'), both, reply(body=b'{"clients":[]}'), both)
    async with wire, client_of(wire) as lg:
        assert (await lg.clients.get("acme-corp")).id == "uuid-1"
        with pytest.raises(errors.NotFound, match="nobody"):
            await lg.clients.get("nobody")


async def test_what_would_be_refused_is_not_sent(emulator: Emulator, lg: LeadGenius) -> None:
    """An empty name, no change, no id."""
    with pytest.raises(ValueError, match="clientName is empty"):
        await lg.clients.create(clientName="")
    with pytest.raises(ValueError, match="no field to change"):
        await lg.clients.update("uuid-1")
    with pytest.raises(ValueError, match="clientName is empty"):
        await lg.clients.update("uuid-1", clientName=" ")
    with pytest.raises(TypeError, match="clientName is None"):
        await lg.clients.update("uuid-1", clientName=None)  # type: ignore[arg-type] # the mistake
    with pytest.raises(ValueError, match="record_id is empty"):
        await lg.clients.delete("")
    assert len(emulator.log) == 0


async def test_a_misspelt_field_is_not_sent(emulator: Emulator, lg: LeadGenius) -> None:
    """The service would pass over it in silence."""
    with pytest.raises(TypeError, match="did you mean 'clientName'"):
        await lg.clients.create(clientname="Acme")  # type: ignore[call-arg] # the mistake
    with pytest.raises(TypeError, match="did you mean 'companyURL'"):
        await lg.clients.update("r", companyUrl=None)  # type: ignore[call-arg] # the mistake
    with pytest.raises(ValueError, match="clientName is empty"):
        await lg.clients.create()  # type: ignore[call-arg] # the mistake
    assert len(emulator.log) == 0
