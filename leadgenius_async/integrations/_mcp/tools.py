"""The tools, one method each; its docstring is the description that agents read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread
from msgspec.structs import replace

from leadgenius_async import errors
from leadgenius_async._client import LeadGenius
from leadgenius_async._extract.files import DEEPEST, folders
from leadgenius_async._extract.jobs import ExportJob, read_job, read_manifest, verify
from leadgenius_async._extract.journal import Spec
from leadgenius_async._extract.own_files import MANIFEST, STATE
from leadgenius_async._fields import TABLES
from leadgenius_async._resources.bulk import EnrichLeads, SourceLeads
from leadgenius_async._version import __version__
from leadgenius_async._writes.jobs import SUFFIX, FoundImport, discard, read_import
from leadgenius_async.integrations._mcp import answers
from leadgenius_async.integrations._mcp.intake import open_input, refusals
from leadgenius_async.integrations._mcp.profile import count_filled
from leadgenius_async.integrations._mcp.root import Root
from leadgenius_async.integrations._mcp.words import without_addresses
from leadgenius_async.models import BulkProgress, ChangeProgress, Progress

A = TypeVar("A", bound=answers.Answer)
Tell = Callable[[Progress | BulkProgress | ChangeProgress], None]

_MOST_CLIENTS = 100
_MOST_PROBLEMS = 20
_REPORTS = {".ndjson", ".jsonl"}


class Desk:
    """What all calls of a server share.

    Args:
        connect: Makes the client, when it is first needed.
        root: The folder that files are read and written in.
        may_write: Whether leads may be created and changed.
    """

    def __init__(
        self, connect: Callable[[], LeadGenius], root: Root, *, may_write: bool = False
    ) -> None:
        self.root = root
        self.may_write = may_write
        self._connect = connect
        self._client: LeadGenius | None = None
        # A call for a folder waits for the one before it: after a cancellation that one still
        # writes down what it has in hand.
        self.turns: defaultdict[Path, anyio.Lock] = defaultdict(anyio.Lock)

    @property
    def client(self) -> LeadGenius:
        """The client of the account."""
        if self._client is None:
            self._client = self._connect()
        return self._client

    async def aclose(self) -> None:
        """Let the client go; the next call makes another, of the settings as they are then."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()


