"""Many leads changed, deleted and moved, against the emulator and its faults."""

from __future__ import annotations

import asyncio
import itertools
import pickle
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from accounts import connect
from wire import Act, Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async._http import retry
from leadgenius_async._resources.lead_reads import LeadReads
from leadgenius_async._writes import changes, read_back
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import BulkChanges, ChangeProgress


@pytest.fixture(autouse=True)
def short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_back, "LOOKS", (0.0, 0.1, 0.3))


def add(emulator: Emulator, count: int, client_id: str | None = None) -> list[str]:
    """Add leads, `lead-0` and so on, and return their ids."""
    client_id = client_id or emulator.ready.clients[0].client_id
    rows = [{"id": f"lead-{n}", "client_id": client_id, "title": "CTO"} for n in range(count)]
    emulator.insert("enrich_leads", rows)
    return [row["id"] for row in rows]


def stored(emulator: Emulator) -> dict[str, dict[str, Any]]:
    """Return the leads of `add` that are there, by id."""
    rows: list[dict[str, Any]] = list(map(msgspec.json.decode, emulator.rows("enrich_leads")))
    return {str(row["id"]): row for row in rows if str(row["id"]).startswith("lead-")}


def ends(report: BulkChanges) -> dict[str, int]:
    """Return the counts that are not 0; that they are of all rows is checked."""
    names = ["updated", "unchanged", "deleted", "gone", "missing", "refused", "unverified", "ready"]
    counts = {name: getattr(report, name) for name in names}
    assert sum(counts.values()) == report.total
    return {name: count for name, count in counts.items() if count}


def writes(emulator: Emulator, method: str) -> int:
    return sum(each.method == method and each.path == "/api/leads" for each in emulator.log)


async def test_updates_go_in_batches(emulator: Emulator, lg: LeadGenius) -> None:
    """As many requests as batches; fields that are not named stay."""
    ids = add(emulator, 1_000)
    report = await lg.leads.update_many({"id": each, "status": "won"} for each in ids)
    assert ends(report) == {"updated": 1_000}
    assert report.complete
    assert report.requests == writes(emulator, "PUT") == 20
    assert {(row["status"], row["title"]) for row in stored(emulator).values()} == {("won", "CTO")}
    assert [row.line for row in report.rows] == list(range(1, 1_001))
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - our own


async def test_none_clears_and_an_empty_text_does_not(emulator: Emulator, lg: LeadGenius) -> None:
    """What is empty in a file leaves the field; where that is all, nothing is sent."""
    add(emulator, 3)
    rows: list[dict[str, object]] = [
        {"id": "lead-0", "title": None},
        {"id": "lead-1", "title": "", "phone": "+49 30 1"},
        {"id": "lead-2", "title": "  "},
    ]
    report = await lg.leads.update_many(rows)
    assert ends(report) == {"updated": 2, "unchanged": 1}
    leads = stored(emulator)
    assert leads["lead-0"].get("title") is None
    assert (leads["lead-1"]["title"], leads["lead-1"]["phoneNumber"]) == ("CTO", "+49 30 1")
    assert leads["lead-2"]["title"] == "CTO"
    assert [change.rule for change in report.rows[1].changes] == ["phone"]
    assert report.changed == {"phone:phone": 1, "title:empty": 2}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"email": "ada.sample.example"}, "reads like name@company.example"),
        ({"client_id": None}, "a lead belongs to a client"),
        ({"client_id": "nobody"}, "no client of the account has the client_id 'nobody'"),
        ({"id": None, "title": "CEO"}, "id is missing"),
        ({"notes": "\ud800"}, "notes has bytes that are no text"),
    ],
)
async def test_what_cannot_be_right_is_not_sent(
    emulator: Emulator, lg: LeadGenius, change: dict[str, object], says: str
) -> None:
    """A row is refused alone, with the reason; the others go out."""
    add(emulator, 2)
    report = await lg.leads.update_many(
        [{"id": "lead-0", **change}, {"id": "lead-1", "title": "CEO"}]
    )
    assert ends(report) == {"updated": 1, "refused": 1}
    assert says in (report.rows[0].reason or "")
    assert stored(emulator)["lead-0"]["title"] == "CTO"
    assert not report.complete


