"""`leadgenius emulator --fault`: rules as one line of text."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from leadgenius_async.cli.app import run
from leadgenius_async.emulator import Fault, faults
from leadgenius_async.emulator.faults.rules import AnyFault, Rule
from leadgenius_async.emulator.faults.text import KINDS, read_rule, rule_text

_PAGE = (Path(__file__).parents[2] / "docs/emulator.md").read_text()
DOCUMENTED = _PAGE[_PAGE.index("| fault | options") :].splitlines()
_LIMIT = 30.0  # seconds that the command may take to listen


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "GET /api/enrich-leads* status=503 nth=3 retry_after=2",
            Rule(
                fault=faults.status(503, retry_after="2"),
                method="GET",
                path="/api/enrich-leads*",
                nth=3,
            ),
        ),
        ("* * hang_up", Rule(fault=faults.hang_up())),
        (
            "post /api/leads hang_up when=after probability=0.5 client=acme delay=1.5",
            Rule(
                fault=faults.hang_up(), method="POST", path="/api/leads", when="after",
                probability=0.5, client="acme", delay=1.5,
            ),
        ),
        ("* * hang", Rule(fault=faults.hang())),
        ("* * hang=2 times=1", Rule(fault=faults.hang(2.0), times=1)),
        ("* * huge size=5 packed=true", Rule(fault=faults.bomb(5))),
        ("* * content=<a=b>", Rule(fault=faults.content(b"<a=b>"))),
        ("* * status=429 code=", Rule(fault=faults.status(429, code=""))),
        (
            '* * headers={"Age":"1"} drop=["x-*"]',
            Rule(fault=faults.headers({"Age": "1"}, ("x-*",))),
        ),
    ],
)  # fmt: skip
def test_what_a_text_says(text: str, rule: Rule) -> None:
    """A fault takes its first option behind its name, the others by theirs."""
    assert read_rule(text) == rule


def test_the_text_of_a_rule() -> None:
    """It says no more than is needed, and makes the same rule again."""
    for text in (
        "GET /api/enrich-leads* status=503 retry_after=2 nth=3",
        "* /api/* hang_up when=after probability=0.5 client=acme delay=1.5",
        '* * headers={"Age":"1"} drop=["x-*"]',
        "* * huge packed=true",
        "* * content=<a=b>",
    ):
        assert read_rule(rule_text(read_rule(text))) == read_rule(text)
        assert sorted(rule_text(read_rule(text)).split()) == sorted(text.split())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "'' is not METHOD PATH FAULT"),
        ("GET /api/leads", "is not METHOD PATH FAULT[=VALUE] [KEY=VALUE …]"),
        ("GET /api/leads smoke", "'smoke' is no fault: give one of status, failure, redirect"),
        ("GET /api/leads status", "status"),
        ("GET /api/leads status=9", "status='9' is not allowed: Expected `int` >= 200"),
        ("GET /api/leads hang_up=1", "hang_up takes no value"),
        ("GET /api/leads hang_up colour=red", "give KEY=VALUE with one of client, nth, since"),
        ("GET /api/leads hang nth", "'nth': give KEY=VALUE with one of seconds, client, nth"),
        ("GET api/leads hang_up", "path='api/leads' is not allowed"),
        ("GET /api/leads chunked=x", "how='x' is not allowed: give bad_size or no_end"),
        ("GET /api/leads hang_up when=now", "when='now' is not allowed"),
        ("GET /api/leads headers={", "set='{' is not allowed"),
        ("GET /api/leads status=503 delay=inf", "delay='inf' is not allowed"),
        ("GET /api/\udcff hang_up", r"'GET /api/\udcff hang_up' is not METHOD PATH"),
    ],
)
def test_what_no_text_says(capsys: pytest.CaptureFixture[str], text: str, says: str) -> None:
    """It is bad input to the command, in one line that names what there is."""
    assert run(["emulator", "--fault", text]) == 8
    said = capsys.readouterr().err
    assert says in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("kind", KINDS.values())
def test_options_have_names_of_their_own(kind: type[msgspec.Struct]) -> None:
    """No option of a fault has the name of one of its rule."""
    own = {field.name for field in msgspec.structs.fields(kind)}
    assert not own & {field.name for field in msgspec.structs.fields(Rule)}


def test_each_kind_has_its_constructor() -> None:
    """What a text can name, Python can make."""
    assert {name for name in KINDS if getattr(faults, name) is not KINDS[name]} == set()
    assert len(KINDS) == len(set(get_args(AnyFault)))


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_the_documentation_has_each_kind(name: str, kind: type[Fault]) -> None:
    """Its row names all of its options, and when it acts."""
    [row] = [line for line in DOCUMENTED if line.startswith(f"| `{name}` | ")]
    _, _, options, _, acts, _ = row.split("|")
    assert acts.strip() == kind.when
    for field in msgspec.structs.fields(kind):
        assert f"`{field.name}`" in options


def test_rules_are_json() -> None:
    """A rule survives a way through JSON."""
    rule = read_rule("GET /x content=abc content_type=text/html nth=3")
    assert msgspec.json.decode(msgspec.json.encode(rule), type=Rule) == rule


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as response:  # noqa: S310 - the emulator's own address
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_command_takes_several(tmp_path: Path) -> None:
    """The service that listens has them all, in their order."""
    ready_file = tmp_path / "ready.json"
    arguments = ["--leads=0", "--source-leads=0", f"--ready-file={ready_file}",
                 "--fault", "GET /api/leads status=418 nth=1",
                 "--fault=* * status=503"]  # fmt: skip
    starts = [sys.executable, "-P", "-m", "leadgenius_async", "emulator", *arguments]
    with subprocess.Popen(starts, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            deadline = time.monotonic() + _LIMIT
            while not ready_file.exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            base_url = json.loads(ready_file.read_bytes())["base_url"]
            assert [_status(f"{base_url}/api/leads") for _ in range(2)] == [418, 503]
        finally:
            process.terminate()
