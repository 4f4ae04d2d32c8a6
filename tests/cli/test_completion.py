"""`leadgenius completion`: the script works in a shell, which starts nothing for it."""

from __future__ import annotations

import contextlib
import io
import shutil
import subprocess
from pathlib import Path

import pytest
from screens import PARTS

from leadgenius_async.cli.app import run

BASH = shutil.which("bash")
_ASK = """
source "$0"
PATH=/nowhere
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_leadgenius
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the script of each shell, as the command prints it."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in ("bash", "zsh", "fish"):
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            assert run(["completion", shell]) == 0
        (folder / shell).write_text(printed.getvalue())
    return folder


def completed(folder: Path, *words: str) -> set[str]:
    """Return what bash offers for the last word, with no command to be found but its own."""
    assert BASH is not None
    done = subprocess.run(
        [BASH, "--norc", "-c", _ASK, str(folder / "bash"), *words],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one(folder: Path, shell: str) -> None:
    """Its shell can read it."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"there is no {shell} here")
    subprocess.run([program, "-n", folder / shell], check=True)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_all_commands_are_in_it(folder: Path, shell: str) -> None:
    """Those that are loaded only when they are called too."""
    script = (folder / shell).read_text()
    assert [word for name in PARTS for word in name.split() if word not in script] == []


@pytest.mark.skipif(BASH is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["leadgenius", "exp"], {"export"}),
        (["leadgenius", "export", ""], {"enrich-leads", "source-leads"}),
        (["leadgenius", "export", "enrich-leads", "--over"], {"--overwrite"}),
        (["leadgenius", "export", "enrich-leads", "--out", "x", "--chains", "c"], {"clients"}),
        (["leadgenius", "leads", "list", "--format", "nd"], {"ndjson"}),
        (["leadgenius", "completion", "f"], {"fish"}),
        (["leadgenius", "api", "P"], {"POST", "PUT", "PATCH"}),
    ],
)
def test_bash_completes(folder: Path, words: list[str], offered: set[str]) -> None:
    """Commands, options, and values that are few; it starts no program for that."""
    assert completed(folder, *words) == offered
