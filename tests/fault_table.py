"""The table of faults: what goes wrong, what this package then does, and the tests that hold it.

```console
$ python tests/fault_table.py > docs/faults.md
```

A test says which faults it is about: `@pytest.mark.fault("N3")`.
"""

from __future__ import annotations

import contextlib
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

TESTS = Path(__file__).parent
#: By kind: what goes wrong and what happens then, by the fault's id.
FAULTS: Mapping[str, Mapping[str, tuple[str, str]]] = tomllib.loads(
    (TESTS / "faults.toml").read_text(encoding="utf-8")
)

_INTRODUCTION = """\
# Faults

What can go wrong between you and the service, what this package then does, and the tests that hold
it to that. This page is generated from the tests' marks; a fault without a test, or a test of an
unknown fault, fails the suite. `GET` stands for every call that may be repeated without harm,
`POST` for those that may not: creates, single or in batches.
"""


class Mark(NamedTuple):
    """One fault that one test is about."""

    fault: str
    test: str


class _Collector:
    def __init__(self) -> None:
        self.marks: list[Mark] = []

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            place = item.path.relative_to(TESTS).as_posix()
            name = getattr(item, "originalname", item.name)
            for mark in item.iter_markers("fault"):
                self.marks += [Mark(fault, f"{place}::{name}") for fault in mark.args]


def marks() -> list[Mark]:
    """Return the marks of all tests, each once, by their places.

    Raises:
        RuntimeError: The tests cannot be collected.
    """
    collector = _Collector()
    with contextlib.redirect_stdout(sys.stderr):
        code = pytest.main(["--collect-only", "-qq", str(TESTS)], plugins=[collector])
    if code:
        raise RuntimeError(f"pytest could not collect the tests: it ended with {code}")
    return sorted(set(collector.marks))


def render(found: Sequence[Mark]) -> str:
    """Return the page.

    Raises:
        ValueError: A fault has no test, or a mark is of no known fault.
    """
    known = {name for faults in FAULTS.values() for name in faults}
    marked = {mark.fault for mark in found}
    if missing := sorted(known - marked):
        raise ValueError(f"these faults have no test: {', '.join(missing)}")
    if unknown := [mark for mark in found if mark.fault not in known]:
        raise ValueError(f"{unknown[0].test} is marked with {unknown[0].fault}: there is none")
    return "\n".join([_INTRODUCTION, *_sections(found)])


def _sections(found: Sequence[Mark]) -> Iterator[str]:
    tests = defaultdict[str, list[str]](list)
    for mark in found:
        tests[mark.fault].append(mark.test)
    for title, faults in FAULTS.items():
        yield f"## {title}\n\n| | fault | what happens | tests |\n| --- | --- | --- | --- |"
        for name, (fault, behaviour) in faults.items():
            held = "<br>".join(f"`{test}`" for test in tests[name])
            yield f"| {name} | {fault} | {behaviour} | {held} |"
        yield ""


if __name__ == "__main__":
    sys.stdout.write(render(marks()))
