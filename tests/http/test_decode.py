"""Bytes in, typed values or typed errors out."""

from __future__ import annotations

import itertools
import json
import time
from email.utils import formatdate
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings, strategies as st

from leadgenius_async import errors
from leadgenius_async._http import decode, record
from leadgenius_async._http.call import NO_CREDENTIALS, Call, Reply

GET = Call(method="GET", path="/x", takes=NO_CREDENTIALS, repeatable=True)
POST = Call(method="POST", path="/x", takes=NO_CREDENTIALS)
KEYS = ("clients", "data.items", "data")


class Item(msgspec.Struct):
    id: str
    size: int | None = None


def answer(body: bytes | str, status: int = 200) -> Reply:
    return Reply(status, {}, body.encode() if isinstance(body, str) else body)


# Values


@pytest.mark.fault("P2", "P8")
@pytest.mark.parametrize(
    "body",
    [
        '{"clients":[{"id":"1"}]}',
        '{"success":true,"data":{"items":[{"id":"1"}]}}',
        '{"data":[{"id":"1"}]}',
        '{"data":[{"id":"2"}],"clients":[{"id":"1"}]}',
        '{"data":{"items":[{"id":"1"}],"clients":[{"id":"2"}]}}',
        '\ufeff{"clients":[{"id":"1"}]}',
        '{"clients":[{"id":"1","new":{"deep":[1]}}],"meta":null}',
    ],
)
def test_the_payload_stands_under_the_first_key_there_is(body: str) -> None:
    """The order of the keys is the call's, not the answer's; unknown fields are passed over."""
    assert record.payload(answer(body), list[Item], KEYS, call=GET) == [Item("1")]


def test_an_empty_key_takes_the_whole_answer() -> None:
    """With or without a byte order mark."""
    for mark in ("", "\ufeff"):
        assert record.payload(answer(mark + '{"id":"1"}'), Item, ("item", ""), call=GET).id == "1"


@pytest.mark.fault("P7")
def test_the_last_of_two_equal_names_counts() -> None:
    """JSON leaves it open; here it is settled."""
    body = '{"clients":[{"id":"1","id":"2"}]}'
    assert record.payload(answer(body), list[Item], KEYS, call=GET) == [Item("2")]


@pytest.mark.fault("P1", "P2", "P3", "P4", "P7", "P8", "P9")
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ('{"clients":[]', "not JSON"),
        ('{"clients":[]} {}', "not JSON"),
        ('{"clients":[{"id":"1","size":NaN}]}', "not JSON"),
        ('{"clients":[{"id":"\\ud800"}]}', "not JSON"),
        (b'{"clients":[{"id":"\xff"}]}', "not UTF-8"),
        (b'{"data":{"\xff":1}}', "unexpected shape"),
        ("[" * 100_000, "unexpected shape"),
        ('{"clients":' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deep"),
        ('{"clients":{}}', "unexpected shape"),
        ('{"clients":null}', "unexpected shape"),
        ('{"clients":[{"id":1}]}', "unexpected shape"),
        ('{"clients":[{}]}', "unexpected shape"),
        ('{"clients":[{"id":"1","size":' + "9" * 5000 + "}]}", "unexpected shape"),
        ('{"success":"maybe"}', "unexpected shape"),
        ("[]", "unexpected shape"),
        ("{}", "none of clients, data.items, data, but nothing"),
        ('{"rows":[],"more":1}', "none of clients, data.items, data, but more, rows"),
        ('{"data.items":[]}', "but data.items"),
    ],
)
def test_anything_else_is_a_protocol_error(body: str | bytes, says: str) -> None:
    """The message names the call and what is wrong."""
    with pytest.raises(errors.ProtocolError, match=says) as caught:
        record.payload(answer(body), list[Item], KEYS, call=GET)
    assert str(caught.value).startswith("GET /x")
    assert caught.value.__context__ is None


def test_a_message_holds_no_value_of_the_body() -> None:
    """It may be somebody's contact data; names are shown safe for a terminal."""
    with pytest.raises(errors.ProtocolError) as caught:
        record.payload(
            answer('{"clients":[{"id":{"mail":"a@b.example"}}]}'), list[Item], KEYS, call=GET
        )
    assert "a@b.example" not in str(caught.value)
    with pytest.raises(errors.ProtocolError) as caught:
        record.payload(answer('{"\\u001b[2J\\n":1,"%s":1}' % ("x" * 1000)), Item, ("a",), call=GET)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["clients", "data", "items",
                                                                     "success", "id"]), inner),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.fault("P1", "P3", "P8")
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@example(b'{"data":{"\xff":1}}')
@settings(max_examples=400, deadline=None)
def test_any_bytes_give_a_value_or_one_of_our_errors(body: bytes) -> None:
    """No answer, however broken, gets past the tree of errors."""
    try:
        found = record.payload(answer(body), list[Item], KEYS, call=GET)
    except (errors.ProtocolError, errors.APIStatusError):
        return
    assert all(isinstance(item, Item) for item in found)


# Errors of the service


