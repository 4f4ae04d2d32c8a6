"""API keys of the signed-in user."""

from __future__ import annotations

import msgspec

from leadgenius_async._http import record
from leadgenius_async._http.call import Call, Reply
from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.section import Section, present
from leadgenius_async._secret import Secret

_PATH = "/agent-api-keys"
_KEYS = ("keys", "apiKeys", "data.items", "data")
_NEW = ("apiKey", "data.apiKey")
#: What may stand undeclared in a listed key and would be the key itself.
_SECRETS = ("apiKey", "key", "secret")


class ApiKey(Record):
    """An API key, without the key itself. The shape is assumed.

    Attributes:
        keyPrefix: How the key begins.
    """

    id: str | None = None
    name: str | None = None
    description: str | None = None
    keyPrefix: str | None = None
    createdAt: str | None = None


class NewApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """An API key that was made.

    Attributes:
        apiKey: The key, which never prints; `apiKey.reveal()` gives the text.
    """

    apiKey: Secret


class ApiKeys(Section):
    """Calls of `/api/agent-api-keys`. Takes a login alone (documented)."""

    def list(self, *, limit: int | None = None) -> Listing[ApiKey]:
        """List the user's keys, in one answer (assumed).

        Args:
            limit: Most keys to give.

        ```python
        async for key in lg.api_keys.list():
            print(key.name, key.keyPrefix, key.createdAt)
        ```
        """
        return self._list_read(_PATH, _read_all, limit=limit)

    async def create(self, name: str, description: str | None = None) -> NewApiKey:
        """Make a key. The service shows it this once (documented).

        It works together with the id of its user, the login's `sub`.

        Args:
            name: What it is called in the list.
            description: What it is for.

        Raises:
            ValueError: The name is empty.
            OutcomeUnknown: The answer was lost: there may be a key that nobody knows.

        ```python
        made = await lg.api_keys.create("Production Agent", "Nightly export")
        key = made.apiKey.reveal()
        ```
        """
        payload = present(name=checks.text("name", name), description=description)
        call, reply = await self._send("POST", _PATH, payload=payload)
        return NewApiKey(apiKey=Secret(record.payload(reply, str, _NEW, call=call)))


def _read_all(call: Call, reply: Reply) -> list[ApiKey]:
    found = record.payload(reply, list[ApiKey], _KEYS, call=call)
    for key in found:
        for name in _SECRETS:
            if name in key.extra:
                key.extra[name] = Secret(str(key.extra[name]))
    return found
