"""The `leadgenius` command, one file per group."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; exit with its code."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        # Answered before anything is imported: scripts ask for it often.
        from leadgenius_async._version import __version__  # noqa: PLC0415 - see above

        print(f"leadgenius {__version__}")  # noqa: T201 - the answer
        return
    from leadgenius_async.cli.app import run  # noqa: PLC0415 - see above

    sys.exit(run(sys.argv[1:]))
