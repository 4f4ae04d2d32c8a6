"""A bulk list: what it is asked with."""

from __future__ import annotations

import dataclasses

from leadgenius_async import errors
from leadgenius_async._extract.query import Query
from leadgenius_async._http.call import Meter
from leadgenius_async._http.transport import Transport
from leadgenius_async._resources.account import Account


class BulkList:
    """One bulk list of an account.

    Args:
        transport: The way to the wire.
        account: Knows the account's company and clients.
        table: `enrich_leads` or `source_leads`.
    """

    def __init__(self, transport: Transport, account: Account, table: str) -> None:
        self._transport = transport
        self._account = account
        self._table = table

    async def _checked(
        self, query: Query, meter: Meter | None = None, *, account: Account | None = None
    ) -> Query:
        """Return the query with its company, once its clients are known to be the account's.

        Raises:
            ConfigurationError: The credentials cannot ask for the company, and none was named.
            UnknownClient: No client of the account has this `client_id`.
        """
        account = account or self._account
        if not query.company_id:
            company_id = await account.company_id(meter=meter)
            query = dataclasses.replace(query, company_id=company_id)
        if query.clients:
            await account.check_clients(query.clients, meter=meter)
        return query

    async def _client_ids(self) -> list[str]:
        """Return the account's clients; none where the credentials may not ask for them."""
        try:
            known = await self._account.clients()
        except (errors.AuthenticationError, errors.PermissionDenied):
            return []
        return [client.client_id for client in known if client.client_id]
