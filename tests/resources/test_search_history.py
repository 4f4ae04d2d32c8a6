"""The history of searches, from the SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from accounts import connect
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async._resources.search_history import SearchHistory
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Search

ONE = {"id": "s1", "status": "paused", "tags": None, "searchCriteria": "titles", "leadsFound": 3}


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, access_token="t", rate="off")


def signed_in(emulator: Emulator) -> LeadGenius:
    ready = emulator.ready
    return LeadGenius(
        base_url=ready.base_url,
        api_key=ready.api_key,
        user_id=ready.user_id,
        username=ready.username,
        password=ready.password,
        rate="off",
    )


async def test_from_create_to_update(emulator: Emulator) -> None:
    """A search keeps what it was made of; its status and metrics change, None clears one."""
    client_id = emulator.ready.clients[0].client_id
    async with signed_in(emulator) as lg:
        search = await lg.search_history.create(
            searchName="Heads of data",
            searchCriteria={"titles": ["Head of Data"]},
            client_id=client_id,
            tags=["q3"],
        )
        assert (search.status, search.client_id, search.tags) == ("initiated", client_id, ["q3"])
        assert search.searchCriteria == {"titles": ["Head of Data"]}

        found = await lg.search_history.update(search.id, status="completed", leadsFound=12, cost=3)
        assert (found.status, found.extra) == ("completed", {"leadsFound": 12, "cost": 3})
        found = await lg.search_history.update(search.id, cost=None)
        assert (found.status, found.extra) == ("completed", {"leadsFound": 12, "cost": None})
        assert [each async for each in lg.search_history.list()] == [found]


async def test_the_list_is_narrowed_and_goes_on_by_its_cursor(emulator: Emulator) -> None:
    """Every search comes once, whatever the size of the pages; each filter goes out."""
    async with signed_in(emulator) as lg:
        for number in range(5):
            await lg.search_history.create(
                searchName=f"s{number}", category="odd" if number % 2 else "even", icpId="i"
            )
        names = [each.searchName async for each in lg.search_history.list(page_size=2)]
        assert names == ["s0", "s1", "s2", "s3", "s4"]
        even = lg.search_history.list(
            category="even", icpId="i", status="initiated", page_size=2, limit=2
        )
        assert [each.searchName async for each in even] == ["s0", "s2"]
        assert [each async for each in lg.search_history.list(status="failed")] == []


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "items": [ONE], "cursor": None},
        {"success": True, "data": {"items": [ONE], "cursor": None}},
        {"data": [ONE]},
    ],
)
async def test_searches_are_found_in_any_envelope(body: object) -> None:
    """A status that is new is no error, and a field that is new is in `extra`."""
    async with Wire(reply(body=msgspec.json.encode(body))) as wire, client_of(wire) as lg:
        found = [search async for search in lg.search_history.list()]
    assert found == [
        Search(id="s1", status="paused", searchCriteria="titles", extra={"leadsFound": 3})
    ]


@pytest.mark.parametrize("key", ["item", "searchHistory", "data"])
async def test_a_search_is_found_under_any_key(key: str) -> None:
    """Any 2xx is success."""
    answer = reply(status=202, body=msgspec.json.encode({"success": True, key: ONE}))
    async with Wire(answer) as wire, client_of(wire) as lg:
        search = await lg.search_history.create(searchName="x")
    assert (search.id, search.extra) == ("s1", {"leadsFound": 3})


async def test_only_what_was_given_goes_out() -> None:
    """Filters stand in the query under the service's names; absent fields are not sent."""
    listed = reply(body=b'{"items":[]}')
    made = reply(body=msgspec.json.encode({"item": ONE}))
    async with Wire(listed, made, made) as wire, client_of(wire) as lg:
        _ = [each async for each in lg.search_history.list(status="running", icpId="i 1")]
        await lg.search_history.create(searchName="x")
        await lg.search_history.update("s1", leadsFound=None)
    query = parse_qs(urlsplit(wire.requests[0].target).query)
    assert query == {"status": ["running"], "icpId": ["i 1"], "limit": ["100"]}
    assert wire.requests[1].body == b'{"searchName":"x"}'
    assert msgspec.json.decode(wire.requests[2].body) == {"id": "s1", "leadsFound": None}


