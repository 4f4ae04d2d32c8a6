"""The caller's company."""

from __future__ import annotations

import msgspec

from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call


class Company(msgspec.Struct):
    """The company that the caller is a member of."""

    id: str
    company_id: str
    name: str
    createdAt: str
    updatedAt: str


class CompanyAnswer(msgspec.Struct):
    """`GET /api/company`."""

    company: Company
    success: bool = True


@call("GET", "/api/company", Credentials.JWT)
async def get_company(ask: Ask[NoQuery, None]) -> CompanyAnswer:
    """The company of the caller's membership."""
    name, created = ask.service.store.company(ask.company_id)
    return CompanyAnswer(Company(ask.company_id, ask.company_id, name, created, created))


ENDPOINTS = (get_company,)
