"""The sample data: its shape, its oddities, and that the seed fixes it."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import Any

import msgspec
import pytest

from leadgenius_async._fields import TABLES
from leadgenius_async.emulator import Emulator, EmulatorConfig
from leadgenius_async.emulator.rows import row_builder
from leadgenius_async.emulator.sample.leads import sample_rows
from leadgenius_async.emulator.sample.tenants import sample_tenants

LEAN = (
    "id", "company_id", "client_id", "createdAt", "updatedAt", "status", "firstName", "lastName",
    "email", "title", "companyName", "companyDomain", "linkedinUrl", "country", "aiLeadScore",
)  # fmt: skip
both_tables = pytest.mark.parametrize("table", list(TABLES))


def _raw(table: str, *, seed: int = 0, habits: bool = True, count: int = 4_000) -> list[bytes]:
    config = EmulatorConfig(leads=count, source_leads=count, seed=seed)
    tenant, _ = sample_tenants(config)
    rows = chain.from_iterable(sample_rows(tenant, table, seed, habits=habits))
    served = [(0, row.client_id, row.head, row.tail) for row in rows]
    return [msgspec.json.encode(row) for row in row_builder(table, seed).build(served, None)]


def _decoded(table: str, **options: Any) -> list[dict[str, Any]]:
    return [msgspec.json.decode(row) for row in _raw(table, **options)]


@both_tables
def test_seeded(table: str) -> None:
    """The same seed gives the same bytes, another seed others."""
    assert _raw(table, count=500) == _raw(table, count=500)
    assert _raw(table, count=500, seed=1) != _raw(table, count=500)


@both_tables
def test_fields(table: str) -> None:
    """Every declared field occurs in the sample, and nobody else's but one."""
    names = set(chain.from_iterable(_decoded(table)))

    assert names - {field.name for field in TABLES[table]} == {"intentTopic"}
    assert {field.name for field in TABLES[table]} <= names


@both_tables
def test_types_without_habits(table: str) -> None:
    """Without habits each value is of its declared type or null, and each field declared."""
    types = {field.name: str if field.type == "text" else float for field in TABLES[table]}
    for row in _decoded(table, habits=False, count=300):
        for name, value in row.items():
            assert value is None or isinstance(value, types[name]), name


def test_sizes() -> None:
    """A full row has about 4 KB, a lean one of 15 fields about 500 bytes."""
    full = _raw("enrich_leads")
    lean = [
        msgspec.json.encode({name: row[name] for name in LEAN if name in row})
        for row in map(msgspec.json.decode, full)
    ]

    assert 3_600 < sum(map(len, full)) / len(full) < 4_600
    assert 450 < sum(map(len, lean)) / len(lean) < 550


def test_shares_of_clients() -> None:
    """One client has about 60 % of the rows, the others ever fewer."""
    counts = Counter(row["client_id"] for row in _decoded("enrich_leads")).most_common()

    assert 0.57 < counts[0][1] / 4_000 < 0.63
    assert counts[1][1] > 3 * counts[20][1]


def test_people_are_made_up() -> None:
    """Mails and links are of .example domains, phones of the range kept for fiction."""
    for row in _decoded("enrich_leads", count=500):
        assert row["email"].endswith(".example")
        assert row["email"].isascii()
        for name in ("linkedinUrl", "companyUrl", "companyLinkedinUrl"):
            assert ".example/" in f"{row[name]}/"
        assert (row.get("phoneNumber") or "+1-555-01").startswith("+1-555-01")


def test_variety() -> None:
    """Ids are unique, texts hardly ever equal, some names not ASCII, some values null or absent."""
    rows = _decoded("enrich_leads")

    assert len({row["id"] for row in rows}) == len(rows)
    letters = [row["aiColdEmail"] for row in rows if row.get("aiColdEmail")]
    assert len(set(letters)) > 0.98 * len(letters)
    assert any(not row["firstName"].isascii() for row in rows)
    assert {("state" in row and row["state"] is None) for row in rows} == {True, False}
    assert {"aiInterest" in row for row in rows} == {True, False}
    assert any(row["firstName"] in (row.get("notes") or "") for row in rows)


@both_tables
def test_texts_of_json(table: str) -> None:
    """Fields that hold JSON as text hold JSON, also where names were put into it."""
    name = "engagementHistory" if table == "enrich_leads" else "rawData"
    texts = [row[name] for row in _decoded(table, habits=False, count=300) if row.get(name)]

    assert texts
    for text in texts:
        msgspec.json.decode(text)


@pytest.mark.parametrize(("count", "each"), [(100, 1), (2_000, 1), (4_000, 2)])
def test_oddities(count: int, each: int) -> None:
    """Each 2,000 rows have an object and a list for text, a new field, two invisible leads."""
    rows = _decoded("enrich_leads", count=count)
    tenant, _ = sample_tenants(EmulatorConfig(leads=count))
    record_ids = {client.id for client in tenant.clients}

    assert sum(isinstance(row.get("aiLeadScore"), dict) for row in rows) == each
    assert sum(isinstance(row.get("engagementHistory"), list) for row in rows) == each
    assert sum("intentTopic" in row for row in rows) == each
    assert sum(row["client_id"] in record_ids for row in rows) == 2 * each


def test_few_rows_have_no_oddities() -> None:
    """Below 100 rows, and without habits, all rows are plain."""
    for rows in (_decoded("enrich_leads", count=99), _decoded("enrich_leads", habits=False)):
        assert not any("intentTopic" in row for row in rows)
        assert not any(isinstance(row.get("aiLeadScore"), dict) for row in rows)


def test_habits_change_only_the_odd_rows() -> None:
    """With and without habits the plain rows are the same."""
    plain, odd = _raw("enrich_leads", habits=False), _raw("enrich_leads")
    assert sum(a != b for a, b in zip(plain, odd, strict=True)) == 10


def test_second_tenant_has_a_hundredth() -> None:
    """The second company has a hundredth of the rows, at least 20 and at most 2,000."""
    for leads, other in ((0, 20), (5_000, 50), (1_000_000, 2_000)):
        assert sample_tenants(EmulatorConfig(leads=leads))[1].rows["enrich_leads"] == other


async def test_one_client_and_no_rows() -> None:
    """A company may have a single client, and no rows at all."""
    async with Emulator(leads=0, source_leads=10, clients=1) as emulator:
        assert list(emulator.rows("enrich_leads")) == []
        [client] = emulator.ready.clients
        owned = emulator.rows("source_leads", client_id=client.client_id)
        assert len(list(owned)) == 10
