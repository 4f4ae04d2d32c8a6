"""The companies of a client's territory. The bodies of the answers are assumed."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call
from leadgenius_async.emulator.routes.pages import cut
from leadgenius_async.emulator.territory import Territory, TerritoryCompany

Text = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Sort = Literal[
    "id", "companyName", "industry", "country", "totalLeads", "qualifiedLeads",
    "averageLeadScore", "lastActivityDate", "client_id",
]  # fmt: skip


class TerritoryQuery(msgspec.Struct):
    """The client, filters, the order, and the page."""

    client_id: Text
    sortBy: Sort = "companyName"
    sortDirection: Literal["asc", "desc"] = "asc"
    industry: str = ""
    minLeads: Count = 0
    maxLeads: Count | msgspec.UnsetType = msgspec.UNSET
    search: str = ""
    startDate: date | msgspec.UnsetType = msgspec.UNSET
    endDate: date | msgspec.UnsetType = msgspec.UNSET
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 100
    nextToken: str = ""


class TerritoryChanges(msgspec.Struct):
    """The body of a save; what is absent stays."""

    client_id: Text
    companyName: Text
    industry: str | msgspec.UnsetType | None = msgspec.UNSET
    country: str | msgspec.UnsetType | None = msgspec.UNSET


class TerritoryPage(msgspec.Struct):
    """A page of companies."""

    companies: list[TerritoryCompany]
    nextToken: str | None
    success: bool = True


class TerritoryAnswer(msgspec.Struct):
    """One company."""

    company: TerritoryCompany
    success: bool = True


@call("GET", "/api/territory-workbench/companies", Credentials.JWT)
async def list_companies(ask: Ask[TerritoryQuery, None]) -> TerritoryPage:
    """The companies of a client's territory."""
    query = ask.query
    found = [each for each in _territory(ask, query.client_id).companies() if _wanted(query, each)]
    found.sort(key=lambda each: _place(each, query.sortBy), reverse=query.sortDirection == "desc")
    page, token = cut(ask, found, query.nextToken, query.limit)
    return TerritoryPage(list(page), token)


@call("POST", "/api/territory-workbench/companies", Credentials.JWT)
async def save(ask: Ask[NoQuery, TerritoryChanges]) -> TerritoryAnswer:
    """Create a company, or change the one of this name (assumed)."""
    members = {name: getattr(ask.body, name) for name in ("industry", "country")}
    given = {name: value for name, value in members.items() if value is not msgspec.UNSET}
    return TerritoryAnswer(_territory(ask, ask.body.client_id).save(ask.body.companyName, given))


def _territory(ask: Ask[Any, Any], client_id: str) -> Territory:
    service = ask.service
    return Territory(service.leads, service.documents, ask.company_id, client_id)


def _wanted(query: TerritoryQuery, company: TerritoryCompany) -> bool:
    industry, day = (company.industry or ""), (company.lastActivityDate or "")[:10]
    return (
        (not query.industry or industry.casefold() == query.industry.casefold())
        and query.search.casefold() in company.companyName.casefold()
        and company.totalLeads >= query.minLeads
        and (query.maxLeads is msgspec.UNSET or company.totalLeads <= query.maxLeads)
        and (query.startDate is msgspec.UNSET or day >= query.startDate.isoformat())
        and (query.endDate is msgspec.UNSET or "" < day <= query.endDate.isoformat())
    )


def _place(company: TerritoryCompany, name: str) -> tuple[bool, Any, str]:
    """Where a company stands in the order; what has no value there comes first."""
    value = getattr(company, name)
    return value is not None, 0 if value is None else value, company.id


ENDPOINTS = (list_companies, save)
