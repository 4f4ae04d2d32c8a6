"""A finished export on its way from its staging folder into a store.

Parts first, then `rejects.ndjson` and `schema.json`, then the manifest, then `_SUCCESS`, once the
store lists all the others with their bytes. The journal says what has arrived, so that nothing is
sent twice, and the staging folder goes last.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

import anyio
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._extract.dataset import (
    JOURNAL,
    MANIFEST,
    REJECTS,
    STATE,
    SUCCESS,
    Dataset,
)
from leadgenius_async._extract.journal import Journal
from leadgenius_async._extract.schema import SCHEMA
from leadgenius_async._extract.store import Store, default_staging, resolve
from leadgenius_async._extract.walk import first_error

_AT_A_TIME = 4  # parts


def choose_place(
    out: str | Path, *, filesystem: object | None, staging: str | Path | None, overwrite: bool
) -> tuple[Path, Store | None]:
    """Return the folder to write to and, if the export is to be published, the store.

    Raises:
        ValueError: `out` cannot be read, or it is a folder and `staging` is given.
        Exception: What `resolve` and `require_free` raise.
    """
    place = resolve(out, filesystem)
    if isinstance(place, Path):
        if staging is not None:
            raise ValueError(f"staging is for exports into a store, and {out} is a folder")
        return place, None
    if staging is None:
        staging = default_staging(place.given)
        staging.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # people's contact data
    require_free(place, Path(staging), overwrite=overwrite)
    return Path(staging), place


def require_free(store: Store, staging: Path, *, overwrite: bool) -> None:
    """Refuse at the beginning what could not be published at the end.

    Args:
        store: Where the export is to stand.
        staging: Where it stands until then, or is begun already.
        overwrite: Whether an export that stands in the store may be deleted.

    Raises:
        ExportConflict: An export stands in the store, or one in the staging folder that was not
            to go to a store.
        StorageError: The store says no, or gives no answer.
    """
    if (staging / MANIFEST).exists() and not (staging / STATE / JOURNAL).exists():
        raise errors.ExportConflict(
            f"{staging} holds an export that is not on its way to a store: choose another folder "
            "for staging"
        )
    standing = store.files()
    if not (overwrite or _may_stand(staging)):
        _refuse(store, standing)


class Publication:
    """Brings a finished export into a store; begun before, it goes on.

    Args:
        dataset: The export, which is complete, or has nothing left to go on with.
        store: Where it is to stand.
    """

    def __init__(self, dataset: Dataset, store: Store) -> None:
        self._dataset = dataset
        self._store = store
        self._job = dataset.journal.job
        self._lock = threading.Lock()
        self._uploads: dict[str, int] = {}

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
        parts = [part.file for part in self._dataset.journal.parts.values()]
        names = [name for name in (REJECTS, SCHEMA, MANIFEST, SUCCESS) if (out / name).exists()]
        sizes = {name: (out / name).stat().st_size for name in (*parts, *names)}
        standing = await to_thread.run_sync(self._begin, sizes)
        missing = {
            name
            for name, size in sizes.items()
            # The manifest tells of this run too.
            if name == MANIFEST or self._uploads.get(name) != size or standing.get(name) != size
        }
        await self._send_all(name for name in parts if name in missing)
        for name in names:
            if name == SUCCESS:
                await to_thread.run_sync(self._check, sizes)
            if name in missing:
                await to_thread.run_sync(self._send, name)

    def _begin(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """Clear the place, the mark of success first; return what stands there of ours."""
        standing = self._store.files()
        begun = self._job.uploads is not None
        others = {name for name in standing if not (begun and name in sizes)}
        if not self._job.overwrite:
            _refuse(self._store, others)
        cleared = standing.keys() & {SUCCESS, *others}
        for name in sorted(cleared, key=lambda name: name != SUCCESS):
            self._store.delete(name)
        self._uploads = self._job.uploads = self._job.uploads or {}
        self._dataset.journal.save()
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
            self._uploads[name] = size
            self._dataset.journal.save()

    def _check(self, sizes: Mapping[str, int]) -> None:
        """Refuse to mark as a success what is not all there."""
        standing = self._store.files()
        lost = [n for n, size in sizes.items() if n != SUCCESS and standing.get(n) != size]
        if lost:
            raise errors.StorageError(
                f"{self._store.uri} does not have {', '.join(lost[:3])} as sent: see whether "
                "something else writes there"
            )


def _may_stand(staging: Path) -> bool:
    """Return whether what stands in the store is ours, or was to be overwritten from the first."""
    path = staging / STATE / JOURNAL
    if not path.exists():
        return False
    try:
        journal = Journal(path)
    except errors.ExportDamaged:
        return False  # which is told later, with what to do
    journal.close()
    return journal.job.overwrite or journal.job.uploads is not None


def _refuse(store: Store, standing: Iterable[str]) -> None:
    # Hidden ones are of writes that were cut off.
    if found := [name for name in sorted(standing) if not name.rpartition("/")[2].startswith(".")]:
        more = ", …" if len(found) > 3 else ""
        raise errors.ExportConflict(
            f"{store.uri} already holds an export ({', '.join(found[:3])}{more}): choose another "
            "place, or overwrite it whole (--overwrite)"
        )