class Tools:
    """The tools, for one call.

    Args:
        desk: What all calls share.
        tell: Takes how far a long job is.
    """

    def __init__(self, desk: Desk, tell: Tell) -> None:
        self._desk = desk
        self._root = desk.root
        self._tell = tell

    @property
    def _lg(self) -> LeadGenius:
        return self._desk.client

    async def get_account(self, _: answers.Nothing) -> answers.Account:
        """Say which account this works for: its company, its rate limit, and the root folder.

        Ask this first. It takes one request.
        """
        clients = [client async for client in self._lg.clients.list()]
        return answers.Account(
            service=self._lg.base_url,
            company_id=next((each.company_id for each in clients if each.company_id), None),
            credentials=self._lg.credentials,
            clients=len(clients),
            requests_per_minute=self._lg.rate_limit,
            root=str(self._root.folder),
            may_write=self._desk.may_write,
            version=__version__,
        )

    async def list_clients(self, asked: answers.ListClients) -> answers.Clients:
        """List the company's clients (customer workspaces): client_id, name, number of leads.

        Every lead belongs to one. The other tools take the client_id, never the name.
        """
        counts = await self._leads_by_client()
        wanted = asked.containing.casefold()
        found = [
            answers.Client(
                client_id=client.client_id,
                name=client.clientName,
                leads=None if counts is None else counts.get(client.client_id, 0),
            )
            async for client in self._lg.clients.list()
            if wanted in f"{client.client_id}\n{client.clientName or ''}".casefold()
        ]
        left_out = max(0, len(found) - asked.limit)
        return answers.Clients(clients=found[: asked.limit], left_out=left_out)

    async def _leads_by_client(self) -> dict[str, int] | None:
        """Return how many leads each client has; None where the service does not say."""
        try:
            return (await self._lg.analytics.pipeline()).byClient
        except errors.CredentialsMissing:
            raise
        except errors.LeadGeniusError:
            return None  # the credentials may not ask, or its shape, which is assumed, is another

    async def describe_fields(self, asked: answers.DescribeFields) -> answers.FieldList:
        """List the fields of a lead, by name, type and group, for the `fields` of other tools.

        It takes no request and no credentials.
        """
        return answers.FieldList(
            table=asked.table,
            fields=[
                answers.Field(name=field.name, type=field.type, group=field.group)
                for field in TABLES[asked.table]
            ],
        )

    async def count_leads(self, asked: answers.CountLeads) -> answers.Counts:
        """Count EnrichLeads by status and by client, all or those created in a span of days.

        It takes one request, whatever the number of leads.
        """
        found = await self._lg.analytics.pipeline(start=asked.start, end=asked.end)
        by_size = sorted(found.byClient.items(), key=lambda each: -each[1])
        return answers.Counts(
            total=found.total,
            by_status=found.byStatus,
            by_client=dict(by_size[:_MOST_CLIENTS]),
            left_out=sum(count for _, count in by_size[_MOST_CLIENTS:]),
        )

    async def estimate_export(self, asked: answers.EstimateExport) -> answers.Estimate:
        """Say what an export would cost in requests, minutes and bytes; no file is made.

        Ask this before export_leads. It takes two or three requests.
        """
        cost = await self._leads(asked.table).estimate(
            company_id=asked.company_id,
            clients=asked.clients,
            fields=asked.fields,
            format=asked.format,
            limit=asked.limit,
        )
        return _taken(answers.Estimate, cost, requests_per_minute=cost.limit)

    async def export_leads(self, asked: answers.ExportLeads) -> answers.Export:
        """Take leads out into files in a folder below the root, and answer counts and paths.

        It may take long: it reports progress, and may be cancelled at any time. Whatever ended
        it, the same call goes on from there, and loses next to nothing. `complete` says whether
        every row is there; if not, call it again. A folder that holds a finished export is
        refused: choose another.
        """
        out = self._root.whole(asked.out)
        async with self._desk.turns[out]:
            done = await self._leads(asked.table).export(
                out,
                company_id=asked.company_id,
                clients=asked.clients,
                fields=asked.fields,
                since=asked.since,
                limit=asked.limit,
                format=asked.format,
                partition_by=asked.partition_by,
                on_progress=self._tell,
            )
        return _taken(
            answers.Export,
            done,
            dataset=str(out / done.table),
            incomplete_because=without_addresses(done.incomplete_because),
            files=len(done.files),
            undeclared=done.extra,
        )

    async def list_jobs(self, asked: answers.ListJobs) -> answers.Jobs:
        """List the exports and imports below a folder: their state, and how far each is.

        Of an unfinished export, `go_on_with` has the arguments of export_leads that go on with it.
        An unfinished import goes on with the same import_leads.
        """
        folder = self._root.path(asked.folder)
        if not folder.is_dir():
            raise ValueError(f"{asked.folder} is no folder")
        found = await to_thread.run_sync(lambda: [*self._jobs(folder)])
        return answers.Jobs(folder=str(folder), jobs=found)

    async def verify_export(self, asked: answers.OfExport) -> answers.Verified:
        """Compute digests and counts of an export's files anew, and compare them to its manifest.

        It reads all of the files, and takes no request.
        """
        out = self._root.whole(asked.folder)
        found = await to_thread.run_sync(verify, out)
        problems = [without_addresses(each) for each in found.problems[:_MOST_PROBLEMS]]
        return _taken(answers.Verified, found, folder=found.out, problems=problems)

    async def profile_export(self, asked: answers.OfExport) -> answers.Profile:
        """Count in how many rows of an export each field has a value; never which.

        It reads all of the files, and takes no request.
        """
        out = self._root.whole(asked.folder)
        report = await to_thread.run_sync(read_manifest, out)
        filled = await to_thread.run_sync(count_filled, out, report)
        return answers.Profile(
            folder=str(out),
            table=report.table,
            rows=report.rows,
            fields=[
                answers.Filled(field=name, rows=rows, share=round(rows / max(1, report.rows), 4))
                for name, rows in filled.items()
            ],
        )

    async def preview_import(self, asked: answers.PreviewImport) -> answers.Preview:
        """Say what an import of a file would do: rows that would be sent or refused, and why.

        Nothing is sent. Look at `columns` and `not_sent`: `columns` of the call says where a column
        goes whose name does not.
        """
        path = self._root.path(asked.file)
        found = await to_thread.run_sync(open_input, path, asked.columns)
        preview = await self._lg.leads.preview_many(
            found.rows, client_id=asked.client_id, columns=found.explicit
        )
        refused = ((row.line, row.reason) for row in preview.rows if row.state == "rejected")
        return _taken(
            answers.Preview,
            preview,
            file=str(path),
            rows=preview.total,
            refused=preview.rejected,
            refusals=refusals(refused),
            columns=found.matched,
            not_sent=found.not_sent,
            clients=len(preview.clients),
            notes=list(found.rows.notes),
        )

    async def import_leads(self, asked: answers.ImportLeads) -> answers.Imported:
        """Create leads from a file, and prove for each row that it is there, once.

        Call preview_import first. It may take long: it reports progress, and may be cancelled.
        Whatever ended it, the same call goes on. Rows that were refused are mended in the file,
        which is imported again: what is there already counts as existing.
        """
        path = self._root.path(asked.file)
        journal = self._root.whole(f"{path}{SUFFIX}")
        report = self._report(asked.report)
        async with self._desk.turns[journal]:
            found = await to_thread.run_sync(open_input, path, asked.columns)
            done = await self._lg.leads.create_many(
                found.rows,
                client_id=asked.client_id,
                columns=found.explicit,
                on_existing=asked.on_existing,
                journal=journal,
                report=report,
                on_progress=self._tell,
            )
            stays = bool(done.unresolved or done.doubled)
            if not stays:  # nothing is to be learned from it any more
                await to_thread.run_sync(discard, journal)
        refused = ((row.line, row.reason) for row in done.rows if row.state == "rejected")
        return _taken(
            answers.Imported,
            done,
            file=str(path),
            refused=done.rejected,
            refusals=refusals(refused),
            not_sent=found.not_sent,
            report=report,
            journal=str(journal) if stays else None,
        )

    async def update_leads(self, asked: answers.UpdateLeads) -> answers.Updated:
        """Change leads by a file with a column `id` and the fields that change.

        An empty cell changes nothing; null in NDJSON or Parquet clears a field. Call it with
        dry_run first. Whatever ended it, the same call does it all again, to the same end.
        """
        path = self._root.path(asked.file)
        report = self._report(asked.report)
        found = await to_thread.run_sync(open_input, path, asked.columns)
        if all(each.field != "id" for each in found.matched):
            raise ValueError(f'{path.name}: no column is the leads\' id; columns: {{"…": "id"}}')
        done = await self._lg.leads.update_many(
            found.rows,
            columns=found.explicit,
            dry_run=asked.dry_run,
            verify=asked.verify,
            report=report,
            on_progress=self._tell,
        )
        refused = ((row.line, row.reason) for row in done.rows if row.state == "refused")
        return _taken(
            answers.Updated,
            done,
            file=str(path),
            refusals=refusals(refused),
            columns=found.matched,
            not_sent=found.not_sent,
            report=report,
        )

    def _leads(self, table: str) -> EnrichLeads | SourceLeads:
        return self._lg.enrich_leads if table == "enrich_leads" else self._lg.source_leads

    def _jobs(self, folder: Path) -> Iterator[answers.Job]:
        """Give the jobs in a folder and below it, but for those from which a link leads outside."""
        for path in folders(folder, DEEPEST):
            if not self._root.is_whole(path):
                continue
            if (export := read_job(path)) is not None:
                yield _of_export(export)
            if (import_ := read_import(path)) is not None:
                yield _of_import(import_)

    def _report(self, given: str | None) -> str | None:
        """Return where a report goes: to no file that is anything else.

        Raises:
            ValueError: It may be one.
        """
        if given is None:
            return None
        path = self._root.path(given)
        if path.suffix not in _REPORTS:
            raise ValueError(f"report is {given}: give a name that ends in .ndjson")
        if any((folder / name).exists() for folder in path.parents for name in (MANIFEST, STATE)):
            raise ValueError(f"report is {given}, in the folder of an export: give another place")
        return str(path)


