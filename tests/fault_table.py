"""The table of faults: what goes wrong, what this package then does, and the tests that hold it.

```console
$ python tests/fault_table.py > docs/faults.md
```

A test says which faults it is about: `@pytest.mark.fault("N3")`.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

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


@cache
def marks(tests: Path = TESTS) -> tuple[Mark, ...]:
    """Return the marks of all tests, in the order of their files.

    Raises:
        ValueError: A mark stands elsewhere than in a test's decorators.
    """
    paths = sorted(tests.rglob("test_*.py"))
    return tuple(mark for path in paths for mark in _marks_in(path, tests))


def _marks_in(path: Path, tests: Path) -> Iterator[Mark]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    decorated = set[ast.Call]()
    for test in _tests_in(tree):
        for call in (call for place in test.decorator_list for call in _fault_calls(place)):
            decorated.add(call)
            for name in ast.literal_eval(ast.List(call.args, ast.Load())):
                yield Mark(name, f"{path.relative_to(tests).as_posix()}::{test.name}")
    if stray := [call.lineno for call in _fault_calls(tree) if call not in decorated]:
        raise ValueError(f"{path}:{stray[0]}: a fault mark stands in a test's decorators alone")


def _tests_in(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def _fault_calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "fault"
            and ast.unparse(node.func) == "pytest.mark.fault"
        ):
            yield node


def render(found: Sequence[Mark]) -> str:
    """Return the page."""
    return "\n".join([_INTRODUCTION, *_sections(_by_fault(found))])


def _by_fault(found: Sequence[Mark]) -> Mapping[str, list[str]]:
    tests = defaultdict[str, list[str]](list)
    for mark in found:
        if mark.test not in tests[mark.fault]:
            tests[mark.fault].append(mark.test)
    return tests


def _sections(tests: Mapping[str, list[str]]) -> Iterator[str]:
    for title, faults in FAULTS.items():
        yield f"## {title}\n\n| | fault | what happens | tests |\n| --- | --- | --- | --- |"
        for name, (fault, behaviour) in faults.items():
            held = "<br>".join(f"`{test}`" for test in tests[name])
            yield f"| {name} | {fault} | {behaviour} | {held} |"
        yield ""


if __name__ == "__main__":
    sys.stdout.write(render(marks()))
