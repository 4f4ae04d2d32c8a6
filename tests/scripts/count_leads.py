"""Print how many leads each client has, by the plain list, with an API key.

Environment: LGP_BASE_URL, LGP_API_KEY, LGP_USER_ID.
"""

from __future__ import annotations

import http.client
import json
import os
from typing import Any
from urllib.parse import urlencode, urlsplit


def get(connection: http.client.HTTPConnection, path: str, **query: str) -> Any:
    headers = {"X-API-Key": os.environ["LGP_API_KEY"], "X-User-Id": os.environ["LGP_USER_ID"]}
    connection.request("GET", f"/api{path}?{urlencode(query)}", headers=headers)
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, (response.status, body)
    return json.loads(body)


def count(connection: http.client.HTTPConnection, client_id: str) -> int:
    counted, query = 0, {"client_id": client_id, "limit": "1000"}
    while True:
        page = get(connection, "/leads", **query)
        counted += len(page["leads"])
        if not page.get("nextToken"):
            return counted
        query["nextToken"] = page["nextToken"]


def main() -> None:
    server = urlsplit(os.environ["LGP_BASE_URL"])
    kind = http.client.HTTPSConnection if server.scheme == "https" else http.client.HTTPConnection
    connection = kind(server.netloc, timeout=60)
    try:
        clients = get(connection, "/clients")["clients"]
        # A client by its record id: the way to its client_id, which leads go by.
        (first,) = get(connection, "/clients", clientId=clients[0]["id"])["clients"]
        assert first["client_id"] == clients[0]["client_id"]
        for client in clients:
            print(client["client_id"], count(connection, client["client_id"]), sep="\t")
    finally:
        connection.close()


if __name__ == "__main__":
    main()
