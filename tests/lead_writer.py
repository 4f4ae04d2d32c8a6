"""Writes leads to an emulator by plain HTTP, and reads what came of it."""

from __future__ import annotations

from typing import Any

import aiohttp
import msgspec

from leadgenius_async.emulator import Emulator

LEADS = "/api/leads"


class Writer:
    """Leads of the first client of an emulator's first company."""

    def __init__(self, emulator: Emulator, session: aiohttp.ClientSession) -> None:
        self._emulator = emulator
        self._session = session
        self.client = emulator.ready.clients[0].client_id
        self.headers = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}

    def lead(self, name: object, **fields: object) -> dict[str, Any]:
        """A lead that can be told by its name."""
        required = {"client_id": self.client, "firstName": "Ada", "lastName": f"N{name}"}
        return {**required, "email": f"{name}@sample.example", **fields}

    async def send(
        self, method: str, body: Any = None, path: str = LEADS, **query: str
    ) -> tuple[int, Any]:
        """The status and the JSON or text of an answer; status 0 if the connection was closed."""
        try:
            async with self._session.request(
                method, path, params=query, json=body, headers=self.headers
            ) as response:
                if response.content_type == "application/json":
                    return response.status, await response.json()
                return response.status, await response.text()
        except aiohttp.ServerDisconnectedError:
            return 0, None

    async def create(self, *names: object, **fields: object) -> int:
        """Create a lead of this name, or a batch of them; the status."""
        leads = [self.lead(name, **fields) for name in names]
        return (await self.send("POST", leads[0] if len(leads) == 1 else {"leads": leads}))[0]

    async def listed(self) -> list[str]:
        """Last names, as the listing shows them."""
        _, page = await self.send("GET", client_id=self.client, limit="1000")
        return [lead["lastName"] for lead in page["leads"]]

    async def found(self, name: object) -> bool:
        """Whether find shows a lead."""
        email = f"{name}@sample.example"
        return (await self.send("GET", None, "/api/find-lead", email=email))[0] == 200

    def stored(self) -> list[str]:
        """Last names of what there is in truth."""
        rows = self._emulator.rows("enrich_leads", client_id=self.client)
        return [msgspec.json.decode(row)["lastName"] for row in rows]
