"""Bytes of an answer → typed values or typed errors.

The service's envelopes vary: the payload stands under a name of its own, under `data`, or
under `data.items`. Each call declares the keys to look under; nothing is guessed.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec

from leadgenius_async import errors
from leadgenius_async._http.call import Call, Reply
from leadgenius_async._http.limiter.feedback import epoch

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"
_LONGEST_QUOTE = 300  # characters of the service's words in a message
#: What a 403 or 503 says that stands for a 429, in whatever capitals.
_THROTTLED = {"rate_limited", "rate_limit_exceeded"}
_LONGEST_MS = 1e15  # 30,000 years; an integer that does not fit a float cannot be divided


class _ErrorBody(msgspec.Struct):
    """What an error answer may say; every field may be missing or of another type."""

    error: object = None
    message: object = None
    errorType: object = None
    code: object = None
    details: object = None
    recommendation: object = None
    solution: object = None
    requestId: object = None
    retryAfter: object = None


def parse(data: bytes | msgspec.Raw, type_: type[T], *, of: str) -> T:
    """Decode JSON bytes as `type_`.

    Args:
        data: UTF-8 JSON; a byte order mark is dropped.
        type_: What it should be.
        of: What the bytes are, for the message.

    Raises:
        ProtocolError: Not JSON, not UTF-8, nested too deep, or of another shape. The message
            holds no value of the body: it may be somebody's contact data.
    """
    try:
        value: T = _decoder(cast("Any", type_)).decode(_without_mark(data))
    except RecursionError:
        problem = "the JSON is nested too deep to be read"
    except UnicodeDecodeError:
        problem = "the JSON is not UTF-8"
    except msgspec.ValidationError as error:
        problem = f"unexpected shape: {printable(str(error))}"
    except msgspec.DecodeError as error:
        # From 0.23 on msgspec's own word for it; before, it was Python's.
        is_text = "UTF-8" not in str(error)
        problem = f"not JSON: {error}" if is_text else "the JSON is not UTF-8"
    else:
        return value
    del data  # a traceback with locals would show it: contact data, or a login's new tokens
    raise errors.ProtocolError(f"{of}: {problem}")


@functools.cache
def _decoder(type_: Any) -> msgspec.json.Decoder[Any]:
    """Return what decodes a type: made once for each, 2 µs of a call that would make its own."""
    return msgspec.json.Decoder(type_)


def _without_mark(data: bytes | msgspec.Raw) -> bytes | msgspec.Raw:
    return data if isinstance(data, msgspec.Raw) else data.removeprefix(_BOM)


def members(reply: Reply, *, call: Call) -> Mapping[str, msgspec.Raw]:
    """Return the members of an answer that is an object, still encoded.

    Args:
        reply: A successful answer.
        call: The call, for the message.

    Raises:
        ProtocolError: It is no object.
    """
    if reply.members is None:
        reply.members = parse(reply.body, dict[str, msgspec.Raw], of=call.name)
    return reply.members


def find(reply: Reply, keys: Sequence[str], *, call: Call) -> bytes | msgspec.Raw:
    """Return what stands under the first of `keys` that the answer has, still encoded.

    Args:
        reply: A successful answer.
        keys: Names to look under, in order; `data.items` looks one level down, and an empty
            name takes the whole answer.
        call: The call, for the message.

    Raises:
        ProtocolError: No such key.
        APIStatusError: The answer said `success: false`.
    """
    fields = check_success(reply, call=call)
    for key in keys:
        found = _look_up(fields, key) if key else reply.body
        if found is not None:
            return found
    has = printable(", ".join(sorted(fields)))
    raise errors.ProtocolError(
        f"{call.name}: the answer has none of {', '.join(keys)}, but {has or 'nothing'}"
    )


def _look_up(fields: Mapping[str, msgspec.Raw], key: str) -> msgspec.Raw | None:
    first, _, rest = key.partition(".")
    found = fields.get(first)
    if found is None or not rest:
        return found
    try:
        return _look_up(msgspec.json.decode(found, type=dict[str, msgspec.Raw]), rest)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None  # not an object that can be read: this key does not lead anywhere


def check_success(reply: Reply, *, call: Call) -> Mapping[str, msgspec.Raw]:
    """Return an answer's members; raise its error if it is a 200 that says `success: false`."""
    fields = members(reply, call=call)
    said = fields.get("success")
    if said is not None and not parse(said, bool, of=call.name):
        raise status_error(reply.status, reply.headers, reply.body, call=call)
    return fields


