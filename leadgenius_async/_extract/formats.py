"""File formats of an export, and how their files are named; loads nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

FileFormat = Literal["parquet", "ndjson"]
Compression = Literal["zstd", "snappy", "gzip", "lz4", "none"]
PartitionBy = Literal["client_id"]

#: How a new export is cut into chains.
Chains = Literal["auto", "all", "clients"]

PARQUET = ".parquet"
#: Endings of NDJSON files, by which readers tell the compression.
_NDJSON: dict[str, str] = {"zstd": ".ndjson.zst", "gzip": ".ndjson.gz", "none": ".ndjson"}


def suffix_of(format_: str, compression: str) -> str:
    """Return the ending of part files' names."""
    return PARQUET if format_ == "parquet" else _NDJSON[compression]


def check_compression(format_: str, compression: str) -> None:
    """Refuse a compression that files of the format do not have.

    Raises:
        ValueError: They do not.
    """
    allowed = get_args(Compression) if format_ == "parquet" else _NDJSON
    check_choice(f"compression of {format_}", compression, allowed)


def check_choice(name: str, value: str, allowed: Iterable[str]) -> None:
    """Refuse a value that is none of the allowed ones.

    Raises:
        ValueError: It is not.
    """
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}: give {' or '.join(map(repr, allowed))}")
