"""API keys: made, listed; recognising them is `identity`'s part."""

from __future__ import annotations

import secrets
import uuid

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.store import Store, digest
from leadgenius_async.emulator.structs import ApiKey

_PREFIX_LENGTH = 12


def add_key(
    store: Store,
    user_id: str,
    key: str,
    *,
    name: str,
    created_at: str,
    description: str | None = None,
) -> None:
    """Store a key: its digest and its first characters, never the key."""
    store.db.execute(
        "INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            str(uuid.uuid5(uuid.NAMESPACE_OID, key)),
            digest(key),
            user_id,
            name,
            description,
            key[:_PREFIX_LENGTH],
            created_at,
        ),
    )


def create_key(store: Store, user_id: str, name: str, description: str | None, now: float) -> str:
    """Make a key for a user and return it, the only time that it is shown."""
    key = f"lgp_{secrets.token_hex(20)}"
    created_at = timestamp(now)
    add_key(store, user_id, key, name=name, created_at=created_at, description=description)
    return key


def list_keys(store: Store, user_id: str) -> list[ApiKey]:
    """The user's keys, oldest first."""
    rows = store.db.execute(
        "SELECT id, name, description, key_prefix, created_at FROM api_keys"
        " WHERE user_id = ? ORDER BY rowid",
        (user_id,),
    )
    return [ApiKey(*row) for row in rows]


def revoke_key(store: Store, key: str) -> bool:
    """Forget a key; whether there was one."""
    done = store.db.execute("DELETE FROM api_keys WHERE digest = ?", (digest(key),))
    return done.rowcount > 0
