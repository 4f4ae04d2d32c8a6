"""What exports write into an output folder: its names, and what is done with those files alone."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from leadgenius_async import errors
from leadgenius_async._extract.files import damage
from leadgenius_async._extract.report import PartReport
from leadgenius_async._extract.schema import SCHEMA

MANIFEST = "manifest.json"
SUCCESS = "_SUCCESS"
REJECTS = "rejects.ndjson"
STATE = ".leadgenius"
JOURNAL = "journal.db"
#: As long as it stands, parts of two kinds may: see `compact`.
INTENT = ".leadgenius-compact.json"
#: The same in the folder of the state, of an export that is all but finished: see `layout`.
LAYOUT = "layout.json"

#: Names that an export writes into its dataset folder; nothing else is ever deleted there.
OWN_PART = re.compile(r"\.?part-(\d{5,})\.(parquet|ndjson(?:\.zst|\.gz)?)(\.tmp)?")
#: Folders that it makes there.
PARTITIONS = "client_id=*"
TABLES = ("enrich_leads", "source_leads")
_FOLDER = re.compile(rf"({'|'.join(TABLES)})(/client_id=[^/\\]*)?")


def is_own(name: str) -> bool:
    """Return whether exports write such a file; `name` is its path below the output folder."""
    folder, _, last = name.rpartition("/")
    if folder:
        return _FOLDER.fullmatch(folder) is not None and OWN_PART.fullmatch(last) is not None
    whole = last.removeprefix(".").removesuffix(".tmp")
    return whole in {SUCCESS, MANIFEST, SCHEMA, REJECTS}


def require_own(path: Path, table: str, names: Iterable[str]) -> None:
    """Refuse a file that calls other files parts of a table than those that exports write.

    Whoever has sent the folder may have written it, and what it names may be renamed and deleted.

    Raises:
        ExportDamaged: It does.
    """
    if table not in TABLES:
        raise errors.ExportDamaged(f"{path} is of no table of this package ({table[:40]!r})")
    for name in names:
        if not (name.startswith(f"{table}/") and is_own(name)):
            raise errors.ExportDamaged(
                f"{path} names {name[:80]!r}, which no export writes: nothing was changed; export "
                "anew into another folder"
            )


def check_parts(out: Path, parts: Iterable[PartReport]) -> None:
    """Refuse part files that are not those that were written.

    Raises:
        ExportDamaged: Some are not.
    """
    if found := list(damage(out, parts)):
        raise errors.ExportDamaged(
            f"{out}: {'; '.join(found)}: put it back, rebuild the journal from the parts that are "
            "whole (--repair), or start anew (--overwrite)"
        )


def clear(out: Path) -> None:
    """Delete the export that stands in `out`: the files that exports write, and no others."""
    for path in list(traces(out)):
        if not path.is_dir():
            path.unlink()
            continue
        for folder in path.glob(PARTITIONS):
            if folder.is_dir() and not folder.is_symlink():
                _clear_parts(folder)
        _clear_parts(path)


def _clear_parts(folder: Path) -> None:
    for part in folder.iterdir():
        if OWN_PART.fullmatch(part.name):
            part.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()


def forget(state: Path) -> None:
    """Forget what an export would go on from; the journal goes first."""
    for path in state.glob(f"{JOURNAL}*"):
        path.unlink()
    (state / LAYOUT).unlink(missing_ok=True)
    for folder in ("ids", "swap"):
        shutil.rmtree(state / folder, ignore_errors=True)


def traces(out: Path) -> Iterator[Path]:
    """Give what an export left in `out`; the mark of success first, so that it goes first."""
    names = (SUCCESS, INTENT, MANIFEST, SCHEMA, REJECTS, *TABLES)
    return (out / name for name in names if (out / name).exists())
