# ruff: noqa: S608 - statements are put together here alone, of names that are known
"""The figures of a report, against the same by DuckDB over the same files."""

from __future__ import annotations

import io
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from accounts import connect

from leadgenius_async import make_report
from leadgenius_async._report import emails as emails_of
from leadgenius_async._report.emails import EmailCounter
from leadgenius_async._report.figures import Duplicates
from leadgenius_async._report.scores import ScoreCounter
from leadgenius_async._report.tally import Tally
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import DatasetReport

#: Of several kinds, days beyond midnight in UTC among them; what SQL reads otherwise is below.
DATES = [
    "2026-03-01T10:00:00.000Z",
    "2026-03-01T10:00:00Z",
    "2026-03-02 23:59:59",
    "2026-03-03",
    "2026-03-04T00:30:00+02:00",
    "2026-03-04T23:30:00-01:00",
    "2025-12-31T23:59:59.999999Z",
]
NO_DATES = [
    "soon",
    "2026-02-30T00:00:00Z",
    "1767225600000",
    "2026-13-01",
    " ",
    "2026-03-01T25:00:00Z",
]
EMAILS = [
    "mia@sample.example", "Mia@Sample.Example", " mia@sample.example ", "\tMIA@SAMPLE.EXAMPLE\n",
    "noah@sample.example", "noah@sample.example", "lea@sample.example", "", "   ", None,
]  # fmt: skip
SCORES = [
    "7",
    "7.5",
    " 42 ",
    "100",
    "0",
    "-3",
    "1e1",
    "85/100",
    "high",
    "",
    None,
    "nan",
    "1_0",
    "+5",
]

NUMBER = r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*"
PLAIN = r"lower(regexp_replace(email, '^\s+|\s+$', '', 'g'))"


def odd_rows() -> Iterator[dict[str, object]]:
    """Give leads with every habit that a naive count would fall over."""
    dice = random.Random(9)  # noqa: S311 - the same each time
    for n in range(1_500):
        row: dict[str, object] = {
            "id": f"odd-{n}",
            "client_id": dice.choice(["acme/eu", "acme", "ACME", "007", "lost-client", "Ünï ⟨x⟩"]),
            "email": dice.choice(EMAILS) if n % 3 else f"lead-{n}@sample.example",
            "createdAt": dice.choice([*DATES, *NO_DATES, "", None]),
            "aiLeadScore": dice.choice([*SCORES, {"ai_score": 85}, 12, 0.25]),
            "aiScoreValue": dice.choice([0.1, 0.3, 0.7, "0.2", 1]),
            "aiRiskScore": dice.choice([-250, 1_000, 12_345.5]),
            "engagementScore": dice.choice([1, 2.5, "7", None, 9.9]),
            "phoneNumber": dice.choice(["", None, "+1-555-0100"]),
            "title": dice.choice(["", "x", None]),
        }
        if n % 5 == 0:
            row |= {"intentTopic": {"n": n}, "<b>": None}
        yield {name: value for name, value in row.items() if value is not None or n % 2}


class Sql:
    """DuckDB over the files of an export."""

    def __init__(self, out: Path) -> None:
        self._db = duckdb.connect()
        files = str(out / "enrich_leads" / "**" / "*.parquet")
        self._db.execute(
            "CREATE TABLE leads AS SELECT * FROM read_parquet(?, hive_partitioning = true, "
            "hive_types_autocast = false)".replace("?", f"'{files}'")
        )

    def all(self, query: str) -> list[Any]:
        return self._db.execute(query).fetchall()

    def one(self, query: str) -> Any:
        (value,) = self._db.execute(query).fetchall()[0]
        return value


def check(report: DatasetReport, sql: Sql) -> None:
    """Compare every figure of the files."""
    assert report.rows == sql.one("SELECT count(*) FROM leads")
    check_clients(report, sql)
    check_fields(report, sql)
    check_duplicates(report, sql)
    check_growth(report, sql)
    for scores in report.scores:
        check_scores(scores, sql)


