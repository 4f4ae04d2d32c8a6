"""A page's commands, run as a reader would: by bash, one after the other, in one folder."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pages import Block
from shims import SHIMS

LIMIT = 180  # seconds for a page, on a machine that has other work
_SHIMS = Path(__file__).parent / "shims.py"
#: What a page has left in the background ends with it.
_END = "trap 'code=$?; set +e; kill $(jobs -p) 2> /dev/null; wait; exit $code' EXIT\n"
#: pytest as a user has it; what runs the test is not to be found by it.
_PYTEST = "-m pytest -p no:cacheprovider"


@dataclass(frozen=True)
class Command:
    """A command of a block.

    Attributes:
        line: Its line within the block, counted from 0.
        text: What stands behind `$ `, its continuations included.
        fails: Whether the page says that it ends with an error.
    """

    line: int
    text: str
    fails: bool


def commands(code: str) -> Iterator[Command]:
    """Read the commands of a console block.

    Raises:
        AssertionError: Output comes before the first command, or a value is left out (`…`).
    """
    lines = code.splitlines()
    assert lines[0].startswith("$ "), f"output without a command: {lines[0]}"
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    for start in starts:
        end = start
        while lines[end].endswith("\\"):
            end += 1
        text = "\n".join([lines[start].removeprefix("$ "), *lines[start + 1 : end + 1]])
        # A secret is not printed: it is in the environment already.
        text = re.sub(r"(\w+)=…", r'\1="$\1"', text)
        assert "…" not in text, f"something is left out: {text}"
        said = lines[end + 1] if end + 1 < len(lines) else ""
        yield Command(start, text, said.startswith("error:"))


def script(blocks: Iterable[Block], told: Path) -> str:
    """Return a script that runs blocks, and tells in a file where it is."""
    parts = [_END]
    for block in blocks:
        if block.language == "console":
            for command in commands(block.code):
                place = f"{block.page}:{block.line + command.line + 1}"
                parts.append(f"echo 'at {place}' >> '{told}'\n{_checked(command, place)}\n")
        elif block.title is None:
            parts.append(f"duckdb <<'END OF BLOCK'\n{block.code}END OF BLOCK\n")
        else:  # a file, where the shell is by then
            parts.append(f"mkdir -p '{Path(block.title).parent}'\n")
            parts.append(f"cat > '{block.title}' <<'END OF BLOCK'\n{block.code}END OF BLOCK\n")
        parts.append(f"echo ended {block.place} ${{EPOCHREALTIME-0}} >> '{told}'\n")
    return "".join(parts)


def _checked(command: Command, place: str) -> str:
    if not command.fails:
        return command.text
    return f"if\n{command.text}\nthen echo '{place} should fail' >&2; exit 1; fi"


def run(blocks: list[Block], folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Run a page's blocks in a folder.

    Args:
        blocks: Commands, queries, and files that the commands find there.
        folder: Where; `page` in it is what the commands see.
        environment: What they find in the environment besides.

    Returns:
        The places of the blocks that were executed.

    Raises:
        AssertionError: A command did not end as the page says; what it said is in the message.
    """
    here, told = folder / "page", folder / "told"
    here.mkdir()
    programs = make_programs(folder / "programs")
    source = folder / "script.sh"
    source.write_text(script(blocks, told))
    with tempfile.TemporaryFile() as said:  # nothing of it stays: some of it is secret
        code = bash(source, here, said.fileno(), {**environment, **_surroundings(folder, programs)})
        said.seek(0)
        words = said.read().decode(errors="replace")[-3000:]
    sys.stdout.write(words)
    lines = told.read_text().splitlines() if told.exists() else []
    assert code == 0, f"{lines[-1]} ended with {code}:\n{words}"
    return [line.split()[1] for line in lines if line.startswith("ended ")]


def write_files(blocks: Iterable[Block], folder: Path) -> None:
    """Write the blocks that are files."""
    for block in blocks:
        if block.title is not None:
            path = folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code, "utf-8")


def make_programs(folder: Path) -> Path:
    """Make a folder with the installed `leadgenius`, and what stands for other programs."""
    folder.mkdir()
    (folder / "leadgenius").symlink_to(Path(sys.executable).with_name("leadgenius"))
    started = {name: f"'{_SHIMS}' {name}" for name in SHIMS} | {"pytest": _PYTEST}
    for name, arguments in started.items():
        program = folder / name
        program.write_text(f"#!/bin/sh\nexec '{sys.executable}' -P {arguments} \"$@\"\n")
        program.chmod(0o755)
    return folder


def _surroundings(folder: Path, programs: Path) -> dict[str, str]:
    """Return the environment of a user who has the programs, and nothing of the test's own."""
    passed = ("HOME", "PYTHONPATH", "XDG_CONFIG_HOME", "XDG_STATE_HOME")
    temporary = folder / "tmp"
    temporary.mkdir()
    return {
        **{name: os.environ[name] for name in passed if name in os.environ},
        "LANG": "C.UTF-8",
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PROGRAMS": str(programs),
        "TMPDIR": str(temporary),
    }


def bash(script: Path, folder: Path, output: int, environment: Mapping[str, str]) -> int:
    """Run a script to its end, and end what it has left in the background.

    Args:
        script: The script.
        folder: Where it is run.
        output: Descriptor of a file that gets all that it says.
        environment: Its environment, whole.

    Returns:
        How it ended.
    """
    with subprocess.Popen(
        ["bash", "-eu", "-o", "pipefail", script],  # noqa: S607 - as users have it
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            return process.wait(LIMIT)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
