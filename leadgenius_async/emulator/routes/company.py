"""The caller's company."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.errors import already_exists, forbidden
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call

Name = Annotated[str, msgspec.Meta(min_length=1)]
#: What a caller cannot set: the service does.
_OWN = ("id", "company_id", "createdAt", "updatedAt")


class NewCompany(msgspec.Struct):
    """The body of a create; any other field may come with it."""

    name: Name


class CompanyChanges(msgspec.Struct):
    """The body of an update; any other field may change with it, and what is absent stays."""

    name: Name | msgspec.UnsetType = msgspec.UNSET


class CompanyAnswer(msgspec.Struct):
    """The company that the caller is a member of, with all that was ever set."""

    company: dict[str, Any]
    success: bool = True


@call("GET", "/api/company", Credentials.JWT)
async def get_company(ask: Ask[NoQuery, None]) -> CompanyAnswer:
    """The company of the caller's membership."""
    return CompanyAnswer(ask.service.store.companies()[ask.company_id])


@call("POST", "/api/company", Credentials.JWT, status=201, refuses=(403, 409))
async def create(ask: Ask[NoQuery, NewCompany]) -> CompanyAnswer:
    """Make a company; every user of the sample has one."""
    if ask.service.config.existing_company == "conflict":
        raise already_exists("Company", f"company_id={ask.company_id!r}")
    return _change(ask)


@call("PUT", "/api/company", Credentials.JWT, refuses=(403,))
async def update(ask: Ask[NoQuery, CompanyChanges]) -> CompanyAnswer:
    """Change the company, as its owner or an admin."""
    return _change(ask)


ENDPOINTS = (get_company, create, update)


def _change(ask: Ask[Any, Any]) -> CompanyAnswer:
    if ask.caller.role not in {"owner", "admin"}:
        raise forbidden("an owner or admin")
    store, changes = ask.service.store, {k: v for k, v in ask.members.items() if k not in _OWN}
    company = {**store.companies()[ask.company_id], **changes, "updatedAt": timestamp(ask.now)}
    store.update_company(ask.company_id, company)
    return CompanyAnswer(company)
