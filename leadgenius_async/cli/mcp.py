"""`leadgenius mcp`: a server for agents."""

from __future__ import annotations

from pathlib import Path

from cyclopts import App

from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.inflate import use_fast_inflate
from leadgenius_async.cli.options import DEFAULT, Connection, Flag

app: App = App(
    name="mcp",
    help="For agents that speak the Model Context Protocol: serve.",
    help_epilogue=examples("mcp serve"),
)


@app.command(help_epilogue=examples("mcp serve --root exports", "mcp serve --allow-write"))
async def serve(
    *, root: Path = Path(), allow_write: Flag = False, connection: Connection = DEFAULT
) -> None:
    """Serve tools over stdin and stdout: export, count, verify; answers are counts and paths.

    An agent starts it itself: this line goes into its configuration. Needs leadgenius-async[mcp].

    Args:
        root: Folder that files are written to and read from; nothing outside it is.
        allow_write: Offer the tools that create and change leads as well.
    """
    from leadgenius_async.integrations import mcp  # noqa: PLC0415 - takes a second to load

    use_fast_inflate()
    await mcp.serve(mcp.make_server(connection.open, root=root, allow_write=allow_write))
