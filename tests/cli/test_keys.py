"""API keys are neither printed nor taken from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from wire import Wire, reply

from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run
from leadgenius_async.cli.keys import without_keys

KEY = "sk-made-up-123"
TEXT = json.dumps({"campaignId": 7, "api_key": KEY})


@pytest.mark.parametrize(
    ("members", "kept", "keys"),
    [
        ({"a_Apikey": KEY, "b": 1}, {"b": 1}, ["a_Apikey"]),
        (
            {"A_APIKEY": KEY, "apiKey": KEY, "x-api-key": KEY},
            {},
            ["A_APIKEY", "apiKey", "x-api-key"],
        ),
        ({"a_Apikey": None, "keyPrefix": "lgp_"}, {"a_Apikey": None, "keyPrefix": "lgp_"}, []),
        (
            {"platformConfig": {"list": [{"apiKey": KEY, "n": 1}]}},
            {"platformConfig": {"list": [{"n": 1}]}},
            ["platformConfig.list.apiKey"],
        ),
        (
            {"platformConfig": TEXT},
            {"platformConfig": '{"campaignId":7}'},
            ["platformConfig.api_key"],
        ),
        (
            {"a": '{ "b": 1 }', "c": "{no JSON", "d": "["},
            {"a": '{ "b": 1 }', "c": "{no JSON", "d": "["},
            [],
        ),
    ],
)
def test_keys_are_left_out(
    members: dict[str, object], kept: dict[str, object], keys: list[str]
) -> None:
    """In whatever case they are written, and however deep; the rest stays as it is."""
    assert without_keys(members) == (kept, keys)


@pytest.mark.parametrize("name", ["url", "agent", "sdr-ai"])
def test_settings_that_are_new(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A key that the package does not know of yet is left out all the same."""
    settings = {"projectId": "p", "crm_APIKEY": KEY, "platformConfig": TEXT}
    wire = Wire(reply(body=json.dumps({"settings": settings}).encode()))
    monkeypatch.setenv("LEADGENIUS_ACCESS_TOKEN", "made-up")
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(wire):
        assert run(["settings", name, "show", "--base-url", wire.url]) == 0
    said = capsys.readouterr()
    assert "left out: crm_APIKEY, platformConfig.api_key (" in said.err
    assert "campaignId" in said.out
    assert KEY not in said.out + said.err


@pytest.mark.usefixtures("world")
def test_webhooks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A platform's own key goes in by a file, and does not come out."""
    monkeypatch.chdir(tmp_path)
    Path("config.json").write_text(TEXT)
    line = ["webhooks", "create", "--name", "Hook", "--platform", "lemlist", "--json", "--data"]
    assert run([*line, TEXT]) == failures.BAD_INPUT
    assert "would show api_key" in capsys.readouterr().err
    assert run([*line, "@config.json"]) == 0
    assert run(["webhooks", "list", "--json"]) == 0
    out = capsys.readouterr().out
    assert out.count("campaignId") == 2
    assert KEY not in out


@pytest.mark.parametrize(
    "data",
    [
        {"emailFinder_Apikey": KEY},
        [{"a": {"APIKEY": KEY}}],
        {"n": 1e300, "platformConfig": TEXT},
    ],
)
def test_the_command_line_is_no_place_for_them(
    capsys: pytest.CaptureFixture[str], data: object
) -> None:
    """Of any command, and without a request; the message does not have the key either."""
    line = ["api", "PUT", "/settings/url", "--dry-run", "--data", json.dumps(data)]
    assert run(line) == failures.BAD_INPUT
    said = capsys.readouterr()
    assert "give @FILE, or - for stdin" in said.err
    assert KEY not in said.out + said.err


@pytest.mark.parametrize("data", ['{"a":1e999}', '{"a":123456789012345678901234567890}', "1", '""'])
def test_other_json_goes_through_as_it_is(capsys: pytest.CaptureFixture[str], data: str) -> None:
    """Numbers above all, which the search for keys must not read as floats."""
    base = ["--base-url", "http://127.0.0.1:1"]
    assert run(["api", "POST", "/x", "--dry-run", "--data", data, *base]) == 0
    assert capsys.readouterr().out.endswith(f"{data}\n")
