"""What the server rejects never leaves: a row is mended, with every change told, or refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from leadgenius_async._fields import ENRICH_LEAD_FIELDS
from leadgenius_async._writes.rules import (
    MAX_ROW,
    Change,
    Ready,
    Refused,
    Rules,
    apply_rules,
    apply_update_rules,
    lone_mark,
)
from leadgenius_async._writes.values import MAX_VALUE, Unfit, as_json, as_number, as_text

ADA: dict[str, object] = {"firstName": "Ada", "lastName": "Sample", "email": "ada@sample.example"}
ACME = Rules(client_id="acme")
FULL = {"fullName": "Ada Sample", "contactName": "Ada Sample"}
FILLED = (
    Change("client_id", "filled", None, "acme"),
    Change("fullName", "filled", None, "Ada Sample"),
    Change("contactName", "filled", None, "Ada Sample"),
)


def ready(row: Mapping[str, object], rules: Rules = ACME) -> Ready:
    done = apply_rules(row, rules=rules)
    assert isinstance(done, Ready), done
    return done


def refused(row: Mapping[str, object], rules: Rules = ACME) -> Refused:
    done = apply_rules(row, rules=rules)
    assert isinstance(done, Refused), done
    return done


def test_a_good_row_goes_as_it_is() -> None:
    """The order of the fields is kept, what is filled in comes last, and is told."""
    done = ready(ADA)
    assert list(done.fields.items()) == [*ADA.items(), ("client_id", "acme"), *FULL.items()]
    assert done.changes == FILLED


@pytest.mark.parametrize(
    ("row", "fields", "change"),
    [
        ({"title": ""}, {}, Change("title", "empty", "", None)),
        ({"title": " \t\ufeff"}, {}, Change("title", "empty", " \t\ufeff", None)),
        ({"title": math.nan}, {}, Change("title", "empty", math.nan, None)),
        ({"title": []}, {}, Change("title", "empty", [], None)),
        ({"engagementScore": " "}, {}, Change("engagementScore", "empty", " ", None)),
        ({"title": " CTO\u200b\xa0"}, {"title": "CTO"},
         Change("title", "trimmed", " CTO\u200b\xa0", "CTO")),
        ({"estimatedNumEmployees": 250.0}, {"estimatedNumEmployees": "250"},
         Change("estimatedNumEmployees", "converted", 250.0, "250")),
        ({"engagementScore": "7.5"}, {"engagementScore": 7.5},
         Change("engagementScore", "converted", "7.5", 7.5)),
        ({"phone": "+1"}, {"phoneNumber": "+1"}, Change("phone", "phone", "+1", "+1")),
        ({"phoneNumber": "+2", "phone": "+1"}, {"phoneNumber": "+2"},
         Change("phone", "phone", "+1", None)),
        ({"id": "lead_1"}, {}, Change("id", "service", "lead_1", None)),
        ({"_extra": '{"score": 1, "title": "CTO"}', "title": "CFO"}, {"title": "CFO", "score": 1},
         Change("_extra", "extra", '{"score": 1, "title": "CTO"}', None)),
    ],
)  # fmt: skip
def test_what_is_mended(row: dict[str, object], fields: dict[str, object], change: Change) -> None:
    """The change has the field, what was there and what is sent."""
    done = ready({**ADA, **row})
    assert done.fields == {**ADA, **fields, "client_id": "acme", **FULL}
    assert [repr(each) for each in done.changes] == [repr(each) for each in (change, *FILLED)]


def test_none_is_the_same_as_absent() -> None:
    """A table has a None in every cell that has no value: that is nothing to tell."""
    assert ready({**ADA, "title": None, "_extra": None}) == ready(ADA)


def test_phone_keeps_its_place() -> None:
    """The order of the fields is that of the row."""
    assert next(iter(ready({"phone": "+1", **ADA}).fields)) == "phoneNumber"


def test_lone_marks_become_a_dash() -> None:
    """The service fails at `.` and takes `-` (observed)."""
    done = ready({**ADA, "lastName": " .", "firstName": "\u2013"})
    assert (done.fields["firstName"], done.fields["lastName"]) == ("-", "-")
    assert done.fields["fullName"] == "- -"
    assert Change("lastName", "mark", ".", "-") in done.changes
    assert not lone_mark("李")
    assert not lone_mark("-")
    assert not lone_mark("..")


def test_names_that_are_there_are_kept() -> None:
    """`fullName` and `contactName` are filled in only where they are missing."""
    done = ready({**ADA, "fullName": "Dr. Ada Sample", "contactName": ""})
    assert (done.fields["fullName"], done.fields["contactName"]) == ("Dr. Ada Sample", "Ada Sample")


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ({"email": "ada.sample@x.example"}, ("Ada", "Sample")),
        ({"email": "ADA_M-SAMPLE42+news@x.example"}, ("Ada", "Sample")),
        ({"email": "ada@x.example"}, ("Ada", "-")),
        ({"email": "a.sample@x.example", "firstName": "Grace"}, ("Grace", "Sample")),
        ({"email": "ada.sample@x.example", "lastName": "."}, ("Ada", "-")),
    ],
)
def test_names_from_the_address_on_request(row: dict[str, object], names: tuple[str, str]) -> None:
    """They are a guess, so nobody gets them unasked."""
    rules = Rules(client_id="acme", names_from_email=True)
    done = ready(row, rules)
    assert (done.fields["firstName"], done.fields["lastName"]) == names
    assert "is missing" in refused({"email": row["email"]}).reason


def test_an_address_without_letters_gives_no_names() -> None:
    """There is nothing to make them of."""
    rules = Rules(client_id="acme", names_from_email=True)
    assert "firstName is missing" in refused({"email": "42@x.example"}, rules).reason


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"email": "ada.sample.example"}, "email is 'ada.sample.example': an e-mail address"),
        ({"email": "a@b@c.example"}, "an e-mail address reads like"),
        ({"email": "a\u2003b@c.example"}, "an e-mail address reads like"),
        ({"firstName": " "}, "firstName is missing or empty"),
        ({"lastName": None}, "lastName is missing or empty"),
        ({"title": "C\0TO"}, r"title has the control character U\+0000"),
        ({"title": "C\x85TO"}, r"title has the control character U\+0085"),
        ({"title": "C\ud800TO"}, "title has bytes that are no text"),
        ({"title": b"\xff"}, "title has bytes that are no text"),
        ({"notes": "x" * (MAX_VALUE + 1)}, "notes has 350,001 bytes: the service stores up to"),
        ({"notes": "ä" * 180_000}, "notes has 360,000 bytes"),
        ({f"message{n}": "x" * 200_000 for n in (1, 2)}, "the row has 400,"),
        ({"frstName": "x"}, "did you mean 'firstName'"),
        ({"e-mail": "x"}, "did you mean 'email'"),
        ({"engagementScore": "high"}, "engagementScore is 'high': give a number"),
        ({"engagementScore": "1,5"}, "engagementScore is '1,5': give a number"),
        ({"engagementScore": True}, "engagementScore is a bool: give a number"),
        ({"engagementScore": 2**60}, "engagementScore is above"),
        ({"engagementScore": math.inf}, "engagementScore is inf"),
        ({"title": object()}, "title is of the type object, which a lead cannot hold"),
        ({"client_id": "other"}, "client_id is 'acme', and the lead's own is 'other': give one"),
        ({"_extra": "[]"}, "_extra is '\\[\\]': in an export it is a JSON object"),
        ({"": "x"}, "a field is named '': give it a name"),
        ({"a\nb\0": "x"}, "has the control character"),
    ],
)
def test_what_is_refused(row: dict[str, object], says: str) -> None:
    """Before any request, with the field and what to do."""
    with pytest.raises(AssertionError, match=says):
        ready({**ADA, **row})


def test_all_that_is_wrong_is_told_at_once() -> None:
    """Whoever mends a file mends it once; what is spoilt is not told to be missing besides."""
    done = refused({"firstName": "A\0", "email": "nobody", "title": "\x01"}, Rules())
    assert [reason.split()[0] for reason in done.reasons] == [
        "firstName", "title", "client_id", "email", "lastName",
    ]  # fmt: skip
    assert done.reason == "; ".join(done.reasons)


def test_a_long_value_is_cut_where_it_is_shown() -> None:
    """A reason fits a line."""
    assert len(refused({**ADA, "email": "x" * 100_000}).reason) < 200


def test_choices() -> None:
    """Undeclared fields and rows without an address are the caller's choice."""
    undeclared = {**ADA, "shoeSize": 44, "tags": ["a", ""]}
    assert ready(undeclared).fields["shoeSize"] == 44
    assert ready(undeclared).fields["tags"] == ["a", ""]
    strict = Rules(client_id="acme", unknown="refuse", require_email=True)
    assert "no field 'shoeSize'" in refused(undeclared, strict).reason
    assert ready({**ADA, "email": ""}).fields["firstName"] == "Ada"
    assert refused({**ADA, "email": ""}, strict).reasons == (
        "email is missing or empty: it must have a text",
    )
    assert ready({**ADA, "client_id": "own"}, Rules()).fields["client_id"] == "own"
    with pytest.raises(ValueError, match="give 'keep' or 'refuse'"):
        Rules(unknown="drop")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for client_id in ("", " ", "acme ", "a\0"):
        with pytest.raises(ValueError, match=r"client_id|control"):
            Rules(client_id=client_id)


