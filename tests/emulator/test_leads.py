"""Leads one by one and in batches: state, habits, and the switches of what is assumed."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator

LEADS = "/api/leads"
ADA = {"firstName": "Ada", "lastName": "Sample", "email": "Ada@Sample.example"}


async def _send(
    session: aiohttp.ClientSession,
    headers: dict[str, str],
    method: str,
    path: str = LEADS,
    body: Any = None,
    **query: str,
) -> tuple[int, Any]:
    async with session.request(method, path, params=query, json=body, headers=headers) as response:
        return response.status, await response.json()


def _key(emulator: Emulator) -> dict[str, str]:
    return {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}


async def test_create_list_get_update_delete(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """A lead that was created is listed, read, changed and gone, here and in the bulk list."""
    client = emulator.ready.clients[4].client_id
    status, body = await _send(session, by_key, "POST", body={**ADA, "client_id": client})
    assert status == 201
    lead = body["lead"]
    assert lead["owner"] == emulator.ready.user_id
    assert lead["company_id"] == "company-1"
    assert lead["createdAt"] == lead["updatedAt"]

    _, page = await _send(session, by_key, "GET", client_id=client, limit="1000")
    assert page["total"] == len(page["leads"])
    assert lead in page["leads"]
    path = f"/api/enrich-leads/{lead['id']}"
    assert (await _send(session, by_key, "GET", path))[1]["lead"] == lead

    change = {"id": lead["id"], "title": "CTO", "email": None, "newField": [1]}
    status, body = await _send(session, by_key, "PUT", body=change)
    assert (status, body["lead"]) == (
        200,
        {**lead, **change, "updatedAt": body["lead"]["updatedAt"]},
    )
    status, body = await _send(session, by_key, "PUT", path, body={"title": "CEO"})
    assert (status, body["lead"]["title"]) == (200, "CEO")
    rows = [row for row in emulator.rows("enrich_leads") if lead["id"].encode() in row]
    assert b'"title":"CEO"' in rows[0]

    assert await _send(session, by_key, "DELETE", id=lead["id"]) == (200, {"success": True})
    assert (await _send(session, by_key, "GET", path))[0] == 404
    assert (await _send(session, by_key, "DELETE", id=lead["id"]))[0] == 404


async def test_a_sample_row_can_be_changed(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """A lead of the sample keeps every field that is not changed, its long texts too."""
    client = emulator.ready.clients[0].client_id
    _, page = await _send(session, by_key, "GET", client_id=client, limit="1")
    before = page["leads"][0]
    _, body = await _send(session, by_key, "PUT", body={"id": before["id"], "status": "won"})
    after = body["lead"]
    assert after == {**before, "status": "won", "updatedAt": after["updatedAt"]}
    assert after["updatedAt"] > before["updatedAt"]


async def test_what_the_service_sets_stays_its_own(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """Nobody gives a lead an id, an owner or a company of choice."""
    client = emulator.ready.clients[0].client_id
    theirs = {"id": "mine", "owner": "me", "company_id": "company-2", "createdAt": "never"}
    _, body = await _send(session, by_key, "POST", body={**ADA, "client_id": client, **theirs})
    lead = body["lead"]
    assert not {lead[name] for name in theirs} & set(theirs.values())
    change = {**theirs, "id": lead["id"]}
    _, body = await _send(session, by_key, "PUT", body=change)
    assert body["lead"] == {**lead, "updatedAt": body["lead"]["updatedAt"]}


async def test_pages(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """A listing goes on by its token, which is good for this listing alone."""
    first, second = (client.client_id for client in emulator.ready.clients[:2])
    ids: list[str] = []
    token = ""
    while True:
        _, page = await _send(session, by_key, "GET", client_id=first, limit="100", nextToken=token)
        ids += [lead["id"] for lead in page["leads"]]
        if page["nextToken"] is None:
            break
        token = page["nextToken"]
    expected = list(emulator.rows("enrich_leads", client_id=first))
    assert len(ids) == len(set(ids)) == len(expected)
    status, body = await _send(session, by_key, "GET", client_id=second, nextToken=token)
    assert (status, body["errorType"]) == (400, "invalid_format")


async def test_batches(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """Batches count what they did; duplicates are skipped by their address, without case."""
    client = emulator.ready.clients[4].client_id
    leads = [{**ADA, "client_id": client}, {**ADA, "email": "b@x.example", "client_id": client}]
    status, body = await _send(session, by_key, "POST", body={"leads": [*leads, leads[0]]})
    assert (status, body["created"], body["skipped"]) == (201, 2, [ADA["email"]])
    shouted = {**ADA, "email": str(ADA["email"]).upper(), "client_id": client}
    _, body = await _send(session, by_key, "POST", body={"leads": [shouted]})
    assert (body["created"], body["skipped"]) == (0, [shouted["email"]])
    _, page = await _send(session, by_key, "GET", client_id=client, limit="1000")
    ids = [lead["id"] for lead in page["leads"] if lead["lastName"] == "Sample"]
    assert len(ids) == 2
    changes = [{"id": lead_id, "status": "won"} for lead_id in [*ids, "nobody"]]
    assert (await _send(session, by_key, "PUT", body={"leads": changes}))[1]["updated"] == 2
    removal = {"ids": [*ids, "nobody"]}
    assert (await _send(session, by_key, "DELETE", body=removal))[1]["deleted"] == 2


@pytest.mark.parametrize(
    "bad",
    [{"title": ""}, {"phone": "+1-555-0100"}, {"lastName": "."}, {"lastName": "'"}],
)
async def test_what_the_service_fails_at(started: Any, bad: dict[str, str]) -> None:
    """With habits, an empty text, a `phone` or a lone full stop is a 500 as users saw it."""
    for habits, expected in ((True, 500), (False, 201)):
        async with started(habits=habits) as (emulator, session):
            client = emulator.ready.clients[0].client_id
            lead = {**ADA, "client_id": client, **bad}
            status, body = await _send(session, _key(emulator), "POST", body=lead)
            assert status == expected
            if habits:
                assert body["error"] == "Failed to create lead - no data returned"


async def test_a_dash_for_a_last_name_is_stored(started: Any) -> None:
    """`-` is what people write instead of the full stop."""
    async with started() as (emulator, session):
        lead = {**ADA, "client_id": emulator.ready.clients[0].client_id, "lastName": "-"}
        assert (await _send(session, _key(emulator), "POST", body=lead))[0] == 201


@pytest.mark.parametrize(
    ("options", "stored"),
    [({}, 0), ({"poison_batch": "part"}, 2), ({"habits": False}, 4)],
)
async def test_a_poisoned_batch(started: Any, options: dict[str, Any], stored: int) -> None:
    """One lead that cannot be stored fails the batch; what is left behind is a switch."""
    async with started(**options) as (emulator, session):
        client = emulator.ready.clients[0].client_id
        lead = {"client_id": client, "firstName": "A"}
        leads = [{**lead, "lastName": f"N{n}", "title": "" if n == 2 else "CTO"} for n in range(4)]
        status, _ = await _send(session, _key(emulator), "POST", body={"leads": leads})
        assert status == (500 if stored < 4 else 201)
        assert len(list(emulator.rows("enrich_leads"))) == stored


@pytest.mark.parametrize(("batch_create", "stored"), [("all", 4), ("part", 2), ("none", 0)])
async def test_a_batch_that_says_more_than_it_stores(
    started: Any, batch_create: str, stored: int
) -> None:
    """The count is right whatever was stored (observed in production)."""
    async with started(batch_create=batch_create) as (emulator, session):
        client = emulator.ready.clients[0].client_id
        leads = [{"client_id": client, "firstName": "A", "lastName": f"N{n}"} for n in range(4)]
        status, body = await _send(session, _key(emulator), "POST", body={"leads": leads})
        assert (status, body["created"]) == (201, 4)
        assert len(list(emulator.rows("enrich_leads"))) == stored


async def test_the_switches_of_single_calls(started: Any) -> None:
    """Duplicates, unknown ids and moved leads: each assumption can be turned over."""
    loose = {"duplicate_create": "create", "unknown_ids": "ignored", "move_leads": False}
    for options, created, unknown in (({}, 409, 404), (loose, 201, 200)):
        async with started(**options) as (emulator, session):
            key, clients = _key(emulator), emulator.ready.clients
            lead = {**ADA, "client_id": clients[0].client_id}
            _, first = await _send(session, key, "POST", body=lead)
            status, body = await _send(session, key, "POST", body=lead)
            assert status == created
            if created == 409:
                assert body["errorType"] == "already_exists"
            assert (await _send(session, key, "DELETE", id="nobody"))[0] == unknown
            nobody = {"id": "nobody", "title": "CTO"}
            assert (await _send(session, key, "PUT", body=nobody))[0] == unknown
            move = {"id": first["lead"]["id"], "client_id": clients[1].client_id}
            _, body = await _send(session, key, "PUT", body=move)
            moved = body["lead"]["client_id"] == clients[1].client_id
            assert moved == (not options)


@pytest.mark.parametrize("count", [2, 3])
async def test_a_batch_has_a_ceiling(started: Any, count: int) -> None:
    """More leads than the limit are a 400 whatever is done to them, and nothing is done."""
    async with started(batch_limit=2) as (emulator, session):
        key, client = _key(emulator), emulator.ready.clients[0].client_id
        leads = [{"id": f"lead_{n}", "client_id": client, "title": "CTO"} for n in range(count)]
        emulator.insert("enrich_leads", leads)
        before = list(emulator.rows("enrich_leads"))
        new = [{"client_id": client, "firstName": "A", "lastName": "B"}] * count
        changes = [{"id": lead["id"], "title": "CEO"} for lead in leads]
        removal = [lead["id"] for lead in leads]
        for method, name, batch in (
            ("POST", "leads", new),
            ("PUT", "leads", changes),
            ("DELETE", "ids", removal),
        ):
            status, body = await _send(session, key, method, body={name: batch})
            if count > 2:
                assert (status, body["errorType"]) == (400, "invalid_value")
                assert body["details"] == f"{name}='3 leads'"
            else:
                assert status in {200, 201}
        assert (list(emulator.rows("enrich_leads")) == before) == (count > 2)


@pytest.mark.parametrize(
    "body",
    [{}, {"firstName": "A", "client_id": "c"}, {**ADA, "client_id": ""}, {"leads": []},
     {"leads": [{"firstName": "A"}]}, {**ADA, "client_id": 7}],
)  # fmt: skip
async def test_what_a_create_needs(
    session: aiohttp.ClientSession, by_key: dict[str, str], body: Any
) -> None:
    """A client_id and both names, not empty; a batch has at least one lead."""
    assert (await _send(session, by_key, "POST", body=body))[0] == 400


async def test_find_and_search(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """Both look without case; a search sees the caller's own leads alone."""
    client, other = (each.client_id for each in emulator.ready.clients[:2])
    emulator.insert(
        "enrich_leads", [{**ADA, "client_id": client, "linkedinUrl": "https://l.example/A"}]
    )
    find = "/api/find-lead"
    for query in ({"email": "ADA@sample.example"}, {"linkedinUrl": "https://L.example/a"}):
        _, body = await _send(session, by_key, "GET", find, client_id=client, **query)
        assert body["lead"]["email"] == ADA["email"]
        assert (await _send(session, by_key, "GET", find, client_id=other, **query))[0] == 404
    assert (await _send(session, by_key, "GET", find))[0] == 404

    _, body = await _send(session, by_key, "GET", firstName="ADA", lastName="sample")
    assert [lead["email"] for lead in body["data"]] == [ADA["email"]]
    assert body["pagination"] == {"page": 1, "pageSize": 20, "totalItems": 1, "totalPages": 1}
    _, body = await _send(session, by_key, "GET", page="3", pageSize="100")
    assert len(body["data"]) == 100
    assert body["pagination"]["totalItems"] == 601


