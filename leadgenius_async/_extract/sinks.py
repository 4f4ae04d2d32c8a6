"""Part files: Parquet and NDJSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from leadgenius_async._extract.chain import RawPage
from leadgenius_async._extract.columns import ArrowDecoder, Decoded
from leadgenius_async._extract.lines import LineDecoder
from leadgenius_async._extract.query import Query

FileFormat = Literal["parquet", "ndjson"]

#: `kind → file name ending`; readers tell format and compression by it.
SUFFIXES: dict[FileFormat, str] = {"parquet": ".parquet", "ndjson": ".ndjson.zst"}

Decoder = Callable[[RawPage], Decoded[Any]]
RowDecoder = ArrowDecoder | LineDecoder


class Sink(Protocol):
    """One open part file."""

    def write(self, contents: Sequence[Any]) -> None:
        """Append the contents of several pages as one group."""
        ...

    def close(self, metadata: Mapping[str, str]) -> None:
        """Finish the file."""
        ...

    def abandon(self) -> None:
        """Close the file, unfinished as it is."""
        ...


class ParquetSink:
    """A Parquet part: zstd, with page index and checksums; each group is a row group."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            write_page_index=True,
            write_page_checksum=True,
        )

    def write(self, contents: Sequence[pa.RecordBatch]) -> None:
        """Write record batches as one row group."""
        table = pa.Table.from_batches(contents, self._schema)
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))

    def close(self, metadata: Mapping[str, str]) -> None:
        """Write the footer, with `metadata` among its key-values."""
        self._writer.add_key_value_metadata(dict(metadata))
        self._writer.close()

    def abandon(self) -> None:
        """Close the file; it goes away with the export's other temporary files."""
        self._writer.close()


class NdjsonSink:
    """An NDJSON part, zstd-compressed."""

    def __init__(self, path: Path) -> None:
        self._file = pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "zstd")

    def write(self, contents: Sequence[bytes]) -> None:
        """Append lines."""
        for lines in contents:
            self._file.write(lines)

    def close(self, metadata: Mapping[str, str]) -> None:
        """End the file; NDJSON has no room for metadata."""
        del metadata
        self._file.close()

    def abandon(self) -> None:
        """Close the file; it goes away with the export's other temporary files."""
        self._file.close()


def make_decoder(query: Query, format_: FileFormat, *, strict: bool) -> RowDecoder:
    """Return what turns pages into contents for this format."""
    make = ArrowDecoder if format_ == "parquet" else LineDecoder
    return make(query, strict=strict)


def open_sink(path: Path, decoder: Decoder) -> Sink:
    """Open a part file for what `decoder` makes."""
    return (
        ParquetSink(path, decoder.schema) if isinstance(decoder, ArrowDecoder) else NdjsonSink(path)
    )
