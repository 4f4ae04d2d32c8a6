"""`leadgenius commands`: what there is, for people and for programs."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Iterator

import cyclopts
import msgspec
from cyclopts.argument import Argument

from leadgenius_async.cli import failures
from leadgenius_async.cli.examples import examples, lines_of
from leadgenius_async.cli.options import DEFAULT, Connection, Json
from leadgenius_async.cli.output import SHOW, Show

app: cyclopts.App = cyclopts.App(
    name="commands", help_epilogue=examples("commands", "commands --json")
)

#: What an exit code means; they stay as they are.
EXIT_CODES = {
    failures.OK: "done",
    failures.OTHER: "another failure",
    failures.USAGE: "wrong usage",
    failures.AUTH: "credentials are missing or refused",
    failures.NOT_FOUND: "not found",
    failures.RATE: "the rate limit allows it only later than the deadline",
    failures.PARTIAL: "a part was done; can be gone on with",
    failures.NETWORK: "the service could not be reached, is out, or gave no proper answer",
    failures.BAD_INPUT: "the input data cannot be read",
    failures.INTERRUPTED: "interrupted",
}


class Parameter(msgspec.Struct, omit_defaults=True):
    """One argument or option of a command.

    Attributes:
        names: How it is written; one in capitals is told by its place.
        type: What it takes.
        required: Whether the command needs it.
        default: What it is if not given.
        choices: The values that it takes, if those are few.
        help: What it is for.
    """

    names: list[str]
    type: str
    required: bool = False
    default: object = None
    choices: list[str] | None = None
    help: str = ""


class Command(msgspec.Struct):
    """One command.

    Attributes:
        name: How it is written, after `leadgenius`.
        help: What it does, one line.
        description: All that its help says.
        parameters: Its own arguments and options.
        examples: Lines that can be typed.
    """

    name: str
    help: str
    description: str
    parameters: list[Parameter]
    examples: list[str]


class Listing(msgspec.Struct):
    """All of it.

    Attributes:
        commands: The commands.
        shared: Options of most commands, listed here once: of those that reach the service, and of
            those that print an answer.
        exit_codes: What the exit codes mean.
    """

    commands: list[Command]
    shared: list[Parameter]
    exit_codes: dict[str, str]


@app.default
def commands(*, json: Json = False) -> None:
    """List every command.

    Args:
        json: Print one JSON object, with every parameter and the exit codes.
    """
    from leadgenius_async.cli.app import app  # noqa: PLC0415 - which loads this module in turn

    listed = list(each_command(app))
    if json:
        codes = {str(code): text for code, text in EXIT_CODES.items()}
        listing = Listing(listed, shared(), codes)
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(listing)).decode() + "\n")
        return
    width = max(len(command.name) for command in listed)
    for command in listed:
        sys.stdout.write(f"leadgenius {command.name:<{width}}  {command.help}\n")


def each_command(app: cyclopts.App, *path: str) -> Iterator[Command]:
    """Give the commands of an app and of its groups, in order."""
    for name in app:
        if name.startswith("-"):
            continue
        part = app[name]
        if part.default_command is not None:
            yield _describe(part, " ".join((*path, name)))
        yield from each_command(part, *path, name)


def _describe(app: cyclopts.App, name: str) -> Command:
    text = (app.default_command.__doc__ if app.default_command else None) or app.help
    # Not indented from Python 3.13 on.
    description, _, _ = inspect.cleandoc(text).partition("\n\nArgs:")
    parameters = [parameter for parameter in _parameters(app) if parameter not in shared()]
    examples_ = lines_of(app.help_epilogue)
    return Command(name, description.partition("\n")[0], description, parameters, examples_)


def _parameters(app: cyclopts.App) -> list[Parameter]:
    found = app.assemble_argument_collection(parse_docstring=True)
    return [_parameter(argument) for argument in found if "*" not in argument.names]


def _parameter(argument: Argument) -> Parameter:
    default = argument.field_info.default
    absent = default is argument.field_info.empty
    choices = argument.get_choices()
    return Parameter(
        names=list(argument.names),
        type=_type(argument.hint),
        required=bool(argument.required),
        default=None if absent else _plain(default),
        choices=list(choices) if choices else None,
        help=" ".join((argument.parameter.help or "").split()),
    )


def _type(hint: object) -> str:
    if isinstance(hint, type):
        return hint.__name__
    return str(hint).replace("typing.", "").removesuffix(" | None")


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _carry(*, show: Show = SHOW, connection: Connection = DEFAULT) -> None:
    """Have the options that most commands share, and nothing else."""


@functools.cache
def shared() -> list[Parameter]:
    """Return the options that most commands have."""
    app = cyclopts.App()
    app.default(_carry)
    return _parameters(app)
