"""What the emulator's answers look like on the wire.

Attributes are in Python's spelling, `rename` holds the service's own.
"""

from __future__ import annotations

import msgspec


class ErrorBody(msgspec.Struct, rename={"error_type": "errorType", "request_id": "requestId"}):
    """The error body of every call but login and refresh."""

    success: bool
    error: str
    error_type: str
    details: str
    recommendation: str
    request_id: str


class LoginErrorBody(
    msgspec.Struct, rename={"retry_after": "retryAfter", "request_id": "requestId"}
):
    """The error body of login and refresh: `solution`, no `errorType`.

    Attributes:
        retry_after: Milliseconds until another login may be tried; only with a 429.
    """

    success: bool
    error: str
    solution: str
    retry_after: int | msgspec.UnsetType
    request_id: str


class TokenSet(msgspec.Struct, rename="camel"):
    """The tokens of one session; `expires_in` is the access token's life in seconds."""

    access_token: str
    id_token: str
    refresh_token: str
    expires_in: int


class LoginUser(msgspec.Struct):
    """Who signed in."""

    username: str


class LoginAnswer(msgspec.Struct):
    """`POST /api/auth`."""

    success: bool
    message: str
    tokens: TokenSet
    user: LoginUser
    timestamp: str


class RefreshAnswer(msgspec.Struct):
    """`POST /api/auth/refresh`."""

    success: bool
    message: str
    tokens: TokenSet
    timestamp: str


class CreatedKey(msgspec.Struct, rename="camel"):
    """`POST /api/agent-api-keys`; the key is shown this once."""

    success: bool
    api_key: str


class ApiKey(msgspec.Struct, rename="camel"):
    """An API key without its secret."""

    id: str
    name: str
    description: str | None
    key_prefix: str
    created_at: str


class ApiKeyList(msgspec.Struct):
    """`GET /api/agent-api-keys`."""

    success: bool
    keys: list[ApiKey]


class Client(msgspec.Struct, rename={
    "client_name": "clientName", "company_url": "companyURL",
    "created_at": "createdAt", "updated_at": "updatedAt",
}):  # fmt: skip
    """A customer workspace. Lead operations take `client_id`; `id` is the record's own."""

    id: str
    client_id: str
    client_name: str
    company_url: str | None
    description: str | None
    owner: str
    company_id: str
    created_at: str
    updated_at: str


class ClientList(msgspec.Struct):
    """`GET /api/clients`."""

    success: bool
    clients: list[Client]


class Company(msgspec.Struct, rename={"created_at": "createdAt", "updated_at": "updatedAt"}):
    """The company that the caller is a member of."""

    id: str
    company_id: str
    name: str
    created_at: str
    updated_at: str


class CompanyAnswer(msgspec.Struct):
    """`GET /api/company`."""

    success: bool
    company: Company


class PageMeta(msgspec.Struct, rename="camel"):
    """What a bulk page says about itself; `client_summary` counts its rows per client_id."""

    total_returned: int
    query_method: str
    client_summary: dict[str, int]


class BulkPage(msgspec.Struct, rename={"next_token": "nextToken"}):
    """One page of a bulk list; `data` is a JSON list of rows."""

    success: bool
    data: object
    next_token: str | None
    meta: PageMeta


class ClientRef(msgspec.Struct, frozen=True):
    """A client by both of its identifiers."""

    id: str
    client_id: str


class Tenant(msgspec.Struct, kw_only=True):
    """One company of the emulator, with all that its user needs to sign in."""

    api_key: str
    user_id: str
    company_id: str
    username: str
    password: str
    clients: list[ClientRef]
    rows: dict[str, int]


class ReadyInfo(Tenant, kw_only=True):
    """Where the emulator listens, and the first company."""

    base_url: str
