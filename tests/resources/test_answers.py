"""What answers mean: a delete whose first answer was lost, ids beside a record, gateways' pages."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors

CLIENTS = reply(body=b'{"clients":[{"id":"r","client_id":"c"},{"id":"s","client_id":null}]}')
NO_SUCH = reply(404, b'{"success":false,"error":"no such thing"}')
BROKEN = reply(502, b"<html>", Content_Type="text/html")
PAGE = reply(404, b"<html>", Content_Type="text/html")
ADA = {"firstName": "Ada", "lastName": "Sample", "client_id": "c"}


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, access_token="t", rate="off")


async def test_a_delete_whose_answer_was_lost_is_done() -> None:
    """The second try finds nothing any more; at the first, that is an error."""
    async with Wire(BROKEN, NO_SUCH) as wire, client_of(wire) as lg:
        await lg.leads.delete("1")
        assert len(wire.requests) == 2
        with pytest.raises(errors.NotFound):
            await lg.leads.delete("1")


async def test_a_delete_of_many_is_not_sent_again() -> None:
    """It would count only what the first try left."""
    async with Wire(BROKEN) as wire, client_of(wire) as lg:
        with pytest.raises(errors.ServerError) as caught:
            await lg.leads.delete_batch(["1", "2"])
    assert caught.value.outcome == "unknown"
    assert len(wire.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"success": True, "id": "7", "campaign": {"name": "Q3"}},
        {"success": True, "id": "7"},
        {"data": {"id": "7", "name": "Q3"}, "id": "not this one"},
    ],
)
async def test_the_id_of_a_record_may_stand_beside_it(answer: Any) -> None:
    """As a new campaign's does (observed)."""
    async with Wire(reply(201, msgspec.json.encode(answer))) as wire, client_of(wire) as lg:
        campaign = await lg.campaigns.create(name="Q3", campaignType="abm")
    assert campaign.id == "7"
    assert not campaign.extra


async def test_a_new_lead_may_be_its_id_alone() -> None:
    """A create that worked never looks as if it had failed."""
    created = reply(201, b'{"success":true,"id":"lead_9"}')
    async with Wire(CLIENTS, created) as wire, client_of(wire) as lg:
        lead = await lg.leads.create(ADA)
    assert (lead.id, lead.extra) == ("lead_9", {})


async def test_a_webhook_may_have_no_id() -> None:
    """Its URL, which is shown this once, is what matters."""
    created = reply(201, b'{"webhookUrl":"https://w.example/?s=1","webhook":{"name":"Replies"}}')
    async with Wire(created) as wire, client_of(wire) as lg:
        made = await lg.webhooks.create(name="Replies", platform="generic")
    assert made.webhookUrl.reveal() == "https://w.example/?s=1"
    assert made.webhook.id is None


@pytest.mark.parametrize("body", [b'{"success":true}', b'{"lead":[]}', b'{"success":true'])
async def test_a_create_whose_answer_cannot_be_read_may_have_happened(body: bytes) -> None:
    """The error says so, so that nobody sends it again blindly."""
    async with Wire(CLIENTS, reply(201, body)) as wire, client_of(wire) as lg:
        with pytest.raises((errors.ProtocolError, errors.OutcomeUnknown)) as caught:
            await lg.leads.create(ADA)
    assert caught.value.outcome == "unknown"
    async with Wire(reply(201, body)) as wire, client_of(wire) as lg:
        with pytest.raises((errors.ProtocolError, errors.OutcomeUnknown)) as caught:
            await lg.campaigns.create(name="Q3", campaignType="abm")
    assert caught.value.outcome == "unknown"


async def test_a_gateways_page_does_not_mean_that_there_is_none() -> None:
    """Only the service's own 404 says that."""
    async with Wire(PAGE) as wire, client_of(wire) as lg:
        with pytest.raises(errors.NotFound) as caught:
            await lg.leads.find(email="ada@sample.example")
        assert caught.value.from_gateway
        with pytest.raises(errors.NotFound):
            await lg.settings.url.get()
    async with Wire(NO_SUCH) as wire, client_of(wire) as lg:
        assert await lg.leads.find(email="ada@sample.example") is None
        assert await lg.settings.url.get() is None


async def test_a_client_without_a_client_id_is_passed_over() -> None:
    """It has no leads; its record id is unknown as any other name is."""
    async with Wire(CLIENTS) as wire, client_of(wire) as lg:
        with pytest.raises(errors.UnknownClient, match="no client"):
            await lg.leads.create({**ADA, "client_id": "s"})


async def test_a_repeated_parameter_is_kept() -> None:
    """`request` sends what it is given."""
    async with Wire(reply()) as wire, client_of(wire) as lg:
        await lg.request("GET", "/leads?status=new&status=won&x=")
    assert wire.requests[0].target == "/api/leads?status=new&status=won&x="
