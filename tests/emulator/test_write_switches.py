"""How writes of leads are stored and shown: batches, duplicates, poison, lag and caps."""

from __future__ import annotations

from typing import Any

import pytest
from lead_writer import Writer

from leadgenius_async.emulator import Emulator, EmulatorConfig
from leadgenius_async.emulator.choices import CHANGEABLE

BULK = "/api/enrich-leads/list"


async def test_a_share_of_a_batch(started: Any) -> None:
    """The seed says which leads of a batch are stored; a batch that is sent again has others."""
    stored: list[list[str]] = []
    for seed in (1, 1, 2):
        options = {"batch_create": "share", "batch_share": 0.3, "seed": seed}
        async with started(**options) as (emulator, session):
            writer = Writer(emulator, session)
            writer.client = "acme"
            leads = [writer.lead(name) for name in range(40)]
            status, body = await writer.send("POST", {"leads": leads})
            assert (status, body["created"]) == (201, 40)
            stored.append(writer.stored())
            _, body = await writer.send("POST", {"leads": leads})
            assert body["created"] == 40 - len(stored[-1])
            assert len(body["skipped"]) == len(stored[-1]) < len(writer.stored()) < 40
    assert stored[0] == stored[1] != stored[2]
    assert 4 <= len(stored[0]) <= 20


async def test_the_first_of_a_batch(started: Any) -> None:
    """The first k of the leads that count are stored, duplicates aside."""
    async with started(batch_create="first", batch_first=2) as (emulator, session):
        writer = Writer(emulator, session)
        assert await writer.create("a") == 201
        assert await writer.create("a", "b", "c", "d") == 201
        assert writer.stored() == ["Na", "Nb", "Nc"]


async def test_batches_persist_again(started: Any) -> None:
    """The first n batches are stored as the switch says, those that follow whole."""
    options = {"batch_create": "none", "batch_create_times": 2}
    async with started(**options) as (emulator, session):
        writer = Writer(emulator, session)
        for name in "abc":
            assert await writer.create(name, f"{name}2") == 201
        assert await writer.create("single") == 201
        assert writer.stored() == ["Nc", "Nc2", "Nsingle"]


async def test_batches_change_while_it_runs(started: Any) -> None:
    """Another switch acts from the next batch on, and is counted anew."""
    async with started(batch_create_times=1) as (emulator, session):
        writer = Writer(emulator, session)
        assert await writer.create("a", "b") == 201
        emulator.change(batch_create="none")
        assert await writer.create("c", "d") == 201
        assert await writer.create("e", "f") == 201
        emulator.change(batch_create="part", batch_create_times=None)
        assert await writer.create("g", "h") == 201
        assert writer.stored() == ["Na", "Nb", "Ne", "Nf", "Ng"]
        assert emulator.config.batch_create == "part"


@pytest.mark.parametrize("habits", [True, False])
@pytest.mark.parametrize("status", [500, 400])
@pytest.mark.parametrize(("poison_batch", "left"), [("none", []), ("part", ["Na"])])
async def test_a_marked_lead(
    started: Any, poison_batch: str, left: list[str], status: int, *, habits: bool
) -> None:
    """A lead with the text cannot be stored, whatever `habits` is, nor can its batch."""
    options = {"poison": "@poison.example", "poison_status": status, "poison_batch": poison_batch}
    async with started(**options, habits=habits) as (emulator, session):
        writer = Writer(emulator, session)
        bad = writer.lead("bad", email="x@poison.example")
        got, body = await writer.send("POST", bad)
        assert got == status
        assert body["errorType"] == ("internal_error" if status == 500 else "invalid_value")
        batch = {"leads": [writer.lead("a"), bad, writer.lead("b")]}
        assert (await writer.send("POST", batch))[0] == status
        assert writer.stored() == left
        assert await writer.create("b", "c") == 201


async def test_duplicates_of_a_batch(started: Any) -> None:
    """They are skipped by default, and created by a switch of their own."""
    for switch, created, skipped in (("skip", 1, 1), ("create", 2, 0)):
        async with started(duplicate_batch=switch) as (emulator, session):
            writer = Writer(emulator, session)
            assert await writer.create("a") == 201
            _, body = await writer.send("POST", {"leads": [writer.lead("a"), writer.lead("b")]})
            assert (body["created"], len(body["skipped"])) == (created, skipped)
            assert len(writer.stored()) == 1 + created
            assert await writer.create("a") == 409


