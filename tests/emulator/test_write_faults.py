"""What befalls writes of leads: lost, late, refused and doubled, by share and by number."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from lead_writer import LEADS, Writer

from leadgenius_async.emulator import Emulator, EmulatorConfig
from leadgenius_async.emulator.choices import WRITE_FAULTS, WriteCall
from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.write_habits import WriteHabits

CALLS = get_args(WriteCall)


async def _write(writer: Writer, call: str) -> int:
    if call == "create":
        return await writer.create("new")
    if call == "create_batch":
        return await writer.create("new", "newer")
    change = {"id": "id-1", "lastName": "changed"}
    method, body, query = {
        "update": ("PUT", change, {}),
        "update_batch": ("PUT", {"leads": [change]}, {}),
        "delete": ("DELETE", None, {"id": "id-1"}),
        "delete_batch": ("DELETE", {"ids": ["id-1"]}, {}),
    }[call]
    return (await writer.send(method, body, **query))[0]


def _applied(writer: Writer, call: str) -> bool:
    expected = {
        "create": ["Nold", "Nnew"],
        "create_batch": ["Nold", "Nnew", "Nnewer"],
        "update": ["changed"],
        "update_batch": ["changed"],
        "delete": [],
        "delete_batch": [],
    }[call]
    stored = writer.stored()
    assert stored in (expected, ["Nold"])
    return stored == expected


def _with_a_lead(emulator: Emulator, session: Any) -> Writer:
    writer = Writer(emulator, session)
    emulator.insert("enrich_leads", [writer.lead("old", id="id-1")])
    return writer


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("switch", "applied"), [("lost_before", False), ("lost_after", True)])
async def test_lost(started: Any, switch: str, call: str, *, applied: bool) -> None:
    """The connection is closed without an answer, before or after the write is applied."""
    async with started(**{switch: 1.0}) as (emulator, session):
        writer = _with_a_lead(emulator, session)
        assert await _write(writer, call) == 0
        assert _applied(writer, call) == applied
        [*_, last] = emulator.log
        assert (last.status, last.faults) == (0, (switch,))


async def test_a_refused_write_is_lost_too(started: Any) -> None:
    """An answer that would have been a 409 does not come either, and reads are never lost."""
    async with started(lost_after=1.0) as (emulator, session):
        writer = Writer(emulator, session)
        assert [await writer.create("a"), await writer.create("a")] == [0, 0]
        assert await writer.listed() == writer.stored() == ["Na"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("late_answer", "status"), [("lost", 0), ("timeout", 504)])
async def test_late(started: Any, late_answer: str, status: int, call: str) -> None:
    """The answer is lost or a 504; the write is applied later, by the emulator's clock."""
    async with started(late_answer=late_answer) as (emulator, session):
        emulator.change(applied_late=1.0)
        writer = _with_a_lead(emulator, session)
        assert await _write(writer, call) == status
        emulator.clock.advance(27)
        assert not _applied(writer, call)
        emulator.clock.advance(2)
        assert _applied(writer, call)


async def test_late_in_a_range(started: Any) -> None:
    """Each is late by a time of its own between the two, and dated by it."""
    async with started(applied_late=1.0, late_least=10, late_seconds=20) as (emulator, session):
        writer, began = Writer(emulator, session), emulator.clock.now()
        for n in range(20):
            assert await writer.create(n) == 0
        emulator.clock.advance(9)
        assert await writer.listed() == []
        emulator.clock.advance(6)
        assert 0 < len(await writer.listed()) < 20
        emulator.clock.advance(60)
        assert len(await writer.listed()) == 20
        assert writer.stored() != [f"N{n}" for n in range(20)]  # in the order of their times
        _, page = await writer.send("GET", client_id=writer.client)
        dates = [lead["createdAt"] for lead in page["leads"]]
        assert dates == sorted(dates)
        assert timestamp(began + 10) <= dates[0]
        assert dates[-1] <= timestamp(emulator.clock.now() - 55)


