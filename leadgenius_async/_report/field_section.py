"""The section of the fields: how often each has a value."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from leadgenius_async._report import words
from leadgenius_async._report.figures import (
    DatasetReport,
    FieldFill,
)
from leadgenius_async._report.markup import NOTHING_YET, name, note, section
from leadgenius_async._report.svg import meter

#: Fields that whoever wants to reach leads looks at first.
HIGHLIGHTS = {"email": "E-mail", "phoneNumber": "Phone", "aiLeadScore": "AI score"}
#: Groups of fields whose names read otherwise.
_GROUPS = {"ai": "AI", "": "Not declared"}


def fields(report: DatasetReport) -> str:
    """Return how full the fields are, and what `_extra` holds."""
    if not report.fields:
        return section("fields", "Fields", note(NOTHING_YET))
    intro = note(
        "In how many leads a field has a value: neither null nor an empty text. "
        f"{words.several(len(report.fields), 'column')}."
    )
    if not report.rows:
        intro = note("There are no leads, so no field has a value.")
    return section(
        "fields",
        "Fields",
        intro,
        _big(report),
        _columns(report.fields, report.rows),
        _extra(report),
    )


def _big(report: DatasetReport) -> str:
    found = {field.field: field for field in report.fields}
    shown = "".join(
        f"<div><p><span>{label}</span><b>{_share_of(found.get(field), report.rows)}</b></p>"
        f"{_meter_of(found.get(field), report.rows)}"
        f'<span class="soft">{field if field in found else f"{field} is not in the files"}</span>'
        "</div>"
        for field, label in HIGHLIGHTS.items()
    )
    return f'<div class="big">{shown}</div>'


def _share_of(field: FieldFill | None, rows: int) -> str:
    return words.NONE if field is None else words.share(field.rows, rows)


def _meter_of(field: FieldFill | None, rows: int) -> str:
    return "" if field is None else meter(field.rows, rows)


def _columns(found: Sequence[FieldFill], rows: int) -> str:
    tables = "".join(
        f"<table><caption>{_GROUPS.get(group, group.capitalize())}</caption><tbody>"
        f"{''.join(_field(field, rows) for field in listed)}</tbody></table>"
        for group, listed in groupby(found, lambda field: field.group)
    )
    return f'<div class="columns">{tables}</div>'


def _field(field: FieldFill, rows: int) -> str:
    class_ = "" if field.rows else ' class="none"'
    return (
        f'<tr{class_}><th scope="row">{name(field.field)}</th>'
        f'<td class="m">{meter(field.rows, rows)}</td>'
        f'<td title="{words.count(field.rows)} leads">{words.share(field.rows, rows)}</td></tr>'
    )


def _extra(report: DatasetReport) -> str:
    if not report.extra:
        return "<h3>In _extra</h3>" + note("Nothing: every field that came has its column.")
    rows = "".join(
        f'<tr><th scope="row">{name(field)}</th><td>{words.count(rows)}</td>'
        f"<td>{words.share(rows, report.rows)}</td></tr>"
        for field, rows in report.extra.items()
    )
    said = note("Fields that nobody declared, and values that do not fit their column, as JSON.")
    head = (
        '<tr><th scope="col">field</th><th scope="col" class="n">leads</th>'
        '<th scope="col" class="n p">share</th></tr>'
    )
    return (
        f'<h3>In _extra</h3>{said}<table class="list"><thead>{head}</thead><tbody>{rows}</tbody>'
        "</table>"
    )
