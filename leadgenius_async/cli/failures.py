"""Errors → one line that says what to do, and an exit code."""

from __future__ import annotations

import errno
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

import msgspec

from leadgenius_async import errors
from leadgenius_async._writes.rows import SourceError
from leadgenius_async.cli.notes import NOTES, note, one_line
from leadgenius_async.cli.wording import with_options, worded

OK = 0
OTHER = 1
USAGE = 2
AUTH = 3
NOT_FOUND = 4
RATE = 5
PARTIAL = 6
NETWORK = 7
BAD_INPUT = 8
INTERRUPTED = 130


class BadInput(ValueError):
    """Data that the user handed in cannot be read."""


class Unconfirmed(ValueError):
    """Something is lost for good by this, and nobody has said yes."""


class NoSuchJob(ValueError):
    """There is no export or import of this name."""


class Incomplete(Exception):
    """A part of the work was done; what was not is named."""


#: Error classes and their exit codes; the first that fits counts.
_CODES: tuple[tuple[type[Exception], int], ...] = (
    (errors.CredentialsMissing, AUTH),
    (errors.ConfigurationError, USAGE),
    (errors.AuthenticationError, AUTH),
    (errors.PermissionDenied, AUTH),
    (errors.NotFound, NOT_FOUND),
    (errors.UnknownClient, NOT_FOUND),
    (errors.EmptyExport, NOT_FOUND),
    (errors.RateLimited, RATE),
    (errors.QueuedTooLong, RATE),
    (Incomplete, PARTIAL),
    (errors.SchemaMismatch, PARTIAL),
    (errors.ExportConflict, USAGE),
    (errors.ImportConflict, USAGE),
    (errors.ImportStopped, BAD_INPUT),
    (errors.ConnectionFailed, NETWORK),
    (errors.TimedOut, NETWORK),
    (errors.DeadlineExceeded, NETWORK),
    (errors.OutcomeUnknown, NETWORK),
    (errors.ProtocolError, NETWORK),
    (errors.ServerError, NETWORK),
    (BadInput, BAD_INPUT),
    (SourceError, BAD_INPUT),
    (ValueError, USAGE),
    (TypeError, USAGE),
    (errors.ImportLocked, OTHER),
    (errors.ImportDamaged, OTHER),
    (errors.BulkWriteError, PARTIAL),
)


def exit_code(error: Exception) -> int:
    """Return the exit code of an error."""
    return next((code for class_, code in _CODES if isinstance(error, class_)), OTHER)


def tell(error: BaseException, code: int, arguments: Sequence[str] | None = None) -> None:
    """Print an error to stderr: one line, or in JSON mode one object.

    Args:
        error: The error.
        code: Its exit code.
        arguments: The command line; with it the error ends with what to type next.
    """
    text, next_ = worded(_words(error)), None
    if arguments is not None and isinstance(error, Exception):
        from leadgenius_async.cli.remedies import Failed  # noqa: PLC0415 - it knows all commands

        failed = Failed(arguments)
        if isinstance(error, ValueError | TypeError | errors.ConfigurationError):
            text = with_options(text, failed.options)
        next_ = failed.next_command(error, text)
    if NOTES.as_json:
        sys.stderr.write(msgspec.json.encode(_facts(error, code, text, next_)).decode() + "\n")
    else:
        note(_with_next(text, next_))


def _with_next(text: str, command: str | None) -> str:
    if command is None or text.endswith(f"`{command}`"):
        return text
    if text.endswith("?"):
        return f"{text} next: {command}"
    return f"{text if text.endswith('..') else text.removesuffix('.')}; next: {command}"


def show_warning(  # noqa: PLR0917 - the signature is the warnings module's
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning as a line of its own, without the place in the code."""
    del category, filename, lineno, file, line
    note(f"warning: {message}")


def install_warnings() -> None:
    """Let the package's warnings reach the user in plain words."""
    warnings.showwarning = show_warning


def _words(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"{error.strerror}: choose another --port, or 0 for a free one"
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}"
    return str(error).strip() or type(error).__name__


def _facts(error: BaseException, code: int, text: str, next_: str | None) -> dict[str, object]:
    facts: dict[str, object] = {
        "error": type(error).__name__,
        "message": one_line(text),
        "exit_code": code,
    }
    names = ("status", "error_type", "recommendation", "request_id", "attempts", "retry_after",
             "outcome")  # fmt: skip
    found = {name: getattr(error, name, None) for name in names}
    found |= {"notes": NOTES.kept, "next": next_}
    return facts | {name: value for name, value in found.items() if value}
