"""Headers of files find their fields; whatever is unclear is said before anything is sent."""

from __future__ import annotations

import pytest

from leadgenius_async._fields import ENRICH_LEAD_FIELDS
from leadgenius_async._writes.columns import ALIASES, MappedColumn, map_columns, plain_name


def fields(*names: str) -> dict[str, str | None]:
    return {each.column: each.field for each in map_columns(names).columns}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("firstName", "firstName"),
        ("First Name", "firstName"),
        ("first_name", "firstName"),
        ("FIRST NAME", "firstName"),
        (" first-name ", "firstName"),
        ("Job Title", "title"),
        ("E-Mail", "email"),
        ("Company Domain Name", "companyDomain"),
        ("Phone", "phoneNumber"),
        ("# Employees", "estimatedNumEmployees"),
        ("client_id", "client_id"),
        ("aiLeadScore", "aiLeadScore"),
        ("_extra", "_extra"),
        ("Shoe Size", None),
        ("#", None),
    ],
)
def test_names_and_aliases(name: str, field: str | None) -> None:
    """Case, blanks and signs do not count."""
    assert fields(name) == {name: field}


@pytest.mark.parametrize(
    "header",
    [
        # HubSpot
        (
            "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Job Title,"
            "Company Name,Website URL,Company Domain Name,City,State/Region,Country/Region,"
            "Industry,Number of Employees,Contact owner,Lead Status,Create Date"
        ),
        # Salesforce, report and data loader
        (
            "First Name,Last Name,Title,Company / Account,Email,Phone,Mobile,Street,City,"
            "State/Province,Zip/Postal Code,Country,Lead Source,Lead Status,Lead Owner,Rating"
        ),
        (
            "Id,FirstName,LastName,Company,Title,Email,Phone,MobilePhone,Website,LeadSource,Status,"
            "Industry,NumberOfEmployees,OwnerId,CreatedDate,LastModifiedDate"
        ),
        # Apollo
        (
            "First Name,Last Name,Title,Company Name,Company Name for Emails,Email,Email Status,"
            "Primary Email Source,Email Confidence,Seniority,Departments,Sub Departments,"
            "Contact Owner,Work Direct Phone,Home Phone,Mobile Phone,Corporate Phone,Other Phone,"
            "Stage,Lists,# Employees,Industry,Keywords,Person Linkedin Url,Website,"
            "Company Linkedin Url,Facebook Url,Twitter Url,City,State,Country,Company Address,"
            "Company City,Company State,Company Country,Company Phone,Secondary Email"
        ),
        # Sales Navigator's tools, and LinkedIn itself
        (
            "Profile URL,Full Name,First Name,Last Name,Current Position,Current Company,Headline,"
            "Company LinkedIn URL,Company Website,Company Headcount,Location"
        ),
        "First Name,Last Name,URL,Email Address,Company,Position,Connected On",
    ],
)
def test_the_usual_exports_need_no_mapping(header: str) -> None:
    """No two columns of theirs go to one field, and the names are found."""
    found = fields(*header.split(","))
    assert {"firstName", "lastName", "title", "companyName"} <= set(found.values())
    assert "email" in found.values() or "Profile URL" in found


def test_what_the_caller_says_comes_first() -> None:
    """An explicit field overrides, an empty one leaves out; the sample is the first value."""
    rows: list[dict[str, object]] = [
        {"Mail": "", "Title": None},
        {"Mail": "ada@sample.example", "Title": "CTO", "x": 1},
    ]
    found = map_columns(
        ["Mail", "Title", "Site", "x"],
        explicit={"Title": "headline", "Site": "", "x": "custom"},
        samples=rows,
    )
    assert found.columns == (
        MappedColumn("Mail", "email", "alias", None, "ada@sample.example"),
        MappedColumn("Title", "headline", "given", None, "CTO"),
        MappedColumn("Site", None, "left out"),
        MappedColumn("x", "custom", "given", None, 1),
    )
    assert found.unmatched == []
    row = {**rows[1], "Site": "here", "later": 2}
    assert found.rename(row) == {
        "email": "ada@sample.example", "headline": "CTO", "custom": 1, "later": 2,
    }  # fmt: skip


def test_unmatched_columns_are_told() -> None:
    """Kept under their own names or dropped; a misspelling is named."""
    dropped = map_columns(["Shoe Size", "Frist Name"])
    assert dropped.unmatched == ["Shoe Size", "Frist Name"]
    assert [each.near for each in dropped.columns] == [None, "firstName"]
    assert dropped.rename({"Shoe Size": 44, "Frist Name": "Ada"}) == {}
    kept = map_columns(["Shoe Size"], unmatched="keep")
    assert kept.columns == (MappedColumn("Shoe Size", "Shoe Size", "kept"),)
    assert kept.unmatched == ["Shoe Size"]
    with pytest.raises(ValueError, match="'Frist Name' looks like the field 'firstName'"):
        map_columns(["Frist Name"], unmatched="keep")


def test_an_export_can_be_imported() -> None:
    """All columns of a full export: the rules make of them what can be written."""
    names = [field.name for field in ENRICH_LEAD_FIELDS]
    assert fields(*names, "_extra") == {name: name for name in [*names, "_extra"]}


@pytest.mark.parametrize(
    ("names", "explicit", "says"),
    [
        (["Email", "E-Mail"], {}, "'Email' and 'E-Mail' both go to email: leave one"),
        (["Title", "Job Title"], {}, "both go to title"),
        (["Email", "Private"], {"Private": "email"}, "both go to email"),
        (["Phone", "Mobile"], {"Mobile": "phone"}, "both go to phoneNumber"),
        (["a", "a"], {}, "the column 'a' is there 2 times"),
        (["Email"], {"Emial": "email"}, "no column 'Emial'; did you mean 'Email'"),
        (["Email"], {"x": "email"}, "no column 'x'; there are Email"),
        (["x"], {"x": "frstName"}, "the column 'x': .* did you mean 'firstName'"),
    ],
)
def test_what_is_unclear_is_refused(names: list[str], explicit: dict[str, str], says: str) -> None:
    """One clear line, before any row."""
    with pytest.raises(ValueError, match=says):
        map_columns(names, explicit=explicit)


def test_the_choice_is_checked() -> None:
    """There are two."""
    with pytest.raises(ValueError, match="give 'keep' or 'drop'"):
        map_columns([], unmatched="x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_no_alias_is_two_fields() -> None:
    """Nor another field's own name; each names a field that exists."""
    names = [plain_name(alias) for aliases in ALIASES.values() for alias in aliases]
    own = {plain_name(field.name) for field in ENRICH_LEAD_FIELDS} - {"phone"}
    assert len(names) == len(set(names))
    assert not own & set(names)
    assert ALIASES.keys() <= {field.name for field in ENRICH_LEAD_FIELDS}
