"""The calls of the API, one file per section."""

from __future__ import annotations

from leadgenius_async.emulator.routes import auth, bulk, clients, company, keys

ENDPOINTS = (
    *auth.ENDPOINTS,
    *keys.ENDPOINTS,
    *clients.ENDPOINTS,
    *company.ENDPOINTS,
    *bulk.ENDPOINTS,
)
