"""What an account is: its own company, and whether a client is one of its own."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence

import anyio
import msgspec

from leadgenius_async import errors
from leadgenius_async._http import record
from leadgenius_async._http.call import Kind, Meter, make_call
from leadgenius_async._http.transport import Transport

#: Where an answer has its clients.
CLIENTS_KEYS = ("clients", "data.items", "data")


class Known(msgspec.Struct):
    """A client, as far as it must be known here; `clients` has it whole."""

    id: str
    client_id: str | None = None
    company_id: str | None = None


class _Company(msgspec.Struct):
    id: str | None = None
    company_id: str | None = None


class Account:
    """Looks up what the account's credentials reach, and remembers its clients.

    Args:
        transport: The way to the wire.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._known: list[Known] | None = None
        self._may_ask = True  # until it is refused: an API key may be (assumed)
        self._turn = anyio.Lock()

    async def company_id(self, *, meter: Meter | None = None) -> str:
        """Return the identifier of the account's own company.

        Args:
            meter: Counts what that costs.

        Raises:
            ConfigurationError: The credentials cannot ask for it.
        """
        if not self._has_login:
            found = await self._company_of_clients(meter)
        else:
            call = make_call("GET", "/company")
            reply = await self._transport.request(call, meter=meter)
            company = record.payload(reply, _Company, ("company", "data"), call=call)
            found = company.company_id or company.id
        if not found:
            raise errors.ConfigurationError(
                "the account's company is not known: give company_id (--company-id)"
            )
        return found

    @property
    def _has_login(self) -> bool:
        return bool(self._transport.credentials.keys() & {Kind.JWT, Kind.COOKIES})

    async def _company_of_clients(self, meter: Meter | None) -> str | None:
        """Return the company that the clients name (observed); an API key cannot ask for it."""
        try:
            clients = await self.clients(meter=meter)
        except (errors.AuthenticationError, errors.PermissionDenied) as error:
            error.args = (f"{error}; for a key that may only export, give company_id",)
            raise
        return next((client.company_id for client in clients if client.company_id), None)

    async def clients(self, *, meter: Meter | None = None) -> list[Known]:
        """Return all clients of the company, as they are now."""
        call = make_call("GET", "/clients")
        reply = await self._transport.request(call, meter=meter)
        self._known = record.payload(reply, list[Known], CLIENTS_KEYS, call=call)
        return self._known

    def company_of(self, client_id: str) -> str | None:
        """Return the company of a client, as far as that was looked up already."""
        found = (client.company_id for client in self._known or () if client.client_id == client_id)
        return next(found, None)

    def forget(self) -> None:
        """Look the clients up again when they are next needed.

        One of them has changed, or the account is now another.
        """
        self._known = None
        self._may_ask = True

    async def check_clients(self, names: Iterable[str], *, meter: Meter | None = None) -> None:
        """Refuse a `client_id` that no client of the account has.

        Leads of another `client_id` would be stored and never be seen again. What is remembered
        is asked again before a name is refused: it may be a new client's.

        Raises:
            UnknownClient: The message has the right `client_id`, where one is near, or where the
                name is a client's record id.
        """
        wanted = set(names)
        known: list[Known] = []
        async with self._turn:
            if self._known is not None and wanted <= _names(self._known):
                return
            if not self._may_ask:
                return
            try:
                known = await self.clients(meter=meter)
            except (errors.AuthenticationError, errors.PermissionDenied) as error:
                if self._has_login and isinstance(error, errors.AuthenticationError):
                    raise  # it has ended, which says nothing of what it may ask
                self._may_ask = False
                return
        for name in wanted - _names(known):
            raise _unknown(name, known)

    async def client_faults(self) -> Callable[[str], str | None]:
        """Return what says why a `client_id` is none of the account's, None if it is one.

        Where the credentials may not ask for the clients, every one passes, as in `check_clients`.
        """
        try:
            known = await self.clients()
        except (errors.AuthenticationError, errors.PermissionDenied) as error:
            if self._has_login and isinstance(error, errors.AuthenticationError):
                raise  # as there
            return lambda _: None
        names = _names(known)
        return lambda name: None if name in names else str(_unknown(name, known))


def _names(clients: Sequence[Known]) -> set[str]:
    return {client.client_id for client in clients if client.client_id}


def _unknown(name: str, known: Sequence[Known]) -> errors.UnknownClient:
    for client in known:
        if client.id == name and client.client_id:
            return errors.UnknownClient(
                f"{name!r} is the record id of a client; leads go by its client_id, "
                f"{client.client_id!r}"
            )
    near = difflib.get_close_matches(name, _names(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else "`leadgenius clients list` shows them"
    return errors.UnknownClient(f"no client of the account has the client_id {name!r}; {hint}")