@pytest.mark.parametrize(("by_case", "status", "stored"), [(False, 409, 2), (True, 201, 4)])
async def test_duplicates_by_case(started: Any, status: int, stored: int, *, by_case: bool) -> None:
    """An address in another case is the same one, or by a switch another."""
    async with started(duplicates_by_case=by_case) as (emulator, session):
        writer = Writer(emulator, session)
        assert await writer.create("a") == 201
        assert await writer.create("b", email="A@SAMPLE.example") == status
        leads = [writer.lead("c", email="A@sample.example"), writer.lead("d", email="D@d.example")]
        assert (await writer.send("POST", {"leads": leads}))[0] == 201
        assert len(writer.stored()) == stored
        assert await writer.create("a") == 409


async def test_find_by_case(started: Any) -> None:
    """Find takes an address in any case, or by a switch as it stands; a URL in any."""
    for by_case in (False, True):
        async with started(find_by_case=by_case) as (emulator, session):
            writer, find = Writer(emulator, session), "/api/find-lead"
            assert await writer.create("Ada", linkedinUrl="https://l.example/Ada") == 201
            assert await writer.found("Ada")
            assert await writer.found("ada") != by_case
            url = "https://l.example/ada"
            assert (await writer.send("GET", None, find, linkedinUrl=url))[0] == 200


async def test_stripped_fields(started: Any) -> None:
    """A create leaves fields out without a word; the client_id it needs."""
    async with started(strip_fields="title, notes,client_id") as (emulator, session):
        writer = Writer(emulator, session)
        lead = writer.lead("a", title="CTO", notes="long", city="Oslo")
        status, body = await writer.send("POST", lead)
        assert status == 201
        assert not {"title", "notes"} & body["lead"].keys()
        assert (body["lead"]["city"], body["lead"]["client_id"]) == ("Oslo", writer.client)


async def test_a_body_over_the_cap(started: Any) -> None:
    """It is a 413 of the gateway, and nothing is stored; a smaller one succeeds."""
    async with started(request_cap=1_000) as (emulator, session):
        writer = Writer(emulator, session)
        status, body = await writer.send("POST", {"leads": [writer.lead(n) for n in range(20)]})
        assert status == 413
        assert "<html>" in body
        assert writer.stored() == []
        assert await writer.create(*range(5)) == 201


async def _reads(writer: Writer) -> list[Any]:
    """Last names by the listing, by the bulk list, by the search, and of `id-1`."""
    pages = [
        await writer.send("GET", client_id=writer.client),
        await writer.send("GET", None, BULK, companyId="company-1"),
        await writer.send("GET", None, BULK, companyId="company-1", clientId=writer.client),
        await writer.send("GET", firstName="ada"),
    ]
    names = [[row["lastName"] for row in p.get("leads", p.get("data"))] for _, p in pages]
    status, body = await writer.send("GET", None, "/api/enrich-leads/id-1")
    return [*names, body["lead"]["lastName"] if status == 200 else None]


def _with_leads(emulator: Emulator, session: Any) -> Writer:
    writer = Writer(emulator, session)
    emulator.insert("enrich_leads", [writer.lead(n, id=f"id-{n}") for n in range(3)])
    return writer


async def test_updates_lag(started: Any) -> None:
    """Reads show a lead as it was until the lag of each change is over."""
    async with started(read_lag=5, habits=False) as (emulator, session):
        writer = _with_leads(emulator, session)
        for name in ("first", "second"):
            change = {"id": "id-1", "lastName": name, "email": f"{name}@sample.example"}
            status, body = await writer.send("PUT", change)
            assert (status, body["lead"]["lastName"]) == (200, name)
            emulator.clock.advance(3)
        assert writer.stored() == ["N0", "second", "N2"]
        for shown, email in (("first", "first"), ("second", "second")):
            assert await _reads(writer) == [["N0", shown, "N2"]] * 4 + [shown]
            assert await writer.found(email)
            assert not await writer.found(1)
            emulator.clock.advance(3)


async def test_deletes_lag(started: Any) -> None:
    """Reads show a deleted lead at its place until the lag is over; a delete of it is a 404."""
    async with started(read_lag=5, habits=False) as (emulator, session):
        writer = _with_leads(emulator, session)
        assert (await writer.send("DELETE", id="id-1"))[0] == 200
        assert (await writer.send("DELETE", id="id-1"))[0] == 404
        assert (await writer.send("DELETE", {"ids": ["id-2"]}))[1]["deleted"] == 1
        assert writer.stored() == ["N0"]
        assert await _reads(writer) == [["N0", "N1", "N2"]] * 4 + ["N1"]
        assert await writer.found(1)
        emulator.clock.advance(5)
        assert await _reads(writer) == [["N0"]] * 4 + [None]
        assert not await writer.found(1)


