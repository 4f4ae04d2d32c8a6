"""Ray: the tenants of an export on the machines of a cluster, a task for each.

A task runs the ordinary extractor, with its own manifest, into storage that all machines see, and
returns what `tenants.json` says of its tenant, never rows. Credentials are found where it runs. A
lease, which it renews, keeps all others off its account. A task that dies with its worker is
started again by Ray, and goes on.

Needs the extra `ray`. Without Ray the same call runs the tenants in this process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

import anyio

from leadgenius_async._accounts import export as _here
from leadgenius_async._accounts.export import ACCOUNTS, Order, Run, Table, take
from leadgenius_async._accounts.report import TenantReport, TenantsReport, folder_of
from leadgenius_async._accounts.tenant import Tenant
from leadgenius_async._extract.options import TenantOptions

if TYPE_CHECKING:
    ray: Any = None  # it has no types that hold, and 200 MB
else:
    try:
        import ray
    except ImportError:
        ray = None

__all__ = ["Lease", "Leases", "export_tenants"]

_log = logging.getLogger("leadgenius_async.ray")

#: Seconds after which a lease lapses that its worker has not renewed, and between two renewals.
LEASE, RENEWAL = 15.0, 3.0
_LOOK = 1.0  # seconds between two looks at a lease that another has
#: How often Ray starts a task again whose worker has died.
RETRIES = 3
_ACTOR = {"name": "leases", "namespace": "leadgenius"}


async def export_tenants(
    tenants: Iterable[Tenant],
    *,
    out: str | Path,
    table: Table = "enrich_leads",
    accounts: int = ACCOUNTS,
    on_tenant: Callable[[TenantReport], None] | None = None,
    **options: Unpack[TenantOptions],
) -> TenantsReport:
    """Take out the leads of many tenants by a Ray cluster, as `export_tenants` does in one process.

    Tenants that name the same credentials run one after another. Of others that turn out to be of
    one account, also of another call, one waits for the other's lease.

    Args:
        tenants: Whose leads. Credentials are found by the workers: in their environment, their
            profiles, their files.
        out: The folder of all, which this process and all workers see under this name, or its
            address in a store.
        table: `enrich_leads` or `source_leads`.
        accounts: Most accounts at a time; each takes one CPU of the cluster.
        on_tenant: Called with the report of each tenant that comes to its end.
        options: Of each export, as `lg.enrich_leads.export` has them.

    Raises:
        ValueError: There is no tenant, two have the same name, or an option is out of range.
        TypeError: There is no such option.
        OSError: `out` cannot be written to.
        StorageError: The store says no, or gives no answer.

    ```python
    report = await export_tenants(read_tenants("tenants.toml"), out="/shared/leads", accounts=16)
    print([(tenant.name, tenant.rows, tenant.status) for tenant in report.tenants])
    ```
    """
    if ray is None:
        _log.info("Ray is not installed: the tenants run in this process")
        return await _here.export_tenants(
            tenants, out=out, table=table, accounts=accounts, on_tenant=on_tenant, **options
        )
    out = _from_anywhere(out)
    if (staging := options.get("staging")) is not None:
        options["staging"] = _from_anywhere(staging)
    run = Run(tenants, out=out, table=table, accounts=accounts, on_tenant=on_tenant, **options)
    if not ray.is_initialized():
        ray.init()
    task = ray.remote(num_cpus=1, max_retries=RETRIES)(_take)
    return await run.through(_by_reference(run.tenants), lambda one: _sent(task, one, run.order))


def _from_anywhere(out: str | Path) -> str | Path:
    """Return the folder as workers name it too, which may have been started in another one."""
    return out if "://" in os.fspath(out) else Path(out).absolute()


class Leases:
    """Who works on which account; the cluster has one, an actor by the name of `leases`.

    It outlives who has made it, since it is for all of them. One that Ray had to start again
    gives no lease before those have lapsed that it has forgotten.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[str, float]] = {}
        self._opens = time.monotonic() + (LEASE if _was_restarted() else 0.0)

    def take(self, account: str, holder: str) -> bool:
        """Give an account to a holder, if it is nobody's; say whether it is the holder's now."""
        return time.monotonic() >= self._opens and self.renew(account, holder)

    def renew(self, account: str, holder: str) -> bool:
        """Let a holder keep an account, unless it is another's; say whether it is the holder's."""
        now = time.monotonic()
        owner, until = self._held.get(account, (holder, now))
        if owner != holder and now < until:
            return False
        self._held[account] = (holder, now + LEASE)
        return True

    def give_back(self, account: str, holder: str) -> None:
        """Let others have an account."""
        if self._held.get(account, ("", 0.0))[0] == holder:
            del self._held[account]


