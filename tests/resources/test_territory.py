"""The companies of a territory, from the SDK."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from accounts import connect
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async._resources.territory import Territory
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import TerritoryCompany

ONE = {"id": "t1", "companyName": "Northwind", "averageLeadScore": 71, "region": "north"}
CLIENTS = reply(body=b'{"clients":[{"id":"1","client_id":"acme-corp"}]}')


def client_of(wire: Wire) -> LeadGenius:
    return LeadGenius(base_url=wire.url, access_token="t", rate="off")


def signed_in(emulator: Emulator) -> LeadGenius:
    ready = emulator.ready
    return LeadGenius(
        base_url=ready.base_url, username=ready.username, password=ready.password, rate="off"
    )


async def test_figures_and_saved_companies(emulator: Emulator) -> None:
    """Leads are counted under their company's name; what is saved of it stays, None clears."""
    client_id = emulator.ready.clients[4].client_id
    async with signed_in(emulator) as lg:
        for number, status in enumerate(["new", "qualified", "qualified"]):
            lead = {"firstName": "Ada", "lastName": f"{number}", "status": status}
            await lg.leads.create(
                {**lead, "companyName": "Pine Works", "aiLeadScore": f"{50 + number}"},
                client_id=client_id,
            )
        saved = await lg.territory.save(
            client_id=client_id, companyName="Pine Works", industry="Timber", country="Norway"
        )
        assert (saved.totalLeads, saved.qualifiedLeads, saved.averageLeadScore) == (3, 2, 51.0)
        assert (saved.industry, saved.country, saved.client_id) == ("Timber", "Norway", client_id)
        changed = await lg.territory.save(
            client_id=client_id, companyName="Pine Works", country=None
        )
        assert (changed.id, changed.industry, changed.country) == (saved.id, "Timber", None)
        found = lg.territory.list(client_id=client_id, search="pine", minLeads=3, maxLeads=3)
        assert [each async for each in found] == [changed]


async def test_the_list_goes_on_by_its_token(emulator: Emulator) -> None:
    """Every company comes once, in order, whatever the size of the pages."""
    client_id = emulator.ready.clients[0].client_id
    async with signed_in(emulator) as lg:
        listing = lg.territory.list(
            client_id=client_id, sortBy="totalLeads", sortDirection="desc", page_size=7
        )
        found = [each async for each in listing]
        pages = [request for request in emulator.log if "territory" in request.path]
    assert len(pages) == -(-len(found) // 7) > 2
    assert len({each.id for each in found}) == len(found)
    counts = [each.totalLeads or 0 for each in found]
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "companies": [ONE], "nextToken": None},
        {"success": True, "data": {"companies": [ONE]}},
        {"success": True, "data": {"items": [ONE], "nextToken": None}},
        {"data": [ONE]},
    ],
)
async def test_companies_are_found_in_any_envelope(body: object) -> None:
    """What is missing is None, and a field that is new is in `extra`."""
    listed = reply(body=msgspec.json.encode(body))
    async with Wire(CLIENTS, listed) as wire, client_of(wire) as lg:
        found = [each async for each in lg.territory.list(client_id="acme-corp")]
    assert found == [
        TerritoryCompany(
            id="t1", companyName="Northwind", averageLeadScore=71, extra={"region": "north"}
        )
    ]


@pytest.mark.parametrize(("key", "status"), [("company", 201), ("data", 200)])
async def test_a_saved_company_is_found_under_either_key(key: str, status: int) -> None:
    """Any 2xx is success; only what was given goes out."""
    answer = reply(status=status, body=msgspec.json.encode({key: ONE}))
    async with Wire(CLIENTS, answer) as wire, client_of(wire) as lg:
        company = await lg.territory.save(
            client_id="acme-corp", companyName="Northwind", industry=None
        )
    assert company.id == "t1"
    sent = {"client_id": "acme-corp", "companyName": "Northwind", "industry": None}
    assert msgspec.json.decode(wire.requests[-1].body) == sent


async def test_filters_go_out_under_the_services_names() -> None:
    """A day may be a date or its text."""
    listed = reply(body=b'{"companies":[]}')
    async with Wire(CLIENTS, listed) as wire, client_of(wire) as lg:
        listing = lg.territory.list(
            client_id="acme-corp", sortBy="industry", sortDirection="asc", industry="Retail",
            minLeads=0, maxLeads=9, search="n", startDate=date(2026, 1, 2), endDate="2026-01-02",
        )  # fmt: skip
        assert [each async for each in listing] == []
    assert parse_qs(urlsplit(wire.requests[-1].target).query) == {
        "client_id": ["acme-corp"],
        "sortBy": ["industry"],
        "sortDirection": ["asc"],
        "industry": ["Retail"],
        "minLeads": ["0"],
        "maxLeads": ["9"],
        "search": ["n"],
        "startDate": ["2026-01-02"],
        "endDate": ["2026-01-02"],
        "limit": ["1000"],
    }


NAMELESS: Any = {"client_id": "c"}
REFUSED: list[tuple[Callable[[Territory], Any], str]] = [
    (lambda s: s.list(client_id=""), "client_id is empty"),
    (lambda s: s.list(client_id="c", sortBy="size"), "sortBy is 'size': give one of id, company"),
    (lambda s: s.list(client_id="c", sortDirection="up"), "give one of asc, desc"),
    (lambda s: s.list(client_id="c", minLeads=-1), "minLeads is -1"),
    (lambda s: s.list(client_id="c", minLeads=3, maxLeads=2), "minLeads 3 is above maxLeads 2"),
    (lambda s: s.list(client_id="c", search=" "), "search is empty"),
    (lambda s: s.list(client_id="c", startDate="soon"), "startDate is 'soon': give a day"),
    (
        lambda s: s.list(client_id="c", startDate="2026-02-01", endDate=date(2026, 1, 31)),
        "startDate 2026-02-01 comes after endDate 2026-01-31",
    ),
    (lambda s: s.list(client_id="c", page_size=0), "page_size"),
    (lambda s: s.save(client_id="", companyName="x"), "client_id is empty"),
    (lambda s: s.save(**NAMELESS), "companyName is empty"),
]


@pytest.mark.parametrize(("call", "says"), REFUSED)
async def test_what_would_be_refused_is_not_sent(
    emulator: Emulator, call: Callable[[Territory], Any], says: str
) -> None:
    """The error names the field and what is allowed."""
    async with signed_in(emulator) as lg:
        with pytest.raises(ValueError, match=says):
            await call(lg.territory)
    assert len(emulator.log) == 0


async def test_a_record_id_is_answered_with_the_client_id(emulator: Emulator) -> None:
    """The territory of a wrong client would be empty, which looks like an answer."""
    client = emulator.ready.clients[1]
    async with signed_in(emulator) as lg:
        with pytest.raises(errors.UnknownClient, match=client.client_id):
            _ = [each async for each in lg.territory.list(client_id=client.id)]
        with pytest.raises(errors.UnknownClient, match=client.client_id):
            await lg.territory.save(client_id=client.id, companyName="x")
    assert all("territory" not in request.path for request in emulator.log)


async def test_a_key_alone_is_not_sent(emulator: Emulator) -> None:
    """The service takes a login here, so an account with a key alone hears it beforehand."""
    client_id = emulator.ready.clients[0].client_id
    async with connect(emulator) as lg:
        with pytest.raises(errors.CredentialsMissing):
            _ = [each async for each in lg.territory.list(client_id=client_id)]
    assert all("territory" not in request.path for request in emulator.log)