@pytest.mark.fault("H5")
@pytest.mark.parametrize(
    ("status", "class_"),
    [
        (400, errors.BadRequest),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDenied),
        (404, errors.NotFound),
        (405, errors.BadRequest),
        (409, errors.Conflict),
        (413, errors.PayloadTooLarge),
        (422, errors.BadRequest),
        (429, errors.RateLimited),
        (500, errors.ServerError),
        (504, errors.ServerError),
        (599, errors.ServerError),
    ],
)
def test_a_status_has_its_class(status: int, class_: type[errors.APIStatusError]) -> None:
    """Mapped by status, since not every answer names a type."""
    error = decode.status_error(status, {}, b"<html>gateway</html>", call=GET)
    assert type(error) is class_
    assert (error.status, error.error_type, error.outcome) == (status, None, "rejected")
    assert str(error) == f"GET /x answered {status}: no reason given"


def test_an_error_says_all_that_the_service_said() -> None:
    """What happened, the advice, and the id to quote."""
    body = {
        "success": "no",  # of the wrong type, which is no reason to lose the rest
        "error": "limit is not valid",
        "errorType": "invalid_value",
        "details": {"limit": 9999},
        "recommendation": "Give 1 to 5000.",
        "requestId": "req-7",
    }
    error = decode.status_error(400, {"x-request-id": "h"}, msgspec.json.encode(body), call=GET)
    assert str(error) == "GET /x answered 400: limit is not valid (Give 1 to 5000.)"
    assert error.error_type == "invalid_value"
    assert error.details == '{"limit":9999}'
    assert error.recommendation == "Give 1 to 5000."
    assert error.request_id == "req-7"


def test_the_logins_errors_have_names_of_their_own() -> None:
    """`solution`, `code`, `message`; the id may be in a header."""
    body = b'{"message":"Slow down","code":"E1","solution":"Wait.","retryAfter":900000}'
    error = decode.status_error(429, {"x-request-id": "h-1\udcff"}, body, call=POST)
    assert str(error) == "POST /x answered 429: Slow down (Wait.)"
    assert (error.error_type, error.recommendation) == ("E1", "Wait.")
    assert error.request_id == "h-1�"
    assert error.retry_after == 900


def test_the_services_words_are_made_safe() -> None:
    """No control character reaches a terminal or a log, and no novel."""
    body = msgspec.json.encode({"error": "a\x1b[31m\r\nb" + "x" * 5000})
    error = decode.status_error(500, {}, body, call=GET)
    assert str(error).isprintable()
    assert len(str(error)) < 400


@pytest.mark.fault("H1", "H3", "H4")
@pytest.mark.parametrize("status", [408, 425, 500, 503, 504])
def test_a_create_that_failed_midway_may_have_happened(status: int) -> None:
    """For a read it does not matter; a create must be looked up."""
    assert decode.status_error(status, {}, b"{}", call=POST).outcome == "unknown"
    assert decode.status_error(status, {}, b"{}", call=GET).outcome == "rejected"
    assert decode.status_error(409, {}, b"{}", call=POST).outcome == "rejected"


@pytest.mark.fault("R8")
@pytest.mark.parametrize(
    ("status", "body", "throttled"),
    [
        (403, {"code": "RATE_LIMITED"}, True),
        (503, {"errorType": "rate_limit_exceeded"}, True),
        (503, {"error": "RATE_LIMITED"}, False),
        (403, {"errorType": ["RATE_LIMITED"]}, False),
        (500, {"code": "RATE_LIMITED"}, False),
        (404, {"code": "RATE_LIMITED"}, False),
    ],
)
def test_some_throttles_have_another_status(status: int, body: object, throttled: bool) -> None:  # noqa: FBT001
    """A 403 or 503 whose code says so acts as a 429: nothing was done."""
    error = decode.status_error(status, {}, msgspec.json.encode(body), call=POST)
    assert isinstance(error, errors.RateLimited) is throttled
    assert error.status == status
    assert not throttled or error.outcome == "rejected"


@pytest.mark.parametrize("field", ["error", "errorType", "details", "requestId", "retryAfter"])
@pytest.mark.parametrize(
    "value",
    [
        "null",
        "7",
        "[]",
        '""',
        "9" * 400,
        "-1" + "0" * 400,
        "9" * 5000,
        "[" * 500 + "]" * 500,
        "-1",
        "true",
        "1e400",
    ],
)
def test_an_error_may_be_of_any_shape(field: str, value: str) -> None:
    """Every field may be missing or of another type; the status counts all the same."""
    body = f'{{"{field}":{value}}}'.encode()
    error = decode.status_error(429, {}, body, call=GET)
    assert type(error) is errors.RateLimited
    assert error.retry_after is None or error.retry_after >= 0


@pytest.mark.fault("H12")
def test_success_false_in_a_200_is_an_error() -> None:
    """The body outranks the status."""
    body = '{"success":false,"error":"no such company","errorType":"not_found"}'
    with pytest.raises(errors.BadRequest, match="no such company") as caught:
        record.payload(answer(body), list[Item], KEYS, call=GET)
    assert (caught.value.status, caught.value.error_type) == (200, "not_found")


