"""The start page, followed as a reader does: a clone, an environment of its own, nothing else.

python -P tests/following.py prints the seconds of each block, and fails if it is not five minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# This folder comes first for pytest; here nobody has put it there.
sys.path.insert(0, str(Path(__file__).parent))

import shell
from pages import ROOT, Block, blocks

PAGE = "docs/index.md"
LIMIT = 300.0  # seconds


def main() -> None:
    """Follow the page."""
    found = [block for block in blocks() if block.page == PAGE]
    with tempfile.TemporaryDirectory() as folder:
        times = follow(found, Path(folder))
    before = times[0]
    for block, after in zip(found, times[1:], strict=True):
        tell(after - before, f"{block.heading}: {block.title or block.code.splitlines()[0]}")
        before = after
    total = times[-1] - times[0]
    tell(total, "in all")
    if total > LIMIT:
        sys.exit(f"that is more than {LIMIT:.0f} s")


def tell(seconds: float, what: str) -> None:
    """Print how long something took."""
    sys.stdout.write(f"{seconds:6.1f} s  {what}\n")


def follow(found: list[Block], folder: Path) -> list[float]:
    """Run blocks in a clone, and return when it began and when each was through."""
    clone, told, source = folder / "clone", folder / "told", folder / "script.sh"
    copy_tracked(clone)
    begin = f"echo ended start $EPOCHREALTIME >> '{told}'\n"
    source.write_text(begin + shell.script(found, told))
    code = shell.bash(source, clone, sys.stderr.fileno(), environment(folder))
    if code:
        sys.exit(f"{told.read_text().splitlines()[-1]} ended with {code}")
    return [float(line.split()[2]) for line in told.read_text().splitlines() if "ended" in line]


def copy_tracked(clone: Path) -> None:
    """Copy what a clone has, as it stands now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - as users have it
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)


def environment(folder: Path) -> dict[str, str]:
    """Return the user's environment, without the one that this runs in and without an account."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LEADGENIUS_", "LGP_", "PYTHON", "VIRTUAL_ENV"))
    }
    here = Path(sys.executable).parent
    paths = [path for path in os.environ["PATH"].split(os.pathsep) if Path(path) != here]
    return {**kept, "PATH": os.pathsep.join(paths), "XDG_STATE_HOME": str(folder / "state")}


if __name__ == "__main__":
    main()
