"""The console's files, and what a browser may do with them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
        " require-trusted-types-for 'script'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_FOLDER = Path(__file__).parent / "static"


class _File(NamedTuple):
    name: str
    content_type: str


#: All that there is, by its path: what a request names is never looked for on the disk.
_FILES = {
    "/": _File("index.html", "text/html"),
    "/console/console.css": _File("console.css", "text/css"),
    "/console/icon.svg": _File("icon.svg", "image/svg+xml"),
    **{
        f"/console/{name}.js": _File(f"{name}.js", "text/javascript")
        for name in ("console", "dom", "link", "panels", "requests", "switches")
    },
}


def page(request: web.Request) -> web.Response | None:
    """The file of the console that is asked for; None where it is none of them."""
    file = _FILES.get(request.path)
    if file is None or request.method not in {"GET", "HEAD"}:
        return None
    return web.Response(
        body=_content(file.name),
        content_type=file.content_type,
        charset="utf-8",
        headers=_HEADERS,
    )


@cache
def _content(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()
