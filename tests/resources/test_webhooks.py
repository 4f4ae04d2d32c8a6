"""Webhooks, from the SDK and from the command: their URLs are secrets."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import anyio
import msgspec
import pytest
from accounts import connect
from wire import Wire, reply
from world import running_world

from leadgenius_async import LeadGenius, errors
from leadgenius_async._resources.webhooks import Webhooks
from leadgenius_async._secret import Secret
from leadgenius_async.cli.app import run
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Webhook

URL = "https://last.leadgenius.example/api/webhooks/7?secret=hush-hush-hush"
ONE = {"id": "w1", "name": "Replies", "platform": "smartlead", "newField": 1}


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, api_key="lgp_1", user_id="u", rate="off")


async def test_from_create_to_list(emulator: Emulator, lg: LeadGenius) -> None:
    """The settings go out as JSON text, the URL comes back once, and the list has no URL."""
    client_id = emulator.ready.clients[0].client_id
    made = await lg.webhooks.create(
        name="Replies", platform="lemlist", platformConfig={"a": {"b": "ü"}}, client_id=client_id
    )
    webhook = made.webhook
    assert (webhook.platform, webhook.client_id) == ("lemlist", client_id)
    assert webhook.platformConfig == '{"a":{"b":"ü"}}'
    assert made.webhookUrl.reveal().startswith(f"{emulator.base_url}/api/webhooks/lemlist/")
    assert [each async for each in lg.webhooks.list()] == [webhook]
    assert [each async for each in lg.webhooks.list(limit=1)] == [webhook]


async def test_the_url_never_prints() -> None:
    """Neither the answer nor its webhook shows it, wherever the service puts it."""
    body = {"webhook": {**ONE, "webhookUrl": URL, "secret": "hush-hush-hush"}, "webhookUrl": URL}
    answer = reply(status=201, body=msgspec.json.encode(body))
    async with Wire(answer) as wire, client_of(wire) as lg:
        made = await lg.webhooks.create(name="Replies", platform="generic")
    assert made.webhookUrl.reveal() == URL
    for text in (repr(made), str(made), f"{made.webhook}", repr(made.webhook.extra)):
        assert "hush" not in text
    with pytest.raises(TypeError):
        msgspec.json.encode(made)
    with pytest.raises(TypeError):
        pickle.dumps(made)


async def test_a_list_that_shows_urls_does_not_print_them_either() -> None:
    """They can still be had, from `extra`; what else is new stands there as it came."""
    body = {"webhooks": [{**ONE, "webhookUrl": URL}]}
    async with Wire(reply(body=msgspec.json.encode(body))) as wire, client_of(wire) as lg:
        [webhook] = [each async for each in lg.webhooks.list()]
    assert webhook.extra == {"newField": 1, "webhookUrl": Secret(URL)}
    assert "hush" not in repr(webhook)


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "webhook": ONE, "webhookUrl": URL},
        {"success": True, "data": {"webhook": ONE, "webhookUrl": URL}},
        {"webhook": {**ONE, "webhookUrl": URL}},
        {"data": {**ONE, "webhookUrl": URL}},
        {"success": True, **ONE, "webhookUrl": URL},
    ],
)
async def test_a_created_webhook_is_found_in_any_envelope(body: object) -> None:
    """A platform that is new is no error on reading."""
    async with Wire(reply(body=msgspec.json.encode(body))) as wire, client_of(wire) as lg:
        made = await lg.webhooks.create(name="Replies", platform="generic")
    assert made.webhookUrl == Secret(URL)
    assert (made.webhook.id, made.webhook.platform) == ("w1", "smartlead")
    assert made.webhook.extra["newField"] == 1


@pytest.mark.parametrize("body", [{"webhooks": [ONE]}, {"data": {"items": [ONE]}}, {"data": [ONE]}])
async def test_webhooks_are_found_in_any_envelope(body: object) -> None:
    """All come in one answer: nothing is asked a second time."""
    async with Wire(reply(body=msgspec.json.encode(body))) as wire, client_of(wire) as lg:
        found = [each async for each in lg.webhooks.list()]
    assert found == [Webhook(id="w1", name="Replies", platform="smartlead", extra={"newField": 1})]
    assert [request.target for request in wire.requests] == ["/api/webhook-workbench"]


async def test_only_what_was_given_goes_out() -> None:
    """An absent field is not sent, and a create that may have happened is not sent again."""
    body = msgspec.json.encode({"webhook": ONE, "webhookUrl": URL})
    async with Wire(reply(body=body), reply(status=502)) as wire, client_of(wire) as lg:
        await lg.webhooks.create(name="x", platform="woodpecker")
        with pytest.raises(errors.LeadGeniusError) as caught:
            await lg.webhooks.create(name="x", platform="woodpecker")
    assert caught.value.outcome == "unknown"
    assert [request.body for request in wire.requests] == [
        b'{"name":"x","platform":"woodpecker"}'
    ] * 2


WRONG: Any = {"platformConfig": '{"a":1}'}
NO_CLIENT: Any = {"client_id": None}
REFUSED: list[tuple[Callable[[Webhooks], Any], type[Exception], str]] = [
    (lambda s: s.create(name="", platform="generic"), ValueError, "name is empty"),
    (
        lambda s: s.create(name="x", platform="smartlead"),
        ValueError,
        "platform is 'smartlead': give one of heyreach, woodpecker, lemlist, generic",
    ),
    (lambda s: s.create(name="x", platform="generic", **WRONG), TypeError, "give a dict"),
    (lambda s: s.create(name="x", platform="generic", client_id=""), ValueError, "client_id is"),
    (lambda s: s.create(name="x", platform="generic", **NO_CLIENT), TypeError, "client_id is None"),
    (lambda s: s.list(limit=0), ValueError, "limit"),
]


@pytest.mark.parametrize(("call", "error", "says"), REFUSED)
async def test_what_would_be_refused_is_not_sent(
    emulator: Emulator,
    lg: LeadGenius,
    call: Callable[[Webhooks], Any],
    error: type[Exception],
    says: str,
) -> None:
    """The error names the field and what is allowed."""
    with pytest.raises(error, match=says):
        await call(lg.webhooks)
    assert len(emulator.log) == 0


async def test_a_record_id_is_answered_with_the_client_id(
    emulator: Emulator, lg: LeadGenius
) -> None:
    """Replies that come in under a wrong client would not be seen."""
    client = emulator.ready.clients[1]
    with pytest.raises(errors.UnknownClient, match=client.client_id):
        await lg.webhooks.create(name="x", platform="generic", client_id=client.id)
    assert all(request.path != "/api/webhook-workbench" for request in emulator.log)


async def test_a_login_or_a_key(emulator: Emulator) -> None:
    """Either alone is enough."""
    ready = emulator.ready
    async with connect(emulator) as by_key:
        await by_key.webhooks.create(name="x", platform="generic")
    async with LeadGenius(
        base_url=ready.base_url, username=ready.username, password=ready.password, rate="off"
    ) as by_login:
        assert [each.name async for each in by_login.webhooks.list()] == ["x"]


@pytest.mark.parametrize("options", [[], ["--json"], ["--format", "csv"], ["--format", "ndjson"]])
def test_the_command_prints_the_url_when_it_is_made(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`webhooks create` gives it whole; `webhooks list` does not, even where the service does."""
    with running_world(list_webhook_urls=True) as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        made = ["webhooks", "create", "--name", "Replies", "--platform", "generic"]
        assert run([*made, *options]) == 0
        said = capsys.readouterr()
        url = _stored_url(world.emulator)
        assert url in said.out
        assert "secret=" not in said.err
        assert run(["webhooks", "list", *options]) == 0
        said = capsys.readouterr()
    assert "Replies" in said.out
    assert "secret=" not in said.out + said.err


def _stored_url(emulator: Emulator) -> str:
    async def ask() -> str:
        async with connect(emulator) as lg:
            [webhook] = [each async for each in lg.webhooks.list()]
        url = webhook.extra["webhookUrl"]
        assert isinstance(url, Secret)
        return url.reveal()

    return anyio.run(ask)
