"""API keys: made once, listed without the key."""

from __future__ import annotations

import pickle

import msgspec
import pytest
from accounts import connect
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import ApiKey

ONE = {"id": "key-1", "name": "Nightly", "keyPrefix": "lgp_ab", "newField": 7}


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, access_token="made-up", rate="off")


async def test_a_key_works_with_its_users_id(emulator: Emulator) -> None:
    """What was made is in the list, and opens the service at once."""
    ready = emulator.ready
    async with LeadGenius(
        base_url=emulator.base_url, username=ready.username, password=ready.password, rate="off"
    ) as lg:
        made = await lg.api_keys.create("Nightly", "For the export")
        user_id = (await lg.auth.current()).user_id
        listed = [key async for key in lg.api_keys.list()]
    key = made.apiKey.reveal()
    assert (listed[-1].name, listed[-1].description) == ("Nightly", "For the export")
    assert listed[-1].keyPrefix
    assert key.startswith(listed[-1].keyPrefix)
    async with LeadGenius(
        base_url=emulator.base_url, api_key=key, user_id=user_id, rate="off"
    ) as lg:
        assert [client async for client in lg.clients.list()]


async def test_a_key_does_not_print() -> None:
    """Not even one that a list gives away."""
    made = reply(body=b'{"success":true,"apiKey":"lgp_canary"}')
    listed = reply(body=msgspec.json.encode({"keys": [{**ONE, "key": "lgp_canary"}]}))
    async with Wire(made, listed) as wire, client_of(wire) as lg:
        key = await lg.api_keys.create("Nightly")
        [found] = [each async for each in lg.api_keys.list()]
    assert "canary" not in repr(key) + str(key) + repr(found)
    assert key.apiKey.reveal() == "lgp_canary"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
    assert msgspec.json.decode(wire.requests[0].body) == {"name": "Nightly"}


@pytest.mark.parametrize(
    "body", [{"keys": [ONE]}, {"apiKeys": [ONE]}, {"data": {"items": [ONE]}}, {"data": [ONE]}]
)
async def test_keys_are_found_in_any_envelope(body: object) -> None:
    """The shape is assumed; fields that are new are in `extra`."""
    async with Wire(reply(body=msgspec.json.encode(body))) as wire, client_of(wire) as lg:
        found = [key async for key in lg.api_keys.list()]
    assert found == [ApiKey(id="key-1", name="Nightly", keyPrefix="lgp_ab", extra={"newField": 7})]


async def test_what_would_be_refused_is_not_sent(emulator: Emulator) -> None:
    """An empty name; and an API key, which cannot make another."""
    async with connect(emulator) as lg:
        for name in ("", "  "):
            with pytest.raises(ValueError, match="name is empty"):
                await lg.api_keys.create(name)
        with pytest.raises(errors.CredentialsMissing, match="takes login"):
            await lg.api_keys.create("Nightly")
    assert len(emulator.log) == 0
