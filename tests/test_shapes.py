"""The shapes of payloads stand in the house twice: the SDK's, and the emulator's own.

A field that one side misspells would be misspelt by the other if they were one; so they are two,
and here is held that what one sends is what the other declares.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path

import msgspec
import pytest
from operations import OPERATIONS
from world import example_of, running_world

from leadgenius_async import LeadGenius
from leadgenius_async._http import record

#: What one side has and the other does not, and rightly.
APART = {
    ("Processing", "runs"),  # the SDK's own: the runs that were waited for
    ("Search", "leadsFound"),  # a metric, whose names are free
}


class Seen:
    """Notes which members came in for which record, on their way into it."""

    def __init__(self) -> None:
        self.names: dict[type, set[str]] = defaultdict(set)
        self._keep = record.keep_undeclared

    def __call__(self, into: record.Record, members: Mapping[str, object]) -> None:
        self.names[type(into)] |= members.keys() - {"success"}
        self._keep(into, members)


def declared(class_: type) -> set[str]:
    """Return the names that a record's fields have on the wire."""
    names = {field.encode_name for field in msgspec.structs.fields(class_)}
    return names - {"_leadgenius_extra"}


def test_what_the_emulator_sends_is_what_the_sdk_declares(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Over all examples, each record gets each of its fields, and none besides."""
    seen = Seen()
    monkeypatch.setattr(record, "keep_undeclared", seen)
    for operation in OPERATIONS:
        folder = tmp_path / operation.name
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        with running_world() as world:
            for name, value in world.environment(admin=operation.admin).items():
                monkeypatch.setenv(name, value)
            world.with_client(example_of(attrgetter(operation.sdk)(LeadGenius())))
    assert len(seen.names) >= 15
    # The settings have a field for each agent; examples set a few, and the rest is absent.
    settings = {class_ for class_ in seen.names if class_.__name__.endswith("Settings")}
    differences = {
        (class_.__name__, name)
        for class_, names in seen.names.items()
        for name in names ^ (names & declared(class_) if class_ in settings else declared(class_))
    }
    assert differences == APART
