"""An MCP server: leads taken out, counted and brought in by agents, which never see one.

It needs `leadgenius-async[mcp]`. Answers are counts, names of fields and paths of files.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import math
import os
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_type_hints

import anyio
import msgspec

from leadgenius_async import errors
from leadgenius_async._client import LeadGenius
from leadgenius_async._extract.first_error import first_error
from leadgenius_async._version import __version__
from leadgenius_async.integrations._mcp.root import Root
from leadgenius_async.integrations._mcp.tools import Desk, Tell, Tools
from leadgenius_async.integrations._mcp.words import told
from leadgenius_async.integrations.missing import extra
from leadgenius_async.models import BulkProgress, ChangeProgress, Progress

with extra("mcp"):
    from mcp import types
    from mcp.server import Server, ServerRequestContext
    from mcp.server.stdio import stdio_server

_Context = ServerRequestContext[Desk]
_Effect = Literal["local", "reads", "exports", "writes"]

_INSTRUCTIONS = """\
LeadGenius Pro: B2B leads of a company's clients. Answers are counts, names of fields and paths;
leads themselves are in files below the server's root, for other tools to open. The account's rate
limit is kept to by itself: never wait or retry around it. To take leads out: get_account,
estimate_export, export_leads, verify_export. A call that was cut off goes on if it is made again.
"""
_EVERY = 0.5  # seconds between two notifications of progress
_READ = 65_536  # bytes at a time


@dataclass(frozen=True, slots=True)
class _Offer:
    """A tool, as agents are told of it and as it is run.

    Attributes:
        run: The method of `Tools`.
        asks: What it takes.
        answers: What it answers.
        effect: `local` asks nobody; `reads` asks the service; `exports` makes files; `writes`
            changes leads.
    """

    run: Callable[[Tools, Any], Awaitable[msgspec.Struct]]
    asks: type[msgspec.Struct]
    answers: type[msgspec.Struct]
    effect: _Effect

    @property
    def tool(self) -> types.Tool:
        name = self.run.__name__
        return types.Tool(
            name=name,
            title=name.replace("_", " ").capitalize(),
            description=inspect.getdoc(self.run),
            input_schema=_schema(self.asks),
            output_schema=_schema(self.answers),
            annotations=types.ToolAnnotations(
                read_only_hint=self.effect in {"local", "reads"},
                destructive_hint=self.effect == "writes",
                idempotent_hint=True,
                open_world_hint=self.effect != "local",
            ),
        )


def make_server(
    connect: Callable[[], LeadGenius], *, root: str | Path = ".", allow_write: bool = False
) -> Server[Desk]:
    """Return an MCP server for one account, to be run over any of the protocol's transports.

    Args:
        connect: Makes the client, when a tool first needs it: the tools can be listed without
            credentials. It is closed when the server ends.
        root: The folder that files are written to and read from; nothing outside it is.
        allow_write: Whether leads can be created and changed; without it there are no such tools.

    Raises:
        ValueError: There is no such folder.

    ```python
    from leadgenius_async import LeadGenius
    from leadgenius_async.integrations.mcp import make_server

    server = make_server(LeadGenius, root="leads")
    ```
    """
    folder = Root(Path(root))
    offers = {offer.run.__name__: offer for offer in _offers(allow_write=allow_write)}
    tools = [offer.tool for offer in offers.values()]

    @asynccontextmanager
    async def lifespan(_: Server[Desk]) -> AsyncGenerator[Desk]:
        desk = Desk(connect, folder, may_write=allow_write)
        try:
            yield desk
        finally:
            await desk.aclose()

    async def list_tools(
        _context: _Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools)

    async def call_tool(
        context: _Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        if (offer := offers.get(params.name)) is None:
            return _failed(f"there is no tool {params.name!r}; there are {', '.join(offers)}")
        return await _call(offer, context, params.arguments or {})

    return Server(
        "leadgenius",
        version=__version__,
        title="LeadGenius Pro",
        instructions=_INSTRUCTIONS,
        lifespan=lifespan,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def serve(server: Server[Desk]) -> None:
    """Run a server over this process's stdin and stdout, until stdin ends or it is cancelled.

    Whatever else writes to stdout meanwhile goes to stderr.

    Args:
        server: What `make_server` returned.
    """
    try:
        async with stdio_server(stdin=_Stdin()) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
    except BaseExceptionGroup as group:
        raise first_error(group) from None


def _offers(*, allow_write: bool) -> Iterator[_Offer]:
    yield _offer(Tools.get_account, "reads")
    yield _offer(Tools.list_clients, "reads")
    yield _offer(Tools.describe_fields, "local")
    yield _offer(Tools.count_leads, "reads")
    yield _offer(Tools.estimate_export, "reads")
    yield _offer(Tools.export_leads, "exports")
    yield _offer(Tools.list_jobs, "local")
    yield _offer(Tools.verify_export, "local")
    yield _offer(Tools.profile_export, "local")
    yield _offer(Tools.preview_import, "reads")
    if allow_write:
        yield _offer(Tools.import_leads, "writes")
        yield _offer(Tools.update_leads, "writes")


def _offer(run: Callable[[Tools, Any], Awaitable[msgspec.Struct]], effect: _Effect) -> _Offer:
    asks, answers = get_type_hints(run).values()
    return _Offer(run, asks, answers, effect)


def _schema(type_: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON schema of a struct, with itself at the top, as the protocol wants it."""
    (_, *_), others = msgspec.json.schema_components([type_], ref_template="#/$defs/{name}")
    schema: dict[str, Any] = others.pop(type_.__name__)
    return schema | {"$defs": others} if others else schema


