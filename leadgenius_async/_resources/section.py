"""What all sections of the API share: how their calls go out and their payloads come in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from leadgenius_async import errors
from leadgenius_async._http import decode, record
from leadgenius_async._http.call import Call, Query, Reply, make_call
from leadgenius_async._http.transport import Transport
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.paging import Pages, Paging

T = TypeVar("T")


class Section:
    """One section of the API.

    Args:
        transport: The way to the wire.
        account: Knows the account's company and clients.
    """

    def __init__(self, transport: Transport, account: Account) -> None:
        self._transport = transport
        self._account = account

    async def _ask(
        self,
        method: str,
        path: str,
        type_: type[T],
        keys: Sequence[str],
        *,
        query: Query | None = None,
        payload: object = None,
    ) -> T:
        """Send a call, and decode what stands under the first of `keys` that the answer has."""
        call, reply = await self._send(method, path, query=query, payload=payload)
        return record.payload(reply, type_, keys, call=call)

    async def _do(
        self, method: str, path: str, *, query: Query | None = None, payload: object = None
    ) -> None:
        """Send a call whose answer says no more than that it went well."""
        try:
            call, reply = await self._send(method, path, query=query, payload=payload)
            if reply.body:
                decode.check_success(reply, call=call)
        except errors.NotFound as error:
            # An earlier try deleted it, and its answer was lost.
            if method != "DELETE" or error.attempts < 2:
                raise

    async def _send(
        self, method: str, path: str, *, query: Query | None = None, payload: object = None
    ) -> tuple[Call, Reply]:
        """Send a call whose answer is read by other means."""
        body = None if payload is None else msgspec.json.encode(payload)
        call = make_call(method, path, query=query, body=body)
        return call, await self._transport.request(call)

    def _list(
        self,
        path: str,
        type_: type[T],
        keys: Sequence[str],
        *,
        query: Query | None = None,
        paging: Paging | None = None,
        page_size: int | None = None,
        client_id: str | None = None,
        token: str | None = None,
        limit: int | None = None,
    ) -> Listing[T]:
        """List what stands under the first of `keys`, page by page.

        A `client_id` that is given is checked before the first page is asked for; it is not put
        into the query, where calls have different names for it.
        """
        return self._list_read(
            path,
            partial(_read_list, type_, keys),
            query=query,
            paging=paging,
            page_size=page_size,
            client_id=client_id,
            token=token,
            limit=limit,
        )

    def _list_read(
        self,
        path: str,
        read: Callable[[Call, Reply], list[T]],
        *,
        query: Query | None = None,
        paging: Paging | None = None,
        page_size: int | None = None,
        client_id: str | None = None,
        token: str | None = None,
        limit: int | None = None,
    ) -> Listing[T]:
        """List what `read` makes of each answer."""
        pages = Pages(
            self._transport,
            self._account,
            path,
            query or {},
            read=read,
            paging=paging,
            client_id=client_id,
            page_size=page_size,
        )
        return Listing(pages, token=token, limit=limit)


def _read_list(type_: type[T], keys: Sequence[str], call: Call, reply: Reply) -> list[T]:
    found: list[T] = record.payload(reply, list[type_], keys, call=call)  # type: ignore[valid-type] # made at run time
    return found


def present(**fields: object) -> Mapping[str, object]:
    """Return the fields that were given; None stands for those that were not."""
    return {name: value for name, value in fields.items() if value is not None}
