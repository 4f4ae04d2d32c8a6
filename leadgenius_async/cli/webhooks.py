"""`leadgenius webhooks`: addresses under which outreach platforms report."""

from __future__ import annotations

import sys
from urllib.parse import quote

from cyclopts import App

from leadgenius_async._http.record import plain
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.keys import without_keys
from leadgenius_async.cli.options import DEFAULT, Connection, Data, given, read_object
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="webhooks",
    help="Webhooks of outreach platforms: list, create.",
    help_epilogue=examples("webhooks list", "webhooks create --name Replies --platform heyreach"),
)

_COLUMNS = ("id", "name", "platform", "client_id", "createdAt")
_OF_URLS = ":/?#[]@!$&'()*+,;=%"


@app.command(name="list", help_epilogue=examples("webhooks list", "webhooks list --json"))
async def list_webhooks(
    *, limit: int | None = None, show: Show = SHOW, connection: Connection = DEFAULT
) -> None:
    """List the company's webhooks, without what opens them: their URLs and API keys.

    Args:
        limit: Most webhooks to show; all if not given.
    """
    async with connection.open() as lg:
        webhooks = lg.webhooks.list(limit=limit)
        await show.many((without_keys(plain(each))[0] async for each in webhooks), _COLUMNS)


@app.command(
    help_epilogue=examples(
        "webhooks create --name Replies --platform heyreach",
        "webhooks create --name All --platform generic --data @config.json",
    )
)
async def create(
    *,
    name: str,
    platform: str,
    description: str | None = None,
    client_id: str | None = None,
    data: Data | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Make a webhook and print its URL, which has a secret in it.

    Args:
        name: Its name.
        platform: heyreach, woodpecker, lemlist or generic.
        description: What it is for.
        client_id: The client that it is for, by its client_id.
        data: The platform's own settings (platformConfig), as a JSON object; @FILE reads a
            file, - reads stdin.
    """
    fields = given(
        name=name,
        platform=platform,
        description=description,
        client_id=client_id,
        platformConfig=None if data is None else read_object(data),
    )
    async with connection.open() as lg:
        made = await lg.webhooks.create(**fields)
    (webhook, _), url = without_keys(plain(made.webhook)), made.webhookUrl.reveal()
    if show.chosen != "table":
        show.one({**webhook, "webhookUrl": url})
        return
    show.one(webhook)
    # A table would cut it; quoted, it can hold nothing that a terminal obeys.
    sys.stdout.write(f"webhookUrl\n{quote(url, safe=_OF_URLS)}\n")
