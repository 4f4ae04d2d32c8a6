"""Pages that do not fit: nothing of them is lost, and the strict road is taken again after."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from leadgenius_async import errors
from leadgenius_async._extract import columns
from leadgenius_async._extract.batch_reader import BatchReader
from leadgenius_async._extract.chain import PagePlace, RawPage
from leadgenius_async._extract.columns import ArrowDecoder, Decoded
from leadgenius_async._extract.decoding import Decoding
from leadgenius_async._extract.envelope import read_token
from leadgenius_async._extract.lines import LineDecoder
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import MAX_PAGE_SIZE, Query, make_query
from leadgenius_async._http.call import KEY_OR_SESSION, Call, Reply

CALL = Call(method="GET", path="/enrich-leads/list", takes=KEY_OR_SESSION, repeatable=True)


def page(data: bytes, client: str | None = None) -> RawPage:
    """Return a page whose `data` is these bytes."""
    body = b'{"success":true,"data":' + data + b',"nextToken":null}'
    place = PagePlace(Partition("enrich_leads", client), 0, None, None)
    return RawPage(place, body, MAX_PAGE_SIZE)


def query(fields: list[str] | None = None) -> Query:
    return make_query("enrich_leads", company_id="c1", fields=fields)


def cell(data: bytes, column: str, fields: list[str] | None = None) -> object:
    """Return one column of the one row in `data`."""
    batch = ArrowDecoder(query(fields))(page(data)).content
    assert batch.num_rows == 1
    return batch.column(column)[0].as_py()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('"text"', "text"),
        ("null", None),
        ("85", "85"),
        ("85.50", "85.50"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("true", "true"),
        ('{"ai_score" : 85, "z":[1, 2]}', '{"ai_score":85,"z":[1,2]}'),
        ("[]", "[]"),
        ('"Žofia 🦊 \\u00e9"', "Žofia 🦊 é"),
    ],
)
def test_any_value_finds_its_place_in_a_text_column(sent: str, kept: str | None) -> None:
    """A number keeps its digits, an object or list becomes its compact JSON."""
    assert cell(f'[{{"id":"1","aiLeadScore":{sent}}}]'.encode(), "aiLeadScore") == kept


@pytest.mark.parametrize("sent", ['"85"', "true", "[1]", "{}"])
def test_what_does_not_fit_a_number_goes_to_extra(sent: str) -> None:
    """A value of another type in a number column is kept in `_extra`."""
    data = f'[{{"id":"1","engagementScore":{sent}}}]'.encode()
    assert cell(data, "engagementScore") is None
    assert json.loads(str(cell(data, "_extra"))) == {"engagementScore": json.loads(sent)}


@pytest.mark.fault("P8")
def test_undeclared_fields_go_to_extra_unless_a_projection_excludes_them() -> None:
    """All fields asked for: kept. Some asked for: the service ignored `fields`, so dropped."""
    data = b'[{"id":"1","new":{"a": 1.50},"newer":null}]'
    assert cell(data, "_extra") == '{"new":{"a":1.50},"newer":null}'
    assert cell(data, "_extra", ["id", "email"]) is None


def test_an_odd_row_costs_its_page_alone_the_slow_road() -> None:
    """The strict road is taken again with the next page."""
    decoder = ArrowDecoder(query())
    odd = decoder(page(b'[{"id":"1","title":["x"]},{"id":"2"}]'))
    even = decoder(page(b'[{"id":"3"}]'))
    assert odd.content.column("id").to_pylist() == ["1", "2"]
    assert even.content.column("id").to_pylist() == ["3"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"7", "object"),
        (b"null", "object"),
        (b'"text"', "object"),
        (b"[1]", "object"),
        (b'{"id":"\xff"}', "UTF-8"),
    ],
)
def test_a_row_that_cannot_be_read_is_kept_raw(bad: bytes, reason: str) -> None:
    """Its neighbours are read; it comes back as it was, with the reason and no value."""
    decoded = ArrowDecoder(query())(page(b'[{"id":"1"},' + bad + b',{"id":"2"}]'))
    assert decoded.content.column("id").to_pylist() == ["1", "2"]
    (reject,) = decoded.rejects
    assert reject.raw == bad
    assert reason in reject.reason


@pytest.mark.parametrize("make", [ArrowDecoder, LineDecoder])
def test_ids_that_are_numbers_keep_their_digits(make: type[ArrowDecoder | LineDecoder]) -> None:
    """As numbers, the two large ones would be one, and one row a duplicate of the other."""
    ids = ["9007199254740993", "9007199254740992", "7", "7.50", '"7"', "null"]
    rows = ",".join(f'{{"id":{id_}}}' for id_ in ids)
    decoded = make(query())(page(f"[{rows},{{}}]".encode()))
    assert decoded.keys["id"].to_pylist() == [*ids[:4], "7", None, None]


@pytest.mark.parametrize("make", [ArrowDecoder, LineDecoder])
def test_a_strict_decoder_keeps_no_row_aside(make: type[ArrowDecoder | LineDecoder]) -> None:
    """A row that cannot be read is an error then, with the reason and no value."""
    decode = make(query(), strict=True)
    assert decode(page(b'[{"id":"1"}]')).rows == 1
    with pytest.raises(errors.SchemaMismatch, match=r"page 0, client ALL: a row cannot be read"):
        decode(page(b'[{"id":"1"}, 7]'))


@pytest.mark.parametrize("make", [ArrowDecoder, LineDecoder])
@pytest.mark.parametrize(
    ("row", "client"),
    [
        (b'{"id":"1","company_id":"c2","client_id":"a"}', None),
        (b'{"id":"1","company_id":"c1","client_id":"b"}', "a"),
    ],
    ids=["company", "client"],
)
@pytest.mark.fault("S12")
def test_a_row_of_somebody_else_stops_the_export(
    make: type[ArrowDecoder | LineDecoder], row: bytes, client: str | None
) -> None:
    """Every row's company and client are checked, in both formats."""
    with pytest.raises(errors.TenantMismatch):
        make(query())(page(b"[" + row + b"]", client))