async def test_a_move_lags(started: Any) -> None:
    """A lead that goes to another client is listed by its old one till then, and by one alone."""
    async with started(read_lag=5, habits=False) as (emulator, session):
        writer = _with_leads(emulator, session)
        other = emulator.ready.clients[1].client_id
        assert (await writer.send("PUT", {"id": "id-1", "client_id": other}))[0] == 200
        for mine, theirs in ((3, 0), (2, 1)):
            assert len(await writer.listed()) == mine
            _, page = await writer.send("GET", client_id=other)
            assert len(page["leads"]) == theirs
            emulator.clock.advance(5)


async def test_a_new_lead_at_the_place_of_a_deleted_one(started: Any) -> None:
    """The old one is shown, then none, then the new one; each by its own id alone."""
    async with started(read_lag=5, habits=False) as (emulator, session):
        writer = _with_leads(emulator, session)
        assert (await writer.send("DELETE", id="id-2"))[0] == 200
        emulator.clock.advance(2)
        _, body = await writer.send("POST", writer.lead("new"))
        path = f"/api/enrich-leads/{body['lead']['id']}"
        for shown, status, advance in ((["N2"], 404, 3), ([], 404, 2), (["Nnew"], 200, 0)):
            assert await writer.listed() == ["N0", "N1", *shown]
            assert (await writer.send("GET", None, path))[0] == status
            emulator.clock.advance(advance)


@pytest.mark.parametrize("deleted", [(0, 3, 4, 5, 6, 7, 8, 18, 19), (18, 19)])
async def test_pages_of_what_lags_have_their_limit(started: Any, deleted: tuple[int, ...]) -> None:
    """Deleted leads that are still shown make no page longer, and no chain skips or repeats one."""
    async with started(read_lag=5, habits=False) as (emulator, session):
        writer = Writer(emulator, session)
        leads = [writer.lead(n, id=f"id-{n}") for n in range(20)]
        leads[1]["client_id"] = emulator.ready.clients[1].client_id
        emulator.insert("enrich_leads", leads)
        # It comes to this client, which does not show it yet: a page with room for later ones.
        assert (await writer.send("PUT", {"id": "id-1", "client_id": writer.client}))[0] == 200
        removal = {"ids": [f"id-{n}" for n in deleted]}
        assert (await writer.send("DELETE", removal))[1]["deleted"] == len(deleted)
        for path, limit in (("/api/leads", 3), (BULK, 4)):
            query = {"client_id": writer.client, "clientId": writer.client}
            query |= {"companyId": "company-1", "limit": str(limit)}
            names: list[str] = []
            token: str | None = ""
            while token is not None:
                _, page = await writer.send("GET", None, path, **query, nextToken=token)
                rows = page.get("leads", page.get("data"))
                assert len(rows) <= limit
                names += [row["lastName"] for row in rows]
                token = page["nextToken"]
            assert names == [f"N{n}" for n in range(20) if n != 1]


@pytest.mark.parametrize(("read_lag", "find_lag"), [(5, 1), (1, 5), (0, 3), (5, 0)])
async def test_find_lags_apart(started: Any, read_lag: float, find_lag: float) -> None:
    """The listing and find may lag by different seconds."""
    async with started(read_lag=read_lag, find_lag=find_lag) as (emulator, session):
        writer = Writer(emulator, session)
        assert await writer.create("a") == 201
        for second in range(6):
            assert (await writer.listed() == ["Na"]) == (second >= read_lag)
            assert await writer.found("a") == (second >= find_lag)
            emulator.clock.advance(1)


async def test_lag_changes_while_it_runs(started: Any) -> None:
    """Writes lag by the seconds of the read."""
    async with started() as (emulator, session):
        writer = Writer(emulator, session)
        assert await writer.create("a") == 201
        emulator.change(read_lag=60)
        assert await writer.create("b") == 201
        assert await writer.listed() == ["Na"]
        emulator.change(read_lag=0)
        assert await writer.listed() == ["Na", "Nb"]


@pytest.mark.parametrize("name", CHANGEABLE)
def test_what_can_be_changed_is_an_option(name: str) -> None:
    """And it has a default that the config accepts."""
    default = getattr(EmulatorConfig(), name)
    assert getattr(EmulatorConfig(**{name: default}), name) == default
