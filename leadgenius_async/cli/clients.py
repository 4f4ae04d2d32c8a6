"""`leadgenius clients`: the customer workspaces of the company."""

from __future__ import annotations

from cyclopts import App

from leadgenius_async.cli.changes import Progress
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection, Flag, confirm, given
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="clients",
    help="Customer workspaces: list, get, create, update, delete, purge.",
    help_epilogue=examples(
        "clients list", 'clients create --name "New Customer"', "clients purge acme-corp --dry-run"
    ),
)

_COLUMNS = ("client_id", "id", "clientName", "companyURL", "createdAt")


@app.command(name="list", help_epilogue=examples("clients list", "clients list --json"))
async def list_clients(
    *, limit: int | None = None, show: Show = SHOW, connection: Connection = DEFAULT
) -> None:
    """List the company's clients.

    Args:
        limit: Most clients to show; all if not given.
    """
    async with connection.open() as lg:
        await show.many(lg.clients.list(limit=limit), _COLUMNS)


@app.command(help_epilogue=examples("clients get acme-corp", "clients get acme-corp --json"))
async def get(client: str, *, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Show one client.

    Args:
        client: Its client_id, or its record id.
    """
    async with connection.open() as lg:
        show.one(await lg.clients.get(client))


@app.command(
    help_epilogue=examples(
        'clients create --name "New Customer"',
        "clients create --name Sample --url https://sample.example",
    )
)
async def create(
    *,
    name: str,
    url: str | None = None,
    description: str | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Make a client.

    Leads take the client_id that it gets, not its record id.

    Args:
        name: Its name, from which the service makes its client_id.
        url: Its web address.
        description: What it is about.
    """
    fields = given(clientName=name, companyURL=url, description=description)
    async with connection.open() as lg:
        show.one(await lg.clients.create(**fields))


@app.command(
    help_epilogue=examples(
        "# client_1 is the column id of `leadgenius clients list`, not client_id",
        'clients update client_1 --name "New Name"',
    )
)
async def update(
    record_id: str,
    *,
    name: str | None = None,
    url: str | None = None,
    description: str | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Change a client.

    Args:
        record_id: Its record id (the column id of `leadgenius clients list`).
        name: Its name.
        url: Its web address.
        description: What it is about.
    """
    changes = given(clientName=name, companyURL=url, description=description)
    async with connection.open() as lg:
        show.one(await lg.clients.update(record_id, **changes))


@app.command(
    help_epilogue=examples(
        "# client_1 is the column id of `leadgenius clients list`, not client_id",
        "clients delete client_1",
        "clients delete client_2 --purge --yes",
    )
)
async def delete(
    record_id: str,
    *,
    purge: Flag = False,
    yes: Flag = False,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Delete a client.

    Args:
        record_id: Its record id (the column id of `leadgenius clients list`).
        purge: Delete its leads as well; above about 1,000 the service runs out of time, and
            `leadgenius clients purge` does not.
        yes: Do not ask first; needed where there is no terminal.
    """
    confirm(f"delete client {record_id}" + (" and its leads" if purge else ""), yes=yes)
    async with connection.open() as lg:
        await lg.clients.delete(record_id, purge=purge)
        show.one({"deleted": 1})


@app.command(
    help_epilogue=examples("clients purge acme-corp --dry-run", "clients purge acme-corp --yes")
)
async def purge(
    client: str,
    *,
    dry_run: Flag = False,
    yes: Flag = False,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Delete a client with all its leads, however many; the same command goes on if cut off.

    Args:
        client: Its client_id, or its record id.
        dry_run: Only count its leads.
        yes: Do not ask first; needed where there is no terminal.
    """
    if not dry_run:
        confirm(f"delete client {client} and all its leads", yes=yes)
    async with connection.open() as lg:
        show.one(await lg.clients.purge(client, dry_run=dry_run, on_progress=Progress()))
