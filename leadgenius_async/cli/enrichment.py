"""`leadgenius enrichment`: jobs that enrich many leads in the background."""

from __future__ import annotations

from cyclopts import App

from leadgenius_async.cli import failures
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection, Names
from leadgenius_async.cli.output import SHOW, Show

app: App = App(
    name="enrichment",
    help="Enrichment jobs: create, get, wait.",
    help_epilogue=examples("enrichment create lead_1 lead_2", "enrichment wait job_1"),
)


@app.command(
    help_epilogue=examples(
        "enrichment create lead_1 lead_2", "enrichment create --lead-ids lead_1 --json"
    )
)
async def create(
    lead_ids: Names,
    *,
    type: str = "technographic",  # noqa: A002 - the option's name
    priority: str | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Start a job for up to 500 leads.

    Args:
        lead_ids: Their ids.
        type: What they are enriched with.
        priority: How urgent it is.
    """
    async with connection.open() as lg:
        job = await lg.enrichment.create(lead_ids, enrichment_type=type, priority=priority)
    show.one(job)


@app.command(help_epilogue=examples("enrichment get job_1", "enrichment get job_1 --json"))
async def get(job_id: str, *, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Show a job as it is now.

    Args:
        job_id: Its id.
    """
    async with connection.open() as lg:
        show.one(await lg.enrichment.get(job_id))


@app.command(
    help_epilogue=examples("enrichment wait job_1", "enrichment wait job_1 --deadline 3600")
)
async def wait(job_id: str, *, show: Show = SHOW, connection: Connection = DEFAULT) -> int:
    """Follow a job to its end, up to --deadline; exits 6 if a lead could not be enriched.

    Args:
        job_id: Its id.
    """
    async with connection.open() as lg:
        job = await lg.enrichment.wait(job_id, deadline=connection.deadline)
    show.one(job)
    return failures.PARTIAL if job.incomplete else failures.OK
