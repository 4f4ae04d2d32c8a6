"""`schema.json`, and exports that end where a row does not fit the schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
import pytest
from accounts import connect

from leadgenius_async import LeadGenius, UnknownFieldWarning, errors
from leadgenius_async._extract.rows import is_exact
from leadgenius_async.cli import failures
from leadgenius_async.emulator import Emulator

Row = dict[str, Any]


async def export(rows: list[Row], out: Path, **options: Any) -> None:
    """Take out a few plain rows, then these."""
    async with (
        Emulator(leads=40, source_leads=0, clients=1, rate="off", habits=False) as service,
        connect(service) as lg,
    ):
        client = service.ready.clients[0].client_id
        service.insert("enrich_leads", [{"client_id": client, **row} for row in rows])
        await lg.enrich_leads.export(out, page_size=20, **options)


def read(path: Path) -> Any:
    return json.loads(path.read_text())


async def test_it_has_every_column_and_what_extra_holds(tmp_path: Path) -> None:
    """Names, types and sources of the columns; of each field in `_extra` its rows and types."""
    rows: list[Row] = [
        {"shoeSize": 43, "hat": "red", "nothing": None},
        {"shoeSize": 44.5, "hat": {"colour": "red"}, "engagementScore": "high"},
        {"shoeSize": None, "order": 12345678901234567891},
    ]
    await export(rows, tmp_path / "out")
    schema = read(tmp_path / "out" / "schema.json")
    names = pq.read_schema(tmp_path / "out" / "enrich_leads" / "part-00000.parquet").names
    assert [*(column["name"] for column in schema["columns"]), "_extra"] == names
    columns = {column["name"]: column for column in schema["columns"]}
    assert columns["engagementScore"] == {
        "name": "engagementScore", "type": "number", "group": "engagement", "source": "documented",
    }  # fmt: skip
    assert columns["ai1"]["source"] == "observed"
    assert columns["projectId"]["source"] == "assumed"
    assert schema["extra"] == {
        "shoeSize": {"rows": 3, "types": {"number": 2, "null": 1}, "type": "number"},
        "hat": {"rows": 2, "types": {"string": 1, "object": 1}, "type": "text"},
        "nothing": {"rows": 1, "types": {"null": 1}, "type": "text"},
        "engagementScore": {"rows": 1, "types": {"string": 1}, "type": "text"},
        "order": {"rows": 1, "types": {"number": 1}, "type": "text"},
    }
    manifest = read(tmp_path / "out" / "manifest.json")
    assert manifest["extra"] == {name: field["rows"] for name, field in schema["extra"].items()}


async def test_a_projection_and_lines(lg: LeadGenius, tmp_path: Path) -> None:
    """The columns are those asked for; NDJSON has none, so it has no such file."""
    with pytest.warns(UnknownFieldWarning):
        await lg.enrich_leads.export(tmp_path / "some", fields=["email", "shoeSize"])
    found = {c["name"]: c["source"] for c in read(tmp_path / "some" / "schema.json")["columns"]}
    assert found == {"email": "documented", "shoeSize": "asked for"}
    await lg.enrich_leads.export(tmp_path / "some", format="ndjson", overwrite=True)
    assert not (tmp_path / "some" / "schema.json").exists()


@pytest.mark.parametrize(
    ("number", "exact"),
    [
        ("0", True),
        ("-1.50", True),
        ("0.30000000000000004", True),
        ("1e3", True),
        ("9007199254740993", False),
        ("0.1000000000000000000001", False),
        ("1e999", False),
        ("1e-99999999999999999999", False),
    ],
)
def test_which_numbers_a_column_keeps(number: str, *, exact: bool) -> None:
    """A number whose digits `float64` does not hold makes its field a text column."""
    assert is_exact(msgspec.Raw(number.encode())) is exact


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({"shoeSize": {"secret": 1}}, r"'shoeSize' is not declared \(object was found\)"),
        ({"engagementScore": "secret"}, "'engagementScore' is declared as number, and string"),
    ],
)
async def test_a_strict_export_ends_at_what_does_not_fit(
    tmp_path: Path, row: Row, what: str
) -> None:
    """The error names field, type, page and client, and no value; what is durable stands."""
    with pytest.raises(errors.SchemaMismatch, match=f"page 2, client ALL: {what}") as caught:
        await export([row], tmp_path / "out", strict_schema=True, chains="all")
    assert "secret" not in str(caught.value)
    assert failures.exit_code(caught.value) == failures.PARTIAL
    manifest = read(tmp_path / "out" / "manifest.json")
    assert manifest["complete"] is False
    assert manifest["incomplete_because"] == str(caught.value)
    assert pq.read_table(tmp_path / "out" / "enrich_leads").num_rows == manifest["rows"] == 40


@pytest.mark.parametrize("format_", ["parquet", "ndjson"])
async def test_a_strict_export_of_what_fits(tmp_path: Path, format_: str) -> None:
    """A text column takes any value; lines have no types, so nothing of them can be amiss."""
    odd: list[Row] = [{"title": {"de": "Leiter"}, "aiLeadScore": 85, "engagementScore": 1}]
    if format_ == "ndjson":
        odd += [{"shoeSize": 43}, {"engagementScore": "high"}]
    await export(odd, tmp_path / "out", strict_schema=True, format=format_)
    assert read(tmp_path / "out" / "manifest.json")["complete"] is True


async def test_strictness_is_a_part_of_what_was_asked_for(tmp_path: Path) -> None:
    """An export that began strictly is not gone on with otherwise."""
    with pytest.raises(errors.SchemaMismatch):
        await export([{"shoeSize": 1}], tmp_path / "out", strict_schema=True)
    with pytest.raises(errors.ExportConflict, match="strict_schema was True and is False"):
        await export([{"shoeSize": 1}], tmp_path / "out")
