"""`leadgenius api`: any call of the API."""

from __future__ import annotations

import sys
from typing import Literal
from urllib.parse import urlencode

import msgspec
from cyclopts import App

from leadgenius_async._http import origin
from leadgenius_async._http.call import Call, make_call
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.options import DEFAULT, Connection, Data, Flag, Json, read_data
from leadgenius_async.cli.output import indented

app: App = App(
    name="api",
    help_epilogue=examples(
        "api GET /clients",
        "api GET '/leads?client_id=acme-corp&limit=5'",
        "api PUT /leads --data @change.json --dry-run",
    ),
)

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@app.default
async def api(
    method: Method,
    path: str,
    *,
    data: Data | None = None,
    dry_run: Flag = False,
    json: Json = False,
    connection: Connection = DEFAULT,
) -> None:
    """Send one call and print its JSON.

    It is sent as it stands: no id is looked up, and nothing is asked before a DELETE.

    Args:
        method: GET, POST, PUT, PATCH or DELETE.
        path: Path with its query, with or without /api in front.
        data: JSON body; @FILE reads a file, - reads stdin.
        dry_run: Print the request and send nothing.
        json: Print an error as JSON too; the answer is JSON anyway.
    """
    del json  # `app.run` has seen it
    body = None if data is None else read_data(data)
    if dry_run:
        sys.stdout.write(_describe(make_call(method, path, body=body), connection))
        return
    async with connection.open() as lg:
        reply = await lg.request(method, path, json=None if body is None else msgspec.Raw(body))
    if reply.body:
        sys.stdout.write(indented(reply.body))


def _describe(call: Call, connection: Connection) -> str:
    from leadgenius_async import _settings  # noqa: PLC0415 - a dry run needs no network code

    base = _settings.load(profile=connection.profile, base_url=connection.base_url).base_url
    query = urlencode(call.query, doseq=True)
    url = f"{base}{origin.api_path(call.path)}" + (f"?{query}" if query else "")
    return f"{call.method} {url}\n" + (f"{call.body.decode()}\n" if call.body else "")