def test_lines_are_the_bytes_that_came() -> None:
    """NDJSON keeps order, spacing and numbers; only line ends inside a row are taken out."""
    data = b'[{"id": "1", "n":1.50},\n {"id":"2"}, 7]'
    decoded = LineDecoder(query())(page(data))
    assert decoded.content == b'{"id":"1","n":1.50}\n{"id":"2"}\n'
    assert [reject.raw for reject in decoded.rejects] == [b"7"]
    straight = b'[{"id": "1", "n":1.50},{"id":"2"}]'
    assert LineDecoder(query())(page(straight)).content == b'{"id": "1", "n":1.50}\n{"id":"2"}\n'


def test_lines_of_a_projection_have_the_wanted_fields_alone() -> None:
    """The keys that checks need are asked for, and left out where they were not wanted."""
    data = b'[{"id":"1","company_id":"c1","client_id":"a","email":"x@a.example","n":1.50}]'
    decoded = LineDecoder(query(["email"]))(page(data))
    assert decoded.content == b'{"email":"x@a.example"}\n'


@pytest.mark.parametrize(
    "body",
    [
        b'{"success":true}',
        b'{"success":true,"data":{}}',
        b'{"data":[',
        b"[1]",
        b'{"data":[1]} x',
        b'{"data":[{"id":"\\ud800"}]}',
    ],
)
def test_a_body_without_rows_is_no_empty_page(body: bytes) -> None:
    """A page that is not one is an error, never the end of a chain."""
    with pytest.raises(errors.ProtocolError):
        read_token(Reply(200, {}, body), call=CALL)


def test_a_page_that_says_it_failed_is_an_error() -> None:
    """`success: false` in a 200 is the service's no."""
    body = b'{"success":false,"error":"nope","data":[]}'
    with pytest.raises(errors.APIStatusError, match="nope"):
        read_token(Reply(200, {}, body), call=CALL)


@pytest.mark.fault("P4")
def test_deep_nesting_is_an_error_of_ours() -> None:
    """Nesting beyond the decoder's depth is refused, not a RecursionError."""
    deep = b"[" * 100_000 + b"]" * 100_000
    with pytest.raises(errors.ProtocolError):
        read_token(Reply(200, {}, b'{"data":[{"a":' + deep + b"}]}"), call=CALL)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # on a busy machine
@given(st.lists(st.dictionaries(st.sampled_from(["id", "email", "engagementScore", "new"]),
                                JSON_VALUES), max_size=5))  # fmt: skip
def test_no_value_is_ever_lost(rows: list[dict[str, object]]) -> None:
    """Whatever the service sends, each non-null value is in its column or in `_extra`."""
    batch = ArrowDecoder(query())(page(msgspec.json.encode(rows))).content
    for sent, got in zip(rows, batch.to_pylist(), strict=True):
        extra = json.loads(got["_extra"] or "{}")
        for name, value in sent.items():
            if name in extra:
                assert extra[name] == value
            elif isinstance(value, str) and name != "engagementScore":
                assert got[name] == value
            elif value is not None and name != "engagementScore":
                assert json.loads(got[name]) == value
            else:
                assert got[name] == value


def test_what_two_pages_at_a_time_taught_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that is made while another page teaches more is not the last."""
    decode = ArrowDecoder(query())
    make = BatchReader

    def meanwhile(*args: Any, **options: Any) -> BatchReader:
        monkeypatch.setattr(columns, "BatchReader", make)
        decode(page(b'[{"id":"2","newer":1}]'))  # in the other thread, faster than this one
        return make(*args, **options)

    monkeypatch.setattr(columns, "BatchReader", meanwhile)
    decode(page(b'[{"id":"1","new":1}]'))
    decode(page(b'[{"id":"3","newer":1}]'))
    with monkeypatch.context() as patch:
        patch.setattr(decode, "_lenient", None)
        content = decode(page(b'[{"id":"4","new":1,"newer":2}]')).content
    assert content["_extra"].to_pylist() == ['{"new":1,"newer":2}']


async def test_a_depth_at_the_edge_fails_its_page_alone() -> None:
    """Some looks at a page take a level more than others: 992 lists as an id, of 1,000."""

    def too_deep(_: RawPage) -> Decoded[Any]:
        raise RecursionError

    turn = Decoding(page(b"[]"))
    await turn.run(too_deep, page(b"[]"))
    with pytest.raises(errors.ProtocolError, match="nested too deep"):
        await turn.result()
