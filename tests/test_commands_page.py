"""docs/commands.md has the commands that there are."""

from __future__ import annotations

from commands_page import PAGE, page


def test_the_page_is_what_the_commands_say() -> None:
    """Make it anew by `python tests/commands_page.py > docs/commands.md`."""
    assert PAGE.read_text(encoding="utf-8") == page()
