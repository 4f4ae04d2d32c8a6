"""A section of the API is whole: what .github/CONTRIBUTING.md asks of a new one is asked here.

That its calls are in the SDK, in the command and in the emulator, is asked by test_operations.py.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

from leadgenius_async import LeadGenius, models
from leadgenius_async._http.record import Record
from leadgenius_async.emulator.routes import API

TESTS = Path(__file__).parent
#: The bulk lists have a folder of tests, tests/extract.
ELSEWHERE = {"bulk"}

#: Module of each section of the SDK, and of each of the emulator.
SECTIONS = {type(value).__module__ for name, value in vars(LeadGenius()).items() if name[0] != "_"}
ROUTES = {endpoint.handler.__module__ for endpoint in API}


def last(module: str) -> str:
    return module.rpartition(".")[2]


def test_each_section_is_in_the_reference() -> None:
    """Its docstrings are the only description of its calls."""
    reference = (TESTS.parent / "docs" / "reference.md").read_text()
    assert [name for name in SECTIONS if f"::: {name}" not in reference] == []


def test_each_record_is_a_public_name() -> None:
    """Whoever annotates with what a call returns imports it from `models`."""
    public = set(models.__all__)
    for module in map(importlib.import_module, SECTIONS):
        records = {
            name
            for name, value in vars(module).items()
            if inspect.isclass(value) and issubclass(value, Record) and name[0] != "_"
        }
        assert records - {"Record"} <= public


def test_each_section_has_tests_of_its_own() -> None:
    """From the SDK, where odd input and odd answers are tried, and over plain HTTP."""
    lacking = [
        f"tests/{folder}/test_{last(module)}.py"
        for folder, modules in (("resources", SECTIONS), ("emulator", ROUTES))
        for module in modules
        if not (TESTS / folder / f"test_{last(module)}.py").exists()
        and last(module) not in ELSEWHERE
    ]
    assert lacking == []
