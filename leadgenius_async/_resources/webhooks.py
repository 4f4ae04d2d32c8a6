"""Webhooks: addresses under which outreach platforms report to the service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NotRequired, TypedDict, Unpack

import msgspec

from leadgenius_async._http import record
from leadgenius_async._http.call import Call, Reply
from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.section import Section
from leadgenius_async._secret import Secret

#: Platforms that the service knows (documented).
PLATFORMS = ("heyreach", "woodpecker", "lemlist", "generic")

_PATH = "/webhook-workbench"
_WEBHOOKS = ("webhooks", "data.items", "data")
_WEBHOOK = ("webhook", "data.webhook", "data", "")
_URL = ("webhookUrl", "data.webhookUrl", "webhook.webhookUrl")
#: What may stand undeclared in a webhook and opens it to whoever reads it.
_SECRETS = ("webhookUrl", "webhookSecret", "secret")


class Webhook(Record):
    """A webhook, without its URL: that has a secret in it.

    Where the service shows the URL in a list, `extra` has it as a `Secret`.

    Attributes:
        platform: heyreach, woodpecker, lemlist or generic (documented); others may come.
        platformConfig: The platform's own settings, as JSON text (documented).
    """

    id: str | None = None
    name: str | None = None
    platform: str | None = None
    description: str | None = None
    platformConfig: str | dict[str, object] | None = None
    client_id: str | None = None
    owner: str | None = None
    company_id: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None


class CreatedWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that was made, with its URL.

    Attributes:
        webhook: What it is.
        webhookUrl: What to enter at the platform. It has a secret in it, so it never prints;
            `webhookUrl.reveal()` gives the text.
    """

    webhook: Webhook
    webhookUrl: Secret


class NewWebhook(TypedDict):
    """What a new webhook is made of."""

    name: str
    platform: str
    description: NotRequired[str]
    platformConfig: NotRequired[Mapping[str, object]]
    client_id: NotRequired[str]


class Webhooks(Section):
    """Calls of `/api/webhook-workbench`. Takes a login or an API key (documented)."""

    def list(self, *, limit: int | None = None) -> Listing[Webhook]:
        """List the company's webhooks, in one answer (assumed).

        Args:
            limit: Most webhooks to give.

        ```python
        async for webhook in lg.webhooks.list():
            print(webhook.name, webhook.platform)
        ```
        """
        return self._list_read(_PATH, _read_all, limit=limit)

    async def create(self, **fields: Unpack[NewWebhook]) -> CreatedWebhook:
        """Make a webhook.

        Args:
            name: Its name.
            platform: heyreach, woodpecker, lemlist or generic.
            description: What it is for.
            platformConfig: The platform's own settings; they are sent as JSON text.
            client_id: The client that it is for.

        Returns:
            The webhook and its URL, which the service may show this once.

        Raises:
            ValueError: The name or the `client_id` is empty, or the platform another one.
            TypeError: One of the two is no text, or `platformConfig` is one and not a mapping.
            UnknownClient: No client of the account has this `client_id`.

        ```python
        made = await lg.webhooks.create(
            name="Replies", platform="heyreach", platformConfig={"campaignId": 7}
        )
        url = made.webhookUrl.reveal()
        ```
        """
        checks.known(fields, NewWebhook)
        checks.text("name", fields.get("name", ""))
        checks.choice("platform", fields.get("platform", ""), PLATFORMS)
        payload: dict[str, object] = {**fields}
        if "platformConfig" in fields:
            payload["platformConfig"] = _as_text(fields["platformConfig"])
        if "client_id" in fields:
            await self._account.check_clients([checks.text("client_id", fields["client_id"])])
        call, reply = await self._send("POST", _PATH, payload=payload)
        url = Secret(record.payload(reply, str, _URL, call=call))
        webhook = _hide(record.payload(reply, Webhook, _WEBHOOK, call=call))
        return CreatedWebhook(webhook=webhook, webhookUrl=url)


def _as_text(config: object) -> str:
    if not isinstance(config, Mapping):
        raise TypeError("platformConfig is no mapping: give a dict, it is sent as JSON text")
    return msgspec.json.encode(config).decode()


def _read_all(call: Call, reply: Reply) -> list[Webhook]:
    return [_hide(each) for each in record.payload(reply, list[Webhook], _WEBHOOKS, call=call)]


def _hide(webhook: Webhook) -> Webhook:
    for name in _SECRETS:
        if name in webhook.extra:
            webhook.extra[name] = Secret(str(webhook.extra[name]))
    return webhook
