"""The page of all commands: what each does, its options, and lines that can be typed.

```console
$ python tests/commands_page.py > docs/commands.md
```
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import cyclopts

from leadgenius_async.cli.app import app
from leadgenius_async.cli.commands import EXIT_CODES, Command, Parameter, each_command, shared

PAGE = Path(__file__).parent.parent / "docs" / "commands.md"
_INTRODUCTION = """\
# Commands

Every command of `leadgenius`, as its `--help` has it; `leadgenius commands --json` gives the same
to programs. This page is generated from the commands.

The Tab key completes commands, options and their values once the shell has the script that
`leadgenius completion` prints for bash, zsh or fish: `leadgenius completion --help` says where each
looks for it. The script is read once, and starts nothing when Tab is pressed.

A command that fails says so in one line on stderr, which ends with what to type next; with `--json`
that is the member `next` of one JSON object.
"""


def page(of: cyclopts.App = app) -> str:
    """Return the page."""
    parts = [_INTRODUCTION, *_exit_codes(), *_shared()]
    for command in each_command(of):
        parts += _section(command)
    return "\n".join(parts)


def _exit_codes() -> Iterator[str]:
    yield "## Exit codes\n"
    yield from (f"- {int(code)}: {meaning}" for code, meaning in EXIT_CODES.items())
    yield ""


def _shared() -> Iterator[str]:
    yield "## Options of most commands\n"
    yield from map(_option, shared())
    yield ""


def _section(command: Command) -> Iterator[str]:
    yield f"## leadgenius {command.name}\n"
    yield f"{_plain(command.description)}\n"
    if command.parameters:
        yield from _listed(map(_option, command.parameters))
    yield "For example:\n"
    yield from _listed(f"- `{line}`" for line in command.examples)


def _listed(lines: Iterable[str]) -> Iterator[str]:
    yield from lines
    yield ""


def _option(parameter: Parameter) -> str:
    names = ", ".join(f"`{name}`" for name in parameter.names)
    facts = [*(["needed"] if parameter.required else []), *_values(parameter)]
    return f"- {names}: {_plain(parameter.help)}" + (f" ({'; '.join(facts)})" if facts else "")


def _plain(text: str) -> str:
    """Return a text in which nothing is taken for a link, a tag or emphasis."""
    return re.sub(r"[\[<*]", r"\\\g<0>", text)


def _values(parameter: Parameter) -> Iterator[str]:
    if parameter.choices:
        yield f"one of {', '.join(f'`{choice}`' for choice in parameter.choices)}"
    if parameter.default not in {None, "", "[]", "{}"} and parameter.default is not False:
        yield f"`{parameter.default}` if not given"


if __name__ == "__main__":
    sys.stdout.write(page())
