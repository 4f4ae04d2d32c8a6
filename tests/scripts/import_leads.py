"""Import leads into a client of its own, check each answer, and clean up.

Environment: LGP_BASE_URL, LGP_USERNAME, LGP_PASSWORD.
"""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.parse
import urllib.request
from typing import Any

BASE_URL = os.environ["LGP_BASE_URL"].rstrip("/")
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


def call(method: str, path: str, body: object = None, **query: str) -> Any:
    url = f"{BASE_URL}/api{path}"
    if query:
        url += "?" + urllib.parse.urlencode(query)
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=HEADERS, method=method)
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    assert answer["success"] is True, answer
    print(f"{method} {path}: {response.status}")
    return answer


def login() -> str:
    """Log in, send the tokens with all calls from here on, and return the user's id."""
    credentials = {"username": os.environ["LGP_USERNAME"], "password": os.environ["LGP_PASSWORD"]}
    tokens = call("POST", "/auth", credentials)["tokens"]
    tokens = call("POST", "/auth/refresh", {"refreshToken": tokens["refreshToken"]})["tokens"]
    access = tokens["accessToken"]
    HEADERS["Authorization"] = f"Bearer {access}"
    HEADERS["Cookie"] = f"accessToken={access}; idToken={tokens['idToken']}"
    payload = access.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["sub"])


def lead(client_id: str, first: str, last: str) -> dict[str, str]:
    return {
        "client_id": client_id,
        "firstName": first,
        "lastName": last,
        "fullName": f"{first} {last}",
        "contactName": f"{first} {last}",
        "email": f"{first}.{last}@import.example".lower(),
        "companyName": "Import Company",
    }


def listed(client_id: str) -> list[dict[str, Any]]:
    """Read a client's leads, page by page."""
    leads: list[dict[str, Any]] = []
    query = {"client_id": client_id, "limit": "10"}
    while True:
        page = call("GET", "/leads", **query)
        leads += page["leads"]
        token = page.get("nextToken") or page.get("lastKey")
        if not token:
            return leads
        query["nextToken"] = token


def one_by_one(client_id: str) -> None:
    created = call("POST", "/leads", lead(client_id, "Ada", "Single"))["lead"]
    assert [found["id"] for found in listed(client_id)] == [created["id"]]
    call("PUT", "/leads", {"id": created["id"], "title": "Head of Data"})
    read = call("GET", f"/enrich-leads/{created['id']}")["lead"]
    assert read["title"] == "Head of Data"
    assert read["email"] == "ada.single@import.example"
    call("PUT", f"/enrich-leads/{created['id']}", {"status": "qualified"})
    found = call("GET", "/find-lead", email=created["email"], client_id=client_id)["lead"]
    assert (found["id"], found["status"]) == (created["id"], "qualified")
    hits = call("GET", "/leads", fullName="Ada Single", pageSize="5")
    # A search looks at 1,000 leads: in a large account it may miss this one.
    assert (hits["pagination"]["page"], hits["pagination"]["pageSize"]) == (1, 5)
    call("DELETE", "/leads", id=created["id"])
    assert listed(client_id) == []


def in_batches(client_id: str) -> None:
    batch = [lead(client_id, "Bea", f"Batch{number}") for number in range(50)]
    answer = call("POST", "/leads", {"leads": batch})
    assert (answer["created"], answer["skipped"]) == (50, [])
    again = call("POST", "/leads", {"leads": batch[:2]})
    assert again["created"] == 0
    assert again["skipped"] == [row["email"] for row in batch[:2]]
    ids = [found["id"] for found in listed(client_id)]
    assert len(ids) == 50
    changes = [{"id": id_, "status": "contacted"} for id_ in ids]
    assert call("PUT", "/leads", {"leads": changes})["updated"] == 50
    assert {found["status"] for found in listed(client_id)} == {"contacted"}
    assert call("DELETE", "/leads", {"ids": ids[:20]})["deleted"] == 20
    assert len(listed(client_id)) == 30


def main() -> None:
    user_id = login()
    name = f"Import {int(time.time())}"
    created = call("POST", "/clients", {"clientName": name, "companyURL": "https://import.example"})
    record_id = created["client"]["id"]
    try:
        # Leads take the client_id; the record id is for the client itself.
        (client,) = call("GET", "/clients", clientId=record_id)["clients"]
        assert (client["id"], client["owner"]) == (record_id, user_id)
        call("PUT", "/clients", {"id": record_id, "description": "imported by script"})
        one_by_one(client["client_id"])
        in_batches(client["client_id"])
    finally:
        call("DELETE", "/clients", id=record_id, purge="true")
    assert listed(client["client_id"]) == []
    assert record_id not in [other["id"] for other in call("GET", "/clients")["clients"]]
    print("done")


if __name__ == "__main__":
    main()