def _taken(type_: type[A], found: object, /, **others: object) -> A:
    """Return an answer: of a report what its fields name, and nothing else."""
    own = {name: getattr(found, name) for name in type_.__struct_fields__ if name not in others}
    return type_(**own, **others)


def _of_export(job: ExportJob) -> answers.Job:
    return _taken(
        answers.Job,
        job,
        folder=job.out,
        progress=f"{job.chains_done} of {job.chains} chains of {job.table}",
        problem=without_addresses(job.problem),
        go_on_with=None if job.spec is None else _arguments(job.spec, job.out),
    )


def _arguments(spec: Spec, out: str) -> answers.ExportLeads | None:
    """Return the arguments of export_leads that ask for the same; None if it cannot ask for it."""
    plain = replace(
        spec,
        chains="auto",
        sweep=True,
        strict_schema=False,
        compression="zstd",
        max_file_bytes=None,
        target=None,
        single_file=False,
    )
    if spec != plain:
        return None
    return answers.ExportLeads(
        table="enrich_leads" if spec.table == "enrich_leads" else "source_leads",
        out=out,
        company_id=spec.company_id,
        clients=spec.clients,
        fields=spec.fields,
        since=spec.since,
        limit=spec.limit,
        format=spec.format,
        partition_by=spec.partition_by,
    )


def _of_import(job: FoundImport) -> answers.Job:
    return _taken(
        answers.Job,
        job,
        folder=job.out,
        progress=f"{job.rows:,} of {job.read:,} rows, {job.open:,} sent and not seen yet",
        problem=without_addresses(job.problem),
        go_on_with=None,
    )