class Colour(StrEnum):
    RED = "red"


class Number(Enum):
    ONE = 1


@dataclass
class Point:
    x: int


class Item:
    """A value as numpy has them."""

    def __init__(self, kind: str, value: object) -> None:
        self.dtype = type("dtype", (), {"kind": kind})
        self._value = value

    def item(self) -> object:
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (85, "85"),
        (85.5, "85.5"),
        (1e300, "1e+300"),
        (Decimal("85.50"), "85.50"),
        (Decimal("1E+2"), "100"),
        (Decimal("1E+1000000"), "1E+1000000"),
        (Decimal("sNaN"), None),
        (date(2026, 1, 31), "2026-01-31"),
        (datetime(2026, 1, 31, 8, tzinfo=UTC), "2026-01-31T08:00:00Z"),
        (datetime(2026, 1, 31, 8), "2026-01-31T08:00:00"),  # noqa: DTZ001 - as files bring them
        (time(8), "08:00:00"),
        (["a", 1], '["a",1]'),
        (("a",), '["a"]'),
        ({"a": None}, '{"a":null}'),
        (Point(1), '{"x":1}'),
        (b"ab", "ab"),
        (Colour.RED, "red"),
        (Number.ONE, "1"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Item("i", 7), "7"),
        (type("NAType", (), {})(), None),
        ("a\tb\r\nc", "a\tb\r\nc"),
    ],
)
def test_text_is_text(value: object, text: str | None) -> None:
    """Text fields are text, whatever a row brings."""
    assert as_text(value) == text


