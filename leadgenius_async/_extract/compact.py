"""A finished Parquet dataset written anew: fewer parts, and fields of `_extra` as columns.

How it is done so that nothing is lost, and that the next call finishes it: see `intent`.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from leadgenius_async import errors
from leadgenius_async._extract.batch_reader import ARROW_TYPES
from leadgenius_async._extract.files import damage, sync
from leadgenius_async._extract.intent import (
    Intent,
    decide,
    finish,
    hidden,
    read_intent,
    remove_hidden,
    sync_folders,
)
from leadgenius_async._extract.lock import Lock
from leadgenius_async._extract.own_files import (
    INTENT,
    JOURNAL,
    MANIFEST,
    STATE,
    SUCCESS,
    require_own,
)
from leadgenius_async._extract.report import CompactReport, ExportReport, PartReport
from leadgenius_async._extract.rewrite import (
    compression_of,
    each_group,
    extra_fields,
    grouped,
    what_stays,
    write_part,
)
from leadgenius_async._extract.rows import compact_object, read_cell
from leadgenius_async._extract.schema import (
    EXTRA_COLUMN,
    DatasetSchema,
    ExtraField,
    describe_schema,
)
from leadgenius_async._fields import Field, FieldType

#: Bytes of a part, at most, unless it is one that was larger before.
MAX_BYTES = 512 * 2**20


def compact(
    out: str | Path,
    *,
    promote: bool = False,
    fields: Iterable[str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> CompactReport:
    """Write a finished Parquet dataset anew, with fewer parts; the order of its rows stays.

    Whatever ends it, the process' death included, the dataset is whole, or the same call makes it
    so.

    Args:
        out: The output folder of an export.
        promote: Whether fields in `_extra` become columns: of numbers, if every value is one that
            `float64` holds digit for digit, else of text, as any text column. A value that did
            not fit its own column stays in `_extra`, and so does a field whose name differs from
            a column's in case alone.
        fields: Fields to promote; all if not given.
        max_bytes: Most bytes of a part that is put together of smaller ones.

    Raises:
        ValueError: A field is not in `_extra`, or `out` holds NDJSON.
        ExportConflict: `out` holds no finished export.
        ExportLocked: Another process writes to `out`.
        ExportDamaged: The files in `out` are not those that were written.
        OSError: `out` cannot be written to.
    """
    out = Path(out)
    wanted = _wanted(fields, promote=promote)
    if max_bytes < 1:
        raise ValueError(f"max_bytes is {max_bytes}: a part has at least one byte")
    if not (out / MANIFEST).exists() and not (out / INTENT).exists():
        raise errors.ExportConflict(f"{out} holds no export: there is nothing to compact")
    state = out / STATE
    state.mkdir(exist_ok=True)
    lock = Lock(state, "compact")
    try:
        return _compact(out, promote=promote, wanted=wanted, max_bytes=max_bytes)
    finally:
        if not (state / JOURNAL).exists():
            shutil.rmtree(state, ignore_errors=True)
        lock.release()


def _wanted(fields: Iterable[str] | None, *, promote: bool) -> list[str] | None:
    if fields is None:
        return None
    if not promote:
        raise ValueError("fields are for promote: which ones become columns")
    if isinstance(fields, str):
        raise TypeError("fields is one string: give a list of names")
    return list(fields)


def _compact(
    out: Path, *, promote: bool, wanted: list[str] | None, max_bytes: int
) -> CompactReport:
    if (out / STATE / JOURNAL).exists():
        raise errors.ExportConflict(
            f"{out} holds an export that is not finished: go on with it first, by its own command"
        )
    earlier = _finish_earlier(out)
    manifest = _read_manifest(out)
    _require_whole(out, manifest)
    remove_hidden(out / manifest.table)
    manifest.parts.sort(key=lambda part: part.file)  # as readers of the folder take them
    extra = extra_fields(out, manifest.parts)
    columns = _columns(out, manifest, extra, wanted) if promote else {}
    groups = list(_groups(manifest.parts, max_bytes))
    if not columns:
        groups = [group for group in groups if len(group) > 1]
    report = _first_report(out, manifest, extra)
    if groups:
        intent = _write(out, manifest, groups, columns, extra, max_bytes=max_bytes)
        decide(out / INTENT, intent)
        _finish(out, intent)
        report = intent.report or report
    return report if earlier is None else _joined(earlier, report)


def _read_manifest(out: Path) -> ExportReport:
    try:
        manifest = msgspec.json.decode((out / MANIFEST).read_bytes(), type=ExportReport)
    except msgspec.MsgspecError:
        raise errors.ExportDamaged(
            f"{out / MANIFEST} cannot be read: export again (--overwrite)"
        ) from None
    require_own(out / MANIFEST, manifest.table, [part.file for part in manifest.parts])
    if manifest.format != "parquet":
        raise ValueError(
            f"{out} holds NDJSON, whose lines stay as the service sent them: compact is for "
            "Parquet (export with --format parquet)"
        )
    if not manifest.complete:
        raise errors.ExportConflict(
            f"{out} holds an export that is not complete ({manifest.incomplete_because}): export "
            "again until it is (--overwrite)"
        )
    return manifest


def _require_whole(out: Path, manifest: ExportReport) -> None:
    """Refuse a folder that is not as its export has left it.

    Raises:
        ExportConflict: It has no mark of success.
        ExportDamaged: A part is missing or was changed, or there is one more.
    """
    if not (out / SUCCESS).exists():
        raise errors.ExportConflict(
            f"{out} has no {SUCCESS}, so nobody is to read it: `leadgenius verify {out}` tells "
            "why; export again (--overwrite)"
        )
    problems = [*damage(out, manifest.parts)]
    named = {part.file for part in manifest.parts}
    found = {path.relative_to(out).as_posix() for path in (out / manifest.table).rglob("part-*")}
    problems += [f"{name} is not in the manifest" for name in sorted(found - named)]
    if problems:
        raise errors.ExportDamaged(
            f"{out} is not as its export has left it ({'; '.join(problems[:3])}): mend that, or "
            "export again (--overwrite)"
        )


def _columns(
    out: Path,
    manifest: ExportReport,
    extra: Mapping[str, ExtraField],
    wanted: Collection[str] | None,
) -> dict[str, FieldType]:
    """Return names and types of the columns to make.

    Raises:
        ValueError: A wanted field is not in `_extra`, or cannot be a column.
    """
    names = pq.read_schema(out / manifest.parts[0].file).names
    if manifest.partition_by:
        names.append(manifest.partition_by)
    taken = {name.casefold() for name in names}  # some readers do not tell them apart
    columns: dict[str, FieldType] = {}
    for name, field in extra.items():
        if name and name.casefold() not in taken and (wanted is None or name in wanted):
            taken.add(name.casefold())
            columns[name] = "number" if field.type == "number" else "text"
    for name in wanted or ():
        if name in columns or name in manifest.promoted:
            continue
        if name in extra:
            raise ValueError(f"{name!r} cannot be a column of its own: there is one of that name")
        known = ", ".join(extra) or "nothing"
        raise ValueError(f"{name!r} is not in _extra, which holds {known}")
    return columns


def _groups(parts: Iterable[PartReport], max_bytes: int) -> Iterator[list[PartReport]]:
    """Give runs of parts of a folder that together are small enough; a larger one stays alone."""
    group: list[PartReport] = []
    for part in parts:
        too_large = sum(one.bytes for one in group) + part.bytes > max_bytes
        if group and (too_large or Path(part.file).parent != Path(group[0].file).parent):
            yield group
            group = []
        group.append(part)
    if group:
        yield group


def _write(
    out: Path,
    manifest: ExportReport,
    groups: Sequence[Sequence[PartReport]],
    columns: Mapping[str, FieldType],
    extra: Mapping[str, ExtraField],
    *,
    max_bytes: int,
) -> Intent:
    """Write the new parts under hidden names, and return what is to become of them."""
    report = _first_report(out, manifest, extra)
    try:
        new = [part for group in groups for part in _write_group(out, group, columns, max_bytes)]
        sync_folders(out, [part.file for part in new])
    except BaseException:
        remove_hidden(out / manifest.table)
        raise
    old = {part.file for group in groups for part in group}
    kept = [part for part in manifest.parts if part.file not in old]
    left = {name: field for name, field in extra.items() if name not in columns}
    manifest.parts = sorted([*kept, *new], key=lambda part: part.file)
    manifest.bytes = sum(part.bytes for part in manifest.parts)
    manifest.out = str(out)
    manifest.files = [str(out / part.file) for part in manifest.parts]
    manifest.extra = {name: field.rows for name, field in left.items()}
    manifest.promoted = {**manifest.promoted, **columns}
    report.parts = len(manifest.parts)
    report.bytes = manifest.bytes
    report.promoted = {**columns}
    report.extra = manifest.extra
    ready = [part.file for part in new]
    schema = _schema(hidden(out / ready[0]), manifest, left)
    gone = sorted(old - {*ready})
    return Intent(ready=ready, gone=gone, manifest=manifest, schema=schema, report=report)


def _write_group(
    out: Path, group: Sequence[PartReport], columns: Mapping[str, FieldType], max_bytes: int
) -> list[PartReport]:
    """Write the rows of some parts as one; as two, should that one be too large after all."""
    name = group[0].file
    ready = hidden(out / name)
    old = pq.read_schema(out / name)
    fields = [pa.field(name, ARROW_TYPES[type_]) for name, type_ in columns.items()]
    extra = old.field(EXTRA_COLUMN)
    schema = pa.schema([*(field for field in old if field.name != EXTRA_COLUMN), *fields, extra])
    part = write_part(
        ready,
        name,
        schema,
        groups=(
            _promoted(table, columns).cast(schema) for table in grouped(each_group(out, group))
        ),
        compression=compression_of(pq.read_metadata(out / name)),
        metadata=what_stays(pq.read_metadata(out / name)),
    )
    if part.bytes > max_bytes and len(group) > 1:
        half = len(group) // 2
        return [
            *_write_group(out, group[:half], columns, max_bytes),
            *_write_group(out, group[half:], columns, max_bytes),
        ]
    sync(ready)
    return [part]


def _promoted(table: pa.Table, columns: Mapping[str, FieldType]) -> pa.Table:
    """Return rows with some fields of `_extra` as columns before it."""
    if not columns:
        return table
    fields = [Field(name, type_) for name, type_ in columns.items()]
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    cells: dict[str, list[object]] = {name: [] for name in columns}
    rest: list[str | None] = []
    texts: list[str | None] = table[EXTRA_COLUMN].to_pylist()
    for text in texts:
        row = decoder.decode(text) if text else {}
        for field in fields:
            raw = row.pop(field.name, None)
            cells[field.name].append(None if raw is None else read_cell(raw, field))
        rest.append(compact_object(row).decode() if row else None)
    table = table.drop_columns([EXTRA_COLUMN])
    for field in fields:
        table = table.append_column(
            field.name, pa.array(cells[field.name], ARROW_TYPES[field.type])
        )
    return table.append_column(EXTRA_COLUMN, pa.array(rest, pa.string()))


def _schema(part: Path, manifest: ExportReport, extra: Mapping[str, ExtraField]) -> DatasetSchema:
    columns = [
        (field.name, "number" if field.type == pa.float64() else "text")
        for field in pq.read_schema(part)
        if field.name != EXTRA_COLUMN
    ]
    if manifest.partition_by:
        columns.append((manifest.partition_by, "text"))
    return describe_schema(manifest.table, columns, extra, manifest.promoted)


def _finish_earlier(out: Path) -> CompactReport | None:
    """Finish what an earlier call was cut off in, if there is something."""
    if not (out / INTENT).exists():
        return None
    intent = read_intent(out / INTENT)
    _finish(out, intent)
    return intent.report


def _finish(out: Path, intent: Intent) -> None:
    finish(out, intent)
    (out / INTENT).unlink()
    sync(out)


def _first_report(
    out: Path, manifest: ExportReport, extra: Mapping[str, ExtraField]
) -> CompactReport:
    return CompactReport(
        out=str(out),
        rows=manifest.rows,
        parts_before=len(manifest.parts),
        parts=len(manifest.parts),
        bytes_before=manifest.bytes,
        bytes=manifest.bytes,
        extra={name: field.rows for name, field in extra.items()},
    )


def _joined(earlier: CompactReport, later: CompactReport) -> CompactReport:
    later.parts_before, later.bytes_before = earlier.parts_before, earlier.bytes_before
    later.promoted = {**earlier.promoted, **later.promoted}
    later.resumed = True
    return later
