"""The fast road and the lenient one: where the fast one reads a page, both read the same."""

from __future__ import annotations

import contextlib
import json

import msgspec
import pytest
from broken_json import BROKEN, GET, ODD, answer
from hypothesis import HealthCheck, given, settings, strategies as st

from leadgenius_async import errors
from leadgenius_async._extract.batch_reader import BatchReader
from leadgenius_async._extract.envelope import read_token
from leadgenius_async._extract.lenient_reader import LenientReader
from leadgenius_async._fields import ENRICH_LEAD_FIELDS, Field

FIELDS = [f for f in ENRICH_LEAD_FIELDS if f.name in {"id", "email", "engagementScore"}]
TEXTS = [Field("id", "text"), Field("email", "text")]
CELLS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["85", "1e3", "NaN", "null", "\x00", "\U0001f98a", "\U00020bb7", "a\\", '"', "\ud83e\udd8a"]
    ),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
ROWS: st.SearchStrategy[list[object]] = st.lists(
    st.dictionaries(st.sampled_from(["id", "email", "engagementScore", "new"]), CELLS)
    | st.sampled_from([None, 7, "text", []]),
    max_size=4,
)


def body_of(data: bytes) -> bytes:
    """Return a page with these rows."""
    return b'{"success":true,"data":' + data + b',"nextToken":null}'


def agree(body: bytes, fields: list[Field], *, closed: bool) -> bool:
    """Check that the fast road reads the page as the lenient one does; return whether it did.

    So it does where it expects what is odd about the page.
    """
    lenient = LenientReader(fields, closed=closed)
    try:
        slow, rejects = lenient.read(body)
    except errors.ProtocolError:
        assert BatchReader(fields, closed=closed).read(body) is None
        return False
    fast = BatchReader(fields, closed=closed).read(body)
    warned = BatchReader(fields, closed=closed, odd=lenient.odd).read(body)
    for batch in (fast, warned):
        if batch is not None:
            assert rejects == []
            assert batch.equals(slow)
            batch.validate(full=True)
    return fast is not None


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(ROWS, st.booleans(), st.booleans())
def test_both_roads_read_the_same(
    rows: list[object],
    closed: bool,  # noqa: FBT001 - by name
    ascii_: bool,  # noqa: FBT001 - by name
) -> None:
    """Any rows, of any values, with fields that nobody declared; in ASCII or not."""
    agree(
        body_of(json.dumps(rows, ensure_ascii=ascii_).encode("utf-8", "replace")),
        FIELDS,
        closed=closed,
    )


@pytest.mark.parametrize("escape", ["\\u%04x", "\\u%04X"])
def test_characters_of_all_planes_are_read_by_their_escapes(escape: str) -> None:
    """arrow-rs itself reads the pair for U+20BB7, which Japanese names have, as U+10BB7."""
    for plane in range(1, 17):
        for char in (
            chr(plane * 0x10000),
            chr(plane * 0x10000 + 0xBB7),
            chr(plane * 0x10000 | 0xFFFF),
        ):
            units = char.encode("utf-16-be")
            pair = "".join(escape % int.from_bytes(units[n : n + 2], "big") for n in (0, 2))
            body = body_of(b'[{"id":"%s"}]' % pair.encode())
            agree(body, FIELDS, closed=True)
            assert LenientReader(FIELDS, closed=True).read(body)[0]["id"].to_pylist() == [char]


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("name", [*BROKEN, *ODD])
def test_both_roads_read_the_same_of_odd_json(
    name: str,
    closed: bool,  # noqa: FBT001 - by name
) -> None:
    """What is no JSON is read by neither; the rest alike, or by the lenient one alone."""
    odd = {**BROKEN, **ODD}[name]
    for column in ("id", "email", "engagementScore"):
        for body in (odd, body_of(odd), body_of(b'[{"%s":%s}]' % (column.encode(), odd))):
            with contextlib.suppress(errors.ProtocolError, errors.APIStatusError):
                read_token(answer(body), call=GET)  # only what passes this is decoded
                agree(body, FIELDS, closed=closed)


@pytest.mark.parametrize(
    "data",
    [
        b'[{"id":"1","new":null}]',
        b'[{"id":1}]',
        b'[{"id":true}]',
        b'[{"id":{"a":1}}]',
        b'[{"engagementScore":"85"}]',
        b'[{"engagementScore":true}]',
        b'[{"engagementScore":1e999}]',
        b'[{"id":"\\ud800"}]',
        b'[{"id":"\xff"}]',
        b"[null]",
        b"[7]",
        b"null",
        b'{"id":"1"}',
        b'[{"id":"1"}]}{"data":[]',
    ],
)
def test_what_does_not_fit_goes_the_lenient_way(data: bytes) -> None:
    """Nothing that arrow-rs would drop, or read as something else, is read by it."""
    assert BatchReader(FIELDS, closed=True).read(body_of(data)) is None


def test_a_full_page_goes_the_fast_way() -> None:
    """Rows of each declared field, present, null and absent."""
    names = [field.name for field in ENRICH_LEAD_FIELDS]
    texts = {f.name: f"é {f.name}" for f in ENRICH_LEAD_FIELDS if f.type == "text"}
    rows = [dict.fromkeys(names), texts, {}, {"engagementScore": 17}, {"engagementScore": -0.5}]
    body = body_of(msgspec.json.encode(rows))
    assert agree(body, list(ENRICH_LEAD_FIELDS), closed=True)
    assert agree(body_of(b"[]"), list(ENRICH_LEAD_FIELDS), closed=True)


def test_undeclared_fields_of_a_projection_are_dropped() -> None:
    """They are the service ignoring `fields`."""
    body = body_of(b'[{"id":"1","email":"a@b.example","score":"85"}]')
    assert agree(body, TEXTS, closed=False)


@pytest.mark.fault("P4")
@pytest.mark.parametrize(
    "cell",
    [
        b'{"a":"\\u0000"}',
        b'["\\u0000",7]',
        b'{"a":"\x00"}',
        b"[" * 5_000_000 + b"]" * 5_000_000,
        b'{"a":' * 1_000_000 + b"1" + b"}" * 1_000_000,
    ],
    ids=["a NUL by escape", "one in a list", "a NUL", "lists, nested", "objects, nested"],
)
def test_what_kills_arrow_rs_never_gets_there(cell: bytes) -> None:
    """A NUL in an error's text, and a value that is nested too deep, would end the process."""
    for data in (b'[{"id":%s}]', b'[{"id":"1","email":%s}]', b'[{"new":%s}]', b"[%s]", b"%s"):
        for closed in (True, False):
            assert BatchReader(TEXTS, closed=closed).read(body_of(data % cell)) is None
