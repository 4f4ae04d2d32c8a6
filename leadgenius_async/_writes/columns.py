"""Columns of a file → fields of a lead: by name, by the usual other names, or as the caller says.

The other names are what HubSpot, Salesforce, Apollo, ZoomInfo and tools around LinkedIn's Sales
Navigator write at the head of their exports. Where such an export has several columns of one
kind (a work phone, a mobile phone), only one of them is listed here: the others are told as
unmatched, and the caller may map one in its place.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from leadgenius_async._fields import TABLES, near_field
from leadgenius_async._writes.rules import EXTRA, near_miss

How = Literal["given", "name", "alias", "left out", "kept", "dropped"]
Unmatched = Literal["keep", "drop"]

_TABLE = "enrich_leads"

#: Usual names of columns, by field. Case, blanks and signs do not count.
ALIASES: dict[str, tuple[str, ...]] = {
    "client_id": ("Client",),
    "createdAt": ("Create Date", "Created Date", "Created"),
    "updatedAt": ("Last Modified Date", "Last Modified", "Updated"),
    "status": ("Lead Status",),
    "firstName": ("First", "Given Name", "Forename", "Contact First Name", "Prospect First Name"),
    "lastName": ("Last", "Surname", "Family Name", "Contact Last Name", "Prospect Last Name"),
    "fullName": ("Name", "Person Name", "Lead Name", "Prospect Full Name"),
    "email": (
        "Email Address", "Mail", "Work Email", "Work Email Address", "Business Email",
        "Professional Email", "Corporate Email", "Primary Email", "Contact Email", "Person Email",
    ),
    "title": (
        "Job Title", "Position", "Job Position", "Role", "Job Role", "Designation",
        "Current Title", "Current Position", "Current Job", "Contact Title", "Person Title",
    ),
    "headline": ("LinkedIn Headline", "Profile Headline"),
    "seniority": ("Seniority Level", "Job Seniority", "Job Level", "Management Level"),
    "phoneNumber": (
        "Phone", "Telephone", "Telephone Number", "Tel", "Work Phone", "Business Phone",
        "Primary Phone", "Contact Phone", "Work Direct Phone", "Direct Phone",
        "Direct Phone Number", "Direct Dial",
    ),
    "linkedinUrl": (
        "LinkedIn", "LinkedIn Profile", "LinkedIn Profile URL", "LinkedIn Link", "Profile URL",
        "Person LinkedIn URL", "Contact LinkedIn URL", "LinkedIn Contact Profile URL",
        "Prospect LinkedIn URL", "HS LinkedIn URL",
    ),
    "city": ("Town", "Person City", "Contact City", "Mailing City"),
    "state": (
        "State/Region", "State/Province", "Province", "Person State", "Contact State",
        "Mailing State", "Mailing State/Province",
    ),
    "country": ("Country/Region", "Person Country", "Contact Country", "Mailing Country"),
    "departments": ("Department",),
    "companyName": (
        "Company", "Company / Account", "Account", "Account Name", "Organization",
        "Organisation", "Organization Name", "Employer", "Current Company", "Business Name",
    ),
    "companyDomain": (
        "Domain", "Domain Name", "Company Domain Name", "Company Web Domain", "Website Domain",
    ),
    "companyUrl": (
        "Website", "Website URL", "Homepage", "Company Website",
        "Company Website URL", "Corporate Website",
    ),
    "companyLinkedinUrl": (
        "Company LinkedIn", "Company LinkedIn Profile", "Company LinkedIn Page",
        "LinkedIn Company Page", "LinkedIn Company Profile URL", "Organization LinkedIn URL",
        "Account LinkedIn URL",
    ),
    "industry": ("Company Industry", "Primary Industry", "Sector"),
    "estimatedNumEmployees": (
        "# Employees", "Number of Employees", "No. of Employees", "Num Employees",
        "Employee Count", "Company Size", "Company Headcount", "Headcount",
        "Company Employee Count",
    ),
    "notes": ("Note", "Comment", "Comments", "Remarks"),
}  # fmt: skip


class MappedColumn(NamedTuple):
    """Where a column goes.

    Attributes:
        column: Its name in the file.
        field: The field it fills; None if it is not sent.
        how: `given` (the caller said so), `name` (it is the field's own), `alias` (a usual other
            name), `left out` (the caller said so), or, for what matched nothing, `kept` (under
            its own name) or `dropped`.
        near: The field that its name may be a misspelling of, where it matched nothing.
        sample: Its first value that is not empty, or None.
    """

    column: str
    field: str | None
    how: How
    near: str | None = None
    sample: object = None


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Where each column of a file goes, to be shown before anything is sent.

    Attributes:
        columns: The columns in the order of the file.
    """

    columns: tuple[MappedColumn, ...]

    @property
    def unmatched(self) -> list[str]:
        """The columns that matched no field, kept or dropped."""
        return [each.column for each in self.columns if each.how in {"kept", "dropped"}]

    def rename(self, row: Mapping[str, object]) -> dict[str, object]:
        """Return a row of the file as a lead by the service's field names.

        What was no column when the map was made, as in NDJSON, stays under its own name.
        """
        fields = {each.column: each.field for each in self.columns}
        found = ((fields.get(name, name), value) for name, value in row.items())
        return {name: value for name, value in found if name is not None}


