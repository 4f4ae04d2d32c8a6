"""`leadgenius leads`: leads one by one, in plain batches, and by files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cyclopts import App

from leadgenius_async._http.record import plain
from leadgenius_async.cli import failures
from leadgenius_async.cli.changes import BULK, Bulk, finish
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.imports import import_leads
from leadgenius_async.cli.notes import note
from leadgenius_async.cli.options import (
    DEFAULT,
    Connection,
    Data,
    Flag,
    Names,
    confirm,
    given,
    read_object,
    read_objects,
)
from leadgenius_async.cli.output import SHOW, Show
from leadgenius_async.cli.process import tell_nothing_triggered
from leadgenius_async.cli.rehome import rehome

if TYPE_CHECKING:
    from leadgenius_async._writes.source import Rows
    from leadgenius_async.models import LeadReport

app: App = App(
    name="leads",
    help="Leads: list, find, create, import, update, delete, move, enrich.",
    help_epilogue=examples(
        "leads list --client-id acme-corp",
        "leads find --email ada@sample.example",
        "leads import people.csv --client acme-corp --dry-run",
    ),
)
app.command(
    import_leads,
    name="import",
    help_epilogue=examples(
        "leads import people.csv --client acme-corp --dry-run",
        "leads import people.csv --client acme-corp --report report.ndjson",
        "leads import people.csv --client acme-corp --map Mail=email",
        'leads import people.csv --new-client "New Customer" --yes',
    ),
)

_REPORT_COLUMNS = ("leadId", "triggered", "skipped", "statuses", "error")
_COLUMNS = ("id", "client_id", "fullName", "email", "companyName", "title", "status")


@app.command(
    name="list",
    help_epilogue=examples(
        "leads list --client-id acme-corp",
        "leads list --client-id acme-corp --limit 500 --format csv",
    ),
)
async def list_leads(
    *,
    client_id: str | None = None,
    limit: int = 100,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """List the leads of a client; without one, of the 1,000 that a search looks at.

    Args:
        client_id: The client, by its client_id.
        limit: Most leads to show. `leadgenius export` takes all of them out.
    """
    async with connection.open() as lg:
        leads = (
            lg.leads.search(limit=limit)
            if client_id is None
            else lg.leads.list(client_id=client_id, limit=limit)
        )
        count = await show.many(leads, _COLUMNS)
    if count == limit:
        note(f"the first {limit}; --limit shows more")


@app.command(
    help_epilogue=examples(
        "leads find --email ada@sample.example", 'leads find --full-name "Ada Sample" --json'
    )
)
async def find(
    *,
    full_name: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
    email: str | None = None,
    company: str | None = None,
    status: str | None = None,
    linkedin_url: str | None = None,
    client_id: str | None = None,
    limit: int = 100,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Search at most 1,000 leads by names, or look one up by its e-mail or LinkedIn URL.

    Args:
        full_name: Exact full name, in any case.
        first_name: Exact first name.
        last_name: Exact last name.
        email: Exact e-mail address; without names all leads are looked up.
        company: Exact name of the company that the lead works for.
        status: Exact status.
        linkedin_url: URL of the profile; all leads are looked up.
        client_id: The client whose leads are looked up, by its client_id.
        limit: Most leads to show.
    """
    wanted = given(
        fullName=full_name,
        firstName=first_name,
        lastName=last_name,
        companyName=company,
        status=status,
    )
    exact = given(email=email, linkedin_url=linkedin_url)
    if not wanted and not exact:
        raise ValueError(
            "nothing to find leads by: give --full-name, --first-name, --last-name, --email, "
            "--company, --status or --linkedin-url"
        )
    if wanted and given(linkedin_url=linkedin_url, client_id=client_id):
        raise ValueError("--linkedin-url and --client-id go with --email alone, not with names")
    async with connection.open() as lg:
        if not wanted:
            lead = await lg.leads.find(**exact, client_id=client_id)
            show.rows([] if lead is None else [plain(lead)], _COLUMNS)
            return
        count = await show.many(lg.leads.search(limit=limit, **wanted, **exact), _COLUMNS)
    if not count:
        note("none found; a search sees 1,000 leads at the most, --email alone looks at all")


