"""Whatever bytes a server sends: an answer, or one of our errors, soon, and nothing else."""

from __future__ import annotations

import gzip
from unittest import mock

import anyio
import msgspec
import pytest
from broken_json import BROKEN, GET, ODD
from hypothesis import example, given, settings, strategies as st
from reading_bytes import read_all
from wire import Wire, one_chunk, reply, then_close, transport_to

from leadgenius_async import errors
from leadgenius_async._http import decode, retry

PAGE = b'{"success":true,"data":[{"id":"1","email":"a@b.example","size":7}],"nextToken":"t"}'
#: Answers that are right, to begin with.
RIGHT = [
    reply(body=PAGE, X_RateLimit_Limit="100", X_Request_Id="r1"),
    reply(body=gzip.compress(PAGE, mtime=0), Content_Encoding="gzip"),
    one_chunk(PAGE),
    reply(204, b"", Content_Length=""),
    reply(404, b'{"success":false,"error":"no such lead","errorType":"not_found"}'),
    reply(429, b'{"success":false}', Retry_After="1"),
    reply(503, b"<html></html>", Retry_After="Fri, 01 Jan 2100 00:00:00 GMT"),
    reply(307, b"", Location="https://elsewhere.example/"),
]
#: What tends to break readers.
SPLINTERS = st.sampled_from(
    [b"\r\n", b"\n", b"\r", b":", b"\x00", b"\xff", b" ", b"HTTP/1.1 200 OK\r\n", b"9" * 30, b"-1",
     b"{", b"[", b'"', b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"\x1f\x8b",
     b"Content-Encoding: deflate\r\n", b"Content-Type: text/html\r\n", b"0\r\n\r\n", b"x" * 9000]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A right answer with up to four wounds."""
    data = draw(st.sampled_from(RIGHT))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        lost = draw(st.integers(0, 20))
        put = draw(SPLINTERS | st.binary(max_size=8))
        data = data[:place] + put + data[place + lost :]
    return data


@pytest.mark.fault("H11", "P1", "P6", "P10", "N11")
@given(mutated() | st.binary(max_size=300))
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\n{}")
@example(b"HTTP/1.1 99999999999 OK\r\n\r\n")
@example(b"HTTP/1.1 200 OK\r\nSet-Cookie: \xff\xfe=1; Domain=\x00\r\nContent-Length: 2\r\n\r\n{}")
@settings(max_examples=150, deadline=None)
async def test_any_bytes_over_the_wire(data: bytes) -> None:
    """As status line, headers or body: within the deadline, an answer or a typed error."""
    with (
        mock.patch.object(retry, "MAX_TRIES", 1),
        mock.patch.object(retry, "MAX_PROTOCOL_TRIES", 1),
    ):
        async with Wire(then_close(data)) as wire, transport_to(wire.url, deadline=5) as line:
            started = anyio.current_time()
            try:
                found = await line.request(GET)
            except errors.LeadGeniusError as error:
                assert str(error).isprintable()  # noqa: PT017 - either end is right
            else:
                read_all(found.body)
            assert anyio.current_time() - started < 4


@pytest.mark.fault("P1", "P2", "P3", "P4", "P7")
@pytest.mark.parametrize("name", BROKEN)
def test_broken_json_is_a_protocol_error(name: str) -> None:
    """Each kind of it, with any reader."""
    with pytest.raises(errors.ProtocolError):
        decode.parse(BROKEN[name], msgspec.Raw, of="x")
    assert read_all(BROKEN[name]) == 0


@pytest.mark.fault("P2", "P3", "P7", "P8", "P9")
@pytest.mark.parametrize("name", ODD)
def test_odd_json_is_read_in_one_way_or_is_an_error(name: str) -> None:
    """Twice the same, and no error but ours."""
    assert read_all(ODD[name]) == read_all(ODD[name])


@pytest.mark.fault("P7", "P9")
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("two equal names", [{"id": "1"}]),
        ("two equal names in a row", [{"id": "2"}]),
        ("a NUL by escape", [{"id": "a\0b"}]),
        ("a pair", [{"id": "🦊"}]),
        ("a mark", []),
    ],
)
def test_what_readers_differ_on_is_settled(name: str, found: object) -> None:
    """The last of two equal names counts, a NUL by escape stays, a mark is dropped."""
    assert decode.parse(ODD[name], dict[str, object], of="x")["data"] == found


CORPUS = [*BROKEN.values(), *ODD.values()]


@given(st.sampled_from(CORPUS) | st.binary(max_size=200), st.data())
@settings(max_examples=200, deadline=None)
def test_any_body(body: bytes, data: st.DataObject) -> None:
    """Wounds of what is odd already: found or not, and no error that is not ours."""
    place = data.draw(st.integers(0, len(body)))
    put = data.draw(SPLINTERS | st.binary(max_size=8))
    read_all(body[:place] + put + body[place:])
