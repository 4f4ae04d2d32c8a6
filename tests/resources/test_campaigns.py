"""Campaigns, from the SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async._resources.campaigns import Campaigns
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Campaign

ONE = {"id": "c1", "name": "Q3", "campaignType": "webinar", "status": "paused", "budget": 9}
FOUND = Campaign(id="c1", name="Q3", campaignType="webinar", status="paused", extra={"budget": 9})


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, api_key="lgp_1", user_id="u", rate="off")


async def test_from_create_to_list(emulator: Emulator, lg: LeadGenius) -> None:
    """A campaign keeps what it was made of, and is found by its status and type."""
    client_id = emulator.ready.clients[0].client_id
    made = await lg.campaigns.create(
        name="Q3 Expansion", campaignType="abm", description="North", client_id=client_id
    )
    assert (made.name, made.campaignType, made.status) == ("Q3 Expansion", "abm", "draft")
    assert (made.description, made.client_id, made.extra) == ("North", client_id, {})
    active = await lg.campaigns.create(name="Now", campaignType="nurture", status="active")
    assert [each async for each in lg.campaigns.list()] == [made, active]
    assert [each async for each in lg.campaigns.list(status="active")] == [active]
    assert [each async for each in lg.campaigns.list(campaignType="abm")] == [made]
    assert [each async for each in lg.campaigns.list(status="archived")] == []


async def test_the_list_goes_on_by_page_numbers(emulator: Emulator, lg: LeadGenius) -> None:
    """Every campaign comes once, whatever the size of the pages; no page is asked for nothing."""
    for number in range(5):
        await lg.campaigns.create(name=f"c{number}", campaignType="abm")
    before = len(emulator.log)
    listing = lg.campaigns.list(page_size=2)
    assert [each.name async for each in listing] == [f"c{number}" for number in range(5)]
    assert len(emulator.log) - before == 3
    assert [each.name async for each in lg.campaigns.list(page_size=2, token="2", limit=1)] == [
        "c2"
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "campaigns": [ONE], "pagination": {"page": 1, "totalPages": 1}},
        {"success": True, "campaigns": [ONE]},
        {"success": True, "data": {"items": [ONE]}},
        {"data": [ONE]},
    ],
)
async def test_campaigns_are_found_in_any_envelope(body: object) -> None:
    """A type that is new is no error; a field that is new is in `extra`."""
    async with Wire(reply(body=msgspec.json.encode(body))) as wire, client_of(wire) as lg:
        assert [each async for each in lg.campaigns.list()] == [FOUND]
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"success": True, "id": "c1", "campaign": ONE}, FOUND),
        ({"success": True, "data": ONE}, FOUND),
        ({"success": True, **ONE}, FOUND),
        ({"success": True, "id": "c1"}, Campaign(id="c1")),
    ],
)
async def test_a_created_campaign_has_its_id_at_the_least(body: object, found: Campaign) -> None:
    """The id at the top was observed; the rest of the answer is anybody's guess."""
    answer = reply(status=201, body=msgspec.json.encode(body))
    async with Wire(answer) as wire, client_of(wire) as lg:
        assert await lg.campaigns.create(name="Q3", campaignType="abm") == found
    assert wire.requests[0].body == b'{"name":"Q3","campaignType":"abm"}'


async def test_filters_go_out_under_the_services_names() -> None:
    """The size of a page is the most that the service takes, unless one is asked for."""
    async with Wire(reply(body=b'{"campaigns":[]}')) as wire, client_of(wire) as lg:
        _ = [each async for each in lg.campaigns.list(status="draft", campaignType="demand_gen")]
    query = parse_qs(urlsplit(wire.requests[0].target).query)
    assert query == {"status": ["draft"], "campaignType": ["demand_gen"], "pageSize": ["100"]}


NAMELESS: Any = {"campaignType": "abm"}
TYPELESS: Any = {"name": "x"}
REFUSED: list[tuple[Callable[[Campaigns], Any], str]] = [
    (lambda s: s.create(name=" ", campaignType="abm"), "name is empty"),
    (lambda s: s.create(**NAMELESS), "name is empty"),
    (lambda s: s.create(**TYPELESS), "campaignType is '': give one of abm, demand_gen, nurture"),
    (lambda s: s.create(name="x", campaignType="ABM"), "give one of abm, demand_gen, nurture"),
    (
        lambda s: s.create(name="x", campaignType="abm", status="paused"),
        "status is 'paused': give one of draft, active",
    ),
    (lambda s: s.list(status="done"), "give one of draft, active, paused, completed, archived"),
    (lambda s: s.list(campaignType="all"), "give one of abm, demand_gen, nurture"),
    (lambda s: s.list(page_size=101), "page_size"),
]


@pytest.mark.parametrize(("call", "says"), REFUSED)
async def test_what_would_be_refused_is_not_sent(
    emulator: Emulator, lg: LeadGenius, call: Callable[[Campaigns], Any], says: str
) -> None:
    """The error names the field and what is allowed."""
    with pytest.raises(ValueError, match=says):
        await call(lg.campaigns)
    assert len(emulator.log) == 0


@pytest.mark.parametrize(("client_id", "error"), [("", ValueError), (None, TypeError)])
async def test_a_client_that_is_none_is_not_sent(
    emulator: Emulator, lg: LeadGenius, client_id: Any, error: type[Exception]
) -> None:
    """A campaign that is for no client leaves it out."""
    with pytest.raises(error, match="client_id is"):
        await lg.campaigns.create(name="x", campaignType="abm", client_id=client_id)
    assert len(emulator.log) == 0


async def test_a_record_id_is_answered_with_the_client_id(
    emulator: Emulator, lg: LeadGenius
) -> None:
    """A campaign of a wrong client would not be seen under the right one."""
    client = emulator.ready.clients[1]
    with pytest.raises(errors.UnknownClient, match=client.client_id):
        await lg.campaigns.create(name="x", campaignType="abm", client_id=client.id)
    assert all(request.path != "/api/campaigns" for request in emulator.log)
