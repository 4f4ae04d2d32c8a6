"""The exports of many tenants: each by the ordinary extractor, into a folder of its own.

Tenants of one account run one after another, accounts side by side. A tenant fails alone.
"""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Unpack, get_args

import anyio
import msgspec
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._accounts.report import Results, TenantReport, TenantsReport, folder_of
from leadgenius_async._accounts.tenant import Tenant, check_tenants
from leadgenius_async._extract.first_error import first_error
from leadgenius_async._extract.formats import check_choice
from leadgenius_async._extract.options import Asked, TenantOptions
from leadgenius_async._extract.report import ExportReport
from leadgenius_async._resources import checks

_log = logging.getLogger("leadgenius_async.tenants")

Table = Literal["enrich_leads", "source_leads"]
#: Takes out one tenant's leads, and says what became of it.
Take = Callable[[Tenant], Awaitable[TenantReport]]

ACCOUNTS = 4  # at a time
#: Bytes in flight over all exports that run at a time, but for what each needs at the least.
BUDGET = 128 * 2**20
_MOST, _LEAST = 64 * 2**20, 16 * 2**20  # of one

#: Errors whose words are ours, or the system's; those of others may hold anything.
_TOLD = (errors.LeadGeniusError, OSError, ValueError, TypeError)


#: Errors that the same call ends with again.
_LASTING = (
    errors.ExportConflict,
    errors.ExportDamaged,
    errors.EmptyExport,
    errors.SchemaMismatch,
    errors.UnknownClient,
    ValueError,
    TypeError,
)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is done with each tenant.

    Attributes:
        out: The folder of all.
        table: The table.
        options: Of each export.
    """

    out: str
    table: Table
    options: dict[str, Any]


async def export_tenants(
    tenants: Iterable[Tenant],
    *,
    out: str | Path,
    table: Table = "enrich_leads",
    accounts: int = ACCOUNTS,
    on_tenant: Callable[[TenantReport], None] | None = None,
    **options: Unpack[TenantOptions],
) -> TenantsReport:
    """Take out the leads of many tenants, each into a folder of its own below `out`.

    Each is an ordinary export with a manifest of its own: whatever ends this, the same call goes on
    with what is unfinished, and keeps what is finished. Tenants of one account run one after
    another, accounts side by side. One that fails, fails alone: the report says with what.
    `tenants.json` in `out` has the same report, and is written anew as each comes to its end.

    Args:
        tenants: Whose leads; `read_tenants` reads them from a file.
        out: The folder of all, or its address in a store.
        table: `enrich_leads` or `source_leads`.
        accounts: Most accounts at a time. Their exports share 128 MiB of pages and rows in
            flight, and have 16 MiB each at the least.
        on_tenant: Called with the report of each tenant that comes to its end.
        options: Of each export, as `lg.enrich_leads.export` has them. `fields` are those of
            tenants that name none; a `staging` folder has one for each tenant in it.

    Raises:
        ValueError: There is no tenant, two have the same name, or an option is of no use, whoever
            the tenant. Nothing is begun then.
        TypeError: There is no such option, or `fields` is one string.
        OSError: `out` cannot be written to.
        StorageError: The store says no, or gives no answer.

    ```python
    report = await export_tenants(read_tenants("tenants.toml"), out="leads/", fields=["id"])
    print([(tenant.name, tenant.rows, tenant.status) for tenant in report.tenants])
    ```
    """
    run = Run(tenants, out=out, table=table, accounts=accounts, on_tenant=on_tenant, **options)
    groups = await to_thread.run_sync(_by_account, run.tenants)
    side_by_side = min(accounts, len(groups))
    budget = min(_MOST, max(_LEAST, BUDGET // side_by_side))
    return await run.through(groups, lambda tenant: take(tenant, run.order, budget_bytes=budget))


class Run:
    """One call for many tenants, however each is taken out.

    Its arguments are those of `export_tenants`.

    Attributes:
        tenants: All tenants.
        order: What is done with each.
    """

    def __init__(
        self,
        tenants: Iterable[Tenant],
        *,
        out: str | Path,
        table: Table,
        accounts: int,
        on_tenant: Callable[[TenantReport], None] | None,
        **options: Unpack[TenantOptions],
    ) -> None:
        check_choice("table", table, get_args(Table))
        if not os.fspath(out):
            raise ValueError("out is empty: name a folder, or the URI of one in a store")
        if accounts < 1:
            raise ValueError(f"accounts is {accounts}: at least one has to run")
        checks.known(options, TenantOptions, call="export_tenants")
        Asked(table=table, **options)  # which refuses what can be used for no tenant
        self.tenants: list[Tenant] = check_tenants(tenants)
        self.order: Order = Order(out=os.fspath(out), table=table, options=dict(options))
        self._results = Results(self.tenants, out=out, table=table, on_tenant=on_tenant)
        if options.get("staging") is not None and not self._results.in_store:
            raise ValueError(f"staging is for exports into a store, and {out} is a folder")
        self._slots = anyio.Semaphore(accounts)

    async def through(self, groups: Iterable[Sequence[Tenant]], take: Take) -> TenantsReport:
        """Take out all tenants, those of a group one after another, and return the report."""
        await self._results.write()
        try:
            async with anyio.create_task_group() as tasks:
                for group in groups:
                    tasks.start_soon(self._through, group, take)
        except BaseExceptionGroup as group_:
            raise first_error(group_) from None
        return await self._results.write()

    async def _through(self, group: Sequence[Tenant], take: Take) -> None:
        async with self._slots:
            for tenant in group:
                await self._results.note(await take(tenant))


async def take(tenant: Tenant, order: Order, **more: Any) -> TenantReport:
    """Take out one tenant's leads; what it fails with stands in its report.

    Args:
        tenant: Whose leads.
        order: What is done with each tenant.
        more: Options of this export alone.
    """
    began = time.monotonic()
    out = folder_of(order.out, tenant.name)
    try:
        report = await _export(tenant, order, out, more)
    except errors.AlreadyExported as there:
        standing = msgspec.json.decode(there.manifest, type=ExportReport)
        return _described(tenant, out, standing, kept=True)
    except Exception as error:  # noqa: BLE001 - a tenant fails alone
        return TenantReport(
            name=tenant.name,
            status="failed",
            out=out,
            seconds=round(time.monotonic() - began, 3),
            resumable=not isinstance(error, _LASTING),
            error=_words(tenant, error),
        )
    return _described(tenant, out, report)


async def _export(tenant: Tenant, order: Order, out: str, more: dict[str, Any]) -> ExportReport:
    options: dict[str, Any] = {"fields": None, **order.options, **more}
    if tenant.fields is not None:
        options["fields"] = tenant.fields
    if (staging := options.get("staging")) is not None:
        options["staging"] = Path(staging) / tenant.name
    async with tenant.open() as lg:
        leads = lg.enrich_leads if order.table == "enrich_leads" else lg.source_leads
        return await leads.export(
            out, company_id=tenant.company_id, clients=tenant.clients, **options
        )


def _described(
    tenant: Tenant, out: str, report: ExportReport, *, kept: bool = False
) -> TenantReport:
    return TenantReport(
        name=tenant.name,
        status="complete" if report.complete else "incomplete",
        out=out,
        rows=report.rows,
        files=len(report.files),
        bytes=report.bytes,
        requests=report.requests,
        seconds=report.seconds,
        complete=report.complete,
        kept=kept,
        resumable=not kept and any(chain.error for chain in report.partitions),
        error=report.incomplete_because,
    )


def _words(tenant: Tenant, error: Exception) -> str:
    if isinstance(error, errors.ExportConflict) and "--overwrite" in str(error):
        return f"{error}, in a call for this tenant alone: of several, it takes all anew"
    if isinstance(error, _TOLD):
        return str(error).strip() or type(error).__name__
    origin = "".join(traceback.format_tb(error.__traceback__))
    _log.debug("tenant %s: %s came from\n%s", tenant.name, type(error).__name__, origin)
    return type(error).__name__


def _by_account(tenants: Iterable[Tenant]) -> list[list[Tenant]]:
    """Return the tenants of each account; one whose account cannot be told fails by itself."""
    groups: dict[str, list[Tenant]] = {}
    for tenant in tenants:
        try:
            account = tenant.account()
        except Exception:  # noqa: BLE001 - `take` meets it again, and tells it
            account = f"tenant {tenant.name}"
        groups.setdefault(account, []).append(tenant)
    return [*groups.values()]
