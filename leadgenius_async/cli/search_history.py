"""`leadgenius search-history`: the searches for leads that were run."""

from __future__ import annotations

from cyclopts import App

from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection, Data, Names, given, read_object
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="search-history",
    help="Searches for leads: list, create, update.",
    help_epilogue=examples(
        "search-history list", "search-history update search_1 --status completed"
    ),
)

_COLUMNS = ("id", "searchName", "status", "client_id", "category", "createdAt")


@app.command(
    name="list",
    help_epilogue=examples(
        "search-history list", "search-history list --client-id acme-corp --json"
    ),
)
async def list_searches(
    *,
    client_id: str | None = None,
    status: str | None = None,
    icp_id: str | None = None,
    category: str | None = None,
    limit: int | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """List the company's searches.

    Args:
        client_id: Only this client's, by its client_id.
        status: Only these: initiated, running, completed or failed.
        icp_id: Only those of this ideal customer profile.
        category: Only those of this category.
        limit: Most searches to show; all if not given.
    """
    filters = given(client_id=client_id, status=status, icpId=icp_id, category=category)
    async with connection.open() as lg:
        await show.many(lg.search_history.list(limit=limit, **filters), _COLUMNS)


@app.command(
    help_epilogue=examples(
        "search-history create --name CTOs --client-id acme-corp",
        "search-history create --name CTOs --tags eu --data @search.json",
    )
)
async def create(
    *,
    name: str,
    description: str | None = None,
    client_id: str | None = None,
    icp_id: str | None = None,
    category: str | None = None,
    tags: Names | None = None,
    data: Data = "{}",
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Record a search that begins.

    Args:
        name: Its name.
        description: What it is about.
        client_id: The client that it is for, by its client_id.
        icp_id: The ideal customer profile that it is made from.
        category: What it is filed under.
        tags: Words to find it by.
        data: Further fields as a JSON object, such as searchCriteria and searchFilters; @FILE
            reads a file, - reads stdin.
    """
    fields = given(
        searchName=name,
        searchDescription=description,
        client_id=client_id,
        icpId=icp_id,
        category=category,
        tags=tags,
    )
    further = read_object(data)
    async with connection.open() as lg:
        show.one(await lg.search_history.create(**{**further, **fields}))


@app.command(
    help_epilogue=examples(
        "search-history update search_1 --status completed",
        "search-history update search_1 --data '{\"leadsFound\": 120}'",
    )
)
async def update(
    record_id: str,
    *,
    status: str | None = None,
    data: Data = "{}",
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Change a search's status and metrics.

    Args:
        record_id: Its id.
        status: initiated, running, completed or failed.
        data: Metrics as a JSON object, like '{"leadsFound": 120}'; null clears one. @FILE reads
            a file, - reads stdin.
    """
    changes = {**read_object(data), **given(status=status)}
    async with connection.open() as lg:
        show.one(await lg.search_history.update(record_id, **changes))
