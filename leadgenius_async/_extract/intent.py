"""A finished dataset is written anew, and no death of the process leaves a half of it.

The new parts are written under hidden names where they are to stand, and synced; until then
nothing has changed. Then an intent is written, which names what is going to stand there, and from
there on the change is only ever finished: `_SUCCESS` goes, the parts get their names, parts whose
rows are in others go, then come `schema.json`, the manifest and `_SUCCESS`. The intent goes last.
As long as it stands, old and new parts may stand side by side.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.files import pretty, replace, sync
from leadgenius_async._extract.journal import Spec
from leadgenius_async._extract.own_files import (
    MANIFEST,
    OWN_PART,
    PARTITIONS,
    SUCCESS,
    check_parts,
    require_own,
)
from leadgenius_async._extract.report import CompactReport, ExportReport
from leadgenius_async._extract.schema import SCHEMA, DatasetSchema


class Intent(msgspec.Struct, kw_only=True):
    """What is going to stand in the folder.

    Attributes:
        ready: Parts that stand ready under hidden names.
        gone: Parts whose rows are in others then.
        schema: What `schema.json` says then; None of NDJSON.
        report: What the caller of `compact` is told.
        spec: What the export was asked for that is brought to its end by this.
    """

    ready: list[str]
    gone: list[str]
    manifest: ExportReport
    schema: DatasetSchema | None
    report: CompactReport | None = None
    spec: Spec | None = None


def decide(path: Path, intent: Intent) -> None:
    """Write an intent; the parts that it names are ready and synced."""
    replace(path, pretty(intent), private=True)


def read_intent(path: Path) -> Intent:
    """Return what an earlier call was cut off in.

    Raises:
        ExportDamaged: It cannot be read, or names files that no export writes.
    """
    try:
        intent = msgspec.json.decode(path.read_bytes(), type=Intent)
    except msgspec.MsgspecError:
        raise errors.ExportDamaged(
            f"{path}, which says what an earlier call was doing, cannot be read: export again "
            "(--overwrite)"
        ) from None
    parts = [part.file for part in intent.manifest.parts]
    require_own(path, intent.manifest.table, [*intent.ready, *intent.gone, *parts])
    return intent


def finish(out: Path, intent: Intent) -> None:
    """Do what an intent says, but for its own end; each step may have been done already."""
    (out / SUCCESS).unlink(missing_ok=True)
    sync(out)
    for name in intent.ready:
        if (ready := hidden(out / name)).exists():
            ready.rename(out / name)
    sync_folders(out, intent.ready)
    check_parts(out, intent.manifest.parts)  # before the old ones go
    for name in intent.gone:
        (out / name).unlink(missing_ok=True)
    sync(out / intent.manifest.table)
    if intent.schema is not None:
        replace(out / SCHEMA, pretty(intent.schema))
    replace(out / MANIFEST, pretty(intent.manifest))
    if intent.manifest.complete:
        replace(out / SUCCESS, b"")


def hidden(part: Path) -> Path:
    """Return where a part stands until an intent names it."""
    return part.with_name(f".{part.name}.tmp")


def remove_hidden(folder: Path) -> None:
    """Delete new parts of a call that was cut off before it had decided anything."""
    for path in [*folder.rglob(".part-*.tmp")]:
        if OWN_PART.fullmatch(path.name):
            path.unlink()
    for path in [*folder.glob(PARTITIONS)]:
        with contextlib.suppress(OSError):  # it holds parts that count
            path.rmdir()


def sync_folders(out: Path, parts: Iterable[str]) -> None:
    """Make the names of parts outlast a power cut."""
    folders = {(out / name).parent for name in parts}
    for folder in sorted(folders | {path.parent for path in folders}):
        sync(folder)
