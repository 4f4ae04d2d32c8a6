"""What a contestant has written, counted in a process of its own: `python -m peers.count FOLDER`.

The harness stays small that way: a child's peak memory is at least that of what starts it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_BLOCK = 2**24
_RECORD = re.compile(rb'\{"type": ?"RECORD"').match


def parquet_rows(folder: Path) -> tuple[int, int]:
    """Rows of all Parquet files but dlt's own, and columns of the widest that has rows."""
    paths = [path for path in folder.rglob("*.parquet") if not path.parent.name.startswith("_dlt")]
    found = [pq.read_metadata(path) for path in paths]
    columns = max((file.num_columns for file in found if file.num_rows), default=0)
    return sum(file.num_rows for file in found), columns


def line_rows(folder: Path) -> int:
    """Lines of the compressed NDJSON files."""
    return sum(block.count(b"\n") for path in folder.rglob("*.zst") for block in _blocks(path))


def _blocks(path: Path) -> Iterator[bytes]:
    with pa.input_stream(str(path), compression="zstd") as file:
        while block := file.read(_BLOCK):
            yield block


def message_rows(stdout: Path) -> int:
    """Records among the messages on stdout; or the rows that a contestant says it has read."""
    rows = 0
    with stdout.open("rb") as file:
        for line in file:
            if line.startswith(b'{"rows"'):
                return int(json.loads(line)["rows"])
            rows += _RECORD(line) is not None
    return rows


def main() -> None:
    """Count what stands in the folder."""
    folder = Path(sys.argv[1])
    rows, columns = parquet_rows(folder)
    rows = rows or line_rows(folder) or message_rows(folder / "stdout")
    print(json.dumps({"rows": rows, "columns": columns}))


if __name__ == "__main__":
    main()
