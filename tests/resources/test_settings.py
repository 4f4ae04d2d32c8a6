"""The three settings: one shape, over the emulator and over canned answers."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest
from rich.pretty import pretty_repr
from wire import Wire, reply

from leadgenius_async import LeadGenius, Secret, errors
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import AgentSettings, SdrSettings, UrlSettings

KEY = "sk-made-up-123"


def login_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, access_token="t", rate="off")


@pytest.fixture
async def lg(emulator: Emulator) -> AsyncGenerator[LeadGenius, None]:
    ready = emulator.ready
    async with LeadGenius(
        base_url=ready.base_url, username=ready.username, password=ready.password, rate="off"
    ) as client:
        yield client


@pytest.mark.parametrize(
    ("section", "type_", "fields"),
    [
        ("url", UrlSettings, {"companyUrl": "u", "enrichment10": "e"}),
        ("agent", AgentSettings, {"projectId": "p", "enrichment10AgentId": "a"}),
        ("sdr_ai", SdrSettings, {"message10AgentId": "m", "aiProductFitScoreAgentId": "a"}),
    ],
)
async def test_their_life(lg: LeadGenius, section: str, type_: Any, fields: dict[str, str]) -> None:
    """There are none, they are made, changed, cleared and kept; each of the three alike."""
    calls: Any = getattr(lg.settings, section)
    first, second = fields
    assert await calls.get() is None
    with pytest.raises(errors.NotFound):
        await calls.update(**fields)
    made = await calls.create(**{first: fields[first]})
    assert isinstance(made, type_)
    assert (getattr(made, first), getattr(made, second)) == (fields[first], None)
    with pytest.raises(errors.Conflict):
        await calls.create(**fields)
    changed = await calls.update(**{second: fields[second]})
    assert (getattr(changed, first), getattr(changed, second)) == tuple(fields.values())
    cleared = await calls.update(**{first: None})
    assert (getattr(cleared, first), getattr(cleared, second)) == (None, fields[second])
    assert await calls.get() == cleared


async def test_the_three_are_apart(lg: LeadGenius) -> None:
    """What is set in one is not set in another."""
    await lg.settings.agent.upsert(projectId="p")
    assert await lg.settings.sdr_ai.get() is None
    assert await lg.settings.url.get() is None


async def test_upsert_does_whichever_is_right(emulator: Emulator, lg: LeadGenius) -> None:
    """The first one makes them, without what would be cleared; the second one changes them."""
    made = await lg.settings.url.upsert(companyUrl="one", emailFinder=None)
    changed = await lg.settings.url.upsert(companyUrl=None, emailFinder="two")
    assert (made.companyUrl, changed.companyUrl, changed.emailFinder) == ("one", None, "two")
    methods = [request.method for request in emulator.log if "settings" in request.path]
    assert methods == ["GET", "POST", "GET", "PUT"]


NONE = reply(body=b'{"success":true,"settings":null}')
SOME = reply(body=b'{"success":true,"settings":{"companyUrl":"theirs"}}')
DONE = reply(body=b'{"success":true,"settings":{"companyUrl":"ours"}}')
CONFLICT = reply(409, b'{"success":false,"error":"exists","errorType":"already_exists"}')
MISSING = reply(404, b'{"success":false,"error":"none","errorType":"not_found"}')


@pytest.mark.parametrize(
    ("answers", "methods"),
    [
        ([NONE, CONFLICT, DONE], ["GET", "POST", "PUT"]),
        ([SOME, MISSING, DONE], ["GET", "PUT", "POST"]),
        ([MISSING, DONE], ["GET", "POST"]),
    ],
)
async def test_upsert_survives_a_race(answers: list[bytes], methods: list[str]) -> None:
    """Another writer between the two requests costs a third one; a 404 says that none are there."""
    async with Wire(*answers) as wire, login_of(wire) as lg:
        settings = await lg.settings.url.upsert(companyUrl="ours", emailFinder=None)
    assert settings.companyUrl == "ours"
    assert [request.method for request in wire.requests] == methods
    sent = {"companyUrl": "ours", "emailFinder": None}
    created = {"companyUrl": "ours"}
    for request in wire.requests[1:]:
        assert json.loads(request.body) == (created if request.method == "POST" else sent)


async def test_upsert_falls_back_once() -> None:
    """Twice the wrong one is an error and no endless struggle."""
    async with Wire(NONE, CONFLICT, MISSING) as wire, login_of(wire) as lg:
        with pytest.raises(errors.NotFound):
            await lg.settings.url.upsert(companyUrl="ours")
    assert len(wire.requests) == 3


@pytest.mark.parametrize("envelope", ["settings", "data"])
async def test_they_are_found_in_any_envelope(envelope: str) -> None:
    """A field that is new is in `extra`."""
    body = msgspec.json.encode({envelope: {"projectId": "p", "enrichment11AgentId": "a"}})
    async with Wire(reply(body=body)) as wire, login_of(wire) as lg:
        settings = await lg.settings.agent.get()
    assert settings == AgentSettings(projectId="p", extra={"enrichment11AgentId": "a"})
    assert [request.target for request in wire.requests] == ["/api/settings/agent"]


async def test_the_path_of_the_third_has_a_dash() -> None:
    """An attribute of Python cannot have one."""
    async with Wire(NONE) as wire, login_of(wire) as lg:
        assert await lg.settings.sdr_ai.get() is None
    assert [request.target for request in wire.requests] == ["/api/settings/sdr-ai"]


async def test_an_api_key_never_prints(lg: LeadGenius) -> None:
    """Neither one that was declared nor one in `extra`; what is sent and comes back is the key."""
    settings = await lg.settings.url.create(emailFinder="finder", emailFinder_Apikey=Secret(KEY))
    assert settings.emailFinder_Apikey == KEY
    settings.extra["enrichment11_Apikey"] = KEY
    for text in (repr(settings), str(settings), f"{settings}", pretty_repr(settings)):
        assert KEY not in text
        assert "emailFinder='finder'" in text
    assert repr(UrlSettings(emailFinder_Apikey="two\nlines")).count("*") == 10


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({}, ValueError, "no field"),
        ({"enrichment11": "x"}, ValueError, "enrichment11.*give one of companyUrl"),
        ({"companyUrl": " "}, ValueError, "companyUrl is empty"),
        ({"companyUrl": 7}, TypeError, "companyUrl is of type int"),
    ],
)
async def test_what_cannot_be_right_is_not_sent(
    fields: dict[str, Any], error: type[Exception], says: str
) -> None:
    """Neither by a create nor by an update, nor does an upsert look first."""
    async with Wire(reply()) as wire, login_of(wire) as lg:
        url = lg.settings.url
        for method in (url.create, url.update, url.upsert):
            with pytest.raises(error, match=says):
                await method(**fields)
    assert not wire.requests


async def test_an_api_key_is_not_enough(emulator: Emulator) -> None:
    """Settings take a login (documented); nothing is sent without one."""
    ready = emulator.ready
    async with LeadGenius(
        base_url=ready.base_url, api_key=ready.api_key, user_id=ready.user_id, rate="off"
    ) as lg:
        with pytest.raises(errors.CredentialsMissing):
            await lg.settings.url.get()
    assert not list(emulator.log)
