"""Many leads at once: in, each to one end."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._extract.formats import check_choice
from leadgenius_async._extract.in_thread import in_thread
from leadgenius_async._http.observe import facts_of, followed
from leadgenius_async._resources import checks
from leadgenius_async._resources.analytics import Analytics
from leadgenius_async._resources.section import Section
from leadgenius_async._writes.defaults import BATCH, SETTLE
from leadgenius_async._writes.report import BulkPreview, BulkProgress, BulkReport, Mode, OnExisting
from leadgenius_async._writes.rules import KeyField, Rules, Unknown

if TYPE_CHECKING:
    from leadgenius_async._writes.intake import Intake
    from leadgenius_async._writes.journal import Journal
    from leadgenius_async._writes.records import ImportSpec
    from leadgenius_async._writes.report_file import Write
    from leadgenius_async._writes.source import Rows, Source

#: The service's documented ceiling for a batch.
_MAX_BATCH = 100
#: What whoever follows an import is told of its report.
_TOLD = (
    "job_id", "total", "created", "existing", "updated", "rejected", "unresolved", "doubled",
    "batches", "singles", "requests", "retries", "throttled_seconds", "runs",
)  # fmt: skip


class LeadImports(Section):
    """Calls of `/api/leads` that take many leads."""

    async def create_many(
        self,
        rows: Source | Rows,
        *,
        client_id: str | None = None,
        columns: Mapping[str, str] | None = None,
        batch_size: int = BATCH,
        mode: Mode = "verified",
        settle: float = SETTLE,
        on_existing: OnExisting = "skip",
        key: KeyField | None = None,
        unknown: Unknown = "keep",
        require_email: bool = False,
        names_from_email: bool = False,
        stop_on_error: bool = False,
        journal: str | Path | None = None,
        report: str | Path | None = None,
        company_id: str | None = None,
        on_progress: Callable[[BulkProgress], None] | None = None,
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
            batch_size: Rows of a request, 1 to 100.
            mode: `verified`; `at_most_once` never sends a row again, even if it is proven absent;
                `fast` looks for nothing before or after, and believes what the service says.
            settle: Seconds that a lost answer may take to be applied.
            on_existing: What becomes of a row whose e-mail address (or, without one, LinkedIn
                profile) the client has: `skip` it, `update` the lead, or `create` another one.
            key: What every row must have to be known again, or it is refused; a row with
                `linkedinUrl` for its key must have no e-mail address. None: none need have one.
            unknown: Whether fields that the platform does not document are kept, or their row is
                refused.
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

        check_choice("mode", mode, get_args(Mode))
        check_choice("on_existing", on_existing, get_args(OnExisting))
        checks.whole("batch_size", batch_size, 1, _MAX_BATCH)
        _check_settle(settle)
        rules = Rules(
            client_id=client_id,
            unknown=unknown,
            key=key,
            require_email=require_email,
            names_from_email=names_from_email,
        )
        source = await source_of(rows)
        if report is not None:
            machinery.check_report(report, source=source.path, journal=journal)
        with (
            followed(
                self._transport.observer, "create_many", mode=mode, on_existing=on_existing
            ) as facts,
            machinery.report_file(report, source.path) as write,
        ):
            if client_id is not None:
                await self._account.check_clients([client_id])
            intake = await self._intake(source, rules, columns)
            company = company_id or await self._account.company_id()
            spec = machinery.ImportSpec(
                service=self._transport.base_url,
                company_id=company,
                client_id=client_id,
                mode=mode,
                on_existing=on_existing,
            )
            gate = self._transport.gate
            options = machinery.Options(
                mode=mode, batch_size=batch_size, settle=settle, stop=stop_on_error
            )
            with _opened(journal, spec) as opened:
                known = opened.rows() if stop_on_error else sys.maxsize
                taken = machinery.UpToRefused(intake, known)
                done = await machinery.Import(
                    machinery.LeadService(self._transport, company),
                    opened,
                    options,
                    on_progress=on_progress,
                    gate=lambda: (gate.limit, gate.paused_for),
                ).run(taken)
                facts.update(facts_of(done, _TOLD))
                done.journal = None if journal is None else str(journal)
                if write is not None:
                    await in_thread(_write_report, opened, write)
                if taken.refused is not None:
                    raise _stopped(opened, done, *taken.refused)
            return done

    async def preview_many(
        self,
        rows: Source | Rows,
        *,
        client_id: str | None = None,
        client_exists: bool = True,
        columns: Mapping[str, str] | None = None,
        batch_size: int = BATCH,
        mode: Mode = "verified",
        settle: float = SETTLE,
        on_existing: OnExisting = "skip",
        unknown: Unknown = "keep",
        require_email: bool = False,
        names_from_email: bool = False,
    ) -> BulkPreview:
        """Say what `create_many` would do with the same arguments, and send nothing.

        Clients are looked up, and how many leads they have is asked for, if the service says it.

        Args:
            rows: As of `create_many`; an iterator is used up.
            client_id: The client of rows that name none.
            client_exists: Whether it must be a client of the account; if not, it is one that is
                to be made.
            columns: The field of a column, where its name does not say it.
            batch_size: Rows of a request, 1 to 100.
            mode: How sure the import is to be.
            settle: Seconds that a lost answer may take to be applied: what is waited for.
            on_existing: What becomes of a row whose key the client has.
            unknown: What becomes of fields that the platform does not document.
            require_email: Whether a row without an e-mail address is refused.
            names_from_email: Whether missing names are made from the e-mail address.

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

        check_choice("mode", mode, get_args(Mode))
        check_choice("on_existing", on_existing, get_args(OnExisting))
        checks.whole("batch_size", batch_size, 1, _MAX_BATCH)
        _check_settle(settle)
        rules = Rules(
            client_id=client_id,
            unknown=unknown,
            require_email=require_email,
            names_from_email=names_from_email,
        )
        if client_id is not None and client_exists:
            await self._account.check_clients([client_id])
        intake = await self._intake(await source_of(rows), rules, columns)
        spec = machinery.ImportSpec(
            service=self._transport.base_url,
            company_id="",
            client_id=client_id,
            mode=mode,
            on_existing=on_existing,
        )
        journal = machinery.Journal(None, machinery.new_import(spec))
        try:
            load = await machinery.take_in(intake, journal)
            return machinery.preview_of(
                journal,
                load,
                before=await self._sizes(),
                batch_size=batch_size,
                mode=mode,
                settle=settle,
                limit=self._transport.gate.limit,
            )
        finally:
            journal.close()

    async def _intake(
        self, source: Rows, rules: Rules, columns: Mapping[str, str] | None
    ) -> Intake:
        """Take a source in; rows that name their clients must name those of the account."""
        from leadgenius_async._writes.intake import Intake  # noqa: PLC0415 - as there

        fault_of = None if rules.client_id is not None else await self._account.client_faults()
        return Intake(source, rules, columns=columns, fault_of=fault_of)

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


def _check_settle(value: object) -> None:
    if not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(
            f"settle is {value!r}: give the seconds that an answer may be late, 0 or more"
        )
