"""The calls of the API, one file per section."""

from __future__ import annotations

from leadgenius_async.emulator.routes import auth, bulk, clients, company, keys, leads, openapi

#: What the service has.
API = (
    *auth.ENDPOINTS,
    *keys.ENDPOINTS,
    *clients.ENDPOINTS,
    *leads.ENDPOINTS,
    *company.ENDPOINTS,
    *bulk.ENDPOINTS,
)

ENDPOINTS = (*API, openapi.endpoint_of(API))
