"""Many leads at once: in, each to one end."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._extract.in_thread import in_thread
from leadgenius_async._http.observe import facts_of, followed
from leadgenius_async._resources import checks
from leadgenius_async._resources.analytics import Analytics
from leadgenius_async._resources.import_options import Asked, ImportOptions
from leadgenius_async._resources.section import Section
from leadgenius_async._writes.report import BulkPreview, BulkReport

if TYPE_CHECKING:
    from leadgenius_async._writes.engine import Import
    from leadgenius_async._writes.intake import Intake
    from leadgenius_async._writes.journal import Journal
    from leadgenius_async._writes.records import ImportSpec
    from leadgenius_async._writes.report_file import Write
    from leadgenius_async._writes.source import Rows, Source

#: What whoever follows an import is told of its report.
_TOLD = (
    "job_id", "total", "created", "existing", "updated", "rejected", "unresolved", "doubled",
    "batches", "singles", "requests", "retries", "throttled_seconds", "runs",
)  # fmt: skip


class LeadImports(Section):
    """Calls of `/api/leads` that take many leads."""

    async def create_many(
        self, rows: Source | Rows, **options: Unpack[ImportOptions]
    ) -> BulkReport:
        """Create leads, and prove for each row that it is there, once.

        What the service would reject is mended or refused before anything is sent, and each
        change told. A first small batch shows whether the service stores batches at all: it may
        answer that it created them and store nothing (observed). What was sent is then looked
        for, and sent again only when it is proven absent: by two searches that began at least
        `settle` seconds after it was sent. So no row is lost and none is there twice, as long as
        the service applies what it was sent within that time.

        Args:
            rows: A path (CSV, NDJSON, a JSON array, Parquet), a table (polars, pandas, Arrow,
                DuckDB), or leads from an iterable or an async iterable. Of millions of rows, a
                thousand are held at a time.
            client_id: The client of rows that name none.
            columns: The field of a column, where its name does not say it; an empty text leaves
                the column out. Usual names (`First Name`, `Job Title`) are known.
            batch_size: Rows of a request, 1 to 100; 50 if not given.
            mode: `verified`, if nothing is said; `at_most_once` never sends a row again, even if it
                is proven absent; `fast` looks for nothing before or after, and believes what the
                service says.
            settle: Seconds that a lost answer may take to be applied; 90 if not given.
            on_existing: What becomes of a row whose e-mail address (or, without one, LinkedIn
                profile) the client has: `skip` it, if nothing is said, `update` the lead, or
                `create` another one.
            key: What every row must have to be known again, or it is refused; a row with
                `linkedinUrl` for its key must have no e-mail address. None: none need have one.
            unknown: `keep` keeps fields that the platform does not document, as happens if nothing
                is said; `refuse` refuses their row.
            require_email: Whether a row without an e-mail address is refused.
            names_from_email: Whether missing names are made from the e-mail address.
            stop_on_error: Whether it ends before the first row that the rules refuse, once those
                before it are at their ends, and at the first that the service refuses.
            journal: A folder in which it is kept how far the import is: the same call with the
                same rows goes on after whatever ended it.
            report: A file that gets one JSON line for each row of the input; whether it can be
                written is known before anything is sent.
            company_id: The company; the account's own if not given.
            on_progress: Called twice a second.

        Raises:
            ValueError: A value out of range, or a source that cannot be read.
            UnknownClient: No client of the account has this `client_id`.
            ImportConflict: The journal is of another import, or of other rows.
            ImportLocked: Another process is at it.
            ImportDamaged: The journal cannot be read.
            ImportStopped: A row was refused, under `stop_on_error`. Once it is mended, the same
                call goes on with it; one without `stop_on_error` goes on past it.
            LeadGeniusError: See `errors`. The journal stands.

        ```python
        leads = [{"firstName": "Grace", "lastName": "Sample", "email": "grace@sample.example"}]
        done = await lg.leads.create_many(leads, client_id="acme-corp")
        print(done.created, done.existing, done.rejected, done.unresolved)
        ```
        """
        from leadgenius_async._writes import machinery  # noqa: PLC0415 - see there

        checks.known(options, ImportOptions, call="create_many")
        asked = Asked(**options)
        source = await source_of(rows)
        if asked.report is not None:
            machinery.check_report(asked.report, source=source.path, journal=asked.journal)
        with (
            followed(
                self._transport.observer,
                "create_many",
                mode=asked.mode,
                on_existing=asked.on_existing,
            ) as facts,
            machinery.report_file(asked.report, source.path) as write,
        ):
            if asked.client_id is not None:
                await self._account.check_clients([asked.client_id])
            intake = await self._intake(source, asked)
            company = asked.company_id or await self._account.company_id()
            with _opened(asked.journal, self._spec(asked, company)) as journal:
                known = journal.rows() if asked.stop_on_error else sys.maxsize
                taken = machinery.UpToRefused(intake, known)
                done = await self._import(asked, company, journal).run(taken)
                facts.update(facts_of(done, _TOLD))
                done.journal = None if asked.journal is None else str(asked.journal)
                if write is not None:
                    await in_thread(_write_report, journal, write)
                if taken.refused is not None:
                    raise _stopped(journal, done, *taken.refused)
            return done

    async def preview_many(
        self,
        rows: Source | Rows,
        *,
        client_exists: bool = True,
        **options: Unpack[ImportOptions],
    ) -> BulkPreview:
        """Say what `create_many` would do with the same arguments, and send nothing.

        Clients are looked up, and how many leads they have is asked for, if the service says it.

        Args:
            rows: As of `create_many`; an iterator is used up.
            client_exists: Whether `client_id` must be a client of the account; if not, it is one
                that is to be made.
            **options: Those of `create_many`; no journal, no report and no progress comes of them.
                With `stop_on_error`, the first row that is refused is the last one told.

        Raises:
            ValueError: A value out of range, or a source that cannot be read.
            UnknownClient: No client of the account has this `client_id`.

        ```python
        leads = [{"firstName": "Grace", "email": "grace@sample.example"}]
        preview = await lg.leads.preview_many(leads, client_id="acme-corp")
        print(preview.ready, preview.rows[0].reason)  # 0, lastName is missing or empty: …
        ```
        """
        from leadgenius_async._writes import machinery  # noqa: PLC0415 - see there

        checks.known(options, ImportOptions, call="preview_many")
        asked = Asked(**options)
        source = await source_of(rows)
        if asked.report is not None:
            machinery.check_report(asked.report, source=source.path, journal=asked.journal)
        if asked.client_id is not None and client_exists:
            await self._account.check_clients([asked.client_id])
        intake = await self._intake(source, asked)
        known = 0 if asked.stop_on_error else sys.maxsize
        journal = machinery.Journal(None, machinery.new_import(self._spec(asked, "")))
        try:
            taken = machinery.UpToRefused(intake, known, with_it=True)
            load = await machinery.take_in(taken, journal)
            return machinery.preview_of(
                journal,
                load,
                before=await self._sizes(),
                batch_size=asked.batch_size,
                mode=asked.mode,
                settle=asked.settle,
                limit=self._transport.gate.limit,
            )
        finally:
            journal.close()

    def _spec(self, asked: Asked, company_id: str) -> ImportSpec:
        """Return what tells this import from others."""
        from leadgenius_async._writes import machinery  # noqa: PLC0415 - see there

        return machinery.ImportSpec(
            service=self._transport.base_url,
            company_id=company_id,
            client_id=asked.client_id,
            mode=asked.mode,
            on_existing=asked.on_existing,
        )

    def _import(self, asked: Asked, company_id: str, journal: Journal) -> Import:
        from leadgenius_async._writes import machinery  # noqa: PLC0415 - see there

        gate = self._transport.gate
        how = machinery.Options(
            mode=asked.mode,
            batch_size=asked.batch_size,
            settle=asked.settle,
            stop=asked.stop_on_error,
        )
        return machinery.Import(
            machinery.LeadService(self._transport, company_id),
            journal,
            how,
            on_progress=asked.on_progress,
            gate=lambda: (gate.limit, gate.paused_for),
        )

    async def _intake(self, source: Rows, asked: Asked) -> Intake:
        """Take a source in; rows that name their clients must name those of the account."""
        from leadgenius_async._writes.intake import Intake  # noqa: PLC0415 - as there

        fault_of = None if asked.client_id is not None else await self._account.client_faults()
        return Intake(source, asked.rules, columns=asked.columns, fault_of=fault_of)

    async def _sizes(self) -> dict[str, int]:
        """Return how many leads each client has; nothing where the service does not say."""
        try:
            return (await Analytics(self._transport, self._account).pipeline()).byClient
        except errors.LeadGeniusError:
            return {}  # the credentials may not ask, or its shape, which is assumed, is another


@contextlib.contextmanager
def _opened(folder: str | Path | None, spec: ImportSpec) -> Generator[Journal]:
    """Open the journal of an import, for this process alone."""
    from leadgenius_async._writes import machinery  # noqa: PLC0415 - see there

    job = machinery.new_import(spec)
    if folder is None:
        journal = machinery.Journal(None, job)
        try:
            yield journal
        finally:
            journal.close()
        return
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    try:
        lock = machinery.Lock(path, job.job_id)
    except errors.ExportLocked:
        raise machinery.locked(path) from None
    try:
        journal = machinery.Journal(path / machinery.JOURNAL, job)
        try:
            yield journal
        finally:
            journal.close()
    finally:
        lock.release()


def _write_report(journal: Journal, write: Write) -> None:
    write(journal.results())


def _stopped(journal: Journal, done: BulkReport, line: int, reason: str) -> errors.ImportStopped:
    """Return the error of an import that ended before a refused row, with more rows to come."""
    journal.job.done = journal.job.read = False
    journal.save()
    return errors.ImportStopped(
        f"line {line:,}: {reason}; before it {done.created:,} created, {done.existing:,} existing, "
        f"{done.rejected:,} rejected, {done.unresolved:,} unresolved; mend the row and do the same "
        "again, or go on past it with stop_on_error=False (--on-error continue)"
    )


async def source_of(rows: Source | Rows) -> Rows:
    """Return the rows that a source has."""
    from leadgenius_async._writes.source import Rows, read_rows  # noqa: PLC0415 - as there

    return rows if isinstance(rows, Rows) else await to_thread.run_sync(read_rows, rows)
