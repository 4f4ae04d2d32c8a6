"""Webhooks of outreach platforms. The bodies of the answers are assumed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call

Text = Annotated[str, msgspec.Meta(min_length=1)]
Platform = Literal["heyreach", "woodpecker", "lemlist", "generic"]


class NewWebhook(msgspec.Struct):
    """The body of a create; `platformConfig` is text, in which nobody looks for JSON (assumed)."""

    name: Text
    platform: Platform
    description: str | None = None
    platformConfig: str | None = None
    client_id: str | None = None


class Webhook(msgspec.Struct):
    """A webhook; lists leave its URL out, since there is a secret in it (assumed)."""

    id: str
    name: str
    platform: str
    description: str | None
    platformConfig: str | None
    client_id: str | None
    owner: str
    company_id: str
    createdAt: str
    updatedAt: str
    webhookUrl: str | msgspec.UnsetType = msgspec.UNSET


class WebhookList(msgspec.Struct):
    """All webhooks of the company."""

    webhooks: list[Webhook]
    success: bool = True


class CreatedWebhook(msgspec.Struct):
    """A webhook that was made, and its URL."""

    webhook: Webhook
    webhookUrl: str
    success: bool = True


@call("GET", "/api/webhook-workbench", Credentials.EITHER)
async def list_webhooks(ask: Ask[NoQuery, None]) -> WebhookList:
    """The company's webhooks, oldest first."""
    found = ask.service.documents.all(Webhook, ask.company_id)
    return WebhookList([_shown(ask, webhook) for webhook in found])


@call("POST", "/api/webhook-workbench", Credentials.EITHER, status=201)
async def create(ask: Ask[NoQuery, NewWebhook]) -> CreatedWebhook:
    """Make a webhook."""
    now, webhook_id = timestamp(ask.now), ask.service.ids.uuid()
    place = f"/api/webhooks/{ask.body.platform}/{webhook_id}"
    url = f"{ask.request.url.origin()}{place}?secret={ask.service.ids.short(32)}"
    webhook = Webhook(
        id=webhook_id,
        **msgspec.structs.asdict(ask.body),
        owner=ask.caller.user_id,
        company_id=ask.company_id,
        createdAt=now,
        updatedAt=now,
        webhookUrl=url,
    )
    ask.service.documents.add(ask.company_id, webhook)
    return CreatedWebhook(_shown(ask, webhook), url)


def _shown(ask: Ask[Any, Any], webhook: Webhook) -> Webhook:
    if ask.service.config.list_webhook_urls:
        return webhook
    return msgspec.structs.replace(webhook, webhookUrl=msgspec.UNSET)


ENDPOINTS = (list_webhooks, create)
