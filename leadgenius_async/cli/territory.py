"""`leadgenius territory`: the companies that a client's leads work for."""

from __future__ import annotations

from cyclopts import App

from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection, given
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="territory",
    help="Companies that a client's leads work for: list, save.",
    help_epilogue=examples("territory list --client-id acme-corp"),
)

_COLUMNS = (
    "companyName", "industry", "country", "totalLeads", "qualifiedLeads", "averageLeadScore",
    "lastActivityDate",
)  # fmt: skip


@app.command(
    name="list",
    help_epilogue=examples(
        "territory list --client-id acme-corp",
        "territory list --client-id acme-corp --sort-by totalLeads",
    ),
)
async def list_companies(
    *,
    client_id: str,
    sort_by: str | None = None,
    sort_direction: str | None = None,
    industry: str | None = None,
    min_leads: int | None = None,
    max_leads: int | None = None,
    search: str | None = None,
    start: str | None = None,
    end: str | None = None,
    limit: int | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """List the companies of a client's territory.

    Args:
        client_id: The client, by its client_id.
        sort_by: A field of a company, such as totalLeads.
        sort_direction: asc or desc.
        industry: Only this industry.
        min_leads: Only companies with this many leads or more.
        max_leads: Only companies with this many leads or fewer.
        search: Only companies with this in their name.
        start: Only companies whose last activity is of this day or later, like 2026-01-31.
        end: Only companies whose last activity is of this day or earlier.
        limit: Most companies to show; all if not given.
    """
    filters = given(
        sortBy=sort_by,
        sortDirection=sort_direction,
        industry=industry,
        minLeads=min_leads,
        maxLeads=max_leads,
        search=search,
        startDate=start,
        endDate=end,
    )
    async with connection.open() as lg:
        companies = lg.territory.list(client_id=client_id, limit=limit, **filters)
        await show.many(companies, _COLUMNS)


@app.command(
    help_epilogue=examples("territory save --client-id acme-corp --name Sample --country DE")
)
async def save(
    *,
    client_id: str,
    name: str,
    industry: str | None = None,
    country: str | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Create a company, or change the one of this name.

    Args:
        client_id: The client, by its client_id.
        name: Its name, as the leads have it.
        industry: Its industry.
        country: Its country.
    """
    fields = given(industry=industry, country=country)
    async with connection.open() as lg:
        show.one(await lg.territory.save(client_id=client_id, companyName=name, **fields))
