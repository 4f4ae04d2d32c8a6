"""What an account is: its own company, and whether a client is one of its own."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from leadgenius_async import errors
from leadgenius_async._http.call import Kind
from leadgenius_async._http.transport import Transport
from leadgenius_async._resources.clients import Client, Clients
from leadgenius_async._resources.company import CompanyCalls


class Account:
    """Looks up what the account's credentials reach.

    Args:
        transport: The way to the wire.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def company_id(self) -> str:
        """Return the identifier of the account's own company.

        Raises:
            ConfigurationError: The credentials cannot ask for it.
        """
        if not self._transport.credentials.keys() & {Kind.JWT, Kind.COOKIES}:
            # An API key is refused there; the clients name their company as well (observed).
            found = next((c.company_id for c in await self.clients() if c.company_id), None)
        else:
            company = await CompanyCalls(self._transport).get()
            found = company.company_id or company.id
        if not found:
            raise errors.ConfigurationError(
                "the account's company is not known: give company_id (--company-id)"
            )
        return found

    async def clients(self) -> list[Client]:
        """Return all clients of the company."""
        return [client async for client in Clients(self._transport).list()]

    async def check_clients(self, names: Iterable[str]) -> None:
        """Refuse a `client_id` that no client of the account has.

        Raises:
            UnknownClient: The message has the right `client_id`, where one is near, or where the
                name is a client's record id.
        """
        try:
            known = await self.clients()
        except (errors.AuthenticationError, errors.PermissionDenied):
            return  # these credentials cannot tell; a client without rows is an error later on
        for name in names:
            _check(name, known)


def _check(name: str, known: Sequence[Client]) -> None:
    if any(client.client_id == name for client in known):
        return
    for client in known:
        if client.id == name:
            raise errors.UnknownClient(
                f"{name!r} is the record id of a client; leads go by its client_id, "
                f"{client.client_id!r}"
            )
    near = difflib.get_close_matches(name, [client.client_id for client in known], n=1)
    hint = f"did you mean {near[0]!r}?" if near else "GET /api/clients lists them"
    raise errors.UnknownClient(f"no client of the account has the client_id {name!r}; {hint}")
