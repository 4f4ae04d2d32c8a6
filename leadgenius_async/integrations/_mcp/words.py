"""What agents are told of an error: what happened and what to do, and nothing of anybody's."""

from __future__ import annotations

import logging
import re
import traceback
from typing import overload

import msgspec

from leadgenius_async import errors

_ADDRESS = re.compile(r"[^\s@'\"<>(),;:]+@[^\s@'\"<>(),;:]+")
_log = logging.getLogger("leadgenius_async.mcp")


@overload
def without_addresses(text: str) -> str: ...
@overload
def without_addresses(text: None) -> None: ...
def without_addresses(text: str | None) -> str | None:
    """Return a text with no e-mail address in it."""
    return None if text is None else _ADDRESS.sub("(an e-mail address)", text)


def told(error: Exception, *, of_rows: bool) -> str:
    """Return what is said of an error.

    Args:
        error: The error.
        of_rows: Whether leads were sent: then the service's own words may quote them.
    """
    if isinstance(error, errors.APIStatusError) and of_rows:
        return f"{str(error).partition(':')[0]}; what was done until then stays"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'}: {error.strerror}"
    if isinstance(error, msgspec.ValidationError):
        return f"{error}: see the tool's input schema"
    if isinstance(error, errors.LeadGeniusError | ValueError):
        return without_addresses(str(error))
    # Whatever it says may be of anybody: its place in the code is enough to find it.
    origin = "".join(traceback.format_tb(error.__traceback__))
    _log.debug("%s came from\n%s", type(error).__name__, origin)
    return f"unexpected {type(error).__name__}; with LEADGENIUS_LOG=debug the server logs its place"