class Lease:
    """The right to work on an account for the time of an `async with`, whose start waits for it.

    Args:
        account: The digest of the account.

    Attributes:
        lost: Is set when it could not be renewed, and another may have it.
    """

    def __init__(self, account: str) -> None:
        self._account = account
        self._holder = secrets.token_hex(8)
        self.lost: anyio.Event = anyio.Event()

    async def __aenter__(self) -> Self:
        options = {**_ACTOR, "lifetime": "detached", "get_if_exists": True}
        restarts = {"max_restarts": -1, "max_task_retries": -1}
        self._leases = ray.remote(num_cpus=0, **restarts)(Leases).options(**options).remote()
        taken = self._leases.take.remote
        while not await taken(self._account, self._holder):  # noqa: ASYNC110 - on another machine
            await anyio.sleep(_LOOK)
        self._renewing = asyncio.create_task(self._renew())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._renewing.cancel()
        self._leases.give_back.remote(self._account, self._holder)

    async def _renew(self) -> None:
        """Renew it as long as that is heard in time."""
        is_ours = True
        while is_ours:
            await anyio.sleep(RENEWAL)
            is_ours = False
            with suppress(ray.exceptions.RayError), anyio.move_on_after(LEASE - 2 * RENEWAL):
                is_ours = await self._leases.renew.remote(self._account, self._holder)
        self.lost.set()


def _was_restarted() -> bool:
    if ray is None or not ray.is_initialized():
        return False
    was: bool = ray.get_runtime_context().was_current_actor_reconstructed
    return was


async def _sent(task: Any, tenant: Tenant, order: Order) -> TenantReport:
    """Let a worker take out a tenant's leads."""
    began = time.monotonic()
    work = task.remote(tenant, order)
    try:
        report: TenantReport = await work
    except asyncio.CancelledError:
        ray.cancel(work)  # as Ctrl-C does: it keeps what it has
        raise
    except ray.exceptions.RayError as error:
        problem = f"its worker has failed ({type(error).__name__}); the same call goes on with it"
        return _failed(tenant, order, problem, began)
    return report


def _take(tenant: Tenant, order: Order) -> TenantReport:
    """Take out a tenant's leads, in a worker."""
    return anyio.run(_take_alone, tenant, order)


async def _take_alone(tenant: Tenant, order: Order) -> TenantReport:
    began = time.monotonic()
    try:
        account = tenant.account()
    except Exception:  # noqa: BLE001 - `take` meets it again, and tells it
        return await take(tenant, order)
    report = _failed(tenant, order, "its worker has lost the lease of its account", began)
    async with Lease(account) as lease, anyio.create_task_group() as tasks:
        tasks.start_soon(_end_when_lost, lease, tasks.cancel_scope)
        report = await take(tenant, order)
        tasks.cancel_scope.cancel()
    return report


async def _end_when_lost(lease: Lease, scope: anyio.CancelScope) -> None:
    await lease.lost.wait()
    scope.cancel()


def _failed(tenant: Tenant, order: Order, problem: str, began: float) -> TenantReport:
    return TenantReport(
        name=tenant.name,
        status="failed",
        out=folder_of(order.out, tenant.name),
        seconds=round(time.monotonic() - began, 3),
        resumable=True,
        error=problem,
    )


def _by_reference(tenants: Iterable[Tenant]) -> list[list[Tenant]]:
    """Return the tenants of each credential reference; what it leads to, the workers know."""
    groups: dict[str, list[Tenant]] = {}
    for tenant in tenants:
        groups.setdefault(tenant.reference, []).append(tenant)
    return [*groups.values()]
