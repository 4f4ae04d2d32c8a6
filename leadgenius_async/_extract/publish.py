"""A finished export on its way from its staging folder into a store.

Parts first, then `rejects.ndjson` and `schema.json`, then the manifest, then `_SUCCESS`, once the
store lists all the others with their bytes. The journal says what has arrived, so that nothing is
sent twice, and the staging folder goes last, its journal at the end.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import anyio
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.files import sizes_in
from leadgenius_async._extract.finished import conflict
from leadgenius_async._extract.first_error import first_error
from leadgenius_async._extract.jobs import discard
from leadgenius_async._extract.journal import Job, Journal, Spec
from leadgenius_async._extract.options import Asked
from leadgenius_async._extract.own_files import JOURNAL, MANIFEST, REJECTS, STATE, SUCCESS
from leadgenius_async._extract.schema import SCHEMA
from leadgenius_async._extract.store import Store, default_staging, resolve
from leadgenius_async._private import make_private_folder

_AT_A_TIME = 4  # parts


def choose_place(out: str | Path, asked: Asked, spec: Spec) -> tuple[Path, Store | None]:
    """Return the folder to write to and, if the export is to be published, the store.

    Args:
        out: The output folder, or its address.
        asked: The export's options.
        spec: What is asked for, as far as it is known.

    Raises:
        ValueError: `out` cannot be read, or it is a folder and `staging` is given.
        Exception: What `resolve` and `require_free` raise.
    """
    place = resolve(out, asked.filesystem)
    staging = asked.staging
    if isinstance(place, Path):
        if staging is not None:
            raise ValueError(f"staging is for exports into a store, and {out} is a folder")
        return place, None
    if staging is None:
        staging = default_staging(place.given)
        make_private_folder(staging.parent)  # people's contact data
    staging = Path(staging)
    require_free(place, staging, spec, overwrite=asked.overwrite, repair=asked.repair)
    return staging, place


def require_free(
    store: Store, staging: Path, spec: Spec, *, overwrite: bool, repair: bool = False
) -> None:
    """Refuse at the beginning what could not be published at the end.

    Args:
        store: Where the export is to stand.
        staging: Where it stands until then, or is begun already.
        spec: What is asked for, as far as it is known.
        overwrite: Whether an export that stands in the store may be deleted.
        repair: Whether the journal of the one in the staging folder is to be built anew, which
            may not tell that it was being published.

    Raises:
        ExportConflict: An export stands in the store, or one in the staging folder that was not
            to go to a store.
        AlreadyExported: The one in the store is what is asked for.
        ExportDamaged: The journal of the one in the staging folder cannot be read.
        StorageError: The store says no, or gives no answer.
    """
    if (staging / MANIFEST).exists() and not (staging / STATE / JOURNAL).exists():
        raise errors.ExportConflict(
            f"{staging} holds an export that is not on its way to a store: choose another folder "
            "for staging"
        )
    standing = store.files()
    try:
        job = _job_in(staging)
    except errors.ExportDamaged:
        if not (overwrite or repair):
            raise
        job = None
    if job is not None and job.published:
        discard(staging)  # whoever published it was cut off at that
        job = None
    if overwrite or (job is not None and (job.overwrite or job.publishing)):
        return
    if repair and _is_ours(standing, sizes_in(staging)):
        return
    if message := _standing(store, standing):
        manifest = store.read(MANIFEST) if MANIFEST in standing else None
        raise conflict(message, manifest, standing, spec, marked=SUCCESS in standing)


class Publication:
    """Brings a finished export into a store; begun before, it goes on.

    Args:
        dataset: The export, which is complete, or has nothing left to go on with.
        store: Where it is to stand.
        repair: Whether its journal was built anew, and may not tell that this was begun.
    """

    def __init__(self, dataset: Dataset, store: Store, *, repair: bool = False) -> None:
        self._dataset = dataset
        self._store = store
        self._repair = repair
        self._journal = dataset.journal
        self._job = dataset.journal.job
        self._lock = threading.Lock()

    async def run(self) -> None:
        """Send what has not arrived, and delete the staging folder.

        Raises:
            ExportConflict: Another export has come to stand in the store.
            StorageError: The store says no, or gives no answer. What has arrived is durable, and
                the same call goes on.
        """
        try:
            await self._run()
        except errors.StorageError as error:
            without = " without --overwrite" if self._job.overwrite else ""
            raise errors.StorageError(
                f"{error}; what was taken out stands in {self._dataset.out}, and the same command"
                f"{without} goes on from there"
            ) from None
        await to_thread.run_sync(self._dataset.remove)

    async def _run(self) -> None:
        out = self._dataset.out
        parts = [part.file for part in self._journal.parts.values()]
        names = [name for name in (REJECTS, SCHEMA, MANIFEST, SUCCESS) if (out / name).exists()]
        sizes = {name: (out / name).stat().st_size for name in (*parts, *names)}
        standing = await to_thread.run_sync(self._begin, sizes)
        arrived = self._journal.uploads
        missing = {
            name
            for name, size in sizes.items()
            # The manifest tells of this run too.
            if name == MANIFEST or arrived.get(name) != size or standing.get(name) != size
        }
        await self._send_all(name for name in parts if name in missing)
        for name in names:
            if name in missing and name != SUCCESS:
                await to_thread.run_sync(self._send, name)
        await to_thread.run_sync(self._check, sizes)
        if SUCCESS in missing:
            await to_thread.run_sync(self._send, SUCCESS)

    def _begin(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Clear the place, the mark of success first; return what stands there of ours."""
        standing = self._store.files()
        begun = self._job.publishing or (self._repair and _is_ours(standing, sizes))
        others = {name for name in standing if not (begun and name in sizes)}
        if not self._job.overwrite and (message := _standing(self._store, others)):
            raise errors.ExportConflict(message)
        cleared = standing.keys() & {SUCCESS, *others}
        for name in sorted(cleared, key=lambda name: name != SUCCESS):
            self._store.delete(name)
        self._job.publishing = True
        self._journal.save()
        return {name: size for name, size in standing.items() if name not in cleared}

    async def _send_all(self, names: Iterable[str]) -> None:
        limit = anyio.CapacityLimiter(_AT_A_TIME)

        async def send(name: str) -> None:
            await to_thread.run_sync(self._send, name, limiter=limit)

        try:
            async with anyio.create_task_group() as tasks:
                for name in names:
                    tasks.start_soon(send, name)
        except BaseExceptionGroup as group:
            raise first_error(group) from None

    def _send(self, name: str) -> None:
        path = self._dataset.out / name
        size = path.stat().st_size
        self._store.put(path, name)
        with self._lock:
            self._journal.add_upload(name, size)

    def _check(self, sizes: Mapping[str, int]) -> None:
        """Refuse to mark as a success, and to delete here, what is not all there."""
        standing = self._store.files()
        lost = [n for n, size in sizes.items() if n != SUCCESS and standing.get(n) != size]
        if lost:
            raise errors.StorageError(
                f"{self._store.uri} does not have {', '.join(lost[:3])} as sent: see whether "
                "something else writes there"
            )


def _job_in(staging: Path) -> Job | None:
    """Return the export that stands in a staging folder; None if none does, or none that is told.

    What stands in the store is its own, or was to be overwritten from the first.
    """
    path = staging / STATE / JOURNAL
    if not path.exists():
        return None
    journal = Journal(path)
    journal.close()
    return journal.job


def _is_ours(standing: Mapping[str, int], staged: Mapping[str, int]) -> bool:
    """Return whether parts stand in a store, all as here; the other files tell of the run too."""
    parts = {name for name in standing if "/" in name}
    return bool(parts) and all(standing[name] == staged.get(name) for name in parts)


def _standing(store: Store, standing: Iterable[str]) -> str | None:
    """Return in words that an export stands in a store; None if none does."""
    # Hidden ones are of writes that were cut off.
    found = [name for name in sorted(standing) if not name.rpartition("/")[2].startswith(".")]
    if not found:
        return None
    more = ", …" if len(found) > 3 else ""
    return (
        f"{store.uri} already holds an export ({', '.join(found[:3])}{more}): choose another "
        "place, or overwrite it whole (--overwrite)"
    )
