"""Ray Data: the leads of many tenants as a Dataset, a read task for each.

Needs the extra `ray` and `ray[data]`. Rows come into the object store of the cluster; to take out
many, `leadgenius_async.integrations.ray.export_tenants` writes files, and no row leaves its task.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import pyarrow as pa
from anyio.from_thread import start_blocking_portal

from leadgenius_async import errors
from leadgenius_async._accounts.export import Table
from leadgenius_async._accounts.tenant import Tenant, check_tenants
from leadgenius_async._extract.formats import check_choice
from leadgenius_async.integrations.ray import Lease

if TYPE_CHECKING:
    Datasource = object  # as in `ray`
    BlockMetadata: Any
    ReadTask: Any
else:
    try:
        from ray.data import Datasource, ReadTask
        from ray.data.block import BlockMetadata
    except ImportError as error:
        raise errors.ConfigurationError(
            f'a Ray Dataset needs {error.name}: pip install "leadgenius-async[ray]" "ray[data]"'
        ) from None

__all__ = ["LeadsDatasource"]

#: The last column: whose row it is.
TENANT = "tenant"


class LeadsDatasource(Datasource):
    """The leads of many tenants, for `ray.data.read_datasource`.

    Columns are those of `lg.enrich_leads.batches`, and last `tenant`, the tenant's name. A read
    task takes all of a tenant, and begins anew if its worker dies. Credentials are found where it
    runs, and a lease keeps it from running beside another task of the same account.

    ```python
    leads = ray.data.read_datasource(LeadsDatasource(tenants, fields=["id", "country"]))
    print(leads.groupby("tenant").count())
    ```

    Args:
        tenants: Whose leads.
        table: `enrich_leads` or `source_leads`.
        fields: Fields to ask for, the same of all tenants; those that all of them name, if not
            given, or all.

    Raises:
        ValueError: There is no tenant, two have the same name, or they name different fields and
            `fields` is not given.
        TypeError: `fields` is one string and not a list of them.
    """

    def __init__(
        self,
        tenants: Iterable[Tenant],
        *,
        table: Table = "enrich_leads",
        fields: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        check_choice("table", table, get_args(Table))
        if isinstance(fields, str):
            raise TypeError("fields is one string: give a list of names")
        self._tenants = check_tenants(tenants)
        self._table: Table = table
        self._fields = _common_fields(self._tenants) if fields is None else list(fields)

    def estimate_inmemory_data_size(self) -> int | None:
        """Return None: the service does not say how much there is."""
        return None

    def get_read_tasks(
        self,
        parallelism: int,
        per_task_row_limit: int | None = None,
        data_context: object = None,
    ) -> list[Any]:
        """Return a read task for each tenant.

        Args:
            parallelism: How many are wished for, which counts for nothing.
            per_task_row_limit: Most rows that one is to give.
            data_context: Ray's.
        """
        del parallelism, data_context
        about = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
        limit = {} if per_task_row_limit is None else {"per_task_row_limit": per_task_row_limit}
        return [
            ReadTask(partial(_read, tenant, self._table, self._fields), about, **limit)
            for tenant in self._tenants
        ]


def _common_fields(tenants: Sequence[Tenant]) -> list[str] | None:
    named = [None if tenant.fields is None else list(tenant.fields) for tenant in tenants]
    if any(fields != named[0] for fields in named):
        raise ValueError("the tenants name different fields: give fields, for the columns of all")
    return named[0]


def _read(tenant: Tenant, table: Table, fields: list[str] | None) -> Iterator[pa.Table]:
    """Give a tenant's rows, in a worker, a page each."""
    lease = Lease(tenant.account())
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(lease),
        portal.wrap_async_context_manager(_batches(tenant, table, fields)) as batches,
    ):
        while (batch := portal.call(anext, batches, None)) is not None:
            if lease.lost.is_set():
                raise RuntimeError(f"tenant {tenant.name}: the lease of its account is lost")
            page = pa.Table.from_batches([batch])
            yield page.append_column(TENANT, pa.array([tenant.name] * len(page), pa.string()))


@asynccontextmanager
async def _batches(
    tenant: Tenant, table: Table, fields: list[str] | None
) -> AsyncGenerator[AsyncIterator[pa.RecordBatch]]:
    async with tenant.open() as lg:
        leads = lg.enrich_leads if table == "enrich_leads" else lg.source_leads
        batches = leads.batches(company_id=tenant.company_id, clients=tenant.clients, fields=fields)
        async with aclosing(batches):
            yield batches
