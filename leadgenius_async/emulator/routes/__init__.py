"""The calls of the API, one file per section."""

from __future__ import annotations

from leadgenius_async.emulator.routes import (
    analytics,
    auth,
    bulk,
    clients,
    company,
    email,
    integrations,
    keys,
    leads,
    openapi,
    search_history,
    settings,
    tasks,
    webhooks,
)

#: What the service has.
API = (
    *auth.ENDPOINTS,
    *keys.ENDPOINTS,
    *clients.ENDPOINTS,
    *leads.ENDPOINTS,
    *company.ENDPOINTS,
    *search_history.ENDPOINTS,
    *webhooks.ENDPOINTS,
    *bulk.ENDPOINTS,
    *settings.ENDPOINTS,
    *tasks.ENDPOINTS,
    *email.ENDPOINTS,
    *integrations.ENDPOINTS,
    *analytics.ENDPOINTS,
)

ENDPOINTS = (*API, openapi.endpoint_of(API))
