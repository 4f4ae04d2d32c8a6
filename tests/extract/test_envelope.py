"""The envelope of a page: its token is known before any row is looked at, and is the right one."""

from __future__ import annotations

import json

import pytest
from broken_json import GET, answer
from hypothesis import given, strategies as st

from leadgenius_async import errors
from leadgenius_async._extract.envelope import has_rows, read_token, rows_of

#: Texts that look like what stands behind the rows.
LURES = ['],"nextToken":"x"', '}],"', "]}", '],\\"nextToken\\":null', "],", '"', "\\"]
VALUES = st.recursive(
    st.none() | st.integers() | st.sampled_from(LURES) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["nextToken", "data", *LURES]), inner, max_size=3)
    ),
    max_leaves=8,
)
MEMBERS = st.permutations(["nextToken", "lastKey", "meta", "warnings"])


@given(
    st.lists(VALUES, max_size=3),
    MEMBERS,
    st.integers(0, 4),
    st.none() | st.sampled_from(["t", "", *LURES]),
    VALUES,
)
def test_the_token_is_that_of_the_page(
    rows: list[object], order: list[str], count: int, token: str | None, other: object
) -> None:
    """Whatever the rows and other members look like, and in whatever order they come."""
    values = {"nextToken": token, "lastKey": token, "meta": other, "warnings": [other]}
    page = {"success": True, "data": rows} | {name: values[name] for name in order[:count]}
    body = json.dumps(page, separators=(",", ":")).encode()
    expected = page.get("nextToken") or page.get("lastKey") or None
    assert read_token(answer(body), call=GET) == expected
    assert json.loads(bytes(rows_of(body))) == rows
    assert has_rows(body) == bool(rows)


def test_the_rows_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is laid out as the service does it gives its token by its end alone."""
    whole = b'{"success":true,"data":[{"id":"1"}],"nextToken":"t","meta":{"totalReturned":1}}'
    with monkeypatch.context() as patch:
        patch.setattr("leadgenius_async._http.decode.parse", None)
        assert read_token(answer(whole), call=GET) == "t"
    assert read_token(answer(whole.replace(b'"t"', b"null")), call=GET) is None


@pytest.mark.parametrize("name", ["nextToken", "lastKey"])
def test_older_answers_call_the_token_otherwise(name: str) -> None:
    """`lastKey`, in a page that says nothing of success."""
    body = b'{"data":[{"id":"1"}],"%s":"t"}' % name.encode()
    assert read_token(answer(body), call=GET) == "t"


def test_no_chain_ends_by_what_stands_behind_another_list() -> None:
    """The token of older answers may stand before it."""
    body = b'{"success":true,"data":[{"id":"1"}],"lastKey":"t","columns":["id"],"nextToken":null}'
    assert read_token(answer(body), call=GET) == "t"


@pytest.mark.parametrize(
    "body",
    [
        b'{"success":true,"data":[],"nextToken":"t"',
        b'{"success":true,"data":[],"nextToken":"t"}}',
        b'{"success":true,"data":[],"nextToken":7}',
        b'{"success":true,"data":[],"nextToken":"t","success":false}',
        b'{"success":true,"data":[],"nextToken":"t","data":{}}',
    ],
)
def test_an_end_that_is_none_is_an_error(body: bytes) -> None:
    """What cannot be read by its end is read as a whole, which then says what is wrong."""
    with pytest.raises((errors.ProtocolError, errors.APIStatusError)):
        read_token(answer(body), call=GET)
