"""The one folder in which agents have files read and written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from leadgenius_async._extract.own_files import STATE
from leadgenius_async._fields import TABLES


class Root:
    """A folder; what lies outside it is refused, by whatever way a path leads there.

    Args:
        folder: The folder.

    Raises:
        ValueError: There is no such folder.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder: give --root one that is there")
        self.folder = folder.resolve()

    def path(self, given: str) -> Path:
        """Return a path in the folder, with all links in it followed.

        Args:
            given: The path; a relative one starts at the folder.

        Raises:
            ValueError: It leads outside, or is an address.
        """
        if "://" in given:
            raise ValueError(
                f"{given} is an address: only files below {self.folder} are read and written here"
            )
        try:
            path = (self.folder / given).resolve()
        except (OSError, RuntimeError, ValueError):  # links in a circle, a byte that no path has
            raise ValueError(f"{given!r} is no path that can be followed") from None
        if not path.is_relative_to(self.folder):
            raise ValueError(
                f"{given} lies outside {self.folder}: give a path below it (--root says which "
                "folder that is)"
            )
        return path

    def whole(self, given: str) -> Path:
        """Return the folder of an export or a journal, from which no link leads outside.

        Raises:
            ValueError: It lies outside, or a link in it does.
        """
        folder = self.path(given)
        for link in filter(Path.is_symlink, _entries(folder)):
            self.path(os.fspath(link))
        return folder

    def is_whole(self, folder: Path) -> bool:
        """Return whether no link leads outside from what stands in a folder."""
        try:
            self.whole(os.fspath(folder))
        except ValueError:
            return False
        return True


def _entries(folder: Path) -> Iterator[Path]:
    """Give what stands in the folder of an export, and in those below it that exports make."""
    if folder.is_dir():
        yield from folder.iterdir()
    for name in (*TABLES, STATE):
        for base, folders, files in os.walk(folder / name):
            yield from (Path(base, each) for each in (*folders, *files))
