"""What an admin sees: the companies and users of the whole service."""

from __future__ import annotations

from typing import Any

import msgspec

from leadgenius_async.emulator.errors import forbidden
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.structs import User


class CompanyList(msgspec.Struct):
    """`GET /api/admin/companies`."""

    companies: list[dict[str, Any]]
    success: bool = True


class UserList(msgspec.Struct):
    """`GET /api/admin/users`."""

    users: list[User]
    success: bool = True


@call("GET", "/api/admin/companies", Credentials.JWT, refuses=(403,))
async def list_companies(ask: Ask[NoQuery, None]) -> CompanyList:
    """All companies."""
    _require_admin(ask)
    return CompanyList(list(ask.service.store.companies().values()))


@call("GET", "/api/admin/users", Credentials.JWT, refuses=(403,))
async def list_users(ask: Ask[NoQuery, None]) -> UserList:
    """All users, without their passwords."""
    _require_admin(ask)
    return UserList(ask.service.store.users())


ENDPOINTS = (list_companies, list_users)


def _require_admin(ask: Ask[Any, Any]) -> None:
    if ask.caller.role != "admin":
        raise forbidden("an admin")
