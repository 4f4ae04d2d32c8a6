"""What a command says besides its answer.

Lines on stderr; in JSON mode nothing, unless the command fails: then they are a part of the one
object that says so.
"""

from __future__ import annotations

import sys


class Notes:
    """Where they go, for the command that is running."""

    def __init__(self) -> None:
        self.as_json: bool = False
        self.kept: list[str] = []

    def begin(self, *, as_json: bool) -> None:
        """Start with a new command line."""
        self.as_json = as_json
        self.kept = []


NOTES = Notes()


def one_line(text: str) -> str:
    """Return a text as one line, with nothing in it that a terminal would obey."""
    return "".join(char if char.isprintable() else "\ufffd" for char in " ".join(text.split()))


def note(text: str) -> None:
    """Say one thing, in one line."""
    text = one_line(text)
    if NOTES.as_json:
        NOTES.kept.append(text)
    else:
        sys.stderr.write(f"leadgenius: {text}\n")
