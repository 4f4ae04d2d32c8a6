"""`leadgenius company`: the account's own company."""

from __future__ import annotations

from cyclopts import App

from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection, Data, given, read_object
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="company",
    help="The account's company: show, create, update.",
    help_epilogue=examples("company show", 'company update --name "Sample Inc"'),
)


@app.command(name="show", help_epilogue=examples("company show", "company show --json"))
async def show_company(*, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Show the company that the login belongs to."""
    async with connection.open() as lg:
        show.one(await lg.company.get())


@app.command(
    help_epilogue=examples(
        'company create --name "Sample Inc"',
        'company create --name Sample --data \'{"industry": "Software"}\'',
    )
)
async def create(
    *,
    name: str,
    data: Data = "{}",
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Make the company of an account that has none.

    Args:
        name: Its name.
        data: More fields as a JSON object; @FILE reads a file, - reads stdin.
    """
    fields = {**read_object(data), "name": name}
    async with connection.open() as lg:
        show.one(await lg.company.create(**fields))


@app.command(
    help_epilogue=examples(
        'company update --name "Sample Inc"', "company update --data '{\"industry\": null}'"
    )
)
async def update(
    *,
    name: str | None = None,
    data: Data = "{}",
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Change the company, as its owner or an admin.

    Args:
        name: Its name.
        data: Other fields that change, as a JSON object; null clears one. @FILE reads a file, -
            reads stdin.
    """
    changes = {**read_object(data), **given(name=name)}
    async with connection.open() as lg:
        show.one(await lg.company.update(**changes))