@pytest.mark.parametrize("value", ["CTO", None])
async def test_misspelt_names(emulator: Emulator, lg: LeadGenius, value: str | None) -> None:
    """Among the first rows they end it before anything is sent; later, their row is refused."""
    rows: list[dict[str, object]] = [{"id": "lead-0", "titel": value}]
    with pytest.raises(ValueError, match="the column 'titel' looks like the field 'title'"):
        await lg.leads.update_many(rows)
    assert not writes(emulator, "PUT")
    add(emulator, 1_000)
    report = await lg.leads.update_many([*numbered(1_000), *rows])
    assert ends(report) == {"updated": 1_000, "refused": 1}
    assert "did you mean 'title'" in (report.rows[-1].reason or "")


async def test_a_record_id_is_told_from_a_client_id(emulator: Emulator, lg: LeadGenius) -> None:
    """The refusal names the right one."""
    add(emulator, 1)
    client = emulator.ready.clients[1]
    report = await lg.leads.update_many([{"id": "lead-0", "client_id": client.id}])
    assert f"its client_id, {client.client_id!r}" in (report.rows[0].reason or "")


async def test_unknown_ids_are_found(emulator: Emulator, lg: LeadGenius) -> None:
    """Where a count is short, halves tell which ids no lead has."""
    ids = add(emulator, 200)
    ids[17], ids[18], ids[120] = "nobody-1", "nobody-2", "nobody-3"
    report = await lg.leads.update_many({"id": each, "status": "won"} for each in ids)
    assert ends(report) == {"updated": 197, "missing": 3}
    missing = [row.id for row in report.rows if row.state == "missing"]
    assert missing == ["nobody-1", "nobody-2", "nobody-3"]
    report = await lg.leads.update_many({"id": f"no-{n}", "status": "won"} for n in range(100))
    assert ends(report) == {"missing": 100}
    assert report.requests == 2


async def test_the_last_of_a_lead_wins(emulator: Emulator, lg: LeadGenius) -> None:
    """Rows of one lead are applied in order, never two of them at a time."""
    ids = add(emulator, 300)
    rows = [{"id": each, "notes": str(n)} for n in range(3) for each in ids]
    report = await lg.leads.update_many(rows, verify=True)
    assert ends(report) == {"updated": 900}
    assert {row["notes"] for row in stored(emulator).values()} == {"2"}


async def test_lost_answers_are_no_matter(emulator: Emulator, lg: LeadGenius) -> None:
    """An update is sent again until it is answered."""
    ids = add(emulator, 1_000)
    emulator.change(lost_before=0.2, lost_after=0.2)
    report = await lg.leads.update_many({"id": each, "status": "won"} for each in ids)
    assert ends(report) == {"updated": 1_000}
    assert report.retries
    assert {row["status"] for row in stored(emulator).values()} == {"won"}


class Scripted:
    """A service that answers each write by its leads, with what a function says of their ids."""

    def __init__(self, answer: Callable[[list[str]], bytes | Act]) -> None:
        self._answer = answer
        self.batches: list[list[str]] = []
        self.wire = Wire(self._act)

    async def _act(self, writer: asyncio.StreamWriter) -> None:
        body = msgspec.json.decode(self.wire.requests[-1].body)
        ids = body.get("ids") or [row["id"] for row in body["leads"]]
        self.batches.append(ids)
        said = self._answer(ids)
        if not isinstance(said, bytes):
            await said(writer)
            return
        writer.write(said)
        await writer.drain()

    @asynccontextmanager
    async def connected(self) -> AsyncGenerator[LeadGenius, None]:
        async with (
            self.wire,
            LeadGenius(base_url=self.wire.url, api_key="k", user_id="u", rate="off") as lg,
        ):
            yield lg


def said(**members: object) -> bytes:
    return reply(body=msgspec.json.encode({"success": True, **members}))


def refused(status: int, words: str) -> bytes:
    return reply(status, msgspec.json.encode({"success": False, "error": words}))


def numbered(count: int) -> list[dict[str, object]]:
    return [{"id": f"lead-{n}", "notes": "x"} for n in range(count)]


