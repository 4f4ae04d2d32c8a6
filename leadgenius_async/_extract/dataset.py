"""The output folder: part files that appear whole, then `manifest.json`, then `_SUCCESS`.

```
out/
  enrich_leads/part-00000.parquet …   the dataset, and nothing else
  rejects.ndjson                      rows that could not be read, if any
  manifest.json                       what stands here, and whether it is complete
  _SUCCESS                            last, and only if it is
```

A part is written under a hidden temporary name, synced, renamed, and its folder synced, in that
order: whoever lists the folder sees whole files only, also after a power cut.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.report import ExportReport, PartReport
from leadgenius_async._extract.rows import Reject

MANIFEST = "manifest.json"
SUCCESS = "_SUCCESS"
REJECTS = "rejects.ndjson"

#: Names that an export writes into its dataset folder; nothing else is ever deleted there.
_OWN_PART = re.compile(r"\.?part-\d{5,}\.(parquet|ndjson\.zst)(\.tmp)?")
_TABLES = ("enrich_leads", "source_leads")


class Dataset:
    """An output folder that is being filled.

    Args:
        out: The folder; it is made if it does not exist.
        table: Name of the dataset's folder in it.
        suffix: Ending of the part files' names.
        overwrite: Whether an export that stands there is deleted first.

    Raises:
        ExportConflict: Another export stands there.
        OSError: The folder cannot be written to.
    """

    def __init__(self, out: Path, *, table: str, suffix: str, overwrite: bool = False) -> None:
        self.out = out
        self._folder = out / table
        self._suffix = suffix
        self.parts: list[PartReport] = []
        self._made: list[Path] = []
        # What stands is cleared when the first rows are here to take its place, not before: a
        # wrong key must not cost the export of yesterday.
        self._to_clear = overwrite
        if found := [] if overwrite else [path.name for path in _traces(out)]:
            raise errors.ExportConflict(
                f"{out} already holds an export ({', '.join(found)}): choose another folder, or "
                "overwrite it whole (--overwrite)"
            )
        try:
            self._make_folders()
            self._probe()
        except BaseException:
            self.leave_no_trace()
            raise

    def next_part(self) -> Path:
        """Return the temporary path of the next part."""
        if self._to_clear:
            self._to_clear = False
            clear(self.out)
            self._make_folders()
        return self._folder / f".{self._part_name()}.tmp"

    def commit(self, temporary: Path, rows: int) -> None:
        """Make a finished part visible, durably."""
        final = self._folder / self._part_name()
        _sync(temporary)
        temporary.rename(final)
        _sync(self._folder)
        name = final.relative_to(self.out).as_posix()
        self.parts.append(PartReport(name, rows, final.stat().st_size))

    def reject(self, rejects: Iterable[Reject], context: Mapping[str, object]) -> None:
        """Append rows that could not be read to `rejects.ndjson`, raw, with the reason."""
        with (self.out / REJECTS).open("ab") as file:
            for reject in rejects:
                raw = reject.raw.decode(errors="backslashreplace")
                entry = {**context, "reason": reject.reason, "row": raw}
                file.write(msgspec.json.encode(entry) + b"\n")

    def finish(self, report: ExportReport) -> None:
        """Write the manifest and, if the export is complete, `_SUCCESS`."""
        if (self.out / REJECTS).exists():
            _sync(self.out / REJECTS)
        self._write(MANIFEST, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
        if report.complete:
            self._write(SUCCESS, b"")

    def leave_no_trace(self) -> None:
        """Remove the folders that this export made, if nothing stands in them."""
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        self._made.clear()

    def _part_name(self) -> str:
        return f"part-{len(self.parts):05d}{self._suffix}"

    def _make_folders(self) -> None:
        missing = [self._folder, *self._folder.parents]
        for folder in reversed([path for path in missing if not path.exists()]):
            folder.mkdir()
            self._made.append(folder)

    def _probe(self) -> None:
        """Fail now, before the first request, if files cannot be written here."""
        probe = self._folder / ".part-probe.tmp"
        probe.write_bytes(b"")
        probe.unlink()

    def _write(self, name: str, data: bytes) -> None:
        temporary = self.out / f".{name}.tmp"
        temporary.write_bytes(data)
        _sync(temporary)
        temporary.rename(self.out / name)
        _sync(self.out)


def clear(out: Path) -> None:
    """Delete the export that stands in `out`: the files that exports write, and no others."""
    for path in list(_traces(out)):
        if not path.is_dir():
            path.unlink()
            continue
        for part in path.iterdir():
            if _OWN_PART.fullmatch(part.name):
                part.unlink()
        with contextlib.suppress(OSError):
            path.rmdir()


def _traces(out: Path) -> Iterator[Path]:
    """Give what an export left in `out`; the mark of success first, so that it goes first."""
    names = (SUCCESS, MANIFEST, REJECTS, *_TABLES)
    return (out / name for name in names if (out / name).exists())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