async def test_what_is_late_is_refused_by_what_there_is_then(started: Any) -> None:
    """A late create of what was created meanwhile is a duplicate: it is dropped in silence."""
    for duplicates, stored in (("conflict", 1), ("create", 2)):
        options = {"applied_late": 1.0, "fault_at": 1, "duplicate_create": duplicates}
        async with started(**options) as (emulator, session):
            writer = Writer(emulator, session)
            assert [await writer.create("a"), await writer.create("a")] == [0, 201]
            emulator.clock.advance(30)
            assert len(writer.stored()) == stored


async def test_what_is_late_lags_from_then_on(started: Any) -> None:
    """Reads show a late write when it is applied and the lag is over."""
    async with started(applied_late=1.0, read_lag=5) as (emulator, session):
        writer = Writer(emulator, session)
        assert await writer.create("a") == 0
        emulator.clock.advance(30)
        assert (writer.stored(), await writer.listed()) == (["Na"], [])
        emulator.clock.advance(5)
        assert await writer.listed() == ["Na"]


@pytest.mark.parametrize("refusal", [401, 429])
@pytest.mark.parametrize("apply_refused", [False, True])
async def test_refused(started: Any, refusal: int, *, apply_refused: bool) -> None:
    """A share of the writes is answered 401 or 429, and applied only by a switch."""
    options = {"refused_writes": 1.0, "refusal": refusal, "apply_refused": apply_refused}
    async with started(**options) as (emulator, session):
        writer = Writer(emulator, session)
        status, body = await writer.send("POST", writer.lead("a"))
        assert status == refusal
        assert body["errorType"] in {"token_expired", "rate_limit_exceeded"}
        assert writer.stored() == (["Na"] if apply_refused else [])


@pytest.mark.parametrize("apply_refused", [False, True])
async def test_a_write_over_the_rate(started: Any, *, apply_refused: bool) -> None:
    """What the limiter refuses may be applied all the same; a 429 of a read is a 429."""
    async with started(rate=1, apply_refused=apply_refused) as (emulator, session):
        writer = Writer(emulator, session)
        assert [await writer.create(n) for n in range(2)] == [201, 429]
        assert (await writer.send("GET", client_id=writer.client))[0] == 429
        assert writer.stored() == (["N0", "N1"] if apply_refused else ["N0"])


@pytest.mark.parametrize("apply_refused", [False, True])
async def test_a_write_with_an_expired_token(started: Any, *, apply_refused: bool) -> None:
    """A token that was good once is refused, and its write may be applied all the same."""
    async with started(apply_refused=apply_refused) as (emulator, session):
        writer = Writer(emulator, session)
        ready = emulator.ready
        login = {"username": ready.username, "password": ready.password}
        _, body = await writer.send("POST", login, "/api/auth")
        writer.headers = {"Authorization": f"Bearer {body['tokens']['accessToken']}"}
        emulator.clock.advance(3_600)
        assert await writer.create("a") == 401
        writer.headers = {"Authorization": "Bearer nonsense"}
        assert await writer.create("b") == 401
        assert writer.stored() == (["Na"] if apply_refused else [])


async def test_applied_twice(started: Any) -> None:
    """A create is stored two times, single or batch; the answer tells nothing."""
    async with started(applied_twice=1.0) as (emulator, session):
        writer = Writer(emulator, session)
        status, body = await writer.send("POST", {"leads": [writer.lead("a"), writer.lead("b")]})
        assert (status, body["created"], body["skipped"]) == (201, 2, [])
        assert await writer.create("c") == 201
        assert sorted(writer.stored()) == ["Na", "Na", "Nb", "Nb", "Nc", "Nc"]
        assert [request.faults for request in emulator.log] == [("applied_twice",)] * 2
        assert set(emulator.created("client_id", "email").values()) == {2}


async def test_the_nth_write(started: Any) -> None:
    """`fault_at` counts the writes that `fault_calls` names; a change counts anew."""
    async with started(lost_before=1.0, fault_at=2, fault_calls="create") as (emulator, session):
        writer = Writer(emulator, session)
        assert await writer.create("a", "b") == 201
        assert [await writer.create(n) for n in range(4)] == [201, 0, 201, 201]
        emulator.change(fault_at=1)
        assert [await writer.create(n) for n in range(4, 6)] == [0, 201]


