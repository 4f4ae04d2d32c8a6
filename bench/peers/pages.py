"""The page server: the same bytes to every contestant, from a process of its own.

    python -m peers.pages --folder FOLDER --shape full --rows 100000

Renders the pages first, so that while contestants run it does no more than send files. When it
listens, `ready.json` stands in the folder.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import msgspec
from aiohttp import web
from peers.render import Rendered, render
from peers.shapes import SHAPES

from leadgenius_async.emulator.routes.clients import ClientList


def application(folder: Path, rendered: Rendered, latency: float = 0.0) -> web.Application:
    """The server's two calls: a page of a client's listing, and the clients.

    Args:
        folder: Where the pages stand.
        rendered: What they are.
        latency: Seconds between a request and its answer.
    """
    places = {client.client_id: place for place, client in enumerate(rendered.clients)}
    clients = msgspec.json.encode(ClientList(list(rendered.clients)))

    async def page(request: web.Request) -> web.StreamResponse:
        listing = folder / str(places[request.query["clientId"]])
        number = int(request.query.get("nextToken") or 0)
        await asyncio.sleep(latency)
        return web.FileResponse(listing / f"{number}.json")

    async def list_clients(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(latency)
        return web.Response(body=clients, content_type="application/json")

    app = web.Application()
    app.router.add_get("/api/enrich-leads/list", page)
    app.router.add_get("/api/clients", list_clients)
    return app


async def serve(folder: Path, rendered: Rendered, latency: float) -> None:
    """Serve until the process is ended."""
    runner = web.AppRunner(application(folder, rendered, latency), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    ready = {"base_url": f"http://{host}:{port}", **rendered._asdict()}
    partial = folder / "ready.partial"
    partial.write_bytes(msgspec.json.encode(ready))
    partial.rename(folder / "ready.json")
    await asyncio.Event().wait()


def main() -> None:
    """Render and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--shape", choices=SHAPES, default="full")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--chains", type=int, default=8)
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    options = parser.parse_args()
    rendered = render(
        options.folder,
        SHAPES[options.shape],
        rows=options.rows,
        chains=options.chains,
        compress=options.gzip,
    )
    asyncio.run(serve(options.folder, rendered, options.latency))


if __name__ == "__main__":
    main()
