"""The examples in each `--help`: they are there, they fit, and they work."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Generator
from pathlib import Path

import cyclopts
import pytest
from screens import PARTS, help_of
from world import running_world

from leadgenius_async import LeadGenius
from leadgenius_async.cli.app import app, run
from leadgenius_async.cli.examples import lines_of

_MOST = 4  # examples of a command
_LONGEST = 76  # characters: with their indent they fit on a line of a terminal

EXAMPLES = [line for part in PARTS.values() for line in lines_of(part.help_epilogue)]


def typed(line: str) -> list[str]:
    """Return the words of a line that the command gets, without `leadgenius` and redirections."""
    words = shlex.split(line, comments=True)[1:]
    return words[: next((n for n, word in enumerate(words) if word in {">", "<", "|"}), None)]


def test_every_command_and_group_has_some() -> None:
    """One to four, none of which is broken over lines, all of the command that they stand at."""
    for name, part in PARTS.items():
        lines = lines_of(part.help_epilogue)
        assert 1 <= len(lines) <= _MOST, name
        assert max(map(len, lines)) <= _LONGEST, name
        assert any(f"{line} ".startswith(f"leadgenius {name}".rstrip() + " ") for line in lines)


def test_each_can_be_parsed() -> None:
    """No example names a command or an option that is not there, or leaves out a needed one."""
    wrong = {}
    for line in dict.fromkeys(EXAMPLES):
        try:
            app.parse_args(typed(line), exit_on_error=False, print_error=False)
        except cyclopts.CycloptsError as error:
            wrong[line] = str(error)
    assert not wrong


def test_they_are_shown_as_they_stand() -> None:
    """Quotes, stars and underscores are not taken for Markdown."""
    shown = help_of("leads update").splitlines()
    for line in lines_of(PARTS["leads update"].help_epilogue):
        assert f"   {line}" in shown


def test_programs_get_them_too(capsys: pytest.CaptureFixture[str]) -> None:
    """`leadgenius commands --json` has them at each command."""
    assert run(["commands", "--json"]) == 0
    for command in json.loads(capsys.readouterr().out)["commands"]:
        assert command["examples"] == lines_of(PARTS[command["name"]].help_epilogue)


#: What they read, by the names that they have for it.
FILES = {
    "people.csv": "First Name,Last Name,Mail,Notes\nMia,Sample,mia@sample.example,x\n",
    "lead.json": '{"firstName": "Kim", "lastName": "Sample", "email": "kim@sample.example"}',
    "leads.json": '[{"firstName": "Lou", "lastName": "Sample", "email": "lou@sample.example"}]',
    "changes.json": '[{"id": "lead_2", "status": "won"}]',
    "changes.csv": "id,Job title\nlead_1,CTO\n",
    "gone.csv": "id\nlead_2\n",
    "leads.csv": "id\nlead_2\n",
    "scrape.json": '{"query": "CTO"}',
    "search.json": '{"searchCriteria": {"title": "CTO"}}',
    "services.json": '{"enrichment1": "https://services.example"}',
    "config.json": "{}",
    "change.json": '{"id": "lead_1", "status": "won"}',
    "agents.json": '{"projectId": "project-1"}',
}
#: What has tests of its own, since it goes on until it is ended, takes seconds, or needs a store.
ELSEWHERE = (
    "auth login --email ada@sample.example --password-stdin",
    "emulator",
    "demo",
    "mcp",
    "selftest",
    "completion",
    "commands",
    "export source-leads --out s3:",
)
#: What takes away something that another line needs.
LAST = {"delete", "purge", "discard", "logout", "--purge"}


#: What cannot be done on that account, and what is said then.
OTHERWISE = {
    "leadgenius jobs resume leads": "is complete",
    "leadgenius jobs resume people.csv.import": "no folder with an export or import",
    "leadgenius jobs discard people.csv.import --yes": "no folder with an export or import",
}


class Yes(io.StringIO):
    """Somebody at a terminal who says yes to all."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[dict[str, str]]:
    """An account with what the examples name, in a folder with their files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", Yes("y\n" * len(EXAMPLES)))
    Path("exports").mkdir()
    for name, text in FILES.items():
        Path(name).write_text(text)
    with running_world(login_attempts=100) as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("LEADGENIUS_USERNAME")
        world.add_user("ada@sample.example", world.emulator.ready.password, role="admin")

        async def ids(lg: LeadGenius) -> dict[str, str]:
            names = ("client_1", "client_2")
            return {name: (await lg.clients.create(clientName=name)).id for name in names}

        yield world.with_client(ids)


def test_they_do_what_they_say(account: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """Each does it on an account that has what it names."""
    lines = [each for each in dict.fromkeys(EXAMPLES) if not each[11:].startswith(ELSEWHERE)]
    failed: dict[str, tuple[int, str]] = {}
    for line in sorted(lines, key=lambda line: bool(LAST & {*line.split()})):
        code = run([account.get(word, word) for word in typed(line)])
        said = capsys.readouterr().err
        if code and (line not in OTHERWISE or OTHERWISE[line] not in said):
            failed[line] = (code, said)
    assert not failed, "\n".join(map(str, failed.items()))
    assert len(lines) > 100
