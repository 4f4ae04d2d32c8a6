"""Campaigns."""

from __future__ import annotations

from typing import NotRequired, TypedDict, Unpack

from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.paging import BY_PAGE
from leadgenius_async._resources.section import Section

#: Kinds of campaigns (documented).
TYPES = ("abm", "demand_gen", "nurture")
#: States of a campaign (documented), and those that it can be created in.
STATUSES = ("draft", "active", "paused", "completed", "archived")
FIRST_STATUSES = ("draft", "active")

_CAMPAIGNS = ("campaigns", "data.items", "data")
#: The id of a new campaign stands at the top (observed): there may be nothing else.
_CAMPAIGN = ("campaign", "data", "")


class Campaign(Record):
    """A campaign. All but its id and what it is created from is assumed.

    Attributes:
        campaignType: abm, demand_gen or nurture (documented); others may come.
        status: draft, active, paused, completed or archived (documented); others may come.
    """

    id: str
    name: str | None = None
    campaignType: str | None = None
    description: str | None = None
    status: str | None = None
    client_id: str | None = None
    owner: str | None = None
    company_id: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None


class CampaignFilters(TypedDict, total=False):
    """What campaigns can be narrowed by."""

    status: str
    campaignType: str


class NewCampaign(TypedDict):
    """What a new campaign is made of."""

    name: str
    campaignType: str
    description: NotRequired[str]
    status: NotRequired[str]
    client_id: NotRequired[str]


class Campaigns(Section):
    """Calls of `/api/campaigns`. Takes a login or an API key (assumed)."""

    def list(
        self,
        *,
        limit: int | None = None,
        page_size: int | None = None,
        token: str | None = None,
        **filters: Unpack[CampaignFilters],
    ) -> Listing[Campaign]:
        """List the company's campaigns.

        Args:
            limit: Most campaigns to give.
            page_size: Campaigns per request, 1 to 100 (assumed).
            token: The page to start at, as an earlier listing's `token` said.
            status: Only these: draft, active, paused, completed or archived.
            campaignType: Only these: abm, demand_gen or nurture.

        Raises:
            ValueError: A number out of range, an unknown status or type.

        ```python
        async for campaign in lg.campaigns.list(status="active"):
            print(campaign.name, campaign.campaignType)
        ```
        """
        checks.known(filters, CampaignFilters)
        query = {name: str(value) for name, value in filters.items()}
        for name, allowed in (("status", STATUSES), ("campaignType", TYPES)):
            if name in query:
                checks.choice(name, query[name], allowed)
        return self._list(
            "/campaigns",
            Campaign,
            _CAMPAIGNS,
            query=query,
            paging=BY_PAGE,
            page_size=page_size,
            token=token,
            limit=limit,
        )

    async def create(self, **fields: Unpack[NewCampaign]) -> Campaign:
        """Make a campaign.

        Args:
            name: Its name.
            campaignType: abm, demand_gen or nurture.
            description: What it is about.
            status: draft or active; the service's own choice if not given.
            client_id: The client that it is for.

        Returns:
            The campaign; where the service answers with its id alone, nothing but that.

        Raises:
            ValueError: The name or the `client_id` is empty, or an unknown type or status.
            TypeError: One of the two is no text.
            UnknownClient: No client of the account has this `client_id`.

        ```python
        campaign = await lg.campaigns.create(
            name="Q3 Expansion", campaignType="demand_gen", client_id="acme-corp"
        )
        ```
        """
        checks.known(fields, NewCampaign)
        checks.text("name", fields.get("name", ""))
        checks.choice("campaignType", fields.get("campaignType", ""), TYPES)
        if "status" in fields:
            checks.choice("status", fields["status"], FIRST_STATUSES)
        if "client_id" in fields:
            await self._account.check_clients([checks.text("client_id", fields["client_id"])])
        return await self._ask("POST", "/campaigns", Campaign, _CAMPAIGN, payload=fields)