NAMELESS: Any = {"client_id": "c"}
REFUSED: list[tuple[Callable[[SearchHistory], Any], str]] = [
    (lambda s: s.list(status="done"), "status is 'done': give one of initiated, running"),
    (lambda s: s.list(category=""), "category is empty"),
    (lambda s: s.list(page_size=101), "page_size"),
    (lambda s: s.list(limit=0), "limit"),
    (lambda s: s.create(searchName=" "), "searchName is empty"),
    (lambda s: s.create(**NAMELESS), "searchName is empty"),
    (lambda s: s.create(searchName="x", tags=[""]), "tags is empty"),
    (lambda s: s.create(searchName="x", client_id=""), "client_id is empty"),
    (lambda s: s.update("s1", client_id=""), "client_id is empty"),
    (lambda s: s.update("s1"), "no field to change"),
    (lambda s: s.update("", status="failed"), "record_id is empty"),
    (lambda s: s.update("s1", status="done"), "give one of initiated, running, completed"),
    (lambda s: s.update("s1", status=None), "status is 'None'"),
    (lambda s: s.update("s1", id="s2"), "id is no field to change"),
]


@pytest.mark.parametrize(("call", "says"), REFUSED)
async def test_what_would_be_refused_is_not_sent(
    emulator: Emulator, call: Callable[[SearchHistory], Any], says: str
) -> None:
    """The error names the field and what is allowed."""
    async with signed_in(emulator) as lg:
        with pytest.raises(ValueError, match=says):
            await call(lg.search_history)
    assert len(emulator.log) == 0


async def test_a_client_that_is_none_is_not_sent(emulator: Emulator) -> None:
    """It would be looked up by the name None."""
    none: Any = None
    async with signed_in(emulator) as lg:
        with pytest.raises(TypeError, match="client_id is None"):
            lg.search_history.list(client_id=none)
        with pytest.raises(TypeError, match="client_id is None"):
            await lg.search_history.create(searchName="x", client_id=none)
        with pytest.raises(TypeError, match="client_id is None"):
            await lg.search_history.update("s1", client_id=none)
    assert len(emulator.log) == 0


async def test_a_record_id_is_answered_with_the_client_id(emulator: Emulator) -> None:
    """A search of a wrong client would not be seen under the right one."""
    client = emulator.ready.clients[1]
    async with signed_in(emulator) as lg:
        with pytest.raises(errors.UnknownClient, match=client.client_id):
            await lg.search_history.create(searchName="x", client_id=client.id)
        with pytest.raises(errors.UnknownClient, match=client.client_id):
            await lg.search_history.update("s1", client_id=client.id)
        with pytest.raises(errors.UnknownClient, match=client.client_id):
            _ = [each async for each in lg.search_history.list(client_id=client.id)]
    assert all(request.path != "/api/search-history" for request in emulator.log)


async def test_a_key_can_create_alone(emulator: Emulator) -> None:
    """The list and the update want a login, and nothing is sent without one."""
    async with connect(emulator) as lg:
        search = await lg.search_history.create(searchName="x")
        before = len(emulator.log)
        with pytest.raises(errors.CredentialsMissing):
            await lg.search_history.update(search.id, status="failed")
        with pytest.raises(errors.CredentialsMissing):
            _ = [each async for each in lg.search_history.list()]
        assert len(emulator.log) == before


async def test_what_is_not_there_is_not_found(emulator: Emulator) -> None:
    """The service's own words and the id of the request come with the error."""
    async with signed_in(emulator) as lg:
        with pytest.raises(errors.NotFound) as caught:
            await lg.search_history.update("nobody", status="failed")
    assert caught.value.error_type == "not_found"
    assert caught.value.request_id
