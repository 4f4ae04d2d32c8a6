"""Every operation of the API runs from the SDK and from the command, against the emulator."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from operator import attrgetter
from pathlib import Path

import pytest
from operations import OPERATIONS, PAGE, Operation, render
from world import World, example_of, running_world

from leadgenius_async import LeadGenius
from leadgenius_async.cli.app import run
from leadgenius_async.emulator.routes import API

EACH = pytest.mark.parametrize("operation", [pytest.param(op, id=op.name) for op in OPERATIONS])


@pytest.fixture
def world() -> Generator[World, None, None]:
    with running_world() as world:
        yield world


@pytest.fixture
def account(world: World, operation: Operation, monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in world.environment(admin=operation.admin).items():
        monkeypatch.setenv(name, value)
    return world


@EACH
def test_the_example_sends_it(
    account: World, operation: Operation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The docstring's example runs as it stands, and the service answers its call."""
    monkeypatch.chdir(tmp_path)
    example = example_of(attrgetter(operation.sdk)(LeadGenius()))
    before = count_of(operation, account)
    account.with_client(example)
    assert count_of(operation, account) > before


@EACH
def test_the_command_sends_it(
    account: World,
    operation: Operation,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command runs as it stands in the table, and the service answers its call."""
    monkeypatch.chdir(tmp_path)
    clients = account.portal.call(_clients)
    before = count_of(operation, account)
    for command in operation.command.replace("{client}", clients["acme-corp"]).split("&&"):
        code = run(shlex.split(command.removeprefix(" leadgenius")))
        said = capsys.readouterr()
        assert code == 0, said.err
        assert "Traceback" not in said.err
    assert count_of(operation, account) > before


def count_of(operation: Operation, world: World) -> int:
    """Return how many requests of the operation went well."""
    return sum(map(operation.fits, world.answered(operation.call)))


#: Calls behind several operations that send the same: one lead or many of them, one look or many.
SAME = {
    "GET /api/enrich-leads/{id}",
    "POST /api/leads/process/enrich",
    "GET /api/trigger-task-status",
    "GET /api/enrichment/status/{jobId}",
}


def test_forms_of_one_call_are_told_apart() -> None:
    """No operation passes by the request of another that shares its method and path."""
    forms: dict[str, list[tuple[str, str]]] = {}
    for operation in OPERATIONS:
        forms.setdefault(operation.call, []).append((operation.having, operation.lacking))
    shared = {call: found for call, found in forms.items() if len(found) > 1}
    assert set(shared) >= SAME
    for call, found in shared.items():
        told = ("", "") not in found and len(set(found)) == len(found)
        assert told == (call not in SAME), call


def methods_of(section: object, name: str) -> list[str]:
    """Return the public coroutine functions and listings of a section and its sub-sections."""
    found: list[str] = []
    for attribute in dir(section):
        value = getattr(section, attribute)
        if attribute.startswith("_"):
            continue
        if callable(value):
            found.append(f"{name}.{attribute}")
        elif type(value).__module__.startswith("leadgenius_async._resources"):
            found += methods_of(value, f"{name}.{attribute}")
    return found


def sections() -> dict[str, object]:
    """Return the sections of the SDK by their names."""
    return {name: value for name, value in vars(LeadGenius()).items() if not name.startswith("_")}


METHODS = sorted(
    name
    for section, value in sections().items()
    for name in methods_of(value, section)
    if name not in {operation.sdk for operation in OPERATIONS}
)


@pytest.mark.parametrize("method", METHODS)
def test_what_no_operation_names_has_an_example_too(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, method: str
) -> None:
    """The reference is made of docstrings, and each example in it runs."""
    monkeypatch.chdir(tmp_path)
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    world.with_client(example_of(attrgetter(method)(LeadGenius())))


async def _clients() -> dict[str, str]:
    """Return the record ids of the account's clients by their client_id."""
    async with LeadGenius() as lg:
        return {client.client_id: client.id async for client in lg.clients.list()}


def test_no_operation_is_missing() -> None:
    """What the emulator serves and what the table lists are the same calls."""
    served = {f"{endpoint.method} {endpoint.path}" for endpoint in API}
    assert {operation.call for operation in OPERATIONS} == served


def test_the_page_is_current() -> None:
    """docs/coverage.md is what the table says; no cell of it is empty."""
    assert PAGE.read_text() == render()
    assert "|  |" not in render()
    assert "``" not in render()