def check_clients(report: DatasetReport, sql: Sql) -> None:
    assert report.clients
    expected = sql.all(
        "SELECT client_id, count(*) FROM leads GROUP BY 1 ORDER BY 2 DESC, 1 NULLS LAST"
    )
    assert [(each.client_id, each.rows) for each in report.clients.largest] == expected[:25]
    assert report.clients.count == len(expected)
    assert report.clients.others == max(0, len(expected) - 25)
    assert report.clients.others_rows == sum(rows for _, rows in expected[25:])


def check_fields(report: DatasetReport, sql: Sql) -> None:
    names = {name for name, *_ in sql.all("DESCRIBE leads")} - {"_extra"}
    assert {field.field for field in report.fields} == names
    for field in report.fields:
        there = f"count(*) FILTER ({field.field}::VARCHAR <> '')"
        assert field.rows == sql.one(f"SELECT {there} FROM leads"), field.field
        assert field.share == field.rows / report.rows
    texts = sql.all("SELECT _extra FROM leads WHERE _extra IS NOT NULL")
    names_of = [name for (text,) in texts for name in json.loads(text)]
    assert report.extra == {name: names_of.count(name) for name in set(names_of)}


def check_duplicates(report: DatasetReport, sql: Sql) -> None:
    found = report.duplicates
    assert found
    assert found.within_client
    there = f"(SELECT {PLAIN} AS address, client_id FROM leads WHERE {PLAIN} <> '')"
    with_email, addresses = sql.all(f"SELECT count(*), count(DISTINCT address) FROM {there}")[0]
    assert (found.with_email, found.addresses) == (with_email, addresses)
    assert found.without_email == report.rows - with_email
    for keys, repeated in (
        ("address", found.repeated),
        ("address, client_id", found.within_client),
    ):
        (expected,) = sql.all(
            "SELECT count(DISTINCT address), coalesce(sum(n), 0), coalesce(sum(n - 1), 0) FROM "
            f"(SELECT {keys}, count(*) AS n FROM {there} GROUP BY {keys} HAVING n > 1)"
        )
        assert (repeated.addresses, repeated.leads, repeated.surplus) == expected


def check_growth(report: DatasetReport, sql: Sql) -> None:
    found = report.growth
    assert found
    sql.all("SET TimeZone = 'UTC'")
    read = (
        f"CASE WHEN createdAt NOT IN {(*NO_DATES,)!r} THEN try_cast(createdAt AS TIMESTAMPTZ) END"
    )
    assert found.dated == sql.one(f"SELECT count({read}) FROM leads")
    assert found.undated == sql.one(
        "SELECT count(*) FILTER (coalesce(createdAt, '') = '') FROM leads"
    )
    assert found.unreadable == report.rows - found.dated - found.undated
    expected = sql.all(
        "SELECT start, n, sum(n) OVER (ORDER BY start) FROM (SELECT strftime(date_trunc("
        f"'{found.unit}', {read}), '%Y-%m-%d') AS start, count(*) AS n FROM leads WHERE {read} "
        "IS NOT NULL GROUP BY 1) ORDER BY 1"
    )
    assert [(p.start, p.leads, p.total) for p in found.periods if p.leads] == expected
    first, last = sql.all(
        f"SELECT strftime(min({read}), '%Y-%m-%d'), strftime(max({read}), '%Y-%m-%d') FROM leads"
    )[0]
    assert (found.first, found.last) == (first, last)


def check_scores(scores: Any, sql: Sql) -> None:
    text = f"{scores.field}::VARCHAR"
    number = f"CASE WHEN regexp_full_match({text}, '{NUMBER}') THEN trim({text})::DOUBLE END"
    numbers, absent, least, median, most = sql.all(
        f"SELECT count({number}), count(*) FILTER (coalesce({text}, '') = ''), min({number}), "
        f"median({number}), max({number}) FROM leads"
    )[0]
    assert (scores.numbers, scores.absent) == (numbers, absent)
    assert (scores.least, scores.median, scores.most) == (least, median, most)
    assert scores.not_numbers == sql.one("SELECT count(*) FROM leads") - numbers - absent
    assert sum(each.leads for each in scores.bins) == numbers
    for n, each in enumerate(scores.bins):
        below = "<=" if n == len(scores.bins) - 1 else "<"
        assert each.leads == sql.one(
            f"SELECT count(*) FROM leads WHERE {number} >= {each.least!r} "
            f"AND {number} {below} {each.below!r}"
        ), (scores.field, each)