async def test_a_row_that_is_refused_costs_itself_alone() -> None:
    """A batch that is refused is halved; the row by itself is told with the service's words."""
    service = Scripted(
        lambda ids: refused(400, "too long") if "lead-7" in ids else said(updated=len(ids))
    )
    async with service.connected() as lg:
        report = await lg.leads.update_many(numbered(50))
    assert ends(report) == {"updated": 49, "refused": 1}
    [row] = [row for row in report.rows if row.state == "refused"]
    assert row.id == "lead-7"
    assert "too long" in (row.reason or "")
    assert len(service.batches) < 15


async def test_a_row_that_the_service_fails_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 500 for one row's sake is halved like a refusal."""
    monkeypatch.setattr(retry, "_FIRST_WAIT", 0.001)
    service = Scripted(lambda ids: refused(500, "?") if "lead-7" in ids else said(updated=len(ids)))
    async with service.connected() as lg:
        report = await lg.leads.update_many(numbered(50))
    assert ends(report) == {"updated": 49, "refused": 1}


async def test_a_service_that_fails_at_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no rows' fault: it ends with the error."""
    monkeypatch.setattr(retry, "_FIRST_WAIT", 0.001)
    service = Scripted(lambda _: refused(500, "no database"))
    async with service.connected() as lg:
        with pytest.raises(errors.ServerError, match="no database"):
            await lg.leads.update_many(numbered(50))


async def test_a_batch_that_is_too_large() -> None:
    """After a 413 there are fewer rows in a request."""
    service = Scripted(
        lambda ids: refused(413, "too large") if len(ids) > 20 else said(updated=len(ids))
    )
    async with service.connected() as lg:
        report = await lg.leads.update_many(numbered(2_000))
    assert ends(report) == {"updated": 2_000}
    assert sum(len(ids) > 20 for ids in service.batches) <= 16 * 3


async def test_refused_credentials_are_no_rows_fault() -> None:
    service = Scripted(lambda _: refused(403, "not yours"))
    async with service.connected() as lg:
        with pytest.raises(errors.PermissionDenied):
            await lg.leads.update_many(numbered(50))
    assert len(service.batches) == 1


