"""Campaigns. The members of a campaign, besides those of its create, are assumed."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.structs import Pagination

Text = Annotated[str, msgspec.Meta(min_length=1)]
Type = Literal["abm", "demand_gen", "nurture"]
Status = Literal["draft", "active", "paused", "completed", "archived"]


class CampaignQuery(msgspec.Struct):
    """Filters, and the page by its number."""

    page: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    pageSize: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    status: Status | msgspec.UnsetType = msgspec.UNSET
    campaignType: Type | msgspec.UnsetType = msgspec.UNSET


class NewCampaign(msgspec.Struct):
    """The body of a create; a campaign begins as a draft (assumed)."""

    name: Text
    campaignType: Type
    description: str | None = None
    status: Literal["draft", "active"] = "draft"
    client_id: str | None = None


class Campaign(msgspec.Struct):
    """A campaign."""

    id: str
    name: str
    campaignType: str
    description: str | None
    status: str
    client_id: str | None
    owner: str
    company_id: str
    createdAt: str
    updatedAt: str


class CampaignPage(msgspec.Struct):
    """A page of campaigns."""

    campaigns: list[Campaign]
    pagination: Pagination
    success: bool = True


class CreatedCampaign(msgspec.Struct):
    """A campaign that was made; its id stands at the top, as was observed."""

    id: str
    campaign: Campaign
    success: bool = True


@call("GET", "/api/campaigns", Credentials.KEY_TOO, known="observed")
async def list_campaigns(ask: Ask[CampaignQuery, None]) -> CampaignPage:
    """The company's campaigns, oldest first."""
    query = ask.query
    found = ask.service.documents.all(
        Campaign,
        ask.company_id,
        lambda each: (
            query.status in {msgspec.UNSET, each.status}
            and query.campaignType in {msgspec.UNSET, each.campaignType}
        ),
    )
    start = (query.page - 1) * query.pageSize
    pages = -(-len(found) // query.pageSize)
    return CampaignPage(
        found[start : start + query.pageSize],
        Pagination(query.page, query.pageSize, len(found), pages),
    )


@call("POST", "/api/campaigns", Credentials.KEY_TOO, status=201, known="observed")
async def create(ask: Ask[NoQuery, NewCampaign]) -> CreatedCampaign:
    """Make a campaign."""
    now = timestamp(ask.now)
    campaign = Campaign(
        id=ask.service.ids.uuid(),
        **msgspec.structs.asdict(ask.body),
        owner=ask.caller.user_id,
        company_id=ask.company_id,
        createdAt=now,
        updatedAt=now,
    )
    ask.service.documents.add(ask.company_id, campaign)
    return CreatedCampaign(campaign.id, campaign)


ENDPOINTS = (list_campaigns, create)
