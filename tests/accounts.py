"""Clients of an emulator."""

from __future__ import annotations

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator


def connect(emulator: Emulator) -> LeadGenius:
    """Return an unpaced client with the first company's API key."""
    ready = emulator.ready
    return LeadGenius(
        base_url=ready.base_url, api_key=ready.api_key, user_id=ready.user_id, rate="off"
    )
