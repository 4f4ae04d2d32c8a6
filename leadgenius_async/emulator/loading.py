"""Gets a store with the sample of a configuration: made anew, or found in the user's file."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import anyio
import msgspec

from leadgenius_async._fields import TABLES
from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.keys import add_key
from leadgenius_async.emulator.sample.leads import sample_rows
from leadgenius_async.emulator.sample.tenants import SINCE, SampleTenant
from leadgenius_async.emulator.store import Store

#: Raised with every change of the sample data, so that an older file is not taken for today's.
SAMPLE_VERSION = 3

_T = TypeVar("_T")


@asynccontextmanager
async def sample_store(
    config: EmulatorConfig, tenants: tuple[SampleTenant, ...]
) -> AsyncGenerator[Store]:
    """A store that holds the sample; closed at the end, and removed if it was temporary.

    Raises:
        ValueError: `config.db` is a file with other content.
    """
    if config.db is not None:
        store = await _kept_store(Path(config.db), config, tenants)
        try:
            yield store
        finally:
            store.close()
        return
    with tempfile.TemporaryDirectory(prefix="leadgenius-emulator-") as folder:
        store = Store(Path(folder) / "emulator.db")
        try:
            await _load(store, config, tenants)
            yield store
        finally:
            store.close()


async def _kept_store(
    path: Path, config: EmulatorConfig, tenants: tuple[SampleTenant, ...]
) -> Store:
    if not path.exists():  # noqa: ASYNC240 - one stat, before anything is served
        await _make_file(path, config, tenants)
    store = Store(path)
    found = store.fingerprint()
    if found == _fingerprint(config):
        return store
    store.close()
    if found is None:
        raise ValueError(f"db={str(path)!r} is no database of the emulator: name another file")
    raise ValueError(
        f"db={str(path)!r} holds the sample of other options, {found}, "
        f"not {_fingerprint(config)}: delete it or name another file"
    )


async def _make_file(path: Path, config: EmulatorConfig, tenants: tuple[SampleTenant, ...]) -> None:
    """Load beside the file and rename: a load cut off leaves nothing under its name."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        store = Store(partial)
        try:
            await _load(store, config, tenants)
        finally:
            store.close()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


async def _load(store: Store, config: EmulatorConfig, tenants: tuple[SampleTenant, ...]) -> None:
    """Fill the store; the event loop goes on meanwhile, and a cancellation ends it soon."""
    store.create_tables()
    for tenant in tenants:
        _insert_tenant(store, tenant)
        for table in TABLES:
            chunks = sample_rows(tenant, table, config.seed, habits=config.habits)
            while (chunk := await _in_thread(next, chunks, None)) is not None:
                await _in_thread(store.insert_rows, table, chunk)
    await _in_thread(store.finish_load, _fingerprint(config))


async def _in_thread(call: Callable[..., _T], *args: object) -> _T:
    """Run a call in a thread, to its end even if cancelled: the store stays open under it."""
    work = asyncio.ensure_future(asyncio.to_thread(call, *args))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        with anyio.CancelScope(shield=True):  # a cancel scope would cancel this wait as well
            await asyncio.wait([work])
        raise


def _insert_tenant(store: Store, tenant: SampleTenant) -> None:
    company = {"id": tenant.company_id, "company_id": tenant.company_id, "name": tenant.name}
    store.insert_company(tenant.company_id, {**company, "createdAt": SINCE, "updatedAt": SINCE})
    for user in (tenant.owner, tenant.admin, tenant.member):
        store.db.execute(
            "INSERT INTO users VALUES (?, ?, ?, ?, ?)",
            (user.user_id, user.username, user.password, tenant.company_id, user.role),
        )
    add_key(store, tenant.owner.user_id, tenant.api_key, name="sample key", created_at=SINCE)
    for client in tenant.clients:
        store.insert_client(client)


def _fingerprint(config: EmulatorConfig) -> str:
    made_from = ("leads", "source_leads", "clients", "seed", "habits")
    options = {name: getattr(config, name) for name in made_from}
    return msgspec.json.encode({"version": SAMPLE_VERSION, **options}).decode()
