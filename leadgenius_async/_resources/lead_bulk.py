"""Many leads at once: created or changed by a key, changed, deleted, moved to another client."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import msgspec
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._http.observe import facts_of, followed
from leadgenius_async._resources import checks
from leadgenius_async._resources.import_options import MAX_BATCH, UpsertOptions
from leadgenius_async._resources.lead_imports import LeadImports, source_of
from leadgenius_async._resources.lead_reads import LeadReads
from leadgenius_async._writes.defaults import BATCH
from leadgenius_async._writes.report import BulkReport
from leadgenius_async._writes.rules import KeyField, Ready

if TYPE_CHECKING:
    from leadgenius_async._writes.change_items import Checked, Verb
    from leadgenius_async._writes.change_report import BulkChanges, ChangeProgress
    from leadgenius_async._writes.change_rows import Leads
    from leadgenius_async._writes.source import Rows, Source

#: What whoever follows changes is told of their report.
_TOLD = (
    "total", "updated", "unchanged", "deleted", "gone", "missing", "refused", "unverified",
    "requests", "retries", "throttled_seconds",
)  # fmt: skip


class ChangeOptions(TypedDict, total=False):
    """What `update_many`, `delete_many` and `move_many` have in common."""

    batch_size: int
    verify: bool
    dry_run: bool
    report: str | Path | None
    on_progress: Callable[[ChangeProgress], None] | None


class InvisibleLeads(msgspec.Struct, frozen=True, kw_only=True):
    """Leads of a `client_id` that no client of the account has.

    No client's list shows them, nor does the web app.

    Attributes:
        client_id: What they have for a `client_id`; empty if nothing.
        ids: The leads' ids.
        belongs_to: The `client_id` of the client whose record id that is; None if it is none's.
    """

    client_id: str
    ids: list[str]
    belongs_to: str | None = None


class LeadBulk(LeadImports):
    """Calls of `/api/leads` that change many leads.

    However often they are applied, what they leave is the same: they are sent again where an
    answer was lost, and after whatever ended one, the same call does it all again.
    """

    async def update_many(
        self,
        rows: Source | Rows,
        *,
        columns: Mapping[str, str] | None = None,
        **options: Unpack[ChangeOptions],
    ) -> BulkChanges:
        """Change leads by their ids; fields that are not named stay.

        None clears a field. An empty text leaves it as it is, and so does an empty cell of a CSV
        file or what pandas has where nothing is: to clear a field from a file, use NDJSON or
        Parquet, where null does. A row in which nothing changes is not sent.

        Rows are mended or refused as in `create_many`. What the service counts tells which ids no
        lead has, and what it says no to is found and told row by row. Rows of one lead are applied
        in their order, unless an answer was lost and its request is applied late.

        Args:
            rows: As in `create_many`, each with the lead's `id`.
            columns: As there.
            batch_size: Rows of a request, 1 to 100, 50 if not given.
            verify: Whether what the service took is read back until it shows it, for up to 40 s:
                up to 50 leads one by one, more by the list of all.
            dry_run: Whether nothing is sent; the rows that would be are `ready`.
            report: A file that gets one JSON line for each row of the input.
            on_progress: Called twice a second.

        Raises:
            ValueError: A value out of range, a source that cannot be read or has no ids, or a
                column that looks like a misspelt field.
            LeadGeniusError: See `errors`. What was sent until then stays.

        ```python
        done = await lg.leads.update_many([{"id": "lead_1", "status": "won"}, {"id": "lead_9"}])
        print(done.updated, done.missing, done.refused, done.unchanged)
        ```
        """
        from leadgenius_async._writes import machinery  # noqa: PLC0415 - see there

        source = await source_of(rows)
        intake = machinery.UpdateIntake(source, columns=columns)
        return await self._change(
            "update_many", "update", source, self._of_clients(intake), options
        )

    async def delete_many(
        self,
        leads: Leads,
        *,
        columns: Mapping[str, str] | None = None,
        **options: Unpack[ChangeOptions],
    ) -> BulkChanges:
        """Delete leads by their ids; one that is not there is `missing`, and no error.

        The service says how many of a request were there, not which. Where some were not, the
        counts are right all the same, and the rows of that request say `gone`; `batch_size=1`
        tells of each. An id that comes again is `unchanged`, and sent once.

        Args:
            leads: Ids, or rows with an `id`, from an iterable, a file or a table.
            columns: The column of the id, if it has another name: `{"Lead ID": "id"}`.
            batch_size: As in `update_many`, as are the others.
            verify: Whether it is looked that they are gone.
            dry_run: Whether nothing is sent.
            report: A file of one JSON line a row.
            on_progress: Called twice a second.

        Raises:
            ValueError: A value out of range, or a source that cannot be read or has no ids.
            LeadGeniusError: See `errors`. What was deleted until then stays so.

        ```python
        done = await lg.leads.delete_many(["lead_1", "lead_9"], batch_size=1)
        print(done.deleted, done.missing)
        ```
        """
        from leadgenius_async._writes import machinery  # noqa: PLC0415 - see there

        source = await to_thread.run_sync(machinery.read_leads, leads)
        intake = machinery.IdIntake(source, columns=columns)
        return await self._change("delete_many", "delete", source, intake, options)

    async def move_many(
        self,
        leads: Leads,
        *,
        to: str,
        columns: Mapping[str, str] | None = None,
        **options: Unpack[ChangeOptions],
    ) -> BulkChanges:
        """Move leads to another client; only their `client_id` changes.

        Whether the service moves a lead at all is not documented: `verify` tells.

        Args:
            leads: As in `delete_many`, as are the others but for `to`.
            to: The `client_id` of the client that gets them.
            columns: The column of the id.
            batch_size: Rows of a request.
            verify: Whether it is looked that they are there.
            dry_run: Whether nothing is sent.
            report: A file of one JSON line a row.
            on_progress: Called twice a second.

        Raises:
            UnknownClient: No client of the account has this `client_id`.
            ValueError: A value out of range, or a source that cannot be read or has no ids.
            LeadGeniusError: See `errors`. What was moved until then stays so.

        ```python
        done = await lg.leads.move_many(["lead_1", "lead_2"], to="acme-corp", verify=True)
        print(done.updated, done.unverified)
        ```
        """
        from leadgenius_async._writes import machinery  # noqa: PLC0415 - see there

        fields = {"client_id": checks.text("to", to)}
        source = await to_thread.run_sync(machinery.read_leads, leads)
        intake = machinery.IdIntake(source, fields=fields, columns=columns)
        await self._account.check_clients([to])
        return await self._change("move_many", "update", source, intake, options)

    async def upsert_many(
        self,
        rows: Source | Rows,
        *,
        key: KeyField = "email",
        **options: Unpack[UpsertOptions],
    ) -> BulkReport:
        """Create leads, and change those that their client has already.

        It is `create_many` with `on_existing="update"`, for rows that all have the key.

        Args:
            rows: As in `create_many`.
            key: What a row is known again by. Of a row with an e-mail address, that is what counts:
                with `linkedinUrl`, a row that has an address too is refused.
            **options: Those of `create_many`.

        Raises:
            ValueError: `key` is another one; otherwise as `create_many`, as for all errors.

        ```python
        leads = [{"firstName": "Ada", "lastName": "Sample", "email": "ada@sample.example"}]
        done = await lg.leads.upsert_many(leads, client_id="acme-corp")
        print(done.created, done.updated)
        ```
        """
        checks.known(options, UpsertOptions, call="upsert_many")
        return await self.create_many(rows, on_existing="update", key=key, **options)

    async def find_invisible(self) -> list[InvisibleLeads]:
        """Find leads that nobody sees, since no client of the account has their `client_id`.

        Lists `id` and `client_id` of all leads of the company, 5,000 a request. `move_many` brings
        them where they belong; `leadgenius leads rehome` does both.

        Returns:
            They by their `client_id`, the most first.

        Raises:
            AuthenticationError, PermissionDenied: The credentials may not list the clients.
            LeadGeniusError: See `errors`.

        ```python
        for found in await lg.leads.find_invisible():
            print(found.client_id, len(found.ids), found.belongs_to)
            if found.belongs_to:
                await lg.leads.move_many(found.ids, to=found.belongs_to)
        ```
        """
        visible = set(await self._record_ids())
        found: defaultdict[str, list[str]] = defaultdict(list)
        async for lead in LeadReads(self._transport, self._account).listing(("id", "client_id")):
            if lead.id is not None and lead.client_id not in visible:
                found[lead.client_id or ""].append(lead.id)
        # Again: the leads of a client that was made meanwhile are not lost.
        clients = await self._record_ids() if found else {}
        owners = {record_id: client_id for client_id, record_id in clients.items()}
        listed = [
            InvisibleLeads(client_id=name, ids=ids, belongs_to=owners.get(name))
            for name, ids in found.items()
            if name not in clients
        ]
        return sorted(listed, key=lambda each: -len(each.ids))

    async def _record_ids(self) -> dict[str, str]:
        """Return the record ids of the account's clients by their `client_id`s."""
        try:
            known = await self._account.clients()
        except (errors.AuthenticationError, errors.PermissionDenied) as error:
            text = "only the account's clients tell which leads are invisible: log in"
            error.args = (f"{error}; {text}",)
            raise
        return {client.client_id: client.id for client in known if client.client_id}

    async def _of_clients(
        self, source: AsyncIterable[Sequence[Checked]]
    ) -> AsyncIterator[Sequence[Checked]]:
        """Refuse rows that would go to a client that there is not."""
        from leadgenius_async._writes import machinery  # noqa: PLC0415 - see there

        fault_of: Callable[[str], str | None] | None = None
        async for rows in source:
            if fault_of is None and any(map(_names_client, rows)):
                fault_of = await self._account.client_faults()
            if fault_of is None:
                yield rows
            else:
                yield [machinery.client_refused(row, fault_of) for row in rows]

    async def _change(
        self,
        name: str,
        verb: Verb,
        rows: Rows,
        source: AsyncIterable[Sequence[Checked]],
        options: ChangeOptions,
    ) -> BulkChanges:
        """Change or delete the leads of a source."""
        from leadgenius_async._writes import machinery  # noqa: PLC0415 - see there

        checks.known(options, ChangeOptions, call=name)
        how = machinery.ChangeOptions(
            batch_size=checks.whole("batch_size", options.get("batch_size", BATCH), 1, MAX_BATCH),
            verify=options.get("verify", False),
            dry_run=options.get("dry_run", False),
        )
        with (
            followed(self._transport.observer, name, dry_run=how.dry_run) as facts,
            machinery.report_file(options.get("report"), rows.path) as write,
        ):
            run = machinery.Changes(
                self._transport,
                verb,
                LeadReads(self._transport, self._account),
                how,
                write=write,
                on_progress=options.get("on_progress"),
            )
            done = await run.run(source)
            facts.update(facts_of(done, _TOLD))
            return done


def _names_client(row: Checked) -> bool:
    checked = row[2]
    return isinstance(checked, Ready) and "client_id" in checked.fields
