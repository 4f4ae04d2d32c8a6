"""`leadgenius pipeline`: how many leads stand where."""

from __future__ import annotations

from cyclopts import App

from leadgenius_async._http.record import plain
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="pipeline",
    help_epilogue=examples("pipeline --start 2026-01-01 --end 2026-01-31", "pipeline --json"),
)


@app.default
async def pipeline(
    *,
    start: str | None = None,
    end: str | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Count the leads that were created in a span of days, by status and by client.

    Args:
        start: The first day, like 2026-01-31.
        end: The last day, which counts too.
    """
    async with connection.open() as lg:
        found = await lg.analytics.pipeline(start=start, end=end)
    if show.chosen != "table":
        show.one(found)
        return
    members = plain(found)
    for name, what in (("byStatus", "status"), ("byClient", "client")):
        members.pop(name, None)
        members |= {f"{what} {each}": count for each, count in getattr(found, name).items()}
    show.one(members)
