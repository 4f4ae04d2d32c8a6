"""How a call of the API is declared, and its way from the wire to its handler and back.

A route file declares each call with the structs of its query, body and answer. What they refuse
is refused here, and `openapi` describes the service by the same structs: the two cannot differ.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Generic, Literal, TypeVar, get_args, get_type_hints

import msgspec
from aiohttp import web

from leadgenius_async.emulator.errors import ApiError, invalid_shape
from leadgenius_async.emulator.identity import Caller, Credentials
from leadgenius_async.emulator.service import CALLER, MEMBERS, SERVICE, Service
from leadgenius_async.emulator.write_habits import WRITE

#: Where the shape of a call's answer comes from. The platform documents the method and path of
#: nearly all calls, so these would tell nothing apart.
Known = Literal["documented", "observed", "assumed"]

Q = TypeVar("Q")
B = TypeVar("B")

Refuse = Callable[[str], ApiError]


class NoQuery(msgspec.Struct):
    """The query of a call without parameters."""


@dataclass(frozen=True, slots=True)
class Ask(Generic[Q, B]):
    """A request whose query and body have been read; `ask` is its name in every handler.

    Attributes:
        query: The query's parameters.
        body: The body; None where the call has none.
        members: All members of the body's object, declared or not.
        request: The request itself, for its path and headers.
    """

    query: Q
    body: B
    members: dict[str, object]
    request: web.Request

    @property
    def service(self) -> Service:
        """The emulator's parts."""
        return self.request.app[SERVICE]

    @property
    def caller(self) -> Caller:
        """Who is asking; only where the call takes credentials."""
        return self.request[CALLER]

    @property
    def company_id(self) -> str:
        """The caller's company, whose data alone the caller reaches."""
        return self.request[CALLER].company_id

    @property
    def now(self) -> float:
        """Epoch seconds by the emulator's clock; of a write that is applied late, its time."""
        write = self.request.get(WRITE)
        return self.service.clock.now() if write is None or write.due is None else write.due

    def path(self, name: str) -> str:
        """A part of the path, unquoted."""
        return self.request.match_info[name]


Handler = Callable[[Ask[Any, Any]], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One call.

    Attributes:
        method: HTTP method.
        path: Path under the host.
        takes: Credentials that the call takes.
        handler: Answers the request with a struct, or with a whole response.
        query: Struct of the query.
        bodies: Structs of the body; none where there is none. Of two, the second is the batch
            form, taken when its first member stands in the body.
        body_needed: Whether an absent body is refused.
        answers: Structs of a successful answer.
        status: HTTP status of a successful answer.
        refuses: Statuses of errors besides 400, 401 and 429.
        known: Where the shape of the answer comes from.
        refuse: Words the error about a query or body that cannot be read.
    """

    method: str
    path: str
    takes: Credentials
    handler: Handler
    query: type
    bodies: tuple[type, ...]
    body_needed: bool
    answers: tuple[type, ...]
    status: int
    refuses: tuple[int, ...]
    known: Known
    refuse: Refuse

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Read the request, let the handler answer it, and encode the answer."""
        query = self._convert(dict(request.query), self.query, strict=False)
        data = await self._read(request)
        members = {} if data is None else _members(data, self.refuse)
        request[MEMBERS] = tuple(members)
        body = None if data is None else self._convert(members, self._form(members))
        result = await self.handler(Ask(query, body, members, request))
        if isinstance(result, web.StreamResponse):
            return result
        return answer(result, self.status)

    async def _read(self, request: web.Request) -> bytes | None:
        if not self.bodies or not (self.body_needed or request.body_exists):
            return None
        if request.content_type != "application/json":
            raise self.refuse("Content-Type must be application/json")
        return await request.read()

    def _form(self, members: dict[str, object]) -> type:
        single, *batch = self.bodies
        for form in batch:
            if msgspec.structs.fields(form)[0].encode_name in members:
                return form
        return single

    def _convert(self, members: dict[str, object], type_: type, *, strict: bool = True) -> object:
        try:
            return msgspec.convert(members, type_, strict=strict)
        except msgspec.ValidationError as error:
            raise self.refuse(str(error)) from None


def call(
    method: str,
    path: str,
    takes: Credentials,
    *,
    status: int = 200,
    refuses: tuple[int, ...] = (),
    known: Known = "assumed",
    answer: type | None = None,
    refuse: Refuse = invalid_shape,
) -> Callable[[Handler], Endpoint]:
    """Declare a call: the decorated function answers it, and its annotations are its structs.

    Args:
        method: HTTP method.
        path: Path under the host.
        takes: Credentials that the call takes.
        status: HTTP status of a successful answer.
        refuses: Statuses of errors besides 400, 401 and 429.
        known: Where the shape of the answer comes from.
        answer: Struct of the answer, where the function gives a whole response.
        refuse: Words the error about a query or body that cannot be read.
    """

    def declare(handler: Handler) -> Endpoint:
        hints = get_type_hints(handler)
        query, body = get_args(hints["ask"])
        forms = _alternatives(body)
        return Endpoint(
            method=method,
            path=path,
            takes=takes,
            handler=handler,
            query=query,
            bodies=tuple(form for form in forms if form is not NoneType),
            body_needed=NoneType not in forms,
            answers=(answer,) if answer else _alternatives(hints["return"]),
            status=status,
            refuses=refuses,
            known=known,
            refuse=refuse,
        )

    return declare


def _alternatives(annotation: object) -> tuple[type, ...]:
    """The types of a union that are ours: a whole response says nothing about its shape."""
    members = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return tuple(
        m for m in members if isinstance(m, type) and not issubclass(m, web.StreamResponse)
    )


def _members(data: bytes, refuse: Refuse) -> dict[str, object]:
    try:
        return msgspec.json.decode(data, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise refuse("the body is not a JSON object") from None


def answer(body: object, status: int = 200) -> web.Response:
    """A struct as JSON."""
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json"
    )
