"""dlt: both bulk lists as a source, incremental by `updatedAt`, merged on `id`.

Needs the extra: `pip install "leadgenius-async[dlt]"`.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec

from leadgenius_async import LeadGenius, errors
from leadgenius_async._client import transport_of
from leadgenius_async._http.call import make_call
from leadgenius_async._http.transport import Transport
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.bulk import EnrichLeads, SourceLeads
from leadgenius_async._secret import Secret
from leadgenius_async.integrations.missing import extra

with extra("dlt"):
    import dlt
    from dlt.common.configuration.specs import BaseConfiguration, configspec
    from dlt.extract import DltResource

if TYPE_CHECKING:
    import pyarrow as pa

Table = Literal["enrich_leads", "source_leads"]

#: What an incremental load goes by; asked for whatever the fields are.
_KEYS = ("id", "updatedAt")
#: A lead may be stamped when its change begins, and be seen when it is done.
_MARGIN = dt.timedelta(minutes=5)
_LISTS: dict[Table, type[EnrichLeads | SourceLeads]] = {
    "enrich_leads": EnrichLeads,
    "source_leads": SourceLeads,
}
_SINCE, _OF = "since", "of"  # what the state of a resource has

_log = logging.getLogger("leadgenius_async.dlt")


@configspec
class _Settings(BaseConfiguration):
    """What dlt's configuration may say, in `[sources.leadgenius]` alone.

    Without a section of its own, dlt would take an `API_KEY` or a `BASE_URL` of the environment,
    which are another program's, for ours.
    """

    __section__: ClassVar[str] = "leadgenius"

    api_key: dlt.TSecretStrValue | None = None
    user_id: str | None = None
    profile: str | None = None
    base_url: str | None = None
    rate: str | None = None
    company_id: str | None = None


@dlt.source(name="leadgenius", max_table_nesting=0, spec=_Settings)
def leadgenius(
    *,
    api_key: dlt.TSecretStrValue | None = None,
    user_id: str | None = None,
    profile: str | None = None,
    base_url: str | None = None,
    rate: str | None = None,
    company_id: str | None = None,
    clients: Sequence[str] = (),
    fields: Sequence[str] | None = None,
    page_size: int | None = None,
    incremental: bool = True,
) -> Iterator[DltResource]:
    """Give two resources, `enrich_leads` and `source_leads`, as Arrow record batches.

    Columns are those of `lg.enrich_leads.batches`, by dlt's naming: `updated_at`, `_extra`. What
    is not given here comes from dlt's own configuration (`[sources.leadgenius]` in `secrets.toml`),
    then from where `LeadGenius` takes it: the environment, a profile, or its credentials file.

    The service has no filter by time: each load fetches every page, and brings on the leads that
    were changed since the last one began, by the service's clock, five minutes of overlap
    included. A load of other clients or fields begins anew. Leads that were deleted in the service
    stay in the destination, until a load with `incremental=False` takes their place.

    Args:
        api_key: API key.
        user_id: The user that the key belongs to.
        profile: Name of an entry in `profiles.json`.
        base_url: Origin of the service.
        rate: `standard`, `premium`, `off` or requests a minute, as `LeadGenius` has it.
        company_id: The company; the account's own if not given.
        clients: `client_id`s to take; all rows of the company if empty.
        fields: Fields to ask for, `id` and `updatedAt` besides; all if not given.
        page_size: Leads per request, 1 to 5,000; learned from the rows if not given.
        incremental: Whether leads that were not changed are left out, and the others merged by
            `id`; without it, each load replaces the tables.

    Both tables are of one account: paced as one, whatever `rate` says, with one login.

    Raises:
        ConfigurationError: A setting is unusable.
        ValueError: While it runs: a value out of range, or a field name that is a near miss.
        UnknownClient: While it runs: no client of the account has this `client_id`.
        LeadGeniusError: While it runs; see `errors`. dlt puts it into its own
            `ResourceExtractionError`, and loads nothing.

    ```python
    pipeline = dlt.pipeline("leads", destination="duckdb", dataset_name="leadgenius")
    pipeline.run(leadgenius(fields=["email", "companyName"]).with_resources("enrich_leads"))
    ```
    """
    # From here on a traceback with locals does not show it.
    key, api_key = None if api_key is None else Secret(api_key), None
    # It sends nothing itself: each table has a twin of it, in whichever event loop dlt runs.
    lg = LeadGenius(api_key=key, user_id=user_id, profile=profile, base_url=base_url, rate=rate)
    query: dict[str, Any] = {
        "clients": sorted(clients),
        "fields": None if fields is None else list(dict.fromkeys([*_KEYS, *fields])),
    }

    async def rows(table: Table) -> AsyncIterator[pa.RecordBatch]:
        state = dlt.current.resource_state()
        async with aclosing(transport_of(lg).twin()) as transport:
            account = Account(transport)
            leads = _LISTS[table](transport, account)
            begun = await _now(transport)
            asked = {**query, "company_id": company_id or await account.company_id()}
            since = _since(state, asked) if incremental else None
            async with aclosing(_counted(leads, since, page_size, asked)) as batches:
                async for batch in batches:
                    yield batch
            if incremental:
                state |= {_SINCE: begun.isoformat(), _OF: _digest(asked)}

    for table in ("enrich_leads", "source_leads"):
        yield dlt.resource(
            rows,
            name=table,
            primary_key="id",
            write_disposition="merge" if incremental else "replace",
            # Of a lead that was changed while it was read, and so came twice, the last is kept. A
            # key is not null for dlt, which would warn at each load that a column of Arrow may be.
            columns={"updatedAt": {"dedup_sort": "desc"}, "id": {"nullable": True}},
        )(table)


async def _counted(
    leads: EnrichLeads | SourceLeads,
    since: str | None,
    page_size: int | None,
    query: dict[str, Any],
) -> AsyncGenerator[pa.RecordBatch, None]:
    """Give the rows, and a warning where there is none at all."""
    rows = 0
    async with aclosing(leads.batches(**query, since=since, page_size=page_size)) as batches:
        async for batch in batches:
            rows += batch.num_rows
            yield batch
    if not rows and since is None:
        _log.warning("no lead came: the table is empty, or company_id is another company's")


async def _now(transport: Transport) -> dt.datetime:
    """Return when a load begins: by the service's clock, which stamps the leads, if it says so."""
    try:
        reply = await transport.request(make_call("GET", "/clients"))
        now = email.utils.parsedate_to_datetime(reply.headers["Date"])
    except (errors.PermissionDenied, KeyError, ValueError):
        now = dt.datetime.now(dt.UTC)
    return now - _MARGIN


def _since(state: dict[str, Any], query: dict[str, Any]) -> str | None:
    """Return the moment from which on this load wants changes; None if it begins anew."""
    since: str | None = state.get(_SINCE)
    return since if state.get(_OF) == _digest(query) else None


def _digest(query: dict[str, Any]) -> str:
    """Say what was asked for: the changes since a load are no answer to another question."""
    return msgspec.json.encode(query).decode()
