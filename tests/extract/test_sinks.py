"""Part files: which of their columns have a dictionary."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from leadgenius_async._extract.sinks import ParquetSink, repeating

BATCH = pa.record_batch(
    {
        "id": [f"id-{n}" for n in range(100)],
        "country": ["Norway", None] * 50,
        "empty": pa.nulls(100, pa.string()),
        "score": [float(n % 7) for n in range(100)],
    }
)


def test_values_that_come_again_have_a_dictionary(tmp_path: Path) -> None:
    """Ids have none: it would be as large as they are."""
    assert repeating(BATCH) == ["country", "empty", "score"]
    sink = ParquetSink(tmp_path / "a.parquet", BATCH.schema)
    sink.write([BATCH])
    sink.write([BATCH])
    sink.close({"rows": "200"})
    file = pq.ParquetFile(tmp_path / "a.parquet")
    group = file.metadata.row_group(1)
    found = {group.column(n).path_in_schema: group.column(n).has_dictionary_page for n in range(4)}
    assert found == {"id": False, "country": True, "empty": True, "score": True}
    assert file.read().num_rows == 200
    assert (file.metadata.metadata or {})[b"rows"] == b"200"


def test_a_file_without_rows_has_its_schema(tmp_path: Path) -> None:
    """And its key-values."""
    sink = ParquetSink(tmp_path / "a.parquet", BATCH.schema)
    sink.close({"rows": "0"})
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.schema.names == BATCH.schema.names
    assert table.num_rows == 0