async def test_invisible_leads(started: Any) -> None:
    """A lead under the client's record id is stored, and listed by that wrong id alone."""
    for listed in (True, False):
        async with started(list_by_record_id=listed) as (emulator, session):
            key, client = _key(emulator), emulator.ready.clients[0]
            status, _ = await _send(session, key, "POST", body={**ADA, "client_id": client.id})
            assert status == 201
            _, right = await _send(session, key, "GET", client_id=client.client_id)
            _, wrong = await _send(session, key, "GET", client_id=client.id)
            assert right["leads"] == []
            assert len(wrong["leads"]) == (1 if listed else 0)


async def test_reads_lag(started: Any) -> None:
    """What was created is shown by no read before its time; the service itself knows of it."""
    async with started(read_lag=5, habits=False) as (emulator, session):
        key, client = _key(emulator), emulator.ready.clients[0].client_id
        emulator.insert("enrich_leads", [{"id": "lead_1", "client_id": client}])
        new = {**ADA, "client_id": client}
        status, body = await _send(session, key, "POST", body=new)
        assert (status, body["lead"]["email"]) == (201, ADA["email"])
        lead_id = body["lead"]["id"]
        batch = {"leads": [{**new, "email": "b@sample.example"}]}
        assert (await _send(session, key, "POST", body=batch))[1]["created"] == 1
        assert (await _send(session, key, "POST", body=new))[0] == 409
        for found, known in (([1, 1, 1, 0], 404), ([3, 3, 3, 2], 200)):
            pages = [
                await _send(session, key, "GET", client_id=client),
                await _send(session, key, "GET"),
                await _send(session, key, "GET", "/api/enrich-leads/list", companyId="company-1"),
                await _send(session, key, "GET", lastName="sample"),
            ]
            counts = [len(page.get("leads", page.get("data"))) for _, page in pages]
            assert counts == found
            assert pages[0][1]["total"] == pages[2][1]["meta"]["totalReturned"] == found[0]
            for path, query in (
                (f"/api/enrich-leads/{lead_id}", {}),
                ("/api/find-lead", {"email": "ada@sample.example"}),
            ):
                assert (await _send(session, key, "GET", path, **query))[0] == known
            emulator.clock.advance(5)


async def test_keys_everywhere(started: Any) -> None:
    """Where a key is only observed to work, a switch takes it away; the bulk list keeps it."""
    async with started(keys_everywhere=False) as (emulator, session):
        assert (await _send(session, _key(emulator), "GET", client_id="c"))[0] == 401
        bulk = "/api/enrich-leads/list"
        assert (await _send(session, _key(emulator), "GET", bulk, companyId="company-1"))[0] == 200


@pytest.mark.parametrize(("habits", "status"), [(True, 504), (False, 200)])
async def test_purge(started: Any, habits: bool, status: int) -> None:  # noqa: FBT001 - a parameter
    """A purge of many leads runs out of time with a part of them gone; of few it ends."""
    async with started(leads=300, clients=1, habits=habits, purge_limit=100) as (emulator, session):
        [client] = emulator.ready.clients
        before = len(list(emulator.rows("enrich_leads", client_id=client.client_id)))
        query = {"id": client.id, "purge": "true"}
        async with session.delete("/api/clients", params=query, headers=_key(emulator)) as response:
            assert response.status == status
            assert response.content_type == ("text/html" if habits else "application/json")
        left = len(list(emulator.rows("enrich_leads", client_id=client.client_id)))
        assert left == (before - 100 if habits else 0)
