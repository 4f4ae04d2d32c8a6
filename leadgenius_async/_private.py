"""Folders that are this user's alone."""

from __future__ import annotations

from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Make a folder and those above it, each with mode 0700; those that are there stay as they are.

    `mkdir(parents=True)` would give those above it the modes of the umask.
    """
    if not folder.is_dir():
        make_private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
