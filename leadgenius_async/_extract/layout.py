"""The last step of an export: its dataset written anew as one file, or as a folder a client.

Until then the rows stand in parts, in the order in which they came. How the new files take their
place so that nothing is lost: see `intent`.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import methodcaller
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from leadgenius_async import errors
from leadgenius_async._extract.files import describe, sync
from leadgenius_async._extract.folders import sort_out
from leadgenius_async._extract.formats import suffix_of
from leadgenius_async._extract.intent import (
    Intent,
    decide,
    finish,
    hidden,
    read_intent,
    remove_hidden,
    sync_folders,
)
from leadgenius_async._extract.journal import Job, Journal, Spec, create_journal
from leadgenius_async._extract.lock import Lock
from leadgenius_async._extract.own_files import JOURNAL, LAYOUT, STATE, forget
from leadgenius_async._extract.parts import GROUP_BYTES
from leadgenius_async._extract.report import ExportReport, PartReport
from leadgenius_async._extract.rewrite import each_group, grouped, what_stays, write_part
from leadgenius_async._extract.schema import DatasetSchema
from leadgenius_async._extract.store import Store

#: Bytes of rows, in memory, after which a client gets another file.
FILE_BYTES = 512 * 2**20
_SPILL = "spill.arrow"
_COPY = 2**20  # bytes at a time

Check = Callable[[], None]


def lay_out(
    out: Path,
    spec: Spec,
    report: ExportReport,
    schema: DatasetSchema | None,
    *,
    check: Check,
    store: Store | None = None,
) -> None:
    """Write the dataset anew as `spec` wants it, with what belongs to it.

    Args:
        out: The output folder; nobody else writes there.
        spec: What was asked for.
        report: What the manifest is to say; the parts in it are those that stand now. It gets
            the new ones.
        schema: What `schema.json` is to say; None of NDJSON.
        check: Called now and then; what it raises ends this, and nothing has changed.
        store: Where the dataset is to be published then.

    Raises:
        ExportError: A `client_id` is too long for a folder's name.
        ExportDamaged: The parts hold other rows than the report says.
        OSError: `out` cannot be written to.
    """
    folder = out / spec.table
    began = time.monotonic()
    remove_hidden(folder)
    try:
        new = _Rewriting(out, spec, report.parts, check).write()
        _require_rows(out, new, report.rows)
        sync_folders(out, [part.file for part in new])
    except BaseException:
        remove_hidden(folder)
        raise
    finally:
        (out / STATE / _SPILL).unlink(missing_ok=True)
    ready = [part.file for part in new]
    gone = sorted({part.file for part in report.parts} - {*ready})
    report.partition_by, report.single_file = spec.partition_by, spec.single_file
    report.parts = new
    report.files = [str(out / part.file) for part in new]
    if store is not None:
        report.out = store.uri
        report.files = [store.uri_of(part.file) for part in new]
    report.bytes = sum(part.bytes for part in new)
    report.seconds = round(report.seconds + time.monotonic() - began, 3)
    if schema is not None and spec.partition_by:
        schema.columns.sort(key=lambda column: column.name == spec.partition_by)
    intent = Intent(ready=ready, gone=gone, manifest=report, schema=schema, spec=spec)
    decide(out / STATE / LAYOUT, intent)
    finish(out, intent)


def is_decided(out: Path) -> bool:
    """Return whether a new layout is only to be finished: the old parts do not count any more."""
    return (out / STATE / LAYOUT).exists()


def go_on(out: Path, spec: Spec, *, repair: bool = False) -> ExportReport | None:
    """Finish an export that was cut off while its dataset got its layout, if one was.

    One that is to be published has its journal until it is, and what was decided beside it.

    Args:
        out: The output folder.
        spec: What is asked for now.
        repair: Whether a journal that cannot be read is made anew from what was decided.

    Returns:
        What the manifest says; None if there is nothing to finish.

    Raises:
        ExportConflict: It was asked for otherwise.
        ExportLocked: Another process writes to `out`.
        ExportDamaged: What stands there is not what was written.
        OSError: `out` cannot be written to.
    """
    state = out / STATE
    if not is_decided(out):
        return None
    lock = Lock(state, "layout")
    try:
        if not is_decided(out) or not (state / JOURNAL).exists():
            return None  # all was done but for the cleaning up
        intent = read_intent(state / LAYOUT)
        if intent.spec is None:
            raise errors.ExportDamaged(
                f"{state / LAYOUT} does not say of which export it is: export again (--overwrite)"
            )
        intent.spec.require(spec, out)
        if repair:
            _repair(state, intent.spec, intent.manifest)
        intent.manifest.runs += 1
        finish(out, intent)
        if spec.target is None:
            forget(state)
            shutil.rmtree(state, ignore_errors=True)
    finally:
        lock.release()
    return intent.manifest


def _repair(state: Path, spec: Spec, report: ExportReport) -> None:
    with contextlib.suppress(errors.ExportDamaged):
        Journal(state / JOURNAL).close()
        return
    for path in state.glob(f"{JOURNAL}-*"):
        path.unlink()
    job = Job(job_id=report.job_id, spec=spec, started_at=report.started_at, runs=report.runs)
    job.planned = job.swept = job.unique = True
    create_journal(state / JOURNAL, job).close()


class _Rewriting:
    """Writes the files of the new layout under hidden names, synced."""

    def __init__(self, out: Path, spec: Spec, parts: Sequence[PartReport], check: Check) -> None:
        self._out = out
        self._spec = spec
        self._parts = parts
        self._check = check

    def write(self) -> list[PartReport]:
        if self._spec.format == "ndjson":
            return [self._write_lines()]
        first = self._out / self._parts[0].file
        self._schema = pq.read_schema(first).remove_metadata()
        self._about = what_stays(pq.read_metadata(first))
        if self._spec.partition_by is None:
            return [self._write_part(f"{self._spec.table}/part-00000.parquet", self._groups())]
        return list(self._write_folders(self._spec.partition_by))

    def _write_lines(self) -> PartReport:
        """Put the files of all parts together, which is a whole zstd or gzip file."""
        suffix = suffix_of(self._spec.format, self._spec.compression)
        name = f"{self._spec.table}/part-00000{suffix}"
        path = hidden(self._out / name)
        with path.open("wb") as target:
            for part in self._parts:
                self._check()
                with (self._out / part.file).open("rb") as source:
                    shutil.copyfileobj(source, target, _COPY)
        sync(path)
        return describe(path, name, sum(part.rows for part in self._parts))

    def _write_folders(self, key: str) -> Iterator[PartReport]:
        """Write the files of each client, in the order of the clients; null comes last."""
        self._schema = self._schema.remove(self._schema.get_field_index(key))
        most = None if self._spec.single_file else FILE_BYTES
        spill = self._out / STATE / _SPILL
        for folder, groups in sort_out(self._out, self._parts, key, spill, self._check):
            path = f"{self._spec.table}/{folder}"
            (self._out / path).mkdir(exist_ok=True)
            without = map(methodcaller("drop_columns", [key]), groups)
            for number, some in enumerate(_files(without, most)):
                yield self._write_part(f"{path}/part-{number:05d}.parquet", some)

    def _write_part(self, name: str, groups: Iterable[pa.Table]) -> PartReport:
        path = hidden(self._out / name)
        part = write_part(
            path,
            name,
            self._schema,
            groups=groups,
            compression=self._spec.compression,
            metadata=self._about,
        )
        sync(path)
        return part

    def _groups(self) -> Iterator[pa.Table]:
        for group in grouped(each_group(self._out, self._parts)):
            self._check()
            yield group
            del group


def _require_rows(out: Path, parts: Iterable[PartReport], rows: int) -> None:
    if (found := sum(part.rows for part in parts)) != rows:
        raise errors.ExportDamaged(
            f"{out}: {rows:,} rows were written to the parts, and {found:,} are in them: export "
            "again (--overwrite)"
        )


def _files(groups: Iterator[pa.Table], most: int | None) -> Iterator[Iterator[pa.Table]]:
    """Share row groups out to files; there is one, though there be no rows."""
    first = next(groups, None)
    yield iter(()) if first is None else _up_to(chain([first], groups), most)
    for group in groups:
        yield _up_to(chain([group], groups), most)


def _up_to(groups: Iterator[pa.Table], most: int | None) -> Iterator[pa.Table]:
    size = 0
    for group in groups:
        size += group.nbytes
        yield group
        del group
        if most is not None and size + GROUP_BYTES > most:
            return
