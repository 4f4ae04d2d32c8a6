"""What became of each tenant, and the file that says so."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import anyio
import msgspec
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._accounts.tenant import REPORT, Tenant
from leadgenius_async._extract.files import pretty, replace

Status = Literal["complete", "incomplete", "failed", "unfinished"]


class TenantReport(msgspec.Struct, kw_only=True):
    """What became of one tenant; the manifest in its folder says more.

    Attributes:
        name: The tenant's.
        status: `complete`; `incomplete`, where the files do not hold all rows (`error` says why);
            `failed`, where there is no export to speak of; `unfinished`, as long as it is neither.
        out: Its folder.
        rows: Rows in its files.
        files: Part files.
        bytes: Bytes of the files.
        requests: HTTP requests sent, by all runs of its export.
        seconds: Duration, of all runs of its export together.
        complete: Whether the files hold every row that was asked for.
        kept: Whether the export was there already, finished by an earlier call.
        resumable: Whether the same call goes on with what is missing: not where it would end with
            the same, as with another export in the folder, or with `sweep=False`.
        error: What it failed with, or lacks.
    """

    name: str
    status: Status
    out: str
    rows: int = 0
    files: int = 0
    bytes: int = 0
    requests: int = 0
    seconds: float = 0.0
    complete: bool = False
    kept: bool = False
    resumable: bool = False
    error: str | None = None


class TenantsReport(msgspec.Struct, kw_only=True):
    """The result of an export of many tenants; `tenants.json` holds the same.

    Attributes:
        table: `enrich_leads` or `source_leads`.
        out: The folder of all.
        started_at: ISO 8601, UTC.
        seconds: Duration of this call.
        complete: Whether every tenant's export is.
        tenants: One entry a tenant, in their order.
    """

    table: str
    out: str
    started_at: str = ""
    seconds: float = 0.0
    complete: bool = False
    tenants: list[TenantReport] = []

    @property
    def failed(self) -> list[TenantReport]:
        """The tenants whose exports are not complete."""
        return [tenant for tenant in self.tenants if not tenant.complete]


def folder_of(out: str, name: str) -> str:
    """Return the place of a tenant, or of a file, below that of all."""
    path, mark, query = out.partition("?") if "://" in out else (out, "", "")
    return f"{path.rstrip('/')}/{name}{mark}{query}"


class Results:
    """What became of the tenants so far; `tenants.json` is written anew as each comes to its end.

    Args:
        tenants: All of them, in their order.
        out: The folder of all, or its address in a store.
        table: `enrich_leads` or `source_leads`.
        on_tenant: Called with each tenant's report.

    Raises:
        ValueError: `out` cannot be read, or there are credentials in it.
        ConfigurationError: What reaches the store is not installed.
        StorageError: The store cannot be reached.
    """

    def __init__(
        self,
        tenants: Iterable[Tenant],
        *,
        out: str | Path,
        table: str,
        on_tenant: Callable[[TenantReport], None] | None,
    ) -> None:
        from leadgenius_async._extract.store import resolve  # noqa: PLC0415 - loads pyarrow

        self._place = resolve(out)
        self._out = os.fspath(out)
        self._began = time.monotonic()
        self._started_at = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        self._table = table
        self._on_tenant = on_tenant
        self._reports = {
            tenant.name: TenantReport(
                name=tenant.name, status="unfinished", out=folder_of(self._out, tenant.name)
            )
            for tenant in tenants
        }
        self._turn = anyio.Lock()

    @property
    def in_store(self) -> bool:
        """Whether the folder of all is in a store."""
        return not isinstance(self._place, Path)

    async def note(self, report: TenantReport) -> None:
        """Take in what became of a tenant."""
        self._reports[report.name] = report
        # It is written again when the next one ends; what fails at the end is told.
        with contextlib.suppress(OSError, errors.StorageError):
            await self.write()
        if self._on_tenant is not None:
            self._on_tenant(report)

    async def write(self) -> TenantsReport:
        """Write the report as it is now, and return it.

        Raises:
            OSError: The folder cannot be written to.
            StorageError: The store says no, or gives no answer.
        """
        async with self._turn:
            listed = [*self._reports.values()]
            report = TenantsReport(
                table=self._table,
                out=self._out,
                started_at=self._started_at,
                seconds=round(time.monotonic() - self._began, 3),
                complete=all(tenant.complete for tenant in listed),
                tenants=listed,
            )
            await to_thread.run_sync(self._put, pretty(report))
        return report

    def _put(self, data: bytes) -> None:
        if isinstance(self._place, Path):
            self._place.mkdir(parents=True, exist_ok=True)
            replace(self._place / REPORT, data, shared=True)
            return
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            self._place.put(Path(file.name), REPORT)
