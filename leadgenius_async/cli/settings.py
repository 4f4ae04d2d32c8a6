"""`leadgenius settings`: what the processing of leads goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclopts import App

from leadgenius_async._http.record import plain
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.keys import without_keys
from leadgenius_async.cli.notes import note
from leadgenius_async.cli.options import DEFAULT, Connection, Data, Flag, read_object
from leadgenius_async.cli.output import SHOW, Show

if TYPE_CHECKING:
    from leadgenius_async.models import AgentSettings, SdrSettings, UrlSettings

app: App = App(
    name="settings",
    help="Services and agents that process leads: show, set.",
    help_epilogue=examples("settings url show", "settings sdr-ai show"),
)
url: App = App(
    name="url",
    help="Enrichment services and their API keys.",
    help_epilogue=examples("settings url show", "settings url set --data @services.json"),
)
agent: App = App(
    name="agent",
    help="Agents of the copyright processes.",
    help_epilogue=examples("settings agent show", "settings agent set --data @agents.json"),
)
sdr_ai: App = App(
    name="sdr-ai",
    help="Agents of the messages and AI fields.",
    help_epilogue=examples("settings sdr-ai show", "settings sdr-ai set --data @agents.json"),
)
for _group in (url, agent, sdr_ai):
    app.command(_group)


@url.command(
    name="show", help_epilogue=examples("settings url show", "settings url show --reveal --json")
)
async def show_url(
    *, reveal: Flag = False, show: Show = SHOW, connection: Connection = DEFAULT
) -> None:
    """Show the enrichment services; their API keys are left out.

    Args:
        reveal: Show the API keys as well.
    """
    async with connection.open() as lg:
        _show(await lg.settings.url.get(), show, reveal=reveal)


@url.command(
    name="set",
    help_epilogue=examples(
        "settings url set --data @services.json",
        "settings url set --data '{\"emailFinder\": null}'",
    ),
)
async def set_url(*, data: Data, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Change the enrichment services, or set them for the first time.

    Args:
        data: The fields as a JSON object; null clears one. With an API key in it, it must come
            from @FILE, or - for stdin: the process list shows what stands on the command line.
    """
    fields = read_object(data)
    async with connection.open() as lg:
        _show(await lg.settings.url.upsert(**fields), show)


@agent.command(
    name="show", help_epilogue=examples("settings agent show", "settings agent show --json")
)
async def show_agent(*, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Show the agents of the copyright processes."""
    async with connection.open() as lg:
        _show(await lg.settings.agent.get(), show)


@agent.command(
    name="set",
    help_epilogue=examples(
        'settings agent set --data \'{"enrichment1AgentId": "agent-1"}\'',
        "settings agent set --data @agents.json",
    ),
)
async def set_agent(*, data: Data, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Change the agents of the copyright processes, or set them for the first time.

    Args:
        data: The fields as a JSON object; null clears one; @FILE reads a file, - reads stdin.
    """
    fields = read_object(data)
    async with connection.open() as lg:
        _show(await lg.settings.agent.upsert(**fields), show)


@sdr_ai.command(
    name="show", help_epilogue=examples("settings sdr-ai show", "settings sdr-ai show --json")
)
async def show_sdr_ai(*, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Show the agents of the messages and AI fields."""
    async with connection.open() as lg:
        _show(await lg.settings.sdr_ai.get(), show)


@sdr_ai.command(
    name="set",
    help_epilogue=examples(
        'settings sdr-ai set --data \'{"message1AgentId": "agent-1"}\'',
        "settings sdr-ai set --data @agents.json",
    ),
)
async def set_sdr_ai(*, data: Data, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Change the agents of the messages and AI fields, or set them for the first time.

    Args:
        data: The fields as a JSON object; null clears one; @FILE reads a file, - reads stdin.
    """
    fields = read_object(data)
    async with connection.open() as lg:
        _show(await lg.settings.sdr_ai.upsert(**fields), show)


def _show(
    settings: UrlSettings | AgentSettings | SdrSettings | None, show: Show, *, reveal: bool = False
) -> None:
    if settings is None:
        note("nothing is set")
        show.one({})
        return
    if reveal:
        show.one(settings)
        return
    members, keys = without_keys(plain(settings))
    if keys:
        note(f"left out: {', '.join(keys)} (`url show --reveal` or `leadgenius api` has them)")
    show.one(members)
