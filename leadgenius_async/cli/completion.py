"""`leadgenius completion`: what a shell needs to complete the commands."""

from __future__ import annotations

import sys
from typing import Literal

from cyclopts import App

from leadgenius_async.cli.examples import examples

app: App = App(
    name="completion",
    help_epilogue=examples(
        "# for bash; ~/.bashrc then has the line: source ~/.leadgenius.bash",
        "completion bash > ~/.leadgenius.bash",
        "# for zsh, into a folder of $fpath",
        'completion zsh > "${fpath[1]}/_leadgenius"',
        "# for fish",
        "completion fish > ~/.config/fish/completions/leadgenius.fish",
    ),
)

Shell = Literal["bash", "zsh", "fish"]


@app.default
def completion(shell: Shell) -> None:
    """Print the script that completes commands, options and their values.

    The shell reads it once and starts nothing when Tab is pressed, so it is to be printed anew
    after an update.

    Args:
        shell: Whose script.
    """
    from leadgenius_async.cli.app import app as root  # noqa: PLC0415 - which loads this in turn

    sys.stdout.write(root.generate_completion(prog_name="leadgenius", shell=shell))
