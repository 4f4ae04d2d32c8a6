"""The caller's company."""

from __future__ import annotations

from aiohttp import web

from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Endpoint, answer
from leadgenius_async.emulator.service import CALLER, SERVICE
from leadgenius_async.emulator.structs import Company, CompanyAnswer


async def get_company(request: web.Request) -> web.Response:
    """`GET /api/company`: the company of the caller's membership."""
    company_id = request[CALLER].company_id
    name, created = request.app[SERVICE].store.company(company_id)
    company = Company(company_id, company_id, name, created, created)
    return answer(CompanyAnswer(success=True, company=company))


ENDPOINTS = (Endpoint("GET", "/api/company", Credentials.JWT, get_company),)
