"""A journal built anew from what the Parquet parts say of themselves in their footers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from leadgenius_async import errors
from leadgenius_async._extract import ids
from leadgenius_async._extract.files import describe
from leadgenius_async._extract.journal import Job, Journal, Step, create_journal
from leadgenius_async._extract.report import PartitionReport


class About(msgspec.Struct, kw_only=True):
    """What a part says of itself.

    Attributes:
        job: The export, as it was at this part.
        chains: All chains of the export, in the order of their numbers.
        steps: What the part holds, by the numbers of the chains.
    """

    job: Job
    chains: list[PartitionReport]
    steps: dict[int, Step]


#: Under this name it stands in the footer's metadata.
ABOUT = "leadgenius.about"


class Found(NamedTuple):
    """A part that can be read."""

    number: int
    path: Path
    rows: int
    about: About


def rebuild(journal: Path, parts: Mapping[int, Path], ids_files: Mapping[int, Path]) -> Journal:
    """Write the journal of an export anew.

    What no part tells is fetched again: the pages of parts that are lost, and what a sweep had
    found. Rows that come twice by that are dropped at the end, as ever.

    Args:
        journal: Where it is to stand.
        parts: The part files, by their numbers; those that are of no use are moved beside the
            journal.
        ids_files: Where the ids of their rows stand, or are to.

    Raises:
        ExportDamaged: No part can be read, or they are of several exports.
    """
    found = [part for part in _read_all(parts) if _has_ids(part, ids_files[part.number])]
    if not found:
        raise errors.ExportDamaged(
            f"{journal.parent.parent} has no part that tells of its export (NDJSON parts do not): "
            "start anew (--overwrite)"
        )
    if len({part.about.job.job_id for part in found}) > 1:
        raise errors.ExportDamaged(
            f"{journal.parent.parent} has parts of several exports: move those of one away, or "
            "start anew (--overwrite)"
        )
    rebuilt = _write(journal, found)
    for number in parts.keys() - {part.number for part in found}:
        shutil.move(parts[number], journal.parent / parts[number].name)
    return rebuilt


def _read_all(parts: Mapping[int, Path]) -> Iterator[Found]:
    """Give the parts that can be read and hold rows of the dataset's own chains."""
    for number, path in sorted(parts.items()):
        about = _read(path)
        if about is not None and all(about.chains[n].kind == "rows" for n in about.steps):
            yield Found(number, path, pq.read_metadata(path).num_rows, about)


def _read(path: Path) -> About | None:
    try:
        metadata = pq.read_metadata(path).metadata or {}
        return msgspec.json.decode(metadata[ABOUT.encode()], type=About)
    except (OSError, KeyError, pa.ArrowInvalid, msgspec.MsgspecError):
        return None


def _has_ids(part: Found, file: Path) -> bool:
    """Return whether the ids of a part's rows are at hand; written anew from its own, if need be.

    Without them, what comes twice could not be told.
    """
    if ids.count(file) == part.rows:
        return True
    if "id" not in pq.read_schema(part.path).names:
        return False
    table = pq.read_table(part.path, columns=["id"])
    ids.write_keys(file, table.append_column("client_id", pa.nulls(part.rows, pa.string())))
    return True


def _write(path: Path, found: Sequence[Found]) -> Journal:
    about = found[-1].about
    about.job.swept = about.job.unique = about.job.to_clear = False
    totals = about.job.totals
    totals.missing = totals.orphans = totals.recovered = totals.duplicates = 0
    journal = create_journal(path, about.job)
    journal.add_chains(
        PartitionReport(client_id=chain.client_id, requests=chain.requests)
        for chain in about.chains
        if chain.kind == "rows"
    )
    for part in found:
        loose = [
            (chain := journal.chains[n], chain.token, chain.report.done)
            for n, step in part.about.steps.items()
            if step.token_in is not None and step.token_in != journal.chains[n].token
        ]
        journal.next_number = part.number
        name = part.path.relative_to(path.parent.parent).as_posix()
        journal.commit(describe(part.path, name, part.rows), part.about.steps)
        for chain, token, done in loose:
            # A part between is lost: these rows count, and the chain stays where it was.
            chain.token, chain.report.done = token, done
            journal.save_chain(chain)
    return journal
