"""What an export may be asked for: its options by name, their defaults, and their checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, get_args

from leadgenius_async._extract.formats import (
    Chains,
    Compression,
    FileFormat,
    PartitionBy,
    check_choice,
    check_compression,
)
from leadgenius_async._extract.journal import Spec
from leadgenius_async._extract.query import Query, make_query
from leadgenius_async._extract.report import Progress

#: Bytes in flight over all chains: pages on their way, and rows not yet in a file.
BUDGET = 64 * 2**20
#: What is left of it for a group has room for a page, which may have 6 MiB.
LEAST_BUDGET = 16 * 2**20


class SharedOptions(TypedDict, total=False):
    """Options of an export that go for one account and for each of many."""

    since: dt.datetime | str | None
    limit: int | None
    format: FileFormat
    compression: Compression
    max_file_bytes: int | None
    page_size: int | None
    concurrency: int
    chains: Chains
    sweep: bool
    overwrite: bool
    strict_schema: bool
    partition_by: PartitionBy | None
    single_file: bool
    allow_empty: bool
    staging: str | Path | None


class TenantOptions(SharedOptions, total=False):
    """Options of the exports of many accounts; `lg.enrich_leads.export` says what each means.

    Attributes:
        fields: Those of tenants that name none themselves.
        staging: A folder, in which each tenant has one.
    """

    fields: Sequence[str] | None


class ExportOptions(SharedOptions, total=False):
    """All options of `lg.enrich_leads.export`, which says what each means.

    To keep some of them for several exports:

    ```python
    from leadgenius_async import LeadGenius
    from leadgenius_async.models import ExportOptions

    NIGHTLY: ExportOptions = {"fields": ["id", "email"], "compression": "gzip"}


    async def both(lg: LeadGenius) -> None:
        await lg.enrich_leads.export("enrich/", **NIGHTLY)
        await lg.source_leads.export("source/", **NIGHTLY)
    ```
    """

    company_id: str | None
    clients: Iterable[str]
    fields: Iterable[str] | None
    budget_bytes: int | None
    retry_failed: bool
    repair: bool
    on_progress: Callable[[Progress], None] | None
    filesystem: object | None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options of an export, each with its value.

    Attributes:
        query: What the service is asked for.

    Raises:
        ValueError: One is out of range, or two do not go together.
        TypeError: `clients` or `fields` is one string and not a list of them.
    """

    table: str
    company_id: str | None = None
    clients: Iterable[str] = ()
    fields: Iterable[str] | None = None
    since: dt.datetime | str | None = None
    limit: int | None = None
    format: FileFormat = "parquet"
    compression: Compression = "zstd"
    max_file_bytes: int | None = None
    page_size: int | None = None
    concurrency: int = 16
    budget_bytes: int | None = None
    chains: Chains = "auto"
    sweep: bool = True
    overwrite: bool = False
    retry_failed: bool = False
    repair: bool = False
    strict_schema: bool = False
    partition_by: PartitionBy | None = None
    single_file: bool = False
    allow_empty: bool = False
    on_progress: Callable[[Progress], None] | None = None
    filesystem: object | None = None
    staging: str | Path | None = None
    query: Query = field(init=False)

    def __post_init__(self) -> None:
        """Refuse what could only fail later."""
        check_choice("format", self.format, get_args(FileFormat))
        check_choice("chains", self.chains, get_args(Chains))
        check_compression(self.format, self.compression)
        self._check_numbers()
        query = make_query(
            self.table,
            company_id=self.company_id,
            clients=self.clients,
            fields=self.fields,
            page_size=self.page_size,
            since=self.since,
            limit=self.limit,
        )
        self._check_layout(query)
        object.__setattr__(self, "query", query)  # the lists may be iterators, which are read once

    @property
    def budget(self) -> int:
        """Bytes in flight."""
        return BUDGET if self.budget_bytes is None else self.budget_bytes

    def spec(self, service: str) -> Spec:
        """Return what tells this export from others, as far as it is known before the first call.

        Args:
            service: The service's origin.
        """
        query = self.query
        return Spec(
            service=service,
            table=self.table,
            company_id=query.company_id,
            clients=sorted(query.clients),
            fields=[each.name for each in query.wanted] if query.projected else None,
            format=self.format,
            chains=self.chains,
            sweep=self.sweep,
            strict_schema=self.strict_schema,
            since=None if query.since is None else query.since.isoformat(),
            limit=self.limit,
            compression=self.compression,
            max_file_bytes=self.max_file_bytes,
            partition_by=self.partition_by,
            single_file=self.single_file,
        )

    def _check_numbers(self) -> None:
        if self.max_file_bytes is not None and self.max_file_bytes < 1:
            raise ValueError(
                f"max_file_bytes is {self.max_file_bytes}: a file has at least one byte"
            )
        if self.concurrency < 1:
            raise ValueError(f"concurrency is {self.concurrency}: at least one chain has to run")
        if (budget := self.budget_bytes) is not None and budget < LEAST_BUDGET:
            raise ValueError(f"budget_bytes is {budget}: pages need {LEAST_BUDGET} or more")
        if self.limit is not None and self.chains == "clients":
            raise ValueError("limit goes with one chain after the other: leave chains out")

    def _check_layout(self, query: Query) -> None:
        if self.max_file_bytes is not None and (self.partition_by or self.single_file):
            raise ValueError("max_file_bytes goes with neither partition_by nor single_file")
        if self.partition_by is None:
            return
        check_choice("partition_by", self.partition_by, get_args(PartitionBy))
        if self.format != "parquet":
            raise ValueError(
                "partition_by is for Parquet: NDJSON has each row whole, its client_id as well "
                "(leave it out, or take one client at a time)"
            )
        if self.partition_by not in {each.name for each in query.wanted}:
            raise ValueError(
                f"partition_by is {self.partition_by!r}, which is not among the fields: add it"
            )
