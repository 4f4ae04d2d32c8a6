"""`leadgenius email`: whether an address takes mail."""

from __future__ import annotations

from cyclopts import App

from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="email",
    help="E-mail addresses: validate, verify.",
    help_epilogue=examples("email validate ada@sample.example", "email verify ada@sample.example"),
)


@app.command(
    help_epilogue=examples(
        "email validate ada@sample.example", "email validate ada@sample.example --json"
    )
)
async def validate(email: str, *, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Check an address by its format and its domain.

    Args:
        email: The address.
    """
    async with connection.open() as lg:
        show.one(await lg.email.validate(email))


@app.command(
    help_epilogue=examples(
        "email verify ada@sample.example", "email verify ada@sample.example --json"
    )
)
async def verify(email: str, *, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Check an address by asking its mail server.

    Args:
        email: The address.
    """
    async with connection.open() as lg:
        show.one(await lg.email.verify(email))
