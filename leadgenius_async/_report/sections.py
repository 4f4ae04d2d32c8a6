"""The sections of whose the leads are, which come again, and what was odd."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from leadgenius_async._report import words
from leadgenius_async._report.figures import (
    Clients,
    DatasetReport,
    Duplicates,
    Findings,
    Repeated,
)
from leadgenius_async._report.markup import absent, name, note, pairs, section
from leadgenius_async._report.svg import meter


def clients(report: DatasetReport) -> str:
    """Return the leads by client."""
    found = report.clients
    if found is None:
        return section("clients", "Clients", absent("client_id", report.files), half=True)
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


def duplicates(report: DatasetReport) -> str:
    """Return which leads share an e-mail address."""
    found = report.duplicates
    if found is None:
        return section("duplicates", "Duplicates", absent("email", report.files), half=True)
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