@pytest.mark.parametrize(
    "layout",
    [{}, {"single_file": True}, {"partition_by": "client_id"}],
    ids=["parts", "one file", "folders"],
)
async def test_figures_are_those_of_duckdb(tmp_path: Path, layout: dict[str, Any]) -> None:
    """Each figure is what SQL says over the same files, whatever their layout."""
    async with Emulator(leads=1_000, source_leads=0, clients=30, rate="off") as emulator:
        emulator.insert("enrich_leads", odd_rows())
        async with connect(emulator) as lg:
            await lg.enrich_leads.export(tmp_path, chains="clients", **layout)
    report = make_report(tmp_path)
    check(report, Sql(tmp_path))
    assert report.state == "complete"
    assert report.findings.orphans


def test_addresses_are_compared_share_by_share() -> None:
    """However many shares there are, each address is compared with all others."""
    dice = random.Random(1)  # noqa: S311 - the same each time
    addresses = [f"lead-{dice.randrange(3_000)}@sample.example" for _ in range(5_000)]
    clients = [dice.choice("ab") for _ in addresses]
    table = pa.table({"email": addresses, "client_id": clients})
    found: list[Duplicates] = []
    for share in (emails_of.SHARE, 700):
        counter = EmailCounter(io.BytesIO(), with_clients=True, share=share)
        for start in range(0, 5_000, 999):
            counter.add(table.slice(start, 999))
        found.append(counter.result())
    assert found[0] == found[1]
    assert found[0].addresses == len({*addresses})
    assert found[0].repeated.surplus == len(addresses) - len({*addresses})


def test_a_client_that_is_named_by_an_address() -> None:
    """An address and a client are one thing together: neither their order nor equality matters."""
    alike = ["mia@sample.example", "noah@sample.example", "lea@sample.example"]
    swapped = ["noah@sample.example", "mia@sample.example", "mia@sample.example"]
    for clients, within in ((alike, 0), (swapped, 0), (["acme"] * 3, 0), (["acme"] * 4, 2)):
        emails = [*alike, "lea@sample.example"][: len(clients)]
        counter = EmailCounter(io.BytesIO(), with_clients=True)
        counter.add(pa.table({"email": emails, "client_id": clients}))
        found = counter.result().within_client
        assert found
        assert found.leads == within


@pytest.mark.parametrize(
    ("given", "median"),
    [
        (["1.7e308", "-1.7e308"], 0.0),
        (["1e308", "1.7e308"], 1.35e308),
        (["5e-324", "5e-324"], 5e-324),
    ],
)
def test_scores_at_the_ends_of_numbers(given: list[str], median: float) -> None:
    """Every figure is a number that JSON has."""
    counter = ScoreCounter("aiLeadScore")
    counter.add(pa.table({"aiLeadScore": given}))
    found = counter.result()
    assert found.median == median
    assert sum(each.leads for each in found.bins) == 2
    assert all(map(math.isfinite, [each.least for each in found.bins]))
    assert math.isfinite(found.bins[-1].below)


def test_many_different_scores() -> None:
    """They are put together by their places: Arrow takes seconds for so many floats otherwise."""
    tally = Tally(pa.float64())
    values = pa.array([n / 7 for n in range(100_000)])
    began = time.process_time()
    for _ in range(2):
        tally.add(pa.chunked_array([values, values.slice(0, 10)]))
    found = tally.result()
    assert time.process_time() - began < 2
    assert found.num_rows == 100_000
    assert pc.sum(found.column("count")).as_py() == 200_020
