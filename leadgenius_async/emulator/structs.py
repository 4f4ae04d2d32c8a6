"""What the emulator's answers look like on the wire.

What a section alone answers with stands in its route file.
"""

from __future__ import annotations

import msgspec


class ErrorBody(msgspec.Struct):
    """The error body of every call but login and refresh."""

    success: bool
    error: str
    errorType: str
    details: str
    recommendation: str
    requestId: str


class LoginErrorBody(msgspec.Struct, omit_defaults=True):
    """The error body of login and refresh: `solution`, no `errorType`.

    Attributes:
        retryAfter: Milliseconds until another login may be tried; only with a 429.
    """

    success: bool
    error: str
    solution: str
    requestId: str
    retryAfter: int | None = None


class TokenSet(msgspec.Struct):
    """The tokens of one session; `expiresIn` is the access token's life in seconds."""

    accessToken: str
    idToken: str
    refreshToken: str
    expiresIn: int


class ApiKey(msgspec.Struct):
    """An API key without its secret."""

    id: str
    name: str
    description: str | None
    keyPrefix: str
    createdAt: str


class Client(msgspec.Struct):
    """A customer workspace. Lead operations take `client_id`; `id` is the record's own."""

    id: str
    client_id: str
    clientName: str
    companyURL: str | None
    description: str | None
    owner: str
    company_id: str
    createdAt: str
    updatedAt: str


class User(msgspec.Struct):
    """Somebody who can log in, without the password; the username is an e-mail address."""

    id: str
    username: str
    email: str
    company_id: str
    role: str


class Done(msgspec.Struct):
    """An answer that says no more than that it went well."""

    success: bool = True


class Pagination(msgspec.Struct):
    """Where a page that has a number stands."""

    page: int
    pageSize: int
    totalItems: int
    totalPages: int


class ClientRef(msgspec.Struct, frozen=True):
    """A client by both of its identifiers."""

    id: str
    client_id: str


class Member(msgspec.Struct, frozen=True):
    """Another user of a company, by name and password."""

    user_id: str
    username: str
    password: str


class Tenant(msgspec.Struct, kw_only=True):
    """One company of the emulator, with all that its users need to sign in.

    Attributes:
        admin: A user who may see all companies and change the own one.
        member: A user who may do neither.
    """

    api_key: str
    user_id: str
    company_id: str
    username: str
    password: str
    clients: list[ClientRef]
    rows: dict[str, int]
    admin: Member
    member: Member


class ReadyInfo(Tenant, kw_only=True):
    """Where the emulator listens, the first company, and beside it the second.

    Attributes:
        console_url: The page that shows what goes on and steers it; the token is in it.
        control_token: What a request must have as `X-Emulator-Token` that steers the emulator.
    """

    base_url: str
    console_url: str
    control_token: str
    other: Tenant
