"""Bugs and enhancements, from the SDK and from the command."""

from __future__ import annotations

import msgspec
import pytest
from wire import Wire, reply
from world import running_world

from leadgenius_async import LeadGenius
from leadgenius_async._resources.maintenance import Reports
from leadgenius_async.cli.app import run
from leadgenius_async.models import MaintenanceReport

KINDS = pytest.mark.parametrize("kind", ["bug", "enhancement"])


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, api_key="lgp_1", user_id="u", rate="off")


def section(lg: LeadGenius, kind: str) -> Reports:
    return {"bug": lg.maintenance.bugs, "enhancement": lg.maintenance.enhancements}[kind]


@KINDS
async def test_what_is_reported_is_listed(lg: LeadGenius, kind: str) -> None:
    """As it was answered."""
    reports = section(lg, kind)
    first = await reports.create(description="a", userEmail="you@company.example")
    second = await reports.create(description="b")
    assert (first.userEmail, second.userEmail) == ("you@company.example", None)
    assert [report async for report in reports.list()] == [first, second]
    assert [report async for report in reports.list(limit=1)] == [first]


@KINDS
async def test_reports_are_found_in_any_envelope(kind: str) -> None:
    """Statuses are open, and what is new is in `extra`."""
    one = {"id": "1", "status": "triaged", "votes": 3}
    report = MaintenanceReport("1", status="triaged", extra={"votes": 3})
    lists: list[object] = [{f"{kind}s": [one]}, {"data": [one]}, {"data": {"items": [one]}}]
    answers = [{kind: one}, {"data": one}, *lists]
    async with (
        Wire(*(reply(body=msgspec.json.encode(answer)) for answer in answers)) as wire,
        client_of(wire) as lg,
    ):
        for _ in range(2):
            assert await section(lg, kind).create(description="a") == report
        for _ in lists:
            assert [found async for found in section(lg, kind).list()] == [report]
    assert {request.target for request in wire.requests} == {f"/api/maintenance/{kind}s"}
    assert wire.requests[0].body == b'{"description":"a"}'


@KINDS
async def test_what_cannot_be_right_is_not_sent(kind: str) -> None:
    """The message names the field."""
    async with Wire(reply()) as wire, client_of(wire) as lg:
        with pytest.raises(ValueError, match="description is empty"):
            await section(lg, kind).create(description=" ")
        with pytest.raises(ValueError, match="userEmail is 'you'"):
            await section(lg, kind).create(description="a", userEmail="you")
    assert not wire.requests


@pytest.mark.parametrize(
    ("username", "options", "address"),
    [
        ("you@company.example", [], "you@company.example"),
        ("you@company.example", ["--email", "me@company.example"], "me@company.example"),
        ("demo-user", [], None),
    ],
)
def test_the_account_is_told(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    username: str,
    options: list[str],
    address: str | None,
) -> None:
    """Without --email the command gives the account's username, if it is an address."""
    with running_world() as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("LEADGENIUS_USERNAME", username)
        monkeypatch.delenv("LEADGENIUS_PASSWORD")
        for line in (["bugs", "report"], ["enhancements", "request"]):
            assert run(["maintenance", *line, "--desc", "a", *options, "--json"]) == 0
            assert msgspec.json.decode(capsys.readouterr().out).get("userEmail") == address
