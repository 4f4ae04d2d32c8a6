"""`leadgenius skill`: how to use the command, for agents."""

from __future__ import annotations

import sys
from importlib import resources

from cyclopts import App

from leadgenius_async.cli.examples import examples

app: App = App(name="skill", help_epilogue=examples("skill"))


@app.default
def skill() -> None:
    """Print SKILL.md: what there is, worked lines, and the pitfalls."""
    sys.stdout.write(resources.files("leadgenius_async").joinpath("SKILL.md").read_text("utf-8"))
