"""What a fault does to an answer. Each kind is a struct: made in Python, read from JSON or text."""

from __future__ import annotations

from random import Random
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from leadgenius_async.emulator.faults.wire import Answer, Wire

When = Literal["before", "after"]
Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
HttpStatus = Annotated[int, Meta(ge=200, le=599)]


class Fault(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """One kind of fault.

    Attributes:
        when: Before the service works on the request, which then never hears of it; or after it
            has, so that what the request asks for is done. A rule may say otherwise.
        answered: Whether the client gets a status.
        on_wire: Whether it is sent beneath aiohttp.

    Raises:
        ValueError: A value is of another type, or outside its range.
    """

    when: ClassVar[When] = "before"
    answered: ClassVar[bool] = True
    on_wire: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse what could only fail later."""
        check(self)

    @property
    def kind(self) -> str:
        """Its name in texts and in the log."""
        return str(self.__struct_config__.tag)

    def change(self, answer: Answer, dice: Random) -> Answer:
        """What is answered in place of the service's answer."""
        return answer

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        """Send the answer by the connection itself; only where `on_wire`."""
        raise NotImplementedError


def check(struct: msgspec.Struct, *, but: str = "") -> None:
    """Check a struct's fields by their own types, all but one.

    Raises:
        ValueError: One is of another type, or outside its range.
    """
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        if field.name == but:
            continue
        try:
            msgspec.convert(value, field.type)
        except msgspec.ValidationError as error:
            raise refused(field.name, value, field.type, error) from None


def refused(name: str, value: object, type_: Any, error: Exception) -> ValueError:
    """The error for a value that its type refuses."""
    why = (
        f"give {' or '.join(map(str, get_args(type_)))}" if get_origin(type_) is Literal else error
    )
    return ValueError(f"{name}={value!r} is not allowed: {why}")


class Status(Fault, frozen=True, tag="status"):
    """An answer of this status.

    Attributes:
        status: HTTP status, 200 to 599.
        retry_after: Text of Retry-After, right or wrong; None: none.
        body: The service's error body, the gateway's HTML page, or nothing.
        code: `errorType` and `code` of the error body.
        headers: Headers besides.
    """

    status: HttpStatus
    retry_after: int | str | None = None
    body: Literal["json", "html", "none"] = "json"
    code: str = "fault"
    headers: dict[str, str] = {}

    def change(self, answer: Answer, dice: Random) -> Answer:
        more = dict(self.headers)
        if self.retry_after is not None:
            more["Retry-After"] = str(self.retry_after)
        kind, body = _BODIES[self.body]
        if self.body == "json":
            body = _error_body(self.code, f"The answer is {self.status}, as was asked for")
        headers = {"Content-Type": kind, **more} if kind else more
        return Answer(self.status, tuple(headers.items()), body)


class Failure(Fault, frozen=True, tag="failure"):
    """`success: false` in an answer that is 200 or so.

    Attributes:
        error: The body's `error`.
        status: HTTP status.
        code: The body's `errorType` and `code`.
    """

    error: str = "It did not work"
    status: HttpStatus = 200
    code: str = "fault"

    def change(self, answer: Answer, dice: Random) -> Answer:
        return Answer(self.status, (_JSON,), _error_body(self.code, self.error))


class Redirect(Fault, frozen=True, tag="redirect"):
    """An answer that sends the client elsewhere.

    Attributes:
        location: The Location header.
        status: 301, 302, 303, 307 or 308.
    """

    location: str
    status: Literal[301, 302, 303, 307, 308] = 307

    def change(self, answer: Answer, dice: Random) -> Answer:
        return Answer(self.status, (("Location", self.location),), b"")


class Empty(Fault, frozen=True, tag="empty"):
    """An answer without a body.

    Attributes:
        status: HTTP status.
    """

    status: HttpStatus = 204

    def change(self, answer: Answer, dice: Random) -> Answer:
        return Answer(self.status, (_JSON,), b"")


class Headers(Fault, frozen=True, tag="headers"):
    """The service's answer with other headers.

    Attributes:
        set: Headers that it has in place of its own.
        drop: Names of headers that it lacks; `*` at the end stands for anything.
    """

    set: dict[str, str] = {}
    drop: tuple[str, ...] = ()
    when: ClassVar[When] = "after"

    def change(self, answer: Answer, dice: Random) -> Answer:
        kept = [pair for pair in answer.having(self.set) if not self._drops(pair[0].lower())]
        return Answer(answer.status, tuple(kept), answer.body)

    def _drops(self, name: str) -> bool:
        return any(
            name.startswith(each[:-1].lower()) if each.endswith("*") else name == each.lower()
            for each in self.drop
        )


class Delay(Fault, frozen=True, tag="delay"):
    """The service's answer, later. Any other fault comes later by its rule's `delay`.

    Attributes:
        seconds: Seconds.
    """

    seconds: Seconds


_JSON = ("Content-Type", "application/json")
_HTML = b"<html><head><title>Error</title></head><body><h1>Error</h1></body></html>\r\n"
_BODIES: dict[str, tuple[str, bytes]] = {
    "json": ("application/json", b""),
    "html": ("text/html; charset=utf-8", _HTML),
    "none": ("", b""),
}


def _error_body(code: str, error: str) -> bytes:
    body: dict[str, Any] = {
        "success": False,
        "error": error,
        "errorType": code,
        "code": code,
        "details": "",
        "recommendation": "",
        "requestId": "req-fault",
    }
    return msgspec.json.encode(body)