async def test_any_number_of_rows(
    emulator: Emulator, lg: LeadGenius, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Some rows are held at a time; the report lists what did not go well, its file has all."""
    monkeypatch.setattr(changes, "_WINDOW", 1_000)
    monkeypatch.setattr(changes, "MAX_ROWS", 2_000)
    ahead: list[int] = []

    async def rows() -> AsyncIterator[dict[str, object]]:
        for n in range(5_000):
            ahead.append(n - 50 * writes(emulator, "PUT"))
            yield {"id": f"lead-{n}", "status": "won"}

    add(emulator, 4_999)
    report = await lg.leads.update_many(rows(), report=tmp_path / "rows.ndjson")
    assert ends(report) == {"updated": 4_999, "missing": 1}
    assert max(ahead) <= 1_000
    assert [row.id for row in report.rows] == ["lead-4999"]
    assert report.rows_left_out == 4_999
    lines = [
        msgspec.json.decode(line) for line in (tmp_path / "rows.ndjson").read_bytes().splitlines()
    ]
    assert [line["line"] for line in lines] == list(range(1, 5_001))
    assert lines[0] == {"line": 1, "state": "updated", "id": "lead-0"}


async def test_what_it_was_told_before_it_ended(tmp_path: Path) -> None:
    """The rows that were at their end are in the file, whatever ended the rest."""
    served = itertools.count(1)
    service = Scripted(
        lambda ids: said(updated=len(ids)) if next(served) < 3 else refused(401, "expired")
    )
    async with service.connected() as lg:
        with pytest.raises(errors.AuthenticationError):
            await lg.leads.update_many(numbered(50), batch_size=5, report=tmp_path / "rows.ndjson")
    assert len((tmp_path / "rows.ndjson").read_bytes().splitlines()) == 10


async def test_progress(emulator: Emulator, lg: LeadGenius) -> None:
    told: list[ChangeProgress] = []
    ids = add(emulator, 500)
    await lg.leads.delete_many(ids, on_progress=told.append)
    assert told
    assert told[-1].ended <= told[-1].read <= 500


async def test_sources_of_rows(emulator: Emulator, lg: LeadGenius, tmp_path: Path) -> None:
    """A CSV file, NDJSON and tables; columns by their usual names, or as the caller says."""
    add(emulator, 2)
    csv = tmp_path / "changes.csv"
    csv.write_text("Lead Id,Job Title,Lead Status\nlead-0,CEO,\nlead-1,CFO,won\nlead-1\n")
    report = await lg.leads.update_many(csv, columns={"Lead Id": "id"})
    assert ends(report) == {"updated": 2, "refused": 1}
    assert [row.line for row in report.rows] == [2, 3, 4]
    assert stored(emulator)["lead-0"]["title"] == "CEO"
    assert "status" not in stored(emulator)["lead-0"]
    rows: list[dict[str, object]] = [
        {"id": "lead-0", "notes": "a"},
        {"id": "lead-1", "notes": float("nan")},
    ]
    assert ends(await lg.leads.update_many(rows)) == {"updated": 1, "unchanged": 1}
    table = pa.table({"id": ["lead-0"], "notes": pa.array([None], pa.string())})
    assert ends(await lg.leads.update_many(table)) == {"updated": 1}
    assert stored(emulator)["lead-0"].get("notes") is None
    with pytest.raises(ValueError, match="no column is the leads' id: there are Lead Id"):
        await lg.leads.update_many(csv)


async def test_a_dry_run_sends_nothing(emulator: Emulator, lg: LeadGenius) -> None:
    ids = add(emulator, 10)
    report = await lg.leads.update_many(
        [{"id": ids[0], "title": "CEO"}, {"id": ids[1], "email": "CEO"}], dry_run=True
    )
    assert ends(report) == {"ready": 1, "refused": 1}
    assert ends(await lg.leads.delete_many(ids, dry_run=True)) == {"ready": 10}
    assert len(stored(emulator)) == 10
    assert not writes(emulator, "PUT") + writes(emulator, "DELETE")


async def test_what_was_written_is_read_back(
    emulator: Emulator, lg: LeadGenius, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few leads one by one, many by the list; a read that lags is waited for."""
    ids = add(emulator, 200)
    emulator.change(read_lag=0.2)
    rows = [{"id": each, "status": "won", "newField": 5, "title": None} for each in ids]
    report = await lg.leads.update_many(rows, verify=True)
    assert ends(report) == {"updated": 200}
    assert report.verified
    report = await lg.leads.delete_many(ids[:100], verify=True)
    assert ends(report) == {"deleted": 100}
    report = await lg.leads.delete_many(ids[100:120], verify=True)
    assert ends(report) == {"deleted": 20}
    monkeypatch.setattr(read_back, "LOOKS", (0.0,))
    emulator.change(read_lag=60)
    report = await lg.leads.delete_many(ids[120:], verify=True)
    assert ends(report) == {"unverified": 80}
    assert not report.complete
    assert report.rows[0].reason == "the service still shows it"


@pytest.mark.parametrize("count", [20, 100])
async def test_what_was_not_read_back_is_not_called_so(
    emulator: Emulator,
    lg: LeadGenius,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    count: int,
) -> None:
    """Where the call ends before, the report says `unverified` of what the service took."""

    def fail(*_: object) -> None:
        raise RuntimeError("no read today")

    path = tmp_path / "rows.ndjson"
    ids = add(emulator, count)
    rows = [{"id": each, "status": "won"} for each in ids]
    monkeypatch.setattr(LeadReads, "get", fail)
    monkeypatch.setattr(LeadReads, "listing", fail)
    with pytest.raises(RuntimeError, match="no read"):
        await lg.leads.update_many(rows, verify=True, report=path)
    results = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    assert [each["state"] for each in results] == ["unverified"] * count
    assert results[0]["reason"] == "the call ended before it was read back"


async def test_what_a_call_took_that_ended_is_not_called_verified(tmp_path: Path) -> None:
    """Also where it ended while it still sent."""
    path = tmp_path / "rows.ndjson"
    served = itertools.count(1)
    service = Scripted(
        lambda ids: said(updated=len(ids)) if next(served) < 3 else refused(401, "expired")
    )
    async with service.connected() as lg:
        with pytest.raises(errors.AuthenticationError):
            await lg.leads.update_many(numbered(50), batch_size=5, verify=True, report=path)
    states = [msgspec.json.decode(line)["state"] for line in path.read_bytes().splitlines()]
    assert states == ["unverified"] * 10


class Column(list[str]):
    """A column as pandas and polars have it: with an Arrow stream, yet no table."""

    shape = (0,)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        raise AssertionError


async def test_deletes(emulator: Emulator, lg: LeadGenius) -> None:
    """By ids or by rows, from whatever holds them."""
    ids = add(emulator, 600)
    assert ends(await lg.leads.delete_many(ids[:100])) == {"deleted": 100}
    assert ends(await lg.leads.delete_many({"id": each} for each in ids[100:200])) == {
        "deleted": 100
    }

    async def later() -> AsyncIterator[str]:
        for each in ids[200:300]:
            yield each

    assert ends(await lg.leads.delete_many(later())) == {"deleted": 100}
    table = pa.table({"ID": ids[300:350], "titel": ["?"] * 50})
    assert ends(await lg.leads.delete_many(table)) == {"deleted": 50}
    assert ends(await lg.leads.delete_many(Column(ids[350:450]))) == {"deleted": 100}
    lead = await lg.leads.get(ids[450])
    assert ends(await lg.leads.delete_many([lead, "", "7"])) == {
        "deleted": 1, "refused": 1, "missing": 1,
    }  # fmt: skip
    assert sorted(stored(emulator)) == sorted(ids[451:])


async def test_ids_that_are_not_there(emulator: Emulator, lg: LeadGenius) -> None:
    """How many is known; which, where the request tells."""
    ids = add(emulator, 100)
    report = await lg.leads.delete_many([*ids[:49], "nobody", *(f"no-{n}" for n in range(50))])
    assert ends(report) == {"deleted": 49, "missing": 51}
    states = [row.state for row in report.rows]
    assert states == ["gone"] * 50 + ["missing"] * 50
    assert "deleted 49 of the 50 leads of one request, from line 1 on" in str(report.rows[0].reason)
    assert report.rows_gone == 50
    report = await lg.leads.delete_many([*ids[:3], *ids[49:]], batch_size=1)
    assert ends(report) == {"deleted": 51, "missing": 3}
    assert [row.id for row in report.rows if row.state == "missing"] == ids[:3]


async def test_an_id_that_comes_again(emulator: Emulator, lg: LeadGenius) -> None:
    """It is sent once, however far apart; the row names the first one's line."""
    ids = add(emulator, 3)
    rows = [ids[0], ids[1], ids[0], "nobody", "nobody"]
    assert ends(await lg.leads.delete_many(rows, dry_run=True)) == {"ready": 3, "unchanged": 2}
    report = await lg.leads.delete_many(rows, batch_size=1, verify=True)
    assert ends(report) == {"deleted": 2, "missing": 1, "unchanged": 2}
    assert (report.rows[2].state, report.rows[2].reason) == ("unchanged", "the same id as line 1")
    report = await lg.leads.delete_many([ids[2]] * 3)
    assert report.complete
    assert report.requests == 1


async def test_a_delete_whose_answer_was_lost(emulator: Emulator, lg: LeadGenius) -> None:
    """It is sent again. Its count is short then, which is not taken for missing leads."""
    ids = add(emulator, 1_000)
    emulator.change(lost_after=1.0, fault_at=3)
    report = await lg.leads.delete_many(ids)
    assert ends(report) == {"deleted": 950, "gone": 50}
    assert report.rows_gone == 50
    assert report.complete
    assert stored(emulator) == {}
    ids = add(emulator, 1_000)
    emulator.change(fault_at=None, lost_after=0.1, lost_before=0.1, unknown_ids="ignored")
    report = await lg.leads.delete_many(ids)
    assert report.deleted + report.gone == 1_000
    assert stored(emulator) == {}


async def test_a_delete_that_is_late(emulator: Emulator, lg: LeadGenius) -> None:
    """A gateway's time-out is answered by smaller requests, whose counts are not believed."""
    ids = add(emulator, 100)
    emulator.change(applied_late=1.0, late_seconds=0, late_answer="timeout", fault_at=1)
    report = await lg.leads.delete_many(ids)
    assert ends(report) == {"deleted": 50, "gone": 50}


async def test_a_service_that_refuses_unknown_ids() -> None:
    """A 404 for one id's sake is halved too."""

    def answer(ids: list[str]) -> bytes:
        return refused(404, "no such lead") if "lead-7" in ids else said(deleted=len(ids))

    async with Scripted(answer).connected() as lg:
        report = await lg.leads.delete_many(f"lead-{n}" for n in range(50))
    assert ends(report) == {"deleted": 49, "missing": 1}


async def test_moves(emulator: Emulator, lg: LeadGenius) -> None:
    """Leads go to a client that there is, and are seen there."""
    ids = add(emulator, 100)
    target = emulator.ready.clients[1]
    report = await lg.leads.move_many(ids, to=target.client_id, verify=True)
    assert ends(report) == {"updated": 100}
    assert {row["client_id"] for row in stored(emulator).values()} == {target.client_id}
    with pytest.raises(errors.UnknownClient, match="record id of a client"):
        await lg.leads.move_many(ids, to=target.id)
    emulator.change(move_leads=False)
    report = await lg.leads.move_many(ids, to=emulator.ready.clients[0].client_id, verify=True)
    assert ends(report) == {"unverified": 100}


async def test_upserts(emulator: Emulator, lg: LeadGenius) -> None:
    """What the client has is changed, what it has not is created; the key must be there."""
    client_id = emulator.ready.clients[0].client_id
    ada = {"firstName": "Ada", "lastName": "Sample", "email": "ada@sample.example"}
    ida = {"firstName": "Ida", "lastName": "Sample", "email": "ida@sample.example"}
    await lg.leads.create(ada, client_id=client_id)
    rows = [{**ada, "title": "CEO"}, ida, {"firstName": "Eve", "lastName": "Sample"}]
    report = await lg.leads.upsert_many(rows, client_id=client_id, settle=0)
    assert (report.created, report.updated, report.rejected) == (1, 1, 1)
    found = await lg.leads.find(email="ada@sample.example", client_id=client_id)
    assert found is not None
    assert found.title == "CEO"
    profile = "https://linkedin.example/in/eve"
    rows = [
        {"firstName": "Eve", "lastName": "Sample", "linkedinUrl": profile},
        {**ada, "linkedinUrl": profile},
    ]
    report = await lg.leads.upsert_many(rows, key="linkedinUrl", client_id=client_id, settle=0)
    assert (report.created, report.rejected) == (1, 1)
    with pytest.raises(ValueError, match="give 'email' or 'linkedinUrl'"):
        await lg.leads.upsert_many(rows, key="phone")  # type: ignore[arg-type] # what is tested
    with pytest.raises(TypeError, match="on_existing"):
        await lg.leads.upsert_many(rows, on_existing="skip")  # type: ignore[call-arg] # as that


async def test_invisible_leads_are_found() -> None:
    """Leads under a client's record id are known to be its own; others are listed apart."""
    async with Emulator(leads=300, clients=2, rate="off", habits=False) as emulator:
        client = emulator.ready.clients[0]
        emulator.insert("enrich_leads", [{"id": "a", "client_id": client.id}])
        emulator.insert("enrich_leads", [{"id": each, "client_id": "old"} for each in "bc"])
        async with connect(emulator) as lg:
            found = await lg.leads.find_invisible()
            assert [(each.client_id, each.ids, each.belongs_to) for each in found] == [
                ("old", ["b", "c"], None),
                (client.id, ["a"], client.client_id),
            ]
            assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - as that
            await lg.leads.move_many(found[1].ids, to=client.client_id)
            await lg.leads.move_many(found[0].ids, to=client.client_id)
            assert await lg.leads.find_invisible() == []


async def test_what_is_invisible_needs_the_clients() -> None:
    """A key that may not list them is told so."""
    options: dict[str, Any] = {"leads": 10, "clients": 1, "rate": "off"}
    async with Emulator(**options, keys_everywhere=False) as emulator, connect(emulator) as lg:
        with pytest.raises(errors.AuthenticationError, match="which leads are invisible"):
            await lg.leads.find_invisible()


@pytest.mark.parametrize(
    "options", [{"batch_size": 0}, {"batch_size": 101}, {"batchsize": 5}, {"verify": True, "to": 1}]
)
async def test_options_are_checked(lg: LeadGenius, options: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        await lg.leads.delete_many(["lead-1"], **options)
