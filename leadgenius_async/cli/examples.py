"""The end of a command's `--help`: lines that a user would type."""

from __future__ import annotations

_PROGRAM = "leadgenius"
_INDENT = "    "  # as Markdown has code, which is shown as it stands


def examples(*lines: str) -> str:
    """Return what a command's help ends with, for cyclopts' `help_epilogue`.

    ```python
    app.command(function, help_epilogue=examples("clients list --json"))
    ```

    Args:
        lines: What is typed after `leadgenius`; or, with a # in front, a word on the next line.
    """
    shown = (line if line.startswith("#") else f"{_PROGRAM} {line}" for line in lines)
    return f"{_INDENT}Examples:\n" + "".join(f"{_INDENT}  {line}\n" for line in shown)


def lines_of(epilogue: str | None) -> list[str]:
    """Return the commands in the end of a help as they are typed."""
    shown = (line.strip() for line in (epilogue or "").splitlines())
    return [line for line in shown if line.startswith(f"{_PROGRAM} ")]