# How long to wait


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> float:
    """Stop the clock on the wall."""
    instant = float(int(time.time()))
    monkeypatch.setattr(decode, "time", SimpleNamespace(time=lambda: instant))
    return instant


@pytest.mark.fault("R1")
@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), ("0", 0), ("1.5", 1.5), ("-5", 0), ("1000000000", 1e9), (" 7 ", 7),
     ("abc", None), ("", None), ("nan", None), ("inf", None), ("9" * 400, None),
     ("Fri, 32 Foo 2026 00:00:00 GMT", None), ("Fri, 01 Jan 2100 00:00:00 +" + "9" * 30, None),
     ("Mon, 01 Jan 2001 00:00:00 GMT", 0), ("\udcff", None)],
)  # fmt: skip
def test_retry_after_in_seconds(text: str, seconds: float | None) -> None:
    """A number of seconds, or a date; anything else says nothing."""
    assert decode.retry_after({"retry-after": text}, throttled=False) == seconds


@pytest.mark.fault("R1")
def test_retry_after_as_a_date(now: float) -> None:
    """An HTTP date is seconds from now; one in the past is no wait."""
    for wait, seconds in ((90, 90), (-90, 0)):
        headers = {"retry-after": formatdate(now + wait, usegmt=True)}
        assert decode.retry_after(headers, throttled=False) == seconds


@pytest.mark.fault("R3")
@pytest.mark.parametrize("unit", ["epoch seconds", "epoch milliseconds", "seconds to go"])
def test_the_reset_says_it_where_retry_after_does_not(now: float, unit: str) -> None:
    """In any of its spellings; never more than a window and a second, never less than nothing."""

    def reset(seconds: float) -> str:
        spelled = {
            "epoch seconds": now + seconds,
            "epoch milliseconds": (now + seconds) * 1000,
            "seconds to go": seconds,
        }
        return str(spelled[unit])

    for header, wait in ((25, 25), (-25, 0), (5000, 61)):
        headers = {"retry-after": "abc", "x-ratelimit-reset": reset(header)}
        assert decode.retry_after(headers, throttled=True) == pytest.approx(wait, abs=1e-3)


@pytest.mark.fault("H3", "R3")
@pytest.mark.parametrize(
    ("status", "body", "wait"),
    [(500, b"{}", None), (503, b"{}", None), (404, b"{}", None), (429, b"{}", 25),
     (503, b'{"code":"RATE_LIMITED"}', 25)],
)  # fmt: skip
def test_the_reset_is_a_wait_only_where_the_limit_refused(
    now: float, status: int, body: bytes, wait: float | None
) -> None:
    """It stands in every answer; a 503 that heals in a second is not waited for until then."""
    headers = {"x-ratelimit-reset": str(now + 25)}
    assert decode.status_error(status, headers, body, call=GET).retry_after == wait


@pytest.mark.fault("K1", "K2", "R3")
@pytest.mark.parametrize("off", [-3600, 0, 3600])
def test_the_services_times_are_compared_with_its_own(now: float, off: float) -> None:
    """Whatever the clock here says; where the answer has no date, there is only that one."""
    service = now + off
    dated = {"date": formatdate(service, usegmt=True)}
    asks = {"retry-after": formatdate(service + 4, usegmt=True)}
    ends = {"x-ratelimit-reset": str(service + 4)}
    assert decode.retry_after(dated | asks, throttled=True) == 4
    assert decode.retry_after(dated | ends, throttled=True) == 4
    by_ours = max(0, off + 4)
    assert decode.retry_after(asks, throttled=True) == by_ours
    assert decode.retry_after(asks | {"date": "yesterday"}, throttled=True) == by_ours
    assert decode.retry_after(ends, throttled=True) == min(61, by_ours)


def test_the_best_source_wins(now: float) -> None:
    """`Retry-After`, then the body's milliseconds, then the reset."""
    headers = {"retry-after": "5", "x-ratelimit-reset": str(now + 50)}
    assert decode.retry_after(headers, 7000, throttled=True) == 5
    del headers["retry-after"]
    assert decode.retry_after(headers, 7000, throttled=True) == 7
    assert decode.retry_after(headers, -7000, throttled=True) == 0
    assert decode.retry_after(headers, "7000", throttled=True) == 50
    assert decode.retry_after({}, throttled=True) is None


@pytest.mark.fault("R1", "R3")
@given(
    st.text(max_size=40)
    | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ [-+]\d+")
)
@example("1 Jan 2020 99999999999999999999:1:1 GMT")
@settings(deadline=None)
def test_no_header_breaks_the_wait(text: str) -> None:
    """Whatever stands there, it is a wait or nothing."""
    for name, date in itertools.product(("retry-after", "x-ratelimit-reset"), ("", text)):
        wait: Any = decode.retry_after({name: text, "date": date}, throttled=True)
        assert wait is None or wait >= 0
