"""All commands and groups of `leadgenius`, and their `--help` as it is shown.

`python tests/screens.py` writes the screens in tests/cli/help anew, with the newest cyclopts.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

import cyclopts

from leadgenius_async.cli.app import app, run

FOLDER = Path(__file__).parent / "cli" / "help"
_WIDTH = 80  # columns


def each_part(part: cyclopts.App = app, *path: str) -> Iterator[tuple[str, cyclopts.App]]:
    """Give the root, its groups and its commands, each by what is typed after `leadgenius`."""
    yield " ".join(path), part
    for name in part:
        if not name.startswith("-"):
            yield from each_part(part[name], *path, name)


PARTS = dict(each_part())


@functools.cache
def help_of(name: str) -> str:
    """Return a command's help on a terminal of 80 columns without colours."""
    said = io.StringIO()
    environment = {"COLUMNS": str(_WIDTH), "NO_COLOR": "1", "TERM": "dumb"}
    with mock.patch.dict("os.environ", environment), redirect_stdout(said):
        assert run([*name.split(), "--help"]) == 0
    return "".join(f"{line.rstrip()}\n" for line in said.getvalue().splitlines())


def file_of(name: str) -> Path:
    """Return where a command's screen is kept."""
    return FOLDER / f"{name.replace(' ', '_') or 'leadgenius'}.txt"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for each in PARTS:
        file_of(each).write_text(help_of(each), encoding="utf-8")
