"""The sections of a report's page, but for the run's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from leadgenius_async._report import words
from leadgenius_async._report.figures import (
    Clients,
    DatasetReport,
    Duplicates,
    FieldFill,
    Findings,
    Growth,
    Repeated,
    Scores,
)
from leadgenius_async._report.markup import figures, name, note, pairs, section
from leadgenius_async._report.svg import Bar, Label, Line, chart, meter, nice_top

#: Fields that whoever wants to reach leads looks at first.
HIGHLIGHTS = {"email": "E-mail", "phoneNumber": "Phone", "aiLeadScore": "AI score"}


_GROUPS = {"ai": "AI", "": "Not declared"}


def absent(column: str) -> str:
    """Return what is said where a column is not in the files."""
    return note(f"The files have no column {column}: the export did not ask for it.")


def clients(report: DatasetReport) -> str:
    """Return the leads by client."""
    found = report.clients
    if found is None:
        return section("clients", "Clients", absent("client_id"), half=True)
    if not report.rows:
        return section("clients", "Clients", note("There are no leads."), half=True)
    rows = "".join(_client(each.client_id, each.rows, report.rows) for each in found.largest)
    table = _client_table(rows, found, report)
    return section("clients", "Clients", note(_of_clients(found)), table, half=True)


def _of_clients(found: Clients) -> str:
    if not found.others:
        return f"{words.several(found.count, 'client_id')}, the largest first."
    return f"The largest {len(found.largest):,} of {words.several(found.count, 'client_id')}."


def _client_table(rows: str, found: Clients, report: DatasetReport) -> str:
    if found.others:
        others = f'<span class="soft">{words.count(found.others)} others</span>'
        rows += _client_row(others, found.others_rows, report.rows)
    head = (
        '<tr><th scope="col">client_id</th><th scope="col" class="wide"><span '
        'class="soft">of all</span></th><th scope="col" class="n">leads</th>'
        '<th scope="col" class="n p">share</th></tr>'
    )
    return f'<table class="list"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def _client(client_id: str | None, rows: int, of: int) -> str:
    return _client_row(name(client_id), rows, of)


def _client_row(shown: str, rows: int, of: int) -> str:
    return (
        f'<tr><th scope="row">{shown}</th><td>{meter(rows, of)}</td>'
        f"<td>{words.count(rows)}</td><td>{words.share(rows, of)}</td></tr>"
    )


def fields(report: DatasetReport) -> str:
    """Return how full the fields are, and what `_extra` holds."""
    if not report.fields:
        return section("fields", "Fields", note("Nothing is durable yet."))
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


def duplicates(report: DatasetReport) -> str:
    """Return which leads share an e-mail address."""
    found = report.duplicates
    if found is None:
        return section("duplicates", "Duplicates", absent("email"), half=True)
    listed = [*_duplicates(found)]
    said = note(
        "Leads with the same e-mail address, capitals and surrounding blanks apart. Leads without "
        "an address are not compared."
    )
    return section("duplicates", "Duplicates", said, pairs(listed), half=True)


def _duplicates(found: Duplicates) -> Iterator[tuple[str, str, str]]:
    yield "Leads with an address", "", words.count(found.with_email)
    yield "Leads without one", "null, empty, or blanks", words.count(found.without_email)
    yield "Different addresses", "", words.count(found.addresses)
    yield "Addresses that come again", _leads(found.repeated), words.count(found.repeated.addresses)
    if within := found.within_client:
        yield "… within one client", _leads(within), words.count(within.addresses)


def _leads(found: Repeated) -> str:
    return f"in {words.several(found.leads, 'lead')}, {found.surplus:,} of them surplus"


def growth(report: DatasetReport) -> str:
    """Return when leads were created."""
    found = report.growth
    if found is None:
        return section("growth", "Growth", absent("createdAt"))
    left = [
        (found.undated, "without createdAt"),
        (found.unreadable, "with a createdAt that is no date"),
    ]
    rest = "".join(f" {words.count(leads)} {what}." for leads, what in left if leads)
    if not found.periods:
        return section("growth", "Growth", note(f"No lead has a createdAt to go by.{rest}"))
    said = note(
        f"Leads by the {found.unit} of their createdAt (UTC), {found.first} to {found.last}.{rest}"
    )
    return section("growth", "Growth", said, _created(found), _totals(found), _periods(found))


def _created(found: Growth) -> str:
    room, most = 1 / len(found.periods), max(period.leads for period in found.periods)
    bars = (
        Bar(n * room, room, period.leads, f"{period.start}: {words.several(period.leads, 'lead')}")
        for n, period in enumerate(found.periods)
    )
    title = f"Leads created by {found.unit}: {words.count(most)} at the most"
    return f"<h3>Created in each {found.unit}</h3>" + chart(
        title, bars, top=nice_top(most), labels=_dates(found)
    )


def _totals(found: Growth) -> str:
    room, most = 1 / len(found.periods), found.periods[-1].total
    points = [((n + 1) * room, period.total) for n, period in enumerate(found.periods)]
    line = Line([(0.0, 0.0), *points], "total")
    title = f"Leads in all, rising to {words.count(most)}"
    return "<h3>In all</h3>" + chart(
        title, (), top=nice_top(most), lines=[line], labels=_dates(found), class_="low"
    )


def _dates(found: Growth) -> list[Label]:
    periods, cut = found.periods, {"month": 7, "year": 4}.get(found.unit, 10)
    places = sorted({0, (len(periods) - 1) // 2, len(periods) - 1})
    return [Label((n + 0.5) / len(periods), periods[n].start[:cut]) for n in places]


def _periods(found: Growth) -> str:
    rows = ((p.start, words.count(p.leads), words.count(p.total)) for p in found.periods)
    return figures("The same as a table", (f"{found.unit} from", "leads", "in all"), rows)


def scores(report: DatasetReport) -> str:
    """Return how scores are spread."""
    if not report.scores:
        said = note("The files have no column that holds a score: the export did not ask for one.")
        return section("scores", "Scores", said)
    shown = [each for each in report.scores if each.numbers]
    others = [each for each in report.scores if not each.numbers]
    charts = "".join(map(_score, shown))
    rest = "".join(note(f"{each.field}: {_without(each)}.") for each in others)
    said = note(
        "Numbers, and texts that are one. A bin holds its lower bound; the last holds both."
    )
    return section("scores", "Scores", said, f'<div class="few">{charts}</div>{rest}')


def _score(found: Scores) -> str:
    room, most = 1 / len(found.bins), max(each.leads for each in found.bins)
    bars = (
        Bar(n * room, room, each.leads, f"{_bounds(each.least, each.below)}: {each.leads:,}")
        for n, each in enumerate(found.bins)
    )
    edges = [each.least for each in found.bins] + [found.bins[-1].below]
    places = sorted({0, len(edges) // 2, len(edges) - 1})
    labels = [Label(n / (len(edges) - 1), words.number(edges[n])) for n in places]
    rows = ((_bounds(each.least, each.below), words.count(each.leads)) for each in found.bins)
    title = f"Distribution of {found.field} in {words.several(found.numbers, 'lead')}"
    return (
        f"<div><h3>{name(found.field)}</h3>{note(_middle(found))}"
        f"{chart(title, bars, top=nice_top(most), labels=labels, class_='mid')}"
        f"{note(_without(found))}"
        f"{figures(f'{found.field} as a table', ('score', 'leads'), rows)}</div>"
    )


def _bounds(least: float, below: float) -> str:
    return f"{words.number(least)} to {words.number(below)}"


def _middle(found: Scores) -> str:
    if found.least is None or found.median is None or found.most is None:
        return ""
    least, median, most = map(words.number, (found.least, found.median, found.most))
    return f"{least} to {most}, median {median}"


def _without(found: Scores) -> str:
    said = f"{words.count(found.absent)} without a score"
    if found.not_numbers:
        said += f", {words.count(found.not_numbers)} with one that is no number"
    return said


def findings(report: DatasetReport) -> str:
    """Return what was odd about rows and chains."""
    found = report.findings
    failed = "".join(
        f'<tr><th scope="row">{name(chain.client_id or "all rows")}</th>'
        f"<td>{words.escape(words.without_addresses(chain.error))}</td></tr>"
        for chain in found.failed
    )
    if failed:
        failed = (
            '<h3>Chains that failed</h3><table class="failed"><thead><tr><th scope="col">client_id'
            '</th><th scope="col">error</th></tr></thead>'
            f"<tbody>{failed}</tbody></table>"
        )
    return section("findings", "Findings", pairs(_findings(found)), failed, half=True)


def _findings(found: Findings) -> Iterable[tuple[str, str, str]]:
    yield "Chains of pages at their end", "", f"{found.chains_done:,} of {found.chains:,}"
    yield "Chains that began anew", "their token was refused", words.count(found.restarts)
    yield (
        "Rows that came again",
        "dropped by their id; the last one is kept",
        words.count(found.duplicates),
    )
    yield "Rows that cannot be read", "they stand raw in rejects.ndjson", words.count(found.rejects)
    if found.missing is None or found.orphans is None or found.recovered is None:
        yield (
            "Orphans",
            "not looked for: only chains per client, with their sweep, can tell",
            words.NONE,
        )
        return
    yield (
        "Rows missing from the clients' chains",
        f"{found.recovered:,} of them were fetched then",
        words.count(found.missing),
    )
    yield "Orphans among these", "no client has their client_id", words.count(found.orphans)
