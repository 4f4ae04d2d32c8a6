"""A report in a few lines."""

from __future__ import annotations

from collections.abc import Iterator

from leadgenius_async._http.decode import printable
from leadgenius_async._report import words
from leadgenius_async._report.field_section import HIGHLIGHTS
from leadgenius_async._report.figures import DatasetReport, Growth

_CLIENTS = 3


def summary(report: DatasetReport) -> Iterator[str]:
    """Give the lines."""
    size = f"{words.several(report.files, 'file')}, {words.size(report.bytes)}"
    yield f"{report.rows:,} leads of {printable(report.company_id)} ({report.table}), {size}"
    why = (
        f": {words.without_addresses(report.incomplete_because)}"
        if report.incomplete_because
        else ""
    )
    yield f"{report.state}{printable(why)}"
    if report.files:
        yield from _clients(report)
        yield from _filled(report)
        yield from _duplicates(report)
        yield _growth(report.growth)
    else:
        yield "nothing is durable yet"
    for each in report.scores:
        if each.least is not None and each.most is not None and each.median is not None:
            spread = f"{words.number(each.least)} to {words.number(each.most)}"
            yield f"{each.field}: {spread}, median {words.number(each.median)}"
    run = report.run
    yield (
        f"{words.several(run.requests, 'request')}, {run.retries:,} of them retries, in "
        f"{words.span(run.seconds)}; throttled for {words.span(run.throttled_seconds)}"
    )


def _clients(report: DatasetReport) -> Iterator[str]:
    if report.clients is None:
        yield "clients: the files have no column client_id"
        return
    shown = report.clients.largest[:_CLIENTS]
    names = (
        f"{'none' if each.client_id is None else printable(each.client_id)} {each.rows:,}"
        for each in shown
    )
    more = report.clients.count - len(shown)
    yield f"clients: {', '.join(names) or 'none'}{f' and {more:,} more' if more else ''}"


def _filled(report: DatasetReport) -> Iterator[str]:
    found = {field.field: field.rows for field in report.fields}
    shares = (
        f"{label} {words.share(found[field], report.rows)}"
        for field, label in HIGHLIGHTS.items()
        if field in found
    )
    if said := ", ".join(shares):
        yield f"with a value: {said}"


def _duplicates(report: DatasetReport) -> Iterator[str]:
    if report.duplicates is None:
        yield "duplicates: the files have no column email"
        return
    again = report.duplicates.repeated
    yield (
        f"duplicates: {words.several(again.addresses, 'address', 'addresses')} in {again.leads:,} "
        f"leads, {again.surplus:,} of them surplus"
    )


def _growth(growth: Growth | None) -> str:
    if growth is None:
        return "created: the files have no column createdAt"
    if growth.first is None:
        return "created: no lead says when"
    return f"created: {growth.first} to {growth.last}"
