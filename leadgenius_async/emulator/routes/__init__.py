"""The calls of the API, one file per section."""

from __future__ import annotations

from leadgenius_async.emulator.routes import (
    admin,
    analytics,
    auth,
    bulk,
    campaigns,
    clients,
    company,
    email,
    enrichment,
    integrations,
    keys,
    leads,
    maintenance,
    openapi,
    processing,
    search_history,
    settings,
    tasks,
    territory,
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
    *territory.ENDPOINTS,
    *campaigns.ENDPOINTS,
    *bulk.ENDPOINTS,
    *settings.ENDPOINTS,
    *processing.ENDPOINTS,
    *enrichment.ENDPOINTS,
    *tasks.ENDPOINTS,
    *email.ENDPOINTS,
    *integrations.ENDPOINTS,
    *analytics.ENDPOINTS,
    *maintenance.ENDPOINTS,
    *admin.ENDPOINTS,
)

ENDPOINTS = (*API, openapi.endpoint_of(API))
