"""`leadgenius export … --tenants FILE`: many accounts, each into a folder of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from leadgenius_async._http.record import plain
from leadgenius_async.cli.failures import Incomplete
from leadgenius_async.cli.heap import use_few_arenas
from leadgenius_async.cli.inflate import use_fast_inflate
from leadgenius_async.cli.notes import NOTES, note, one_line
from leadgenius_async.cli.options import DEFAULT, Connection
from leadgenius_async.cli.output import SHOW

if TYPE_CHECKING:
    from leadgenius_async._accounts.report import TenantReport
    from leadgenius_async.cli.export import ExportOptions, Table

_COLUMNS = ("name", "status", "rows", "files", "bytes", "requests", "seconds")
#: Options that say what the file says of each tenant, and those that are for one export alone.
_IN_THE_FILE = ("company_id", "client")
_OF_ONE = ("estimate", "retry_failed", "repair")


async def export_many_with(
    file: Path, table: Table, options: ExportOptions, connection: Connection
) -> None:
    """Run the exports of a tenants file and print what became of them.

    Raises:
        Incomplete: Not all tenants' exports are complete.
        ValueError: An option does not go with a tenants file.
        ConfigurationError: The file cannot be used.
    """
    from leadgenius_async._accounts.export import export_tenants  # noqa: PLC0415 - loads aiohttp
    from leadgenius_async._accounts.tenants_file import read_tenants  # noqa: PLC0415 - the same

    _check(options, connection)
    use_few_arenas()
    use_fast_inflate()
    tenants = read_tenants(file)
    told = _Told(len(tenants))
    try:
        report = await export_tenants(
            tenants,
            out=options.place,
            table=table,
            accounts=options.accounts,
            on_tenant=told,
            **options.of_each,
        )
    except asyncio.CancelledError:
        what = "begins anew" if options.overwrite else "goes on from there"
        note(f"{told.count} of {len(tenants)} tenants have ended; the same command {what}")
        raise
    if options.json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        SHOW.rows([plain(tenant) for tenant in report.tenants], _COLUMNS)
    if failed := report.failed:
        names = ", ".join(tenant.name for tenant in failed)
        advice = _advice(failed, overwrite=options.overwrite)
        raise Incomplete(
            f"{len(failed)} of {len(tenants)} tenants are not complete ({names}); {advice}"
        )


def _advice(failed: Iterable[TenantReport], *, overwrite: bool) -> str:
    if not all(tenant.resumable for tenant in failed):
        return "see the errors"
    without = " without --overwrite" if overwrite else ""
    return f"the same command{without} goes on with them"


def _check(options: ExportOptions, connection: Connection) -> None:
    if given := _given(options, _IN_THE_FILE):
        raise ValueError(f"{given} goes not with --tenants: say it in the file, or in its defaults")
    if given := _given(options, _OF_ONE):
        raise ValueError(f"{given} is for one export: leave --tenants out, and name one account")
    if connection != DEFAULT:
        raise ValueError("the tenants file says how each is reached: leave such options out")


def _given(options: ExportOptions, names: Iterable[str]) -> str | None:
    """Return the first of some options that was given, as it is written."""
    found = (name for name in names if getattr(options, name))
    return next((f"--{name.replace('_', '-')}" for name in found), None)


class _Told:
    """Says on stderr what becomes of each tenant, unless all is to be JSON.

    Attributes:
        count: How many have ended.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self.count: int = 0

    def __call__(self, tenant: TenantReport) -> None:
        self.count += 1
        if not NOTES.as_json:
            line = one_line(f"[{self.count}/{self._total}] {tenant.name}: {_words(tenant)}")
            sys.stderr.write(f"{line}\n")


def _words(tenant: TenantReport) -> str:
    said = f"{tenant.status}, {tenant.rows:,} rows in {tenant.files:,} files"
    if tenant.kept:
        said = f"{said}, which were there already"
    return said if tenant.error is None else f"{said}: {tenant.error}"