@pytest.mark.parametrize("call", CALLS)
async def test_one_kind_of_write(started: Any, call: str) -> None:
    """A fault of one kind of write spares the others."""
    for other in CALLS:
        async with started(refused_writes=1.0, fault_calls=call) as (emulator, session):
            status = await _write(_with_a_lead(emulator, session), other)
            assert (status == 429) == (other == call)


async def test_shares(started: Any) -> None:
    """Writes meet faults by their shares, the same each time by the seed, and one at the most."""
    shares = {"lost_before": 0.2, "lost_after": 0.2, "applied_late": 0.2, "refused_writes": 0.2}
    runs: list[list[tuple[str, ...]]] = []
    for seed in (1, 1, 2):
        # The ids of a client depend on the seed, so the content is given.
        async with started(**shares, seed=seed) as (emulator, session):
            writer = Writer(emulator, session)
            writer.client = "acme"
            for n in range(60):
                await writer.create(n)
            runs.append([request.faults for request in emulator.log])
    assert runs[0] == runs[1] != runs[2]
    for fault in shares:
        assert 4 <= runs[0].count((fault,)) <= 22
    assert 4 <= runs[0].count(()) <= 22


def test_the_order_of_writes_does_not_matter() -> None:
    """The dice are of the content, and of how often it has come."""
    config = EmulatorConfig(lost_after=0.5, applied_twice=0.5)
    contents = [f"{n}".encode() for n in range(50)]
    forwards, backwards = WriteHabits(config), WriteHabits(config)
    first = {content: forwards.meet("create", content, 0.0) for content in contents}
    assert first == {content: backwards.meet("create", content, 0.0) for content in contents[::-1]}
    again = {content: forwards.meet("create", content, 0.0) for content in contents}
    assert any(first[content].faults != again[content].faults for content in contents)


def test_all_shares_together() -> None:
    """They are 1 together at the most; 0.1 + 0.2 + 0.7 is 1."""
    EmulatorConfig(lost_before=0.1, lost_after=0.2, applied_late=0.7)
    with pytest.raises(ValueError, match=r"^lost_after=0.6 is not allowed: give shares of lost_"):
        EmulatorConfig(lost_after=0.6, refused_writes=0.5)
    assert WRITE_FAULTS == ("lost_before", "lost_after", "applied_late", "refused_writes")


async def test_created_counts_what_was_stored(started: Any) -> None:
    """Each distinct lead by how often it was created, those that are gone again as well."""
    async with started(duplicate_create="create", batch_create="first") as (emulator, session):
        writer = Writer(emulator, session)
        _, body = await writer.send("POST", writer.lead("a", tags=[1]))
        assert await writer.create("a", tags=[1]) == 201
        assert await writer.create("b", "c") == 201
        await writer.send("DELETE", id=body["lead"]["id"])
        emulator.insert("enrich_leads", [writer.lead("d")])
        counts = emulator.created("lastName", "tags")
        assert counts == {("Na", "[1]"): 2, ("Nb", "null"): 1}


async def test_what_cannot_be_changed(started: Any) -> None:
    """Only what is read at each request can be, within its range."""
    async with started() as (emulator, _):
        with pytest.raises(ValueError, match=r"^port cannot be changed: give one of rate, "):
            emulator.change(port=1)
        with pytest.raises(ValueError, match=r"^batch_create='some' is not allowed"):
            emulator.change(batch_create="some")
        assert emulator.config.batch_create == "all"
    with pytest.raises(RuntimeError, match="not running"):
        emulator.change(batch_create="none")


async def test_it_can_be_asked_for_the_description(started: Any) -> None:
    """The description names what the gateway answers to a write."""
    async with started() as (_, session), session.get("/api/openapi.json") as response:
        paths = (await response.json())["paths"]
    for method in ("post", "put", "delete"):
        assert {"413", "504"} <= paths[LEADS][method]["responses"].keys()
