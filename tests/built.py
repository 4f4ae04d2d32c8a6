"""What the built wheel and sdist hold; `nox -s build` runs it.

`python tests/built.py DIST DIRECT`: in DIST are the sdist and the wheel that was built of it, in
DIRECT the wheel that was built of the tree. Git says what should be in them.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parent.parent
PACKAGE = "leadgenius_async/"

#: What the wheel would be useless without, named lest it leave git unnoticed.
NEEDED = {"py.typed", "SKILL.md", "_lead_structs.pyi", "_settings_structs.pyi"}
#: What of the wheel is made in building.
MADE = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}


def tracked() -> set[str]:
    """Return the paths of the files in git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - the one on the PATH
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return {path for path in listed.stdout.split("\0") if path}


def members_of(wheel: Path) -> dict[str, bytes]:
    """Return the files in a wheel."""
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def check_wheel(wheel: Path) -> None:
    """The package as it is in git, byte for byte, and nothing else but what describes it."""
    members = members_of(wheel)
    about = "-".join(wheel.name.split("-")[:2]) + ".dist-info/"
    same("wheel", {name.removeprefix(about) for name in members if name.startswith(about)}, MADE)
    package = {name for name in members if not name.startswith(about)}
    same("wheel", package, {path for path in tracked() if path.startswith(PACKAGE)})
    same("wheel", NEEDED & {name.removeprefix(PACKAGE) for name in package}, NEEDED)
    changed = [name for name in package if members[name] != (ROOT / name).read_bytes()]
    same("wheel, changed on the way", changed, ())


def check_sdist(sdist: Path) -> None:
    """All that is in git."""
    folder = sdist.name.removesuffix(".tar.gz") + "/"
    with tarfile.open(sdist) as archive:
        names = {name.removeprefix(folder) for name in archive.getnames()}
    same("sdist", names, {"PKG-INFO", *tracked()})


def same(where: str, found: Iterable[str], expected: Iterable[str]) -> None:
    """End the process with both differences, if there are any."""
    found, expected = set(found), set(expected)
    if found != expected:
        missing, more = sorted(expected - found), sorted(found - expected)
        raise SystemExit(f"{where}: missing {missing}, not expected {more}")


def main(dist: Path, direct: Path) -> None:
    """Check the one sdist and wheel in `dist`, and the one wheel in `direct`."""
    (wheel,), (sdist,), (other,) = dist.glob("*.whl"), dist.glob("*.tar.gz"), direct.glob("*.whl")
    check_wheel(wheel)
    check_sdist(sdist)
    if wheel.read_bytes() != other.read_bytes():
        raise SystemExit("the wheel of the sdist is not the wheel of the tree")
    for built in (wheel, sdist):
        print(f"{built.name}: {built.stat().st_size:,} bytes, as git has it")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
