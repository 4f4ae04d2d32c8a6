"""`leadgenius process`: services and agents that fill in the fields of a lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.notes import note
from leadgenius_async.cli.options import DEFAULT, Connection, Flag, Names
from leadgenius_async.cli.output import SHOW, Show
from leadgenius_async.cli.tasks import tell_failed

if TYPE_CHECKING:
    from leadgenius_async.models import Processing

app: App = App(
    name="process",
    help="Process a lead: enrich, copyright, sdr.",
    help_epilogue=examples(
        "process enrich lead_1 --wait", "process sdr lead_1 --fields aiLeadScore"
    ),
)

Numbers = Annotated[list[int], Parameter(consume_multiple=True, negative=())]


@app.command(
    help_epilogue=examples(
        "process enrich lead_1 --wait", "process enrich lead_1 --services emailFinder --overwrite"
    )
)
async def enrich(
    lead_id: str,
    *,
    services: Names | None = None,
    overwrite: Flag = False,
    wait: Flag = False,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> int:
    """Run the services of `leadgenius settings url`; `leadgenius leads enrich` does for many.

    Args:
        lead_id: The lead's id.
        services: companyUrl, emailFinder, enrichment1 to enrichment10; all that are configured
            if not given.
        overwrite: Run those too whose field is filled in already.
        wait: Follow the runs to their end, up to --deadline; exits 6 if one did not complete.
    """
    async with connection.open() as lg:
        done = await lg.processing.enrich(
            lead_id,
            services=services,
            overwrite=overwrite,
            wait=wait,
            deadline=connection.deadline,
        )
    return _show(done, show)


@app.command(
    name="copyright",
    help_epilogue=examples(
        "process copyright lead_1 --wait", "process copyright lead_1 --processes 1 2"
    ),
)
async def copyright_(
    lead_id: str,
    *,
    processes: Numbers | None = None,
    overwrite: Flag = False,
    wait: Flag = False,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> int:
    """Run the copyright processes of `leadgenius settings agent`.

    Args:
        lead_id: The lead's id.
        processes: Their numbers, 1 to 10; all that are configured if not given.
        overwrite: Run those too whose field is filled in already.
        wait: Follow the runs to their end, up to --deadline; exits 6 if one did not complete.
    """
    async with connection.open() as lg:
        done = await lg.processing.copyright(
            lead_id,
            processes=processes,
            overwrite=overwrite,
            wait=wait,
            deadline=connection.deadline,
        )
    return _show(done, show)


@app.command(
    help_epilogue=examples(
        "process sdr lead_1 --wait", "process sdr lead_1 --fields message1 aiLeadScore"
    )
)
async def sdr(
    lead_id: str,
    *,
    fields: Names | None = None,
    overwrite: Flag = False,
    wait: Flag = False,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> int:
    """Let the agents of `leadgenius settings sdr-ai` write messages and AI fields.

    Args:
        lead_id: The lead's id.
        fields: message1 to message10 and AI fields such as aiLeadScore; all that are configured
            if not given.
        overwrite: Write those too that are filled in already.
        wait: Follow the runs to their end, up to --deadline; exits 6 if one did not complete.
    """
    async with connection.open() as lg:
        done = await lg.processing.sdr(
            lead_id, fields=fields, overwrite=overwrite, wait=wait, deadline=connection.deadline
        )
    return _show(done, show)


def _show(done: Processing, show: Show) -> int:
    show.one(done)
    if not done.triggered:
        tell_nothing_triggered()
    return tell_failed(done.runs)


def tell_nothing_triggered() -> None:
    """Say on stderr why nothing runs."""
    note(
        "nothing was triggered: all is skipped that `leadgenius settings` does not configure, or "
        "that is filled in already (--overwrite)"
    )
