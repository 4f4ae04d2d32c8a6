"""The territory: the companies that a client's leads work for, with figures of each."""

from __future__ import annotations

from datetime import date
from typing import NotRequired, TypedDict, Unpack

from leadgenius_async._http.record import Record
from leadgenius_async._resources import checks
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.paging import BY_NEXT_TOKEN
from leadgenius_async._resources.section import Section

#: What the companies can be sorted by (assumed).
SORTS = (
    "id", "companyName", "industry", "country", "totalLeads", "qualifiedLeads",
    "averageLeadScore", "lastActivityDate", "client_id",
)  # fmt: skip
DIRECTIONS = ("asc", "desc")

_PATH = "/territory-workbench/companies"
_COMPANIES = ("companies", "data.companies", "data.items", "data")
_COMPANY = ("company", "data")
_MOST_LEADS = 1_000_000_000


class TerritoryCompany(Record):
    """A company in a client's territory. The shape is assumed.

    Attributes:
        totalLeads: Leads of the client that work there.
        qualifiedLeads: Those of them that are qualified.
        averageLeadScore: Mean of their scores, where they have any.
        lastActivityDate: When something last happened to one of them, ISO 8601.
    """

    id: str | None = None
    companyName: str | None = None
    industry: str | None = None
    country: str | None = None
    totalLeads: int | None = None
    qualifiedLeads: int | None = None
    averageLeadScore: float | None = None
    lastActivityDate: str | None = None
    client_id: str | None = None


class TerritoryFilters(TypedDict, total=False):
    """What companies can be narrowed and sorted by."""

    sortBy: str
    sortDirection: str
    industry: str
    minLeads: int
    maxLeads: int
    search: str
    startDate: date | str
    endDate: date | str


class TerritoryFields(TypedDict):
    """What of a company can be saved; None clears a field."""

    client_id: str
    companyName: str
    industry: NotRequired[str | None]
    country: NotRequired[str | None]


class Territory(Section):
    """Calls of `/api/territory-workbench/companies`. Takes a login alone (documented)."""

    def list(
        self,
        *,
        client_id: str,
        limit: int | None = None,
        page_size: int | None = None,
        token: str | None = None,
        **filters: Unpack[TerritoryFilters],
    ) -> Listing[TerritoryCompany]:
        """List the companies of a client's territory.

        Args:
            client_id: The client, by its business identifier.
            limit: Most companies to give.
            page_size: Companies per request, 1 to 1,000 (assumed).
            token: Where to start, as an earlier listing's `token` said.
            sortBy: A field of a company, such as `totalLeads` (assumed).
            sortDirection: asc or desc (assumed).
            industry: Only this industry.
            minLeads: Only companies with this many leads or more.
            maxLeads: Only companies with this many leads or fewer.
            search: Only companies with this in their name (assumed).
            startDate: Only companies whose last activity is of this day or later (assumed).
            endDate: Only companies whose last activity is of this day or earlier (assumed).

        Raises:
            ValueError: An unknown sort, reversed dates, `minLeads` above `maxLeads`, or an empty
                text.
            UnknownClient: While it is iterated: no client of the account has this `client_id`.

        ```python
        companies = lg.territory.list(client_id="acme-corp", sortBy="totalLeads", minLeads=2)
        async for company in companies:
            print(company.companyName, company.totalLeads, company.qualifiedLeads)
        ```
        """
        checks.known(filters, TerritoryFilters)
        return self._list(
            _PATH,
            TerritoryCompany,
            _COMPANIES,
            query={"client_id": checks.text("client_id", client_id), **_checked(filters)},
            paging=BY_NEXT_TOKEN,
            page_size=page_size,
            client_id=client_id,
            token=token,
            limit=limit,
        )

    async def save(self, **fields: Unpack[TerritoryFields]) -> TerritoryCompany:
        """Create a company, or change the one of this name, whatever its case (assumed).

        Args:
            client_id: The client, by its business identifier.
            companyName: Its name, as the leads have it.
            industry: Its industry; None clears it.
            country: Its country; None clears it.

        Raises:
            ValueError: No client or no name.
            UnknownClient: No client of the account has this `client_id`.

        ```python
        company = await lg.territory.save(
            client_id="acme-corp", companyName="Sample Company", industry="Software"
        )
        print(company.id, company.totalLeads)
        ```
        """
        checks.known(fields, TerritoryFields)
        client_id = checks.text("client_id", fields.get("client_id", ""))
        checks.text("companyName", fields.get("companyName", ""))
        await self._account.check_clients([client_id])
        return await self._ask("POST", _PATH, TerritoryCompany, _COMPANY, payload=fields)


def _checked(filters: TerritoryFilters) -> dict[str, str | int | None]:
    texts = {name: checks.text(name, v) for name, v in filters.items() if isinstance(v, str)}
    for name, allowed in (("sortBy", SORTS), ("sortDirection", DIRECTIONS)):
        if name in texts:
            checks.choice(name, texts[name], allowed)
    least, most = filters.get("minLeads"), filters.get("maxLeads")
    for name, number in (("minLeads", least), ("maxLeads", most)):
        if number is not None:
            checks.whole(name, number, 0, _MOST_LEADS)
    if least is not None and most is not None and least > most:
        raise ValueError(f"minLeads {least} is above maxLeads {most}: turn them round")
    names = ("startDate", "endDate")
    start, end = checks.days(filters.get("startDate"), filters.get("endDate"), names)
    return {**texts, "minLeads": least, "maxLeads": most, "startDate": start, "endDate": end}
