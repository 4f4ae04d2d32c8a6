"""`leadgenius admin`: all companies and users, for the platform's admins."""

from __future__ import annotations

from cyclopts import App

from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="admin",
    help="For the platform's admins: companies, users.",
    help_epilogue=examples("admin companies", "admin users --limit 50"),
)


@app.command(help_epilogue=examples("admin companies", "admin companies --json"))
async def companies(
    *, limit: int | None = None, show: Show = SHOW, connection: Connection = DEFAULT
) -> None:
    """List all companies of the platform.

    Args:
        limit: Most companies to show; all if not given.
    """
    async with connection.open() as lg:
        columns = ("company_id", "name", "createdAt")
        await show.many(lg.admin.companies(limit=limit), columns)


@app.command(help_epilogue=examples("admin users --limit 50", "admin users --format csv"))
async def users(
    *, limit: int | None = None, show: Show = SHOW, connection: Connection = DEFAULT
) -> None:
    """List all users of the platform.

    Args:
        limit: Most users to show; all if not given.
    """
    async with connection.open() as lg:
        columns = ("id", "username", "email", "company_id", "role")
        await show.many(lg.admin.users(limit=limit), columns)