def map_columns(
    names: Iterable[str],
    *,
    explicit: Mapping[str, str] | None = None,
    unmatched: Unmatched = "drop",
    samples: Sequence[Mapping[str, object]] = (),
) -> ColumnMap:
    """Match the columns of a file with the fields of a lead.

    Args:
        names: The columns.
        explicit: Fields by column, before any other match; an empty field leaves a column out.
        unmatched: Whether a column that matches nothing is sent under its own name or not at all.
        samples: The first rows, to show a value of each column.

    Raises:
        ValueError: Two columns go to one field, a column stands there twice, `explicit` names a
            column that is not there or misspells a field, or a column to be kept looks like a
            misspelt field.

    ```python
    found = map_columns(["First Name", "E-Mail", "Shoe Size"])
    found.rename({"First Name": "Ada", "E-Mail": "ada@sample.example", "Shoe Size": "38"})
    # {'firstName': 'Ada', 'email': 'ada@sample.example'}
    ```
    """
    if unmatched not in {"keep", "drop"}:
        raise ValueError(f"unmatched is {unmatched!r}: give 'keep' or 'drop'")
    columns, given = list(names), dict(explicit or {})
    _check_given(columns, given)
    found = tuple(
        _match(column, given, unmatched)._replace(sample=_sample(column, samples))
        for column in columns
    )
    _check_found(found)
    return ColumnMap(found)


def _match(column: str, given: Mapping[str, str], unmatched: Unmatched) -> MappedColumn:
    if (field := given.get(column)) is not None:
        field = "phoneNumber" if field == "phone" else field
        return MappedColumn(column, field or None, "given" if field else "left out")
    plain = plain_name(column)
    if field := column if column in _OF_EXPORTS else _BY_NAME.get(plain):
        return MappedColumn(column, field, "name")
    if field := _BY_ALIAS.get(plain):
        return MappedColumn(column, field, "alias")
    near = near_field(_TABLE, column) if near_miss(column) else None
    if unmatched == "keep":
        return MappedColumn(column, column, "kept", near)
    return MappedColumn(column, None, "dropped", near)


def _check_given(columns: Sequence[str], given: Mapping[str, str]) -> None:
    for column, count in Counter(columns).items():
        if count > 1:
            raise ValueError(f"the column {column!r} is there {count} times: rename all but one")
    for column, field in given.items():
        if column not in columns:
            near = difflib.get_close_matches(column, columns, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(columns)}"
            raise ValueError(f"there is no column {column!r}; {hint}")
        if fault := near_miss(field):
            raise ValueError(f"the column {column!r}: {fault}")


def _check_found(found: Sequence[MappedColumn]) -> None:
    taken: dict[str, str] = {}
    for column, field, how, near, _ in found:
        if field is None:
            continue
        if how == "kept" and near:
            raise ValueError(
                f"the column {column!r} looks like the field {near!r}: map it to that, "
                "leave it out, or give it another name"
            )
        if field in taken:
            raise ValueError(
                f"the columns {taken[field]!r} and {column!r} both go to {field}: "
                "leave one of them out (map it to nothing), or map it to another field"
            )
        taken[field] = column


def _sample(column: str, samples: Sequence[Mapping[str, object]]) -> object:
    values = (row.get(column) for row in samples)
    return next((value for value in values if value is not None and value != ""), None)


def plain_name(name: str) -> str:
    """Return the letters and digits of a name, without case."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(filter(str.isalnum, folded))


#: Columns of an export that are no fields to write: the rules know what to make of them.
_OF_EXPORTS = (EXTRA, "phone")
_BY_NAME = {plain_name(field.name): field.name for field in TABLES[_TABLE] if field.name != "phone"}
_BY_ALIAS = {plain_name(alias): field for field, names in ALIASES.items() for alias in names}
