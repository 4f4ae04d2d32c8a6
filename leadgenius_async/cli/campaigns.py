"""`leadgenius campaigns`: campaigns of the company."""

from __future__ import annotations

from cyclopts import App

from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection, given
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="campaigns",
    help="Campaigns: list, create.",
    help_epilogue=examples(
        "campaigns list --status active", "campaigns create --name Spring --type abm"
    ),
)

_COLUMNS = ("id", "name", "campaignType", "status", "client_id", "createdAt")


@app.command(
    name="list",
    help_epilogue=examples("campaigns list", "campaigns list --status active --type abm --json"),
)
async def list_campaigns(
    *,
    status: str | None = None,
    type: str | None = None,  # noqa: A002 - the option's name
    limit: int | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """List the company's campaigns.

    Args:
        status: Only these: draft, active, paused, completed or archived.
        type: Only these: abm, demand_gen or nurture.
        limit: Most campaigns to show; all if not given.
    """
    filters = given(status=status, campaignType=type)
    async with connection.open() as lg:
        await show.many(lg.campaigns.list(limit=limit, **filters), _COLUMNS)


@app.command(
    help_epilogue=examples(
        "campaigns create --name Spring --type abm",
        "campaigns create --name Autumn --client-id acme-corp",
    )
)
async def create(
    *,
    name: str,
    type: str = "demand_gen",  # noqa: A002 - the option's name
    description: str | None = None,
    status: str | None = None,
    client_id: str | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Make a campaign, of the type demand_gen if no other is given.

    Args:
        name: Its name.
        type: abm, demand_gen or nurture.
        description: What it is about.
        status: draft or active; the service's own choice if not given.
        client_id: The client that it is for, by its client_id.
    """
    fields = given(description=description, status=status, client_id=client_id)
    async with connection.open() as lg:
        show.one(await lg.campaigns.create(name=name, campaignType=type, **fields))
