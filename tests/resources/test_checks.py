"""What is refused before it is sent: the message names the field and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NotRequired, TypedDict

import pytest

from leadgenius_async._resources import checks


@pytest.mark.parametrize(
    ("check", "says"),
    [
        (lambda: checks.text("name", " "), "name is empty"),
        (lambda: checks.choice("platform", "x", ("a", "b")), "platform is 'x': give one of a, b"),
        (lambda: checks.choices("fields", ["a", "x"], ("a",)), "fields is 'x'"),
        (lambda: checks.choices("fields", [], ("a",)), "at least 1"),
        (lambda: checks.many("ids", ["a"] * 3, most=2), "ids has 3 entries: give 1 to 2"),
        (lambda: checks.many("ids", ["a", ""]), "ids is empty"),
        (lambda: checks.whole("process", 11, 1, 10), "process is 11: give .* from 1 to 10"),
        (lambda: checks.whole("limit", True, 1, 10), "limit"),
        (lambda: checks.whole("limit", 1.5, 1, 10), "limit is 1.5: give a whole number"),
        (lambda: checks.email("email", "ada.example"), "email is 'ada.example'"),
        (lambda: checks.email("email", "a@b@c.example"), "email"),
        (lambda: checks.email("email", "@c.example"), "email"),
        (lambda: checks.email("email", "a@"), "email"),
        (lambda: checks.email("email", "a b@c.example"), "email"),
        (lambda: checks.day("start", "2026-02-30"), "start is '2026-02-30': give a day"),
        (lambda: checks.days("2026-02-08", "2026-01-01"), "start 2026-02-08 comes after end"),
        (lambda: checks.changes({}), "no field to change"),
    ],
)
def test_refused(check: Callable[[], object], says: str) -> None:
    """Each check names its field, the value and the way out."""
    with pytest.raises(ValueError, match=says):
        check()


class Fields(TypedDict):
    name: str
    url: NotRequired[str]


class Filters(TypedDict, total=False):
    status: str


@pytest.mark.parametrize(
    ("fields", "type_", "says"),
    [
        ({"nmae": "a"}, Fields, "no field 'nmae' here; did you mean 'name'"),
        ({"name": "a", "zzz": 1}, Fields, "there are name, url"),
        ({"stat": "a"}, Filters, "no field 'stat'"),
    ],
)
def test_names_are_checked_as_a_signature_would(
    fields: dict[str, object], type_: type, says: str
) -> None:
    """A misspelt field would be sent, and the service would pass over it in silence."""
    with pytest.raises(TypeError, match=says):
        checks.known(fields, type_)
    checks.known({"name": "a"}, Fields)
    checks.known({}, Filters)


def test_one_string_is_no_list() -> None:
    """It would be taken for a list of letters."""
    with pytest.raises(TypeError, match="ids is one string"):
        checks.many("ids", "lead_1")


@pytest.mark.parametrize("value", [None, 5, ["a"]])
def test_what_is_no_text(value: object) -> None:
    """None in particular: callers without types give it for what they do not have."""
    with pytest.raises(TypeError, match=r"client_id is .*: give a text"):
        checks.text("client_id", value)


def test_taken() -> None:
    """What is right goes through as it is; days become texts, addresses lose blanks around them."""
    assert checks.email("email", "ada@sample.example") == "ada@sample.example"
    assert checks.email("email", " ada@sample.example\n") == "ada@sample.example"
    assert checks.days(date(2026, 1, 1), "2026-01-01") == ("2026-01-01", "2026-01-01")
    assert checks.days(None, datetime(2026, 1, 1, 23, tzinfo=UTC)) == (None, "2026-01-01")
    assert checks.choices("fields", iter(["a", "b"]), ("a", "b")) == ["a", "b"]
    assert checks.many("ids", ("a",)) == ["a"]