async def _call(
    offer: _Offer, context: _Context, arguments: Mapping[str, Any]
) -> types.CallToolResult:
    """Run a tool; what goes wrong is an answer too, for the agent to read."""
    desk = context.lifespan_context
    try:
        # Not strictly: some agents send numbers as texts.
        asked = msgspec.convert(arguments, offer.asks, strict=False)
        async with _progress(context) as tell:
            answer = await offer.run(Tools(desk, tell), asked)
        text = msgspec.json.encode(answer).decode()
    except Exception as error:  # noqa: BLE001 - each becomes a sentence
        if isinstance(error, errors.CredentialsMissing):
            await desk.aclose()  # somebody may log in, and the next call finds it
        return _failed(told(error, of_rows="file" in offer.asks.__struct_fields__))
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content=msgspec.to_builtins(answer),
    )


def _failed(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=True)


@asynccontextmanager
async def _progress(context: _Context) -> AsyncGenerator[Tell]:
    """Give what passes a job's progress on to the client, if it has asked for that."""
    last, due = 0.0, -math.inf
    try:
        async with anyio.create_task_group() as tasks:

            def tell(progress: Progress | BulkProgress | ChangeProgress) -> None:
                nonlocal last, due
                if anyio.current_time() < due:
                    return
                due = anyio.current_time() + _EVERY
                done, text = _described(progress)
                # It must rise with each, though a job may stand still at the rate limit.
                last = max(float(done), math.nextafter(last, math.inf))
                tasks.start_soon(context.session.report_progress, last, None, text)

            yield tell
    except BaseExceptionGroup as group:
        raise first_error(group) from None


def _described(progress: Progress | BulkProgress | ChangeProgress) -> tuple[int, str]:
    """Return how many rows are done, and a line that says so."""
    match progress:
        case Progress():
            done, text = progress.rows, f"{progress.rows:,} rows, {progress.pages:,} pages"
        case BulkProgress():
            done = progress.created + progress.existing + progress.rejected + progress.unresolved
            text = f"{done:,} of {progress.read:,} rows, {progress.open:,} sent and not seen yet"
        case ChangeProgress():
            done, text = progress.ended, f"{progress.ended:,} of {progress.read:,} rows"
    text += f", {progress.requests:,} requests"
    if progress.throttled_for:
        text += f"; the rate limit lets it go on in {progress.throttled_for:.0f} s"
    return done, text


class _Stdin(anyio.AsyncFile[str]):
    """The lines of stdin, read by a thread that nobody waits for.

    The transport's own reader would hold the process until one more line comes: Ctrl-C and
    SIGTERM would seem to do nothing. It reads the descriptor, since a thread that is in a file
    object when the interpreter ends takes it down.
    """

    def __init__(self) -> None:
        super().__init__(sys.stdin)
        self._lines = asyncio.Queue[str]()
        loop = asyncio.get_running_loop()

        def read() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                for line in _lines_of(sys.stdin.fileno()):
                    loop.call_soon_threadsafe(self._lines.put_nowait, line)
                loop.call_soon_threadsafe(self._lines.put_nowait, "")

        threading.Thread(target=read, name="stdin", daemon=True).start()

    async def readline(self) -> str:
        """Return the next line; an empty text at the end."""
        return await self._lines.get()


def _lines_of(descriptor: int) -> Iterator[str]:
    rest = b""
    while piece := os.read(descriptor, _READ):
        *lines, rest = (rest + piece).split(b"\n")
        yield from (f"{line.decode(errors='replace')}\n" for line in lines)
    if rest:
        yield rest.decode(errors="replace")
