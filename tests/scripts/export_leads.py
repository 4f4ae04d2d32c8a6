"""Write a company's leads to a CSV file by the bulk lists.

Environment: LGP_BASE_URL, LGP_API_KEY, LGP_USER_ID, LGP_COMPANY_ID.
Usage: export_leads.py TABLE FILE, where TABLE is enrich-leads or source-leads.
"""

from __future__ import annotations

import csv
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FIELDS = ["id", "client_id", "email", "firstName", "lastName", "companyName", "updatedAt"]


def get(path: str, query: dict[str, str]) -> Any:
    """Send a GET; wait where the service says so, and ask again."""
    url = f"{os.environ['LGP_BASE_URL']}/api{path}?{urllib.parse.urlencode(query)}"
    headers = {"x-api-key": os.environ["LGP_API_KEY"], "x-user-id": os.environ["LGP_USER_ID"]}
    while True:
        try:
            request = urllib.request.Request(url, headers=headers)
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code != 429:
                raise
            time.sleep(float(error.headers["Retry-After"]))


def rows(table: str) -> Iterator[dict[str, Any]]:
    query = {"companyId": os.environ["LGP_COMPANY_ID"], "clientId": "ALL", "limit": "1000",
             "fields": ",".join(FIELDS)}  # fmt: skip
    while True:
        page = get(f"/{table}/list", query)
        assert page["success"] is True, page
        assert page["meta"]["totalReturned"] == len(page["data"])
        yield from page["data"]
        if not page["nextToken"]:
            return
        query["nextToken"] = page["nextToken"]


def main() -> None:
    table, file = sys.argv[1:]
    with Path(file).open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, FIELDS, extrasaction="ignore")
        writer.writeheader()
        written = 0
        for row in rows(table):
            writer.writerow(row)
            written += 1
    print(f"{written} rows")


if __name__ == "__main__":
    main()
