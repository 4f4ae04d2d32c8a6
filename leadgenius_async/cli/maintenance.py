"""`leadgenius maintenance`: bugs of the service, and enhancements that are wished for."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from leadgenius_async import _settings
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection, given
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="maintenance",
    help="The service itself: bugs, enhancements.",
    help_epilogue=examples("maintenance bugs list", "maintenance enhancements list"),
)
bugs: App = App(
    name="bugs",
    help="What does not work: list, report.",
    help_epilogue=examples(
        "maintenance bugs list", 'maintenance bugs report --desc "Names are cut"'
    ),
)
enhancements: App = App(
    name="enhancements",
    help="What is wished for: list, request.",
    help_epilogue=examples(
        "maintenance enhancements list", 'maintenance enhancements request --desc "Dark mode"'
    ),
)
app.command(bugs)
app.command(enhancements)

_COLUMNS = ("id", "status", "description", "userEmail", "createdAt")

Description = Annotated[str, Parameter(name=["--desc", "--description"])]


@bugs.command(
    name="list", help_epilogue=examples("maintenance bugs list", "maintenance bugs list --json")
)
async def list_bugs(
    *, limit: int | None = None, show: Show = SHOW, connection: Connection = DEFAULT
) -> None:
    """List the bugs that the company has reported.

    Args:
        limit: Most bugs to show; all if not given.
    """
    async with connection.open() as lg:
        await show.many(lg.maintenance.bugs.list(limit=limit), _COLUMNS)


@bugs.command(
    help_epilogue=examples(
        'maintenance bugs report --desc "Names are cut"',
        "maintenance bugs report --desc Slow --email ada@sample.example",
    )
)
async def report(
    *,
    desc: Description,
    email: str | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Report a bug.

    Args:
        desc: What does not work.
        email: Who is told about it; the account's own address if not given.
    """
    address = given(userEmail=email or _own_address(connection))
    async with connection.open() as lg:
        show.one(await lg.maintenance.bugs.create(description=desc, **address))


@enhancements.command(
    name="list",
    help_epilogue=examples("maintenance enhancements list", "maintenance enhancements list --json"),
)
async def list_enhancements(
    *, limit: int | None = None, show: Show = SHOW, connection: Connection = DEFAULT
) -> None:
    """List the enhancements that the company has wished for.

    Args:
        limit: Most enhancements to show; all if not given.
    """
    async with connection.open() as lg:
        await show.many(lg.maintenance.enhancements.list(limit=limit), _COLUMNS)


@enhancements.command(help_epilogue=examples('maintenance enhancements request --desc "Dark mode"'))
async def request(
    *,
    desc: Description,
    email: str | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Wish for an enhancement.

    Args:
        desc: What is wished for.
        email: Who is told about it; the account's own address if not given.
    """
    address = given(userEmail=email or _own_address(connection))
    async with connection.open() as lg:
        show.one(await lg.maintenance.enhancements.create(description=desc, **address))


def _own_address(connection: Connection) -> str | None:
    """Return the account's username, where it is an e-mail address."""
    settings = _settings.load(profile=connection.profile, base_url=connection.base_url)
    return settings.username if settings.username and "@" in settings.username else None