@pytest.mark.parametrize(
    "value",
    [math.inf, Decimal("-Infinity"), Item("i", 10**5000), {1, 2}, timedelta(1), object(),
     Item("M", 1), Item("f", ValueError("many")), [object()], ["\ud800"]],
)  # fmt: skip
def test_what_is_no_text(value: object) -> None:
    """What has no plain text is refused, never guessed."""
    with pytest.raises(Unfit):
        as_text(value)


def test_numbers() -> None:
    """A number is one in text too; a whole one stays whole."""
    assert [as_number(value) for value in ("85", "-8.50", 3, 2.5, Decimal("1.5"), "", None)] == [
        85, -8.5, 3, 2.5, 1.5, None, None,
    ]  # fmt: skip
    assert isinstance(as_number("85"), int)
    for text in ("1_000", "nan", "inf", "1e999x", "٣", "0x1"):
        with pytest.raises(Unfit):
            as_number(text)


def test_undeclared_values_keep_their_types() -> None:
    """Nobody knows what the service makes of them, so they go as they are."""
    assert as_json(True) is True
    assert as_json(" a ") == "a"
    assert as_json(2**70) == str(2**70)
    assert as_json((1, date(2026, 1, 31))) == [1, "2026-01-31"]


def test_depth_is_no_crash() -> None:
    """A list in a list in a list … is refused at the latest where Python gives up."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert "holds what JSON cannot" in refused({**ADA, "notes": deep}).reason
    assert "holds what JSON cannot" in refused({**ADA, "undeclared": deep}).reason
    text = '{"a":' * 100_000
    assert "_extra is" in refused({**ADA, "_extra": text}).reason


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.text(st.characters(), max_size=3)
    | st.binary(max_size=4)
    | st.dates()
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.timedeltas()
    | st.sampled_from(["", " ", ".", "a@b.example", "1.5", "\ud800", "\0", '{"a":1}']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    [field.name for field in ENRICH_LEAD_FIELDS if field.group in {"identity", "person"}]
    + ["engagementScore", "_extra", "undeclared", "e_mail", "", "\0"]
)
NAMED = st.fixed_dictionaries(
    {"firstName": VALUES, "lastName": st.text() | VALUES, "email": st.emails() | VALUES}
)
RULES = st.builds(
    Rules,
    client_id=st.sampled_from(["acme", None]),
    unknown=st.sampled_from(["keep", "refuse"]),
    require_email=st.booleans(),
    names_from_email=st.booleans(),
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(FIELDS, VALUES, max_size=5), NAMED, RULES)
def test_rules_hold_for_any_row(
    row: dict[str, object], names: dict[str, object], rules: Rules
) -> None:
    """Never an exception, never an empty text, and twice is once."""
    done = apply_rules({**names, **row}, rules=rules)
    if isinstance(done, Refused):
        assert all(done.reasons)
        return
    assert not any(value is None or value == "" for value in done.fields.values())
    assert len(msgspec.json.encode(done.fields)) <= MAX_ROW
    assert "phone" not in done.fields
    assert apply_rules(done.fields, rules=rules) == Ready(done.fields)


@pytest.mark.parametrize(
    ("row", "sent"),
    [
        ({"title": None, "email": "", "notes": float("nan")}, {"title": None}),
        ({"phone": "+49 30 1"}, {"phoneNumber": "+49 30 1"}),
        ({"phone": None}, {"phoneNumber": None}),
        ({"phone": None, "phoneNumber": "+49 30 1"}, {"phoneNumber": "+49 30 1"}),
        ({"phone": "+49 30 1", "phoneNumber": None}, {"phoneNumber": "+49 30 1"}),
        ({"phoneNumber": None, "phone": "+49 30 1"}, {"phoneNumber": "+49 30 1"}),
        ({"lastName": "."}, {"lastName": "-"}),
        ({"owner": None, "createdAt": "2026-01-01", "_extra": None}, {}),
        (
            {"newField": None, "_extra": '{"newField": [1], "other": 2}'},
            {"newField": [1], "other": 2},
        ),
        ({"engagementScore": "5"}, {"engagementScore": 5}),
    ],
)
def test_changes_of_a_lead(row: dict[str, object], sent: dict[str, object]) -> None:
    """None clears, what is empty stays, nothing is filled in; the id is taken as text."""
    done = apply_update_rules({**row, "id": 7})
    assert isinstance(done, Ready)
    assert done.fields == {"id": "7", **sent}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"id": " "}, "id is missing or empty"),
        ({"id": object()}, "id is of the type object"),
        ({"id": "a", "client_id": None}, "a lead belongs to a client"),
        ({"id": "a", "titel": None}, "did you mean 'title'"),
        ({"id": "a", "email": "ada"}, "email is 'ada'"),
        ({"id": "a", "notes": "x" * 400_000}, "notes has 400,000 bytes"),
    ],
)
def test_changes_that_are_refused(row: dict[str, object], says: str) -> None:
    done = apply_update_rules(row)
    assert isinstance(done, Refused)
    assert says in done.reason


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"linkedinUrl": "https://linkedin.example/in/ada"}, ""),
        ({}, "linkedinUrl is missing or empty: it must have a text"),
        (
            {"linkedinUrl": "https://l.example", "email": "a@b.example"},
            "email is there too, and would be the key: leave it out, or take key='email'",
        ),
    ],
)
def test_a_row_must_have_its_key(fields: dict[str, object], reason: str) -> None:
    row = {"firstName": "Ada", "lastName": "Sample", "client_id": "acme", **fields}
    done = apply_rules(row, rules=Rules(key="linkedinUrl"))
    assert (done.reason if isinstance(done, Refused) else "") == reason
