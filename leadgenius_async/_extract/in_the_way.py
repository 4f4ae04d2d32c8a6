"""What stands in an output folder already, and is in the way of an export."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.files import sizes_in
from leadgenius_async._extract.finished import conflict
from leadgenius_async._extract.journal import Spec
from leadgenius_async._extract.own_files import INTENT, JOURNAL, MANIFEST, STATE, SUCCESS, TABLES
from leadgenius_async._extract.report import ExportReport


def require_failed(out: Path) -> None:
    """Refuse where no unfinished export stands, of which chains may have failed.

    Raises:
        ExportConflict: None does.
    """
    if not (out / STATE / JOURNAL).exists():
        raise errors.ExportConflict(f"{out} holds no unfinished export: there is nothing to retry")


def require_no_export(out: Path, found: Sequence[str], spec: Spec) -> None:
    if found:
        manifest = (out / MANIFEST).read_bytes() if MANIFEST in found else None
        raise conflict(
            f"{out} already holds an export ({', '.join(found)}): choose another folder, or "
            "overwrite it whole (--overwrite)",
            manifest,
            sizes_in(out),
            spec,
            marked=SUCCESS in found,
        )


def require_no_dataset(out: Path) -> None:
    """Refuse a file, and a folder in the dataset of another export: its readers would take both."""
    for folder in [whole := out.absolute(), *whole.parents]:
        if folder.is_file():
            raise NotADirectoryError(errno.ENOTDIR, "a file is there: give a folder", str(folder))
        outer = folder.parent
        if folder.name in TABLES and any((outer / n).exists() for n in (MANIFEST, STATE)):
            raise errors.ExportConflict(
                f"{out} is in the dataset of the export in {outer}: choose a folder of its own"
            )


def require_no_compaction(out: Path) -> None:
    if (out / INTENT).exists():
        raise errors.ExportConflict(
            f"{out} holds an export whose compaction was cut off: `leadgenius compact {out}` "
            "finishes it"
        )


def is_complete(out: Path) -> bool:
    if not (out / SUCCESS).exists():
        return False
    try:
        data = (out / MANIFEST).read_bytes()
        return msgspec.json.decode(data, type=ExportReport).complete
    except (OSError, msgspec.MsgspecError):
        return False