def status_error(
    status: int, headers: Mapping[str, str], body: bytes, *, call: Call
) -> errors.APIStatusError:
    """Return the error that an answer stands for; JSON bodies and gateway pages are both read."""
    read = _read_error(body)
    said = read or _ErrorBody()
    class_ = errors.RateLimited if _is_throttle(status, said) else _class_of(status)
    words = _text(said.error) or _text(said.message)
    advice = _text(said.recommendation) or _text(said.solution)
    error = class_(_sentence(call, status, words, advice))
    error.status = status
    error.from_gateway = read is None
    error.error_type = _text(said.errorType) or _text(said.code)
    error.details = _text(said.details)
    error.recommendation = advice
    error.request_id = _id(_text(said.requestId) or headers.get("x-request-id"))
    throttled = class_ is errors.RateLimited
    error.retry_after = retry_after(headers, said.retryAfter, throttled=throttled)
    if not (call.repeatable or throttled) and (status >= 500 or status in {408, 425}):
        error.outcome = "unknown"  # it may have been applied before it failed
    return error


def _class_of(status: int) -> type[errors.APIStatusError]:
    return errors.BadRequest if status < 400 else errors.class_for_status(status)


def _is_throttle(status: int, said: _ErrorBody) -> bool:
    words = (str(word).lower() for word in (said.errorType, said.code))
    return status in {403, 503} and not _THROTTLED.isdisjoint(words)


def _read_error(body: bytes) -> _ErrorBody | None:
    try:
        return msgspec.json.decode(body.removeprefix(_BOM), type=_ErrorBody)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None  # a gateway's page: its status says all that matters


def _sentence(call: Call, status: int, words: str | None, advice: str | None) -> str:
    said = printable(words or "no reason given")
    return f"{call.name} answered {status}: {said}" + (f" ({printable(advice)})" if advice else "")


def printable(text: str) -> str:
    """Return the service's words safe for a terminal or a log: no control characters, short."""
    clean = "".join(char if char.isprintable() else "�" for char in text)
    return clean if len(clean) <= _LONGEST_QUOTE else f"{clean[:_LONGEST_QUOTE]}…"


def _id(text: str | None) -> str | None:
    return printable(text) if text else None


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def retry_after(
    headers: Mapping[str, str], in_body: object = None, *, throttled: bool
) -> float | None:
    """Return the seconds that the service asks to wait, or None.

    Read from `Retry-After` (seconds or an HTTP date), from the body's `retryAfter` in milliseconds,
    as the login has it, or from `X-RateLimit-Reset` (epoch seconds, epoch milliseconds or seconds
    to go). That one stands in any answer, and is a wait only where the limit was the reason.
    Times are compared with the answer's own `Date`, with this machine's clock if it has none.
    """
    date = epoch(headers.get("date"))
    now = time.time() if date is None else date
    if (seconds := _seconds_or_date(headers.get("retry-after"), now)) is not None:
        return seconds
    if isinstance(in_body, (int, float)) and abs(in_body) < _LONGEST_MS:
        return max(0.0, in_body / 1000.0)
    return _until_reset(headers.get("x-ratelimit-reset"), now) if throttled else None


def _seconds_or_date(text: str | None, now: float) -> float | None:
    number = _number(text or "")
    if number is None:
        date = epoch(text)
        number = None if date is None else date - now
    return None if number is None else max(0.0, number)


def _until_reset(text: str | None, now: float) -> float | None:
    number = _number(text or "")
    if number is None:
        return None
    to_go = number / 1000 - now if number > 1e12 else number - now if number > 1e9 else number
    return min(max(0.0, to_go), 61.0)  # a window and the second that the reset is rounded by


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
