"""AI fields as Markdown in a lead's notes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, strategies as st
from world import example_of, running_world

from leadgenius_async import LeadGenius, notes_from_ai_fields
from leadgenius_async._fields import AI_FIELDS, ENRICH_LEAD_FIELDS
from leadgenius_async.models import EnrichLead

SCORE = """<!-- ai-fields -->
## AI fields

### Lead score

85
<!-- /ai-fields -->"""


def test_each_field_has_a_heading() -> None:
    """In the order of the table, with what is empty left out."""
    fields = {
        "aiScoreValue": 85,
        "aiLeadScore": "85",
        "aiColdEmail": "Hello Ada,\n\nshall we talk?\n",
        "aiInterest": "",
        "aiSentiment": None,
        "aiRiskScore": {},
        "recommandation": " ",
        "isLikelyToEngage": True,
        "email": "ada@sample.example",
    }
    assert (
        notes_from_ai_fields(fields)
        == """<!-- ai-fields -->
## AI fields

### Lead score

85

### Cold email

Hello Ada,

shall we talk?

### Score value

85

### Likely to engage

yes
<!-- /ai-fields -->"""
    )


def test_a_score_in_json_is_readable() -> None:
    """As an object, or as the text that a struct holds; what is empty in it is left out."""
    score = (
        '{"ai_score": 85, "reasons": ["budget", "timing"], "nextStep": {"owner": "Mia", '
        '"due": null}, "hot": false, "comment": "two\\nlines", "empty": {"a": []}, "ROI": 1.5}'
    )
    expected = """### Lead score

- Score: 85
- Reasons:
  - budget
  - timing
- Next step:
  - Owner: Mia
- Hot: no
- Comment: two
  lines
- ROI: 1.5
<!--"""
    assert expected in notes_from_ai_fields(EnrichLead(aiLeadScore=score))
    assert expected in notes_from_ai_fields({"aiLeadScore": score})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a": {"b": {"c": {"d": 1}}}}, '- A:\n  - B:\n    - C: {"d":1}'),
        ([["x"], "y"], "-\n  - x\n- y"),
        ("{not JSON", "{not JSON"),
        ("[" * 100_000, "[" * 100_000),
        (0, "0"),
        ({"_": 1}, "- _: 1"),
    ],
)
def test_any_value_is_shown(value: object, shown: str) -> None:
    """Deep members stay JSON; what is no JSON stays as it is."""
    assert f"### Lead score\n\n{shown}\n<!--" in notes_from_ai_fields({"aiLeadScore": value})


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ("", SCORE),
        (None, SCORE),
        ("Call on Monday\n", f"Call on Monday\n\n{SCORE}"),
        (
            "Above\n<!-- ai-fields -->\n## AI fields\nold\n<!-- /ai-fields -->\n\nBelow",
            f"Above\n\n{SCORE}\n\nBelow",
        ),
        (f"{SCORE}\n{SCORE}", SCORE),
        ("<!-- ai-fields --> cut off", f"<!-- ai-fields --> cut off\n\n{SCORE}"),
    ],
)
def test_notes_stay(notes: str | None, expected: str) -> None:
    """Own words stay where they are; an earlier section is replaced, whole ones alone."""
    assert notes_from_ai_fields(EnrichLead(notes=notes, aiLeadScore="85")) == expected
    assert notes_from_ai_fields({"notes": notes, "aiLeadScore": 85}) == expected


def test_without_ai_fields_there_is_no_section() -> None:
    """Nor does an earlier one stay: the fields that it showed are gone."""
    assert notes_from_ai_fields({}) == ""
    assert notes_from_ai_fields(EnrichLead(notes="Mine")) == "Mine"
    assert notes_from_ai_fields({"notes": f"Mine\n\n{SCORE}"}) == "Mine"


def test_what_becomes_a_section_by_joining_goes_too() -> None:
    """Sections within sections leave no markers that a second call would take for one."""
    start, end = "<!-- ai-fields -->", "<!-- /ai-fields -->"
    assert notes_from_ai_fields({"notes": f"{start}{start}{end}{end}"}) == ""
    inner = f"{start} a {end}"
    notes = f"Mine {inner} {start} {inner} b {end} Yours"
    assert notes_from_ai_fields({"notes": notes}) == "Mine\n\nYours"
    assert notes_from_ai_fields({"notes": notes, "aiLeadScore": 85}) == f"Mine\n\n{SCORE}\n\nYours"


PIECES = st.lists(
    st.sampled_from(["<!-- ai-fields -->", "<!-- /ai-fields -->", "<!--", "\n", " ", "x", "{", "["])
).map("".join)


@given(notes=PIECES, score=PIECES, other=st.recursive(PIECES | st.none(), st.lists))
def test_twice_is_once(notes: str, score: str, other: object) -> None:
    """Whatever stands in the notes and in the fields."""
    lead = {"notes": notes, "aiLeadScore": score, "justification": other}
    once = notes_from_ai_fields(lead)
    assert notes_from_ai_fields({**lead, "notes": once}) == once


def test_every_ai_field_has_words_of_its_own() -> None:
    """No two headings are the same, and none is a name in code."""
    names = [field.name for field in ENRICH_LEAD_FIELDS if field.group == "ai"]
    assert set(AI_FIELDS) < set(names)
    section = notes_from_ai_fields(dict.fromkeys(names, "text"))
    headings = re.findall(r"^### (.+)$", section, re.MULTILINE)
    assert len(set(headings)) == len(names)
    assert {"AI 1", "LinkedIn connect", "Recommendation", "Lead qualification"} < set(headings)
    assert not [
        heading
        for heading in headings
        if re.search("[a-z][A-Z0-9]|_", heading.replace("LinkedIn", ""))
    ]


def test_the_example_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lead then has its score in the notes."""
    with running_world() as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)

        async def read(lg: LeadGenius) -> str | None:
            return (await lg.leads.get("lead_1")).notes

        world.with_client(example_of(notes_from_ai_fields))
        assert world.with_client(read) == SCORE
