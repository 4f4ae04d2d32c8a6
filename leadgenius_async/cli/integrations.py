"""`leadgenius integrations`: scrapes, chat, connected accounts."""

from __future__ import annotations

from cyclopts import App

from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection, Data, read_object
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="integrations",
    help="Other services: scrape, status, chat, accounts.",
    help_epilogue=examples("integrations accounts", "integrations status scrape_1"),
)

_COLUMNS = ("id", "provider", "name", "status")


@app.command(
    help_epilogue=examples(
        'integrations scrape --client-id acme-corp --data \'{"q": "CTO"}\'',
        "integrations scrape --client-id acme-corp --data @scrape.json",
    )
)
async def scrape(
    *, client_id: str, data: Data, show: Show = SHOW, connection: Connection = DEFAULT
) -> None:
    """Start a scrape, whose leads come into SourceLeads.

    Args:
        client_id: The client that they are for, by its client_id.
        data: What the scraper is told, as a JSON object; @FILE reads a file, - reads stdin.
    """
    told = read_object(data)
    async with connection.open() as lg:
        show.one(await lg.integrations.start_scrape(client_id, told))


@app.command(
    help_epilogue=examples("integrations status scrape_1", "integrations status scrape_1 --json")
)
async def status(run_id: str, *, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Show how far a scrape has come.

    Args:
        run_id: Its run, as `leadgenius integrations scrape` showed it.
    """
    async with connection.open() as lg:
        show.one(await lg.integrations.scrape_status(run_id))


@app.command(
    help_epilogue=examples(
        'integrations chat "Which leads are new?"',
        'integrations chat "Which leads are won?" --agent-id agent_1',
    )
)
async def chat(
    message: str,
    *,
    agent_id: str | None = None,
    thread_id: str | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Say something to an Epsimo agent.

    Args:
        message: What is said.
        agent_id: The agent.
        thread_id: The talk that it belongs to; a new one if not given.
    """
    async with connection.open() as lg:
        show.one(await lg.integrations.chat(message, agent_id=agent_id, thread_id=thread_id))


@app.command(help_epilogue=examples("integrations accounts", "integrations accounts --json"))
async def accounts(
    *, limit: int | None = None, show: Show = SHOW, connection: Connection = DEFAULT
) -> None:
    """List the accounts that Unipile is connected to.

    Args:
        limit: Most accounts to show; all if not given.
    """
    async with connection.open() as lg:
        await show.many(lg.integrations.accounts(limit=limit), _COLUMNS)