@app.command(help_epilogue=examples("leads get lead_1", "leads get lead_1 --json"))
async def get(lead_id: str, *, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Show one lead.

    Args:
        lead_id: Its id.
    """
    async with connection.open() as lg:
        show.one(await lg.leads.get(lead_id))


@app.command(help_epilogue=examples("leads create --client-id acme-corp --data @lead.json"))
async def create(
    *,
    data: Data,
    client_id: str | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Create one lead.

    Args:
        data: Its fields as a JSON object; @FILE reads a file, - reads stdin.
        client_id: The client, unless the object names it.
    """
    lead = read_object(data)
    async with connection.open() as lg:
        show.one(await lg.leads.create(lead, client_id=client_id))


@app.command(
    help_epilogue=examples(
        "leads create-batch --client-id acme-corp --data @leads.json",
        "# look whether they were stored; `leads import` does so by itself",
        "leads list --client-id acme-corp",
    )
)
async def create_batch(
    *,
    data: Data,
    client_id: str | None = None,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> None:
    """Create up to 100 leads in one request; the service may say so and store none.

    `leadgenius leads import` takes any number, and proves that each is there.

    Args:
        data: A JSON array of objects; @FILE reads a file, - reads stdin.
        client_id: The client of those that name none.
    """
    leads = read_objects(data)
    async with connection.open() as lg:
        show.one(await lg.leads.create_batch(leads, client_id=client_id))


@app.command(
    help_epilogue=examples(
        'leads update lead_1 --data \'{"status": "won", "notes": null}\'',
        "leads update --file changes.csv --dry-run",
        'leads update --file changes.csv --map "Job title=title" --verify',
    )
)
async def update(
    lead_id: str | None = None,
    *,
    data: Data | None = None,
    enriched: Flag = False,
    keep_columns: Flag = False,
    bulk: Bulk = BULK,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> int:
    """Change a lead, or with --file many; exits 6 if some are missing or refused.

    In a file, an empty cell of CSV leaves the field as it is; null in NDJSON or Parquet clears it.
    A column that is no field is not sent, and named.

    Args:
        lead_id: Its id.
        data: The fields that change, as a JSON object; null clears one. @FILE reads a file, -
            reads stdin.
        enriched: Send it to the address of the single enriched lead, /api/enrich-leads/ID.
        keep_columns: Of a file, send columns that are no field too, under their own names.
    """
    if bulk.file is not None:
        if lead_id is not None or data is not None or enriched:
            raise ValueError("--file names the leads and their fields: give nothing of one lead")
        rows, columns = bulk.open_changes(keep=keep_columns)
        async with connection.open() as lg:
            report = await lg.leads.update_many(rows, columns=columns, **bulk.options)
        return finish(report, show)
    if lead_id is None or data is None or keep_columns or bulk != BULK:
        raise ValueError("give LEAD_ID and --data for one lead, or --file for many")
    changes = read_object(data)
    async with connection.open() as lg:
        section = lg.enrich_leads if enriched else lg.leads
        show.one(await section.update(lead_id, changes))
    return failures.OK


@app.command(
    help_epilogue=examples(
        'leads update-batch --data \'[{"id": "lead_1", "status": "won"}]\'',
        "leads update-batch --data @changes.json",
    )
)
async def update_batch(*, data: Data, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Change up to 100 leads in one request.

    Args:
        data: A JSON array of objects, each with an id and the fields that change; null clears one.
            @FILE reads a file, - reads stdin.
    """
    changes = read_objects(data)
    async with connection.open() as lg:
        show.one({"updated": await lg.leads.update_batch(changes)})


@app.command(
    help_epilogue=examples(
        "leads delete lead_1",
        "leads delete lead_1 lead_2 --yes",
        "leads delete --file gone.csv --dry-run",
    )
)
async def delete(
    ids: Names | None = None,
    *,
    yes: Flag = False,
    bulk: Bulk = BULK,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> int:
    """Delete leads; with --file any number, and exits 6 if some were not there.

    Args:
        ids: Their ids; one is deleted by the single call, more by the batch call.
        yes: Do not ask first; needed where there is no terminal.
    """
    leads = _leads(ids, bulk)
    if not bulk.dry_run:
        what = f"{len(leads)} leads" if isinstance(leads, list) else f"the leads of {bulk.file}"
        confirm(f"delete {what}", yes=yes)
    async with connection.open() as lg:
        if not isinstance(leads, list) or bulk != BULK:
            report = await lg.leads.delete_many(leads, columns=bulk.columns, **bulk.options)
            return finish(report, show)
        if len(leads) == 1:
            await lg.leads.delete(leads[0])
            show.one({"deleted": 1})
            return failures.OK
        show.one({"deleted": await lg.leads.delete_batch(leads)})
    return failures.OK


@app.command(
    help_epilogue=examples(
        "leads move lead_1 lead_2 --to acme-corp",
        "leads move --file leads.csv --to acme-corp --verify",
    )
)
async def move(
    ids: Names | None = None,
    *,
    to: str,
    bulk: Bulk = BULK,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> int:
    """Move leads to another client; exits 6 if some were not there.

    Args:
        ids: Their ids, if not in --file.
        to: The client_id of the client that gets them.
    """
    leads = _leads(ids, bulk)
    async with connection.open() as lg:
        report = await lg.leads.move_many(leads, to=to, columns=bulk.columns, **bulk.options)
    return finish(report, show)


app.command(
    rehome,
    help_epilogue=examples("leads rehome --dry-run", "leads rehome --to acme-corp --yes"),
)


@app.command(
    help_epilogue=examples(
        "leads enrich --ids lead_1 lead_2",
        "leads enrich --ids lead_1 --services emailFinder --wait",
    )
)
async def enrich(
    *,
    ids: Names,
    services: Names | None = None,
    overwrite: Flag = False,
    wait: Flag = False,
    concurrency: int = 8,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> int:
    """Run the services of `leadgenius settings url` for leads; exits 6 if one failed.

    Args:
        ids: Their ids.
        services: companyUrl, emailFinder, enrichment1 to enrichment10; all that are configured
            if not given.
        overwrite: Run those too whose field is filled in already.
        wait: Follow the runs to their end, up to --deadline for each lead.
        concurrency: Leads that are under way at a time.
    """
    async with connection.open() as lg:
        reports = await lg.processing.enrich_many(
            ids,
            services=services,
            overwrite=overwrite,
            wait=wait,
            concurrency=concurrency,
            deadline=connection.deadline,
        )
    show.rows([_reported(report) for report in reports], _REPORT_COLUMNS)
    if not any(report.failed or _triggered(report) for report in reports):
        tell_nothing_triggered()
    return failures.PARTIAL if any(report.failed for report in reports) else failures.OK


def _leads(ids: list[str] | None, bulk: Bulk) -> list[str] | Rows:
    """Return the leads that a command line names."""
    if (ids is None) == (bulk.file is None):
        raise ValueError("give either the leads' ids (--ids) or --file")
    return bulk.open() if ids is None else ids


def _triggered(report: LeadReport) -> bool:
    return bool(report.processing and report.processing.triggered)


def _reported(report: LeadReport) -> dict[str, object]:
    """Return what became of a lead as a row, in which every report has the same members."""
    processing = None if report.processing is None else plain(report.processing)
    runs = report.processing.runs if report.processing else []
    return {
        "leadId": report.leadId,
        **{name: (processing or {}).get(name, []) for name in ("triggered", "skipped", "runIds")},
        "statuses": [run.status for run in runs],
        "error": None if report.error is None else str(report.error),
    }
