"""The output folder: part files that appear whole, then `manifest.json`, then `_SUCCESS`.

```
out/
  enrich_leads/part-00000.parquet …   the dataset, and nothing else; with `partition_by`, its
    client_id=acme/part-00000.parquet   parts stand in a folder a client
  rejects.ndjson                      rows that could not be read, if any
  schema.json                         its columns, and what `_extra` holds; of Parquet only
  manifest.json                       what stands here, and whether it is complete
  _SUCCESS                            last, and only if it is
  .leadgenius/                        lock, journal and ids of an export that is not finished
```

A part is written under a hidden temporary name, synced, renamed, its folder synced, and then
committed to the journal, in that order: whoever lists the folder sees whole files only, also
after a power cut, and what the journal names is there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.files import describe, pretty, replace, sync
from leadgenius_async._extract.in_the_way import (
    is_complete,
    require_no_compaction,
    require_no_dataset,
    require_no_export,
)
from leadgenius_async._extract.journal import Job, Journal, Step, create_journal
from leadgenius_async._extract.lock import Lock
from leadgenius_async._extract.own_files import (
    JOURNAL,
    LAYOUT,
    MANIFEST,
    OWN_PART,
    REJECTS,
    STATE,
    SUCCESS,
    check_parts,
    clear,
    forget,
    require_own,
    traces,
)
from leadgenius_async._extract.repair import rebuild
from leadgenius_async._extract.report import ExportReport, PartReport
from leadgenius_async._extract.rows import Reject
from leadgenius_async._extract.schema import SCHEMA, DatasetSchema


class _Rejected(msgspec.Struct):
    row: msgspec.Raw


class Dataset:
    """An output folder that is being filled, by one process at a time.

    Args:
        out: The folder; it is made if it does not exist.
        job: The export that is to be written; where one of the same kind stands there
            unfinished, that one is gone on with.
        suffix: Ending of the part files' names.
        overwrite: Whether an export that stands there is deleted, once there are rows to take
            its place.
        repair: Whether the journal is built anew from the parts first.

    Raises:
        ExportLocked: Another process writes there.
        ExportConflict: Another export stands there.
        AlreadyExported: This one does, finished.
        ExportDamaged: What stands there is not what its journal says.
        OSError: The folder cannot be written to.

    Attributes:
        journal: What is durable.
    """

    def __init__(
        self, out: Path, job: Job, *, suffix: str, overwrite: bool = False, repair: bool = False
    ) -> None:
        require_no_dataset(out)
        self.out = out
        self._folder = out / job.spec.table
        self._state = out / STATE
        self._suffix = suffix
        self._made: list[Path] = []
        try:
            self._make_folder(self._state)
            self._lock = Lock(self._state, job.job_id)
        except BaseException:
            self._remove_made()
            raise
        try:
            self._make_folder(self.ids_folder)
            if repair:
                self._rebuild(published=job.spec.target is not None)
            self.journal = self._begin(job, overwrite=overwrite)
        except BaseException:
            self._let_go()
            raise
        try:
            sync(self._state)
            self._make_folder(self.ids_folder)
        except BaseException:
            self.close()
            raise

    @property
    def ids_folder(self) -> Path:
        """Where the ids of each part's rows stand, as long as the export is not finished."""
        return self._state / "ids"

    @property
    def missing_file(self) -> Path:
        """Where the keys of the rows stand that a sweep has found."""
        return self._state / "missing.arrow"

    @property
    def swap_folder(self) -> Path:
        """Where parts are written that take the place of others."""
        return self._state / "swap"

    def temporary_part(self) -> Path:
        """Return the temporary path of the next part."""
        self._clear_old()
        self._make_folder(self._folder)
        return self._temporary()

    def discard(self) -> None:
        """Delete the part that was to be the next one; its commit does not come."""
        self._temporary().unlink(missing_ok=True)

    def ids_file(self, number: int) -> Path:
        """Return the path of the ids of a commit's rows."""
        return self.ids_folder / f"{number:05d}.arrow"

    def part_name(self, number: int) -> str:
        """Return the name of a part."""
        return f"part-{number:05d}{self._suffix}"

    def commit(
        self, temporary: Path | None, steps: Mapping[int, Step], *, rows: int = 0
    ) -> PartReport | None:
        """Make a finished part visible, durably; the journal learns of it last.

        Args:
            temporary: The part's file; None if its pages are in no file.
            steps: What it holds, by the numbers of the chains.
            rows: How many rows it has.
        """
        number = self.journal.next_number
        if self.ids_file(number).exists():
            sync(self.ids_file(number))
            sync(self.ids_folder)
        part = None
        if temporary is not None:
            final = self._place(number)
            part = describe(temporary, final.relative_to(self.out).as_posix(), rows)
            sync(temporary)
            temporary.rename(final)
            sync(self._folder)
        if (self.out / REJECTS).exists():
            sync(self.out / REJECTS)
        self.journal.commit(part, steps)
        return part

    def reject(self, rejects: Iterable[Reject], context: Mapping[str, object]) -> None:
        """Append rows that could not be read to `rejects.ndjson`, raw, with the reason."""
        self._clear_old()
        totals = self.journal.job.totals
        with (self.out / REJECTS).open("ab") as file:
            for reject in rejects:
                raw = reject.raw.decode(errors="backslashreplace")
                entry = {**context, "reason": reject.reason, "row": raw}
                file.write(msgspec.json.encode(entry) + b"\n")
                totals.rejects += 1
            totals.reject_bytes = file.tell()

    def tidy_rejects(self) -> None:
        """Keep each row that could not be read once: a chain that began anew has met it again."""
        path = self.out / REJECTS
        if not path.exists():
            return
        seen: set[bytes] = set()
        temporary = self._state / f"{REJECTS}.new"
        with path.open("rb") as old, temporary.open("wb") as new:
            for line in old:
                row = msgspec.json.decode(line, type=_Rejected).row
                digest = hashlib.blake2b(bytes(row), digest_size=16).digest()
                if digest not in seen:
                    seen.add(digest)
                    new.write(line)
        if len(seen) == self.journal.job.totals.rejects:
            temporary.unlink()
            return
        sync(temporary)
        temporary.rename(path)
        sync(self.out)
        self.journal.job.totals.rejects = len(seen)
        self.journal.job.totals.reject_bytes = path.stat().st_size
        self.journal.save()

    def swap(self, replaced: Mapping[int, PartReport | None]) -> None:
        """Put parts that stand ready in `swap_folder` into the places of others.

        The journal learns of it before the first is moved, so that whoever is interrupted here
        can finish it.
        """
        if self.swap_folder.exists():
            for path in self.swap_folder.iterdir():
                sync(path)
            sync(self.swap_folder)
            sync(self._state)
        self.journal.begin_swap(replaced)
        self._finish_swap(self.journal)

    def finish(self, report: ExportReport, schema: DatasetSchema | None, *, over: bool) -> None:
        """Write `schema.json`, the manifest and, if the export is complete, `_SUCCESS`.

        Args:
            report: What the manifest says.
            schema: What `schema.json` says; None of NDJSON, which has no columns.
            over: Whether nothing is left to go on with.
        """
        if not report.complete:
            (self.out / SUCCESS).unlink(missing_ok=True)
        if schema is not None:
            self._write(SCHEMA, pretty(schema))
        self._write(MANIFEST, pretty(report))
        if report.complete:
            self._write(SUCCESS, b"")
        if over:
            self.forget()

    def forget(self) -> None:
        """Forget what the export would go on from: it is finished."""
        self.journal.close()
        forget(self._state)

    def remove(self) -> None:
        """Delete the export, and the folder if nothing else is in it: it stands elsewhere now."""
        self.journal.job.published = True
        self.journal.save()  # which tells whoever finds what is left of it
        self.journal.close()
        clear(self.out)
        forget(self._state)
        self._made = [self.out, *(path for path in self._made if path != self.out)]

    def close(self) -> None:
        """Let other processes write here; where no row is durable, leave no trace."""
        self.journal.close()
        if not (self.journal.parts or self.journal.job.totals.rejects or self._has_uncommitted()):
            forget(self._state)
        self._let_go()

    def _has_uncommitted(self) -> bool:
        """Return whether a part has its name and its commit failed, which the next run mends."""
        return not self.journal.job.to_clear and self._place(self.journal.next_number).exists()

    def _let_go(self) -> None:
        if not (self._state / JOURNAL).exists():
            shutil.rmtree(self._state, ignore_errors=True)
        self._lock.release()
        self._remove_made()

    def _rebuild(self, *, published: bool) -> None:
        require_no_compaction(self.out)
        if (self._state / LAYOUT).exists():
            return  # whose journal says no more than that: see `layout`
        if is_complete(self.out) and not published:
            raise errors.ExportConflict(
                f"{self.out} holds a finished export: `leadgenius verify` tells whether its files "
                "are whole; to take it out anew, overwrite it (--overwrite)"
            )
        parts = {
            int(match[1]): path
            for path in sorted(self._folder.glob("part-*"))
            if (match := OWN_PART.fullmatch(path.name)) and not match[3]
        }
        files = {number: self.ids_file(number) for number in parts}
        (self.out / SUCCESS).unlink(missing_ok=True)
        rebuilt = self._state / "rebuilt.db"
        rebuild(rebuilt, parts, files).close()
        for path in self._state.glob(f"{JOURNAL}*"):
            path.unlink()
        rebuilt.rename(self._state / JOURNAL)
        for path in self.ids_folder.glob("*.arrow"):
            if int(path.stem) not in parts:
                path.unlink()  # of a sweep, which is done again

    def _begin(self, job: Job, *, overwrite: bool) -> Journal:
        if (self._state / JOURNAL).exists() and not overwrite:
            return self._go_on(job)
        found = [path.name for path in traces(self.out)]
        if not overwrite:
            require_no_compaction(self.out)
            require_no_export(self.out, found, job.spec)
        forget(self._state)
        job.to_clear = bool(found)
        return create_journal(self._state / JOURNAL, job)

    def _go_on(self, job: Job) -> Journal:
        journal = Journal(self._state / JOURNAL)
        try:
            decided = (self._state / LAYOUT).exists()
            journal.job.spec.require(job.spec, self.out, layout=decided)
            journal.job.spec = job.spec
            self._recover(journal)
            journal.job.runs += 1
            journal.save()
        except BaseException:
            journal.close()
            raise
        return journal

    def _recover(self, journal: Journal) -> None:
        """Bring the folder to what the journal says: what it does not know was never committed."""
        if (self._state / LAYOUT).exists():
            return  # the journal's parts are others now: see `layout`
        names = [part.file for part in journal.parts.values()]
        require_own(self._state / JOURNAL, journal.job.spec.table, names)
        self._finish_swap(journal)
        named = {Path(part.file).name: part for part in journal.parts.values()}
        if not journal.job.to_clear:
            check_parts(self.out, named.values())
        for path in self._folder.glob("*part-*"):
            match = OWN_PART.fullmatch(path.name)
            if match is None or path.name in named:
                continue
            if match[3] or (int(match[1]) == journal.next_number and not journal.job.to_clear):
                path.unlink()  # cut off before its commit: its pages are fetched again
            elif not journal.job.to_clear:
                raise errors.ExportDamaged(
                    f"{path} is not in the journal of the export in {self.out}: move it away, "
                    "or start anew (--overwrite)"
                )
        for path in self.ids_folder.glob("*.arrow"):
            if int(path.stem) >= journal.next_number:
                path.unlink()
        shutil.rmtree(self.swap_folder, ignore_errors=True)
        _cut(self.out / REJECTS, journal.job.totals.reject_bytes)

    def _finish_swap(self, journal: Journal) -> None:
        for number, part in journal.swap.items():
            ready, place = self.swap_folder / self.part_name(number), self._place(number)
            if part is None:
                place.unlink(missing_ok=True)
            elif ready.exists():
                ready.rename(place)
        if journal.swap:
            sync(self._folder)
            journal.end_swap()

    def _temporary(self) -> Path:
        return self._folder / f".{self.part_name(self.journal.next_number)}.tmp"

    def _place(self, number: int) -> Path:
        return self._folder / self.part_name(number)

    def _clear_old(self) -> None:
        """Delete the export that stood here: the first rows of its successor are ready."""
        if self.journal.job.to_clear:
            clear(self.out)
            self.journal.job.to_clear = False  # durable with the next commit

    def _make_folder(self, folder: Path) -> None:
        for path in reversed([folder, *folder.parents]):
            if not path.exists():
                path.mkdir()
                self._made.append(path)
                sync(path.parent)

    def _remove_made(self) -> None:
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        self._made.clear()

    def _write(self, name: str, data: bytes) -> None:
        replace(self.out / name, data)


def _cut(path: Path, length: int) -> None:
    """Cut a file back to its committed length; away with it where nothing was committed."""
    if not path.exists():
        return
    if not length:
        path.unlink()
    elif path.stat().st_size > length:  # it is shorter where it was just made tidy
        os.truncate(path, length)
