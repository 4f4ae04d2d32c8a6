"""What to type next after a command has failed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

import cyclopts

from leadgenius_async import errors
from leadgenius_async.cli import failures
from leadgenius_async.cli.app import app

_PROGRAM = "leadgenius"
#: Commands that may be told again: nobody's name or address is among their arguments.
_TOLD_AGAIN = (("export",), ("jobs",), ("clients",), ("leads", "delete"), ("leads", "rehome"))
#: Errors of an export, a word of what is said of them, and the option with which it goes on.
_GOES_ON_WITH: tuple[tuple[type[Exception], str, str], ...] = (
    (errors.EmptyExport, "", "--allow-empty"),
    (errors.ExportDamaged, "--repair", "--repair"),
    (errors.ExportError, "--overwrite", "--overwrite"),
)
#: Errors, a word of what is said of them, and the command that tells more; the first that fits.
_ASK: tuple[tuple[type[Exception], str, str], ...] = (
    (failures.NoSuchJob, "", "jobs list"),
    (errors.ExportError, "", "jobs list"),
    (errors.CredentialsMissing, "", "auth login"),
    (errors.AuthenticationError, "API key", "doctor"),
    (errors.AuthenticationError, "", "auth login"),
    (errors.PermissionDenied, "", "auth status"),
    (errors.UnknownClient, "", "clients list"),
    (errors.ConfigurationError, "no profile", "auth profiles"),
    (errors.RateLimited, "", "doctor"),
    (errors.ServerError, "", "doctor"),
    (errors.ConnectionFailed, "", "doctor"),
    (errors.TimedOut, "", "doctor"),
    (errors.DeadlineExceeded, "not done", "doctor"),
    (errors.ProtocolError, "", "doctor"),
)
#: How the things of a group that has no `list` are found.
_LISTS = {"tasks": "tasks recent", "process": "leads list", "enrichment": "leads list"}
_MISUSED = {failures.USAGE, failures.AUTH, failures.BAD_INPUT}


class Failed:
    """A command line that failed.

    Args:
        arguments: What followed `leadgenius`.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = list(arguments)
        chain, apps, _ = app.parse_commands(self._arguments)
        self.name: tuple[str, ...] = tuple(chain)
        self._command = apps[-1]

    @property
    def options(self) -> set[str]:
        """The names of the command's options."""
        if self._command.default_command is None:
            return set()
        found = self._command.assemble_argument_collection()
        return {name for argument in found for name in argument.names}

    def next_command(self, error: Exception, text: str) -> str | None:
        """Return what to type next; None where nothing is known to help.

        Args:
            error: Why it failed.
            text: What is said of that.
        """
        if isinstance(error, failures.Unconfirmed):
            return self._again("--yes")
        return self._of_export(error, text) or self._of_error(error, text) or self._of_use(error)

    def _of_export(self, error: Exception, text: str) -> str | None:
        """Return how an export goes on."""
        out = self._value("--out")
        if self.name[:1] != ("export",) or out is None:
            return None
        if isinstance(error, errors.ExportLocked):
            return _typed("jobs", "show", out)
        if isinstance(error, failures.Incomplete):
            one = self._value("--tenants") is None
            return _typed("jobs", "resume", out) if one else self._again(without="--overwrite")
        for class_, word, option in _GOES_ON_WITH:
            if isinstance(error, class_) and word in text:
                return self._again(option, without="--retry-failed")
        return None

    def _of_error(self, error: Exception, text: str) -> str | None:
        """Return the command that a message names, or that tells more about such an error."""
        if named := _named_in(text):
            return named
        if isinstance(error, errors.NotFound):
            return self._listing()
        found = (ask for class_, word, ask in _ASK if isinstance(error, class_) and word in text)
        command = next(found, None)
        return None if command is None or self._logs_in(command) else _typed(*command.split())

    def _of_use(self, error: Exception) -> str | None:
        """Return where it is said how the command is used, where that was wrong."""
        wrong = isinstance(error, cyclopts.CycloptsError)
        return self._help() if wrong or failures.exit_code(error) in _MISUSED else None

    def _logs_in(self, command: str) -> bool:
        return command == "auth login" and self.name[:1] in {("auth",), ("selftest",)}

    def _listing(self) -> str:
        group = self.name[0] if self.name else ""
        listing = _LISTS.get(group, f"{group} list")
        return _typed(*listing.split()) if _is_command(listing) else _typed("doctor")

    def _again(self, *more: str, without: str = "") -> str:
        if not any(self.name[: len(start)] == start for start in _TOLD_AGAIN):
            return self._help()
        kept = [word for word in self._arguments if word != without]
        return _typed(*kept, *(word for word in more if word not in kept))

    def _help(self) -> str:
        return _typed(*self.name, "--help")

    def _value(self, option: str) -> str | None:
        """Return what an option was given, be it the next word or behind a `=`."""
        for place, word in enumerate(self._arguments):
            name, equals, value = word.partition("=")
            if name == option:
                return value if equals else next(iter(self._arguments[place + 1 :]), None)
        return None


def _typed(*words: str) -> str:
    return shlex.join([_PROGRAM, *words])


def _named_in(text: str) -> str | None:
    named = re.findall(rf"`{_PROGRAM} ([^`…]+)`", text)
    return f"{_PROGRAM} {named[-1]}" if named and _is_command(named[-1]) else None


def _is_command(line: str) -> bool:
    try:
        app.parse_args(shlex.split(line), exit_on_error=False, print_error=False)
    except (cyclopts.CycloptsError, ValueError):
        return False
    return True
